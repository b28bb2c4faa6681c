#include "ctl/audit.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

namespace weir::ctl {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kListen{200};  // between two looks at the sidecar
constexpr milliseconds kQuiet{20};    // nothing for so long: what the sidecar had has come here too

bool has_ended(const InstanceTotals& instance) {
  return instance.state == "exited" || instance.state == "crashed";
}

std::string name_of(const std::string& service, const std::string& instance) {
  return service + " " + instance;
}

// Adds up per family.
class Table {
 public:
  void add(const FamilyTotals& published) {
    for (const auto& [family, total] : published) {
      AuditRow& row = rows_[family];
      row.instances += 1;
      row.published += total;
    }
  }
  void retired(const FamilyTotals& totals) {
    for (const auto& [family, total] : totals) {
      rows_[family].published += total;
    }
  }
  std::vector<AuditRow> against(const FamilyTotals& aggregate) {
    for (const auto& [family, total] : aggregate) {
      rows_[family].aggregated = total;
    }
    std::vector<AuditRow> rows;
    for (auto& [family, row] : rows_) {
      row.family = family;
      if (row.published != 0 || row.aggregated != 0) {  // else of doubles, or nothing yet
        rows.push_back(row);
      }
    }
    return rows;
  }

 private:
  std::map<std::string, AuditRow> rows_;
};

void find_mismatches(const InstanceTotals& instance, const FamilyTotals& published,
                     std::vector<AuditMismatch>& mismatches) {
  std::set<std::string> families;
  for (const FamilyTotals* totals : {&published, &instance.applied}) {
    for (const auto& [family, total] : *totals) {
      families.insert(family);
    }
  }
  const auto total_in = [](const FamilyTotals& totals, const std::string& family) {
    const auto found = totals.find(family);
    return found == totals.end() ? 0 : found->second;
  };
  for (const std::string& family : families) {
    const std::uint64_t stated = total_in(published, family);
    const std::uint64_t applied = total_in(instance.applied, family);
    if (stated != applied) {
      mismatches.push_back({instance.instance, instance.service, family, stated, applied});
    }
  }
}

}  // namespace

bool AuditFinding::agrees() const {
  return mismatches.empty() && strangers.empty() &&
         std::all_of(rows.begin(), rows.end(),
                     [](const AuditRow& row) { return row.published == row.aggregated; });
}

AuditFinding compare(const Ledgers& ledgers, const TotalsReport& totals) {
  AuditFinding finding;
  Table table;
  std::set<std::string> known;
  for (const InstanceTotals& instance : totals.instances) {
    known.insert(instance.instance);
    const auto ledger = ledgers.by_instance().find(instance.instance);
    const std::optional<FamilyTotals> published =
        ledger == ledgers.by_instance().end() ? std::nullopt : ledger->second.at(instance.seq);
    if (published) {
      ++finding.compared;
      find_mismatches(instance, *published, finding.mismatches);
      table.add(*published);
      continue;
    }
    // What was said before we listened is not heard again of those that are gone.
    table.add(instance.applied);
    if (has_ended(instance)) {
      ++finding.ended;
    } else {
      (instance.state == "lost" ? finding.lost : finding.unanswered)
          .push_back(name_of(instance.service, instance.instance));
    }
  }
  for (const auto& [instance, ledger] : ledgers.by_instance()) {
    if (ledger.is_known() && !known.contains(instance)) {
      finding.strangers.push_back(name_of(ledger.service(), instance));
      table.add(ledger.latest());
    }
  }
  table.retired(totals.retired);
  finding.retired = totals.retired;
  finding.rows = table.against(totals.families);
  return finding;
}

int exit_code(const AuditFinding& finding) {
  return !finding.agrees() ? 1 : finding.is_complete() ? 0 : 2;
}

Result<AuditFinding> audit(FrameFeed& feed, const TotalsSource& totals, const SteadyClock& clock,
                           const AuditTiming& timing) {
  Ledgers ledgers;
  const auto listen = [&](milliseconds quiet, milliseconds at_most) {
    const milliseconds until = clock() + at_most;
    while (clock() < until) {
      const auto bytes = feed.next(quiet);
      if (bytes.empty()) {
        return;
      }
      ledgers.take(bytes);
    }
  };
  AuditFinding finding;
  for (int round = 0; round < timing.rounds; ++round) {
    if (const Status asked = feed.ask_for_keyframes(timing.spread); !asked.ok()) {
      return asked;
    }
    const milliseconds until = clock() + timing.spread + timing.patience;
    do {
      listen(kListen, kListen);
      const Result<TotalsReport> report = totals();
      if (!report.ok()) {
        return report.status();
      }
      listen(kQuiet, kListen);
      finding = compare(ledgers, *report);
      if (finding.agrees() && finding.is_complete()) {
        return finding;
      }
    } while (clock() < until);
  }
  return finding;
}

}  // namespace weir::ctl

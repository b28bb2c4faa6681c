// How an audit is told.
#include <fmt/format.h>

#include <algorithm>

#include "ctl/audit.h"
#include "ctl/text.h"

namespace weir::ctl {
namespace {

constexpr std::size_t kNamedMax = 20;  // of each kind; the rest is a number

template <typename Thing, typename Tell>
std::string list(const std::vector<Thing>& things, Tell tell) {
  std::string text;
  for (std::size_t i = 0; i < std::min(things.size(), kNamedMax); ++i) {
    text += printable(tell(things[i])) + '\n';
  }
  if (things.size() > kNamedMax) {
    text += fmt::format("... and {} more\n", things.size() - kNamedMax);
  }
  return text;
}

std::vector<std::string> cells(const std::string& name, const AuditRow& row) {
  return {printable(name), fmt::to_string(row.instances), fmt::to_string(row.published),
          fmt::to_string(row.aggregated), fmt::to_string(row.difference())};
}

}  // namespace

std::string render(const AuditFinding& finding) {
  std::vector<std::vector<std::string>> rows;
  AuditRow total;
  total.instances = finding.compared + finding.ended + finding.lost.size() +
                    finding.unanswered.size() + finding.strangers.size();
  for (const AuditRow& row : finding.rows) {
    rows.push_back(cells(row.family, row));
    total.published += row.published;
    total.aggregated += row.aggregated;
  }
  rows.push_back(cells("total", total));
  std::string text = table({"FAMILY", "INSTANCES", "PUBLISHED", "AGGREGATED", "DIFFERENCE"}, rows);

  std::uint64_t retired = 0;
  for (const auto& [family, count] : finding.retired) {
    retired += count;
  }
  text += count_of(finding.compared, "instance", "instances") + " answered";
  if (finding.ended > 0) {
    text += fmt::format(", {} ended before", finding.ended);
  }
  if (retired > 0) {
    text += fmt::format(", {} increments are left of older ones", retired);
  }
  text += '\n';
  text += list(finding.lost, [](const std::string& one) {
    return "lost, so the sidecar's word is taken: " + one;
  });
  text += list(finding.unanswered, [](const std::string& one) { return "did not answer: " + one; });
  text += list(finding.strangers, [](const std::string& one) {
    return "publishes, but the sidecar does not have it: " + one;
  });
  text += list(finding.mismatches, [](const AuditMismatch& one) {
    return fmt::format("differs: {} {} {}: published {}, applied {}", one.service, one.instance,
                       one.family, one.published, one.applied);
  });
  return text;
}

}  // namespace weir::ctl

// `weirctl audit`: what publishers have counted against what the sidecar adds up, family by family.
// Thread-compatible: const methods may run together; otherwise the caller locks.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "ctl/frame_feed.h"
#include "ctl/ledger.h"
#include "ctl/sidecar_api.h"
#include "weir/status.h"

namespace weir::ctl {

struct AuditRow {
  std::string family;
  std::size_t instances = 0;     // that state it or left something of it
  std::uint64_t published = 0;   // by those heard, as of the same frames; applied, of the others
  std::uint64_t aggregated = 0;  // by the sidecar
  [[nodiscard]] std::int64_t difference() const {
    return static_cast<std::int64_t>(aggregated - published);
  }
};

// An instance that stated another total than the sidecar has merged of it, as of the same frame.
struct AuditMismatch {
  std::string instance, service, family;
  std::uint64_t published = 0;
  std::uint64_t applied = 0;
};

struct AuditFinding {
  std::vector<AuditRow> rows;  // by family; those that count 0 on both sides are left out
  std::vector<AuditMismatch> mismatches;
  std::vector<std::string> unanswered;  // living, and not compared: "service instance"
  std::vector<std::string> lost;        // silent for long; what the sidecar has of them is taken
  std::vector<std::string> strangers;   // heard, and not known to the sidecar
  std::size_t compared = 0;
  std::size_t ended = 0;
  FamilyTotals retired;

  [[nodiscard]] bool agrees() const;
  [[nodiscard]] bool is_complete() const { return unanswered.empty(); }
};

[[nodiscard]] AuditFinding compare(const Ledgers& ledgers, const TotalsReport& totals);

// The table with its total, then whatever needs words.
[[nodiscard]] std::string render(const AuditFinding& finding);
// 0: it agrees, 1: it does not, 2: some that live did not answer.
[[nodiscard]] int exit_code(const AuditFinding& finding);

struct AuditTiming {
  std::chrono::milliseconds spread{500};
  std::chrono::milliseconds patience{2500};  // beyond the spread; a publisher reads once a second
  int rounds = 3;                            // keyframes are asked for so many times
};
using TotalsSource = std::function<Result<TotalsReport>()>;
using SteadyClock = std::function<std::chrono::milliseconds()>;

// Asks, listens and compares, until all have answered and it agrees, or the rounds are over.
[[nodiscard]] Result<AuditFinding> audit(FrameFeed& feed, const TotalsSource& totals,
                                         const SteadyClock& clock, const AuditTiming& timing);

}  // namespace weir::ctl

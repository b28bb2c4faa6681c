// What scrapes have shown, and what they may show: the invariants that a page is held against.
// Single-threaded.
#pragma once

#include <array>
#include <memory>
#include <vector>

#include "tests/simulation/page.h"
#include "tests/simulation/publisher.h"

namespace weir::simulation {

class Shown {
 public:
  using Publishers = std::vector<std::unique_ptr<Publisher>>;

  // Against the scrapes before it, and the accounts: no less than the sidecar merged, no more than
  // was counted. A scraper is shown a new series' zero first.
  void check_page(const Page& page, const Publishers& publishers, bool from_scraper);
  // At rest: exact for all that could be heard.
  void check_rest(const Page& page, const Publishers& publishers, const char* when) const;

  // The next life owes nothing to what was shown.
  void forget_all() { highest_ = {}; }
  // The series was given up, and may begin again at zero.
  void forget(std::size_t service, Key key) { highest_[service][key.index()] = {}; }

 private:
  std::array<std::array<Page::Sample, kKeys>, kServices> highest_{};
};

// Of a page or a failure: till/sim_hits_total{who="a"}.
[[nodiscard]] std::string describe(std::size_t service, Key key);

}  // namespace weir::simulation

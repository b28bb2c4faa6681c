// What scrapes have shown, and what they may show: the invariants that a page is held against.
// Single-threaded.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "tests/simulation/page.h"
#include "tests/simulation/publisher.h"

namespace weir::simulation {

class Shown {
 public:
  using Publishers = std::vector<std::unique_ptr<Publisher>>;

  // By which of the node's sidecars.
  explicit Shown(std::size_t side) : side_(side) {}

  // Against the scrapes before it, and the accounts: no less than the sidecar merged, no more than
  // was counted. A scraper is shown a new series' zero first.
  void check_page(const Page& page, const Publishers& publishers, bool from_scraper);
  // At rest: exact for all that could be heard.
  void check_rest(const Page& page, const Publishers& publishers, const char* when);

  // At rest: the other sidecar's page shows the same, where neither series ever began again.
  void check_same(const Page& page, const Shown& other, const Page& others, const char* when) const;

  // The next life has no state.
  void forget_all() { series_ = {}; }
  // It has one, but owes nothing to what was shown.
  void owes_nothing();
  // The series was given up, and may begin again at zero.
  void forget(std::size_t service, Key key) { at(service, key).highest = {}; }
  // The sidecar has a state that may lack something of what was shown: a series may begin again,
  // but then at zero.
  void may_restart(const Publishers& publishers);

 private:
  struct Series {
    Page::Sample highest;
    bool may_restart = false;
    double least_then = 0;  // when that was said
    // What lies before its last restart, and is shown no longer.
    double before_least = 0;
    double before_most = 0;
  };
  struct Range {
    double least = 0;
    double most = 0;
  };
  Series& at(std::size_t service, Key key) { return series_[service][key.index()]; }
  void judge(Series& series, const Page::Sample& sample, Range range, const std::string& what,
             const char* when);

  const std::size_t side_;
  std::array<std::array<Series, kKeys>, kServices> series_{};
};

// Of a page or a failure: till/sim_hits_total{who="a"}.
[[nodiscard]] std::string describe(std::size_t service, Key key);

}  // namespace weir::simulation

#include "tests/simulation/shown.h"

#include <algorithm>
#include <string>

#include "tests/simulation/violation.h"

namespace weir::simulation {
namespace {

std::string text_of(double value) {
  std::string text = std::to_string(value);
  return text.substr(0, text.find('.') + 3);
}

template <typename Visit>
void for_each_series(Visit&& visit) {
  for (std::size_t service = 0; service < kServices; ++service) {
    for (std::size_t i = 0; i < kKeys; ++i) {
      visit(service, Key::of(i));
    }
  }
}

}  // namespace

std::string describe(std::size_t service, Key key) {
  return std::string(kServiceNames[service]) + "/" + std::string(kFamilyNames[key.family]) +
         "{who=\"" + label_value(key.label).front() + "\"}";
}

void Shown::owes_nothing() {
  for_each_series([&](std::size_t service, Key key) {
    Series& series = at(service, key);
    series = {{}, true, 0, 0, series.before_most};
  });
}

void Shown::may_restart(const Publishers& publishers) {
  for_each_series([&](std::size_t service, Key key) {
    Series& series = at(service, key);
    double least = 0;
    for (const std::unique_ptr<Publisher>& publisher : publishers) {
      if (publisher->traits().service == service) {
        least += publisher->account().least(key, side_);
      }
    }
    // It may have begun again in a life before, and nobody has seen it since.
    series.least_then = series.may_restart ? std::min(series.least_then, least) : least;
    series.may_restart = true;
    series.before_least = 0;  // where it began again may be among what is missing
  });
}

// `range`: of the sum over all that was ever counted.
void Shown::judge(Series& series, const Page::Sample& sample, Range range, const std::string& what,
                  const char* when) {
  const double value = sample.units;
  const Page::Sample& highest = series.highest;
  const bool down = value < highest.units || sample.below[0] < highest.below[0] ||
                    sample.below[1] < highest.below[1];
  if (series.may_restart) {
    const bool restarted = down || value < range.least - series.before_most;
    if (restarted && value > range.most - series.least_then) {
      throw Violation{Invariant::kNeverDown,
                      what + " has begun again, but at " + text_of(value) + ", not at zero"};
    }
    series = {};
    series.before_least = std::max(0.0, range.least - value);
    series.before_most = range.most - value;
    return;
  }
  if (down) {
    throw Violation{Invariant::kNeverDown,
                    what + " was " + text_of(highest.units) + ", and is " + text_of(value)};
  }
  range.least -= series.before_most;
  range.most -= series.before_least;
  if (value > range.most) {
    throw Violation{Invariant::kNeverDouble, what + " is " + text_of(value) + " " + when +
                                                 ", but only " + text_of(range.most) +
                                                 " can have come"};
  }
  if (value < range.least) {
    throw Violation{Invariant::kNeverLost,
                    what + " is " + text_of(value) + " " + when + ", but should be " +
                        (range.least == range.most ? "" : "at least ") + text_of(range.least)};
  }
}

void Shown::check_page(const Page& page, const Publishers& publishers, bool from_scraper) {
  for_each_series([&](std::size_t service, Key key) {
    const std::optional<Page::Sample>& sample = page.at(service, key);
    if (!sample) {
      return;
    }
    Series& series = at(service, key);
    Range range;
    for (const std::unique_ptr<Publisher>& publisher : publishers) {
      if (publisher->traits().service == service) {
        range.least += publisher->account().least(key, side_);
        range.most += publisher->account().most(key);
      }
    }
    if (from_scraper && sample->units == 0 && (series.highest.units == 0 || series.may_restart)) {
      series.highest = {};  // a new series' zero
      return;
    }
    if (!from_scraper) {
      // To a person no series owes anything: it may have been seen before its zero.
      Series as_it_is = series;
      as_it_is.highest = {};
      return judge(as_it_is, *sample, range, describe(service, key), "while somebody looks");
    }
    judge(series, *sample, range, describe(service, key), "while things happen");
    series.highest = *sample;
  });
}

void Shown::check_rest(const Page& page, const Publishers& publishers, const char* when) {
  for_each_series([&](std::size_t service, Key key) {
    Range range;
    bool must_be_shown = false;
    for (const std::unique_ptr<Publisher>& publisher : publishers) {
      if (publisher->traits().service != service) {
        continue;
      }
      must_be_shown |= publisher->shows(key);
      const Account& account = publisher->account();
      range.least += publisher->alive() || publisher->owed() ? account.least_when_heard(key)
                                                             : account.least(key);
      range.most += account.most(key);
    }
    const std::optional<Page::Sample>& sample = page.at(service, key);
    if (sample) {
      judge(at(service, key), *sample, range, describe(service, key), when);
    } else if (must_be_shown) {
      throw Violation{Invariant::kNeverLost, describe(service, key) + " is not shown " + when};
    }
  });
}

void Shown::check_same(const Page& page, const Shown& other, const Page& others,
                       const char* when) const {
  for_each_series([&](std::size_t service, Key key) {
    const auto began_again = [&](const Shown& shown) {
      const Series& series = shown.series_[service][key.index()];
      return series.may_restart || series.before_most > 0;
    };
    const std::optional<Page::Sample>& one = page.at(service, key);
    const std::optional<Page::Sample>& two = others.at(service, key);
    if (one && two && !began_again(*this) && !began_again(other) && one->units != two->units) {
      throw Violation{Invariant::kNeverLost, describe(service, key) + " is " + text_of(one->units) +
                                                 " on the one page " + when + ", and " +
                                                 text_of(two->units) + " on the other"};
    }
  });
}

}  // namespace weir::simulation

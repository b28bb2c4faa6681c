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

struct Range {
  double least = 0;
  double most = 0;
};

template <typename Visit>
void for_each_series(Visit&& visit) {
  for (std::size_t service = 0; service < kServices; ++service) {
    for (std::size_t i = 0; i < kKeys; ++i) {
      visit(service, Key::of(i));
    }
  }
}

void must_lie_in(const Range& range, double value, const std::string& what, const char* when) {
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

}  // namespace

std::string describe(std::size_t service, Key key) {
  return std::string(kServiceNames[service]) + "/" + std::string(kFamilyNames[key.family]) +
         "{who=\"" + label_value(key.label).front() + "\"}";
}

void Shown::check_page(const Page& page, const Publishers& publishers, bool from_scraper) {
  for_each_series([&](std::size_t service, Key key) {
    const std::optional<Page::Sample>& sample = page.at(service, key);
    if (!sample) {
      return;
    }
    Page::Sample& highest = highest_[service][key.index()];
    if (from_scraper && (sample->units < highest.units || sample->below[0] < highest.below[0] ||
                         sample->below[1] < highest.below[1])) {
      throw Violation{Invariant::kNeverDown, describe(service, key) + " was " +
                                                 text_of(highest.units) + ", and is " +
                                                 text_of(sample->units)};
    }
    if (from_scraper) {
      highest = *sample;  // a person may see a new series before its zero
    }
    Range range;
    for (const std::unique_ptr<Publisher>& publisher : publishers) {
      if (publisher->traits().service == service) {
        range.least += publisher->account().least(key);
        range.most += publisher->account().most(key);
      }
    }
    if (from_scraper && sample->units == 0) {
      range.least = 0;  // a new series' zero
    }
    must_lie_in(range, sample->units, describe(service, key), "while things happen");
  });
}

void Shown::check_rest(const Page& page, const Publishers& publishers, const char* when) const {
  for_each_series([&](std::size_t service, Key key) {
    Range range;
    bool must_be_shown = false;
    for (const std::unique_ptr<Publisher>& publisher : publishers) {
      if (publisher->traits().service != service) {
        continue;
      }
      must_be_shown |= publisher->shows(key);
      const Account& account = publisher->account();
      range.least += publisher->alive() ? account.least_when_heard(key) : account.least(key);
      range.most += account.most(key);
    }
    const std::optional<Page::Sample>& sample = page.at(service, key);
    if (sample) {
      must_lie_in(range, sample->units, describe(service, key), when);
    } else if (must_be_shown) {
      throw Violation{Invariant::kNeverLost, describe(service, key) + " is not shown " + when};
    }
  });
}

}  // namespace weir::simulation

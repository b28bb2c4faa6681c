#include "tests/simulation/page.h"

#include <charconv>
#include <limits>
#include <string>

#include "tests/simulation/violation.h"

namespace weir::simulation {
namespace {

constexpr std::string_view kHistogramName = kFamilyNames[2];

struct Line {
  std::string_view name;
  std::string_view labels;
  double value = 0;
};

std::string_view label(const Line& line, std::string_view name) {
  const std::string opening = std::string(name) + "=\"";
  const std::size_t at = line.labels.find(opening);
  if (at == std::string_view::npos) {
    return {};
  }
  const std::string_view rest = line.labels.substr(at + opening.size());
  return rest.substr(0, rest.find('"'));
}

double number(std::string_view text) {
  double value = std::numeric_limits<double>::quiet_NaN();
  if (text == "+Inf") {
    return std::numeric_limits<double>::infinity();
  }
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

bool parse(std::string_view text, Line& line) {
  const std::size_t open = text.find('{');
  const std::size_t close = text.rfind('}');
  if (open == std::string_view::npos || close == std::string_view::npos) {
    return false;
  }
  line = {text.substr(0, open), text.substr(open + 1, close - open - 1),
          number(text.substr(close + 2))};
  return true;
}

// One histogram's lines, as they are read; judged at its _count, which comes last.
struct HistogramLines {
  double last = 0;
  double infinite = -1;
  double sum = -1;
  std::array<double, 2> below{};

  void bucket(const Line& line) {
    const double bound = number(label(line, "le"));
    if (line.value < last) {
      throw Violation{Invariant::kWhole, std::string(line.labels) + ": " +
                                             std::to_string(line.value) + " after a bucket of " +
                                             std::to_string(last)};
    }
    last = line.value;
    if (bound == std::numeric_limits<double>::infinity()) {
      infinite = line.value;
    } else if (is_common_bound(bound)) {
      below[bound == 1 ? 0 : 1] = line.value;
    }
  }
  void judge(const Line& line, std::size_t label_index) const {
    if (line.value != infinite || sum != line.value * observed(label_index)) {
      throw Violation{Invariant::kWhole, std::string(line.labels).substr(0, 60) + ": count " +
                                             std::to_string(line.value) + ", +Inf bucket " +
                                             std::to_string(infinite) + ", sum " +
                                             std::to_string(sum) + " of observations of " +
                                             std::to_string(observed(label_index))};
    }
  }
};

}  // namespace

Page read_page(std::string_view text) {
  Page page;
  HistogramLines histogram;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    Line line;
    const bool parsed = text.starts_with("sim_") && parse(text.substr(0, end), line);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (!parsed) {
      continue;
    }
    const std::string_view who = label(line, kLabelName);
    const std::size_t label_index = static_cast<std::size_t>(who.front() - 'a');
    const std::size_t service = label(line, "service_name") == kServiceNames[0] ? 0 : 1;
    auto& samples = page.samples[service];
    if (line.name == kFamilyNames[0]) {
      samples[Key{0, label_index}.index()] = Page::Sample{line.value, {}};
    } else if (line.name == kFamilyNames[1]) {
      samples[Key{1, label_index}.index()] = Page::Sample{line.value / kWork, {}};
    } else if (line.name.ends_with("_bucket")) {
      histogram.bucket(line);
    } else if (line.name.ends_with("_sum")) {
      histogram.sum = line.value;
    } else if (line.name == std::string(kHistogramName) + "_count") {
      histogram.judge(line, label_index);
      samples[Key{2, label_index}.index()] = Page::Sample{line.value, histogram.below};
      histogram = {};
    }
  }
  return page;
}

}  // namespace weir::simulation

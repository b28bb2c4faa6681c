#include "ctl/metrics_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>
#include <set>
#include <utility>

#include "ctl/text.h"

namespace weir::ctl {
namespace {

constexpr std::size_t kShownBytesMax = 60;  // of a hostile line, in an error

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

std::string shown(std::string_view text) {
  return '"' + printable(text.substr(0, kShownBytesMax)) +
         (text.size() > kShownBytesMax ? "..." : "") + '"';
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) {
    text.remove_prefix(1);
  }
  while (!text.empty() && is_blank(text.back())) {
    text.remove_suffix(1);
  }
  return text;
}

// The front of `rest` up to the next blank; `rest` goes on behind it.
std::string_view next_word(std::string_view& rest) {
  rest = trimmed(rest);
  const auto end = std::find_if(rest.begin(), rest.end(), is_blank);
  const auto size = static_cast<std::size_t>(end - rest.begin());
  const std::string_view word = rest.substr(0, size);
  rest.remove_prefix(size);
  return word;
}

// Reads line by line; the first error ends it.
class Reader {
 public:
  Result<std::vector<PushFamily>> read(std::string_view text) {
    while (!text.empty()) {
      ++line_;
      const std::size_t end = text.find('\n');
      std::string_view line = text.substr(0, end);
      text = end == text.npos ? std::string_view() : text.substr(end + 1);
      if (line.ends_with('\r')) {
        line.remove_suffix(1);
      }
      if (std::string reason = read_line(trimmed(line)); !reason.empty()) {
        return Status::error(fmt::format("line {}: {}", line_, reason));
      }
    }
    return finished();
  }

 private:
  // All answer why not; empty: well.
  std::string read_line(std::string_view line) {
    if (line.empty()) {
      return {};
    }
    return line.starts_with('#') ? read_comment(line.substr(1)) : read_sample(line);
  }

  std::string read_comment(std::string_view rest) {
    const std::string_view keyword = next_word(rest);
    if (keyword != "HELP" && keyword != "TYPE") {
      return {};  // "# EOF" too
    }
    const std::string_view name = next_word(rest);
    if (!is_metric_name(name)) {
      return fmt::format("{} of {}, which is no metric name", keyword, shown(name));
    }
    PushFamily& family = family_of(name);
    if (!family.samples.empty()) {
      return fmt::format("{} of {} after its first sample", keyword, name);
    }
    std::set<std::string, std::less<>>& said = keyword == "HELP" ? helped_ : typed_;
    if (!said.emplace(name).second) {
      return fmt::format("a second {} of {}", keyword, name);
    }
    return keyword == "HELP" ? read_help(trimmed(rest), family) : read_type(trimmed(rest), family);
  }

  static std::string read_help(std::string_view text, PushFamily& family) {
    for (std::size_t i = 0; i < text.size(); ++i) {
      const bool escape = text[i] == '\\' && i + 1 < text.size();
      if (escape && text[i + 1] != '\\' && text[i + 1] != 'n') {
        return fmt::format("HELP of {}: unknown escape \\{}", family.name,
                           printable(text.substr(i + 1, 1)));
      }
      if (escape) {
        ++i;
      }
      family.help += escape && text[i] == 'n' ? '\n' : text[i];
    }
    return {};
  }

  static std::string read_type(std::string_view type, PushFamily& family) {
    if (type == "counter") {
      family.type = PushType::kCounter;
    } else if (type != "gauge" && type != "untyped" && type != "unknown") {
      return fmt::format("TYPE of {}: {} can not be pushed, only gauge and counter", family.name,
                         shown(type));
    }
    return {};
  }

  std::string read_sample(std::string_view line) {
    const auto end_of_name = std::find_if_not(
        line.begin(), line.end(), [](char c) { return is_letter(c) || is_digit(c) || c == ':'; });
    const std::string_view name =
        line.substr(0, static_cast<std::size_t>(end_of_name - line.begin()));
    std::string_view rest = line.substr(name.size());
    if (!is_metric_name(name) || (!rest.empty() && !is_blank(rest.front()) && rest[0] != '{')) {
      return fmt::format("{} does not begin with a metric name", shown(line));
    }
    PushSample sample;
    sample.line = line_;
    rest = trimmed(rest);
    if (rest.starts_with('{')) {
      rest.remove_prefix(1);
      if (std::string reason = read_labels(rest, sample.labels); !reason.empty()) {
        return fmt::format("{}: {}", name, reason);
      }
    }
    const std::string_view value = next_word(rest);
    if (value.empty()) {
      return fmt::format("{} has no value", name);
    }
    if (!parse_metric_value(value, sample)) {
      return fmt::format("{}: the value {} is no number", name, shown(value));
    }
    if (!trimmed(rest).empty()) {
      return fmt::format("{}: {} behind the value; a timestamp can not be pushed", name,
                         shown(trimmed(rest)));
    }
    PushFamily& family = family_of(name);
    if (family.type == PushType::kCounter && (!std::isfinite(sample.value) || sample.value < 0)) {
      return fmt::format("{}: the value of a counter is finite and not negative", name);
    }
    if (!seen_.emplace(family.name, sample.labels).second) {
      return fmt::format("{}: the same series a second time", name);
    }
    if (seen_.size() > kSamplesMax) {
      return fmt::format("more than {} samples", kSamplesMax);
    }
    family.samples.push_back(std::move(sample));
    return {};
  }

  // Behind the brace, up to behind the other one.
  static std::string read_labels(std::string_view& rest,
                                 std::map<std::string, std::string>& labels) {
    while (true) {
      rest = trimmed(rest);
      if (rest.starts_with('}')) {
        rest.remove_prefix(1);
        return {};
      }
      const std::size_t equals = rest.find('=');
      const std::string_view name = trimmed(rest.substr(0, equals));
      if (equals == rest.npos || !is_label_name(name)) {
        return fmt::format("expected name=\"value\" or }} at {}", shown(rest));
      }
      rest = trimmed(rest.substr(equals + 1));
      std::string value;
      if (std::string reason = read_quoted(rest, value); !reason.empty()) {
        return fmt::format("label {}: {}", name, reason);
      }
      if (!labels.emplace(name, std::move(value)).second) {
        return fmt::format("label {} stands twice", name);
      }
      rest = trimmed(rest);
      if (rest.starts_with(',')) {
        rest.remove_prefix(1);
      } else if (!rest.starts_with('}')) {
        return fmt::format("expected , or }} at {}", shown(rest));
      }
    }
  }

  static std::string read_quoted(std::string_view& rest, std::string& value) {
    if (!rest.starts_with('"')) {
      return fmt::format("the value is not in quotes at {}", shown(rest));
    }
    for (std::size_t i = 1; i < rest.size(); ++i) {
      if (rest[i] == '"') {
        rest.remove_prefix(i + 1);
        return {};
      }
      if (rest[i] != '\\') {
        value += rest[i];
        continue;
      }
      const char escaped = ++i < rest.size() ? rest[i] : '\0';
      if (escaped != '\\' && escaped != '"' && escaped != 'n') {
        return "an escape other than \\\\, \\\" and \\n";
      }
      value += escaped == 'n' ? '\n' : escaped;
    }
    return "the value has no closing quote";
  }

  PushFamily& family_of(std::string_view name) {
    const auto [known, is_new] = index_.try_emplace(std::string(name), families_.size());
    if (is_new) {
      families_.push_back({.line = line_, .name = known->first});
    }
    return families_[known->second];
  }

  Result<std::vector<PushFamily>> finished() {
    std::erase_if(families_, [](const PushFamily& family) { return family.samples.empty(); });
    if (families_.empty()) {
      return Status::error("the text has no samples");
    }
    return std::move(families_);
  }

  std::size_t line_ = 0;
  std::vector<PushFamily> families_;
  std::map<std::string, std::size_t, std::less<>> index_;
  std::set<std::string, std::less<>> helped_, typed_;
  std::set<std::pair<std::string, std::map<std::string, std::string>>> seen_;
};

}  // namespace

Result<std::vector<PushFamily>> parse_metrics_text(std::string_view text) {
  if (text.size() > kTextBytesMax) {
    return Status::error(fmt::format("the text has more than {} bytes", kTextBytesMax));
  }
  return Reader().read(text);
}

bool parse_metric_value(std::string_view text, PushSample& sample) {
  std::string_view number = text;
  if (number.starts_with('+')) {
    number.remove_prefix(1);
    if (number.starts_with('-') || number.starts_with('+')) {
      return false;
    }
  }
  const char* end = number.data() + number.size();
  std::uint64_t integer = 0;
  const auto as_integer = std::from_chars(number.data(), end, integer);
  const bool is_integer = as_integer.ec == std::errc() && as_integer.ptr == end;
  double value = 0;
  if (number == "NaN") {
    value = std::numeric_limits<double>::quiet_NaN();
  } else if (number == "Inf" || number == "-Inf") {
    value = std::numeric_limits<double>::infinity() * (number[0] == '-' ? -1 : 1);
  } else {
    // from_chars would take "inf", "nan(...)" and "infinity" too.
    const bool plain = std::all_of(number.begin(), number.end(), [](char c) {
      return is_digit(c) || c == '.' || c == 'e' || c == 'E' || c == '+' || c == '-';
    });
    const auto as_double = std::from_chars(number.data(), end, value);
    if (!plain || as_double.ec != std::errc() || as_double.ptr != end) {
      return false;
    }
  }
  sample.value = value;
  sample.integer = integer;
  sample.is_integer = is_integer;
  return true;
}

bool is_metric_name(std::string_view text) {
  return !text.empty() && !is_digit(text.front()) &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return is_letter(c) || is_digit(c) || c == ':'; });
}

bool is_label_name(std::string_view text) {
  return is_metric_name(text) && text.find(':') == std::string_view::npos;
}

}  // namespace weir::ctl

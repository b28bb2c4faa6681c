#include "examples/load_publisher/definition.h"

#include <charconv>
#include <cstdint>
#include <sstream>
#include <system_error>

namespace load_publisher {
namespace {

template <typename Number>
weir::Status parse_whole(const std::string& text, const char* kind, Number& number) {
  const char* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || stopped != end) {
    return weir::Status::error("\"" + text + "\" is not " + kind);
  }
  return {};
}

weir::Status parse_aggregation(const std::string& text, weir::Aggregation& aggregation) {
  static const std::map<std::string, weir::Aggregation> kKnown{
      {"sum", weir::Aggregation::kSum},   {"min", weir::Aggregation::kMin},
      {"max", weir::Aggregation::kMax},   {"mean", weir::Aggregation::kMean},
      {"last", weir::Aggregation::kLast}, {"per_instance", weir::Aggregation::kPerInstance}};
  const auto found = kKnown.find(text);
  if (found == kKnown.end()) {
    return weir::Status::error("@aggregation=" + text + ": no such aggregation");
  }
  aggregation = found->second;
  return {};
}

weir::Status parse_bounds(const std::string& text, weir::Bounds& bounds) {
  bounds.clear();
  std::istringstream parts(text);
  for (std::string part; std::getline(parts, part, ',');) {
    double bound = 0;
    if (weir::Status status = parse_number(part, bound); !status.ok()) {
      return status;
    }
    bounds.push_back(bound);
  }
  return {};
}

weir::Status apply(const std::string& name, const std::string& value,
                   weir::FamilyOptions& options) {
  if (name == "help") {
    options.help = value;
  } else if (name == "unit") {
    options.unit = value;
  } else if (name == "group") {
    options.group = value;
  } else if (name == "aggregation") {
    return parse_aggregation(value, options.aggregation);
  } else if (name == "bounds") {
    return parse_bounds(value, options.bounds);
  } else if (name == "hold") {
    std::uint64_t hold_ms = 0;
    const weir::Status status = parse_number(value, hold_ms);
    options.hold = std::chrono::milliseconds(hold_ms);
    return status;
  } else {
    return weir::Status::error("@" + name + ": no such option");
  }
  return {};
}

}  // namespace

weir::Status define(const Command& command, weir::FamilyOptions& options) {
  for (const auto& [name, value] : command.options) {
    if (weir::Status status = apply(name, value, options); !status.ok()) {
      return status;
    }
  }
  return {};
}

weir::Status parse_number(const std::string& text, double& number) {
  return parse_whole(text, "a number", number);
}

weir::Status parse_number(const std::string& text, std::uint64_t& number) {
  return parse_whole(text, "a whole number", number);
}

}  // namespace load_publisher

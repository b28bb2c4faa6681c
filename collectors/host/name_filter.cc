#include "collectors/host/name_filter.h"

namespace weir::collectors {
namespace {

constexpr std::size_t kNamesMax = 10'000;    // names come and go: forget them all now and then
constexpr std::size_t kNameBytesMax = 4096;  // PATH_MAX; std::regex recurses for each byte

}  // namespace

void NameFilter::configure(Options& options, std::string_view key, std::string_view fallback) {
  const std::string expression = options.text(key, fallback);
  empty_ = expression.empty();
  try {
    expression_ = std::regex(expression, std::regex::ECMAScript | std::regex::optimize);
  } catch (const std::regex_error& error) {
    options.refuse(key, std::string("not a regular expression: ") + error.what());
  }
}

bool NameFilter::excludes(std::string_view name) {
  if (empty_ || name.size() > kNameBytesMax) {
    return false;
  }
  scratch_ = name;
  if (const auto known = known_.find(scratch_); known != known_.end()) {
    return known->second;
  }
  if (known_.size() >= kNamesMax) {
    known_.clear();
  }
  const bool excluded = std::regex_search(scratch_, expression_);
  known_.emplace(scratch_, excluded);
  return excluded;
}

}  // namespace weir::collectors

#include "bench/support/page_facts.h"

#include <charconv>
#include <cmath>

namespace weir::bench {

PageFacts read_page(std::string_view page) {
  PageFacts facts;
  while (!page.empty()) {
    const std::size_t end = page.find('\n');
    if (end == std::string_view::npos) {
      ++facts.broken;  // cut off
      break;
    }
    const std::string_view line = page.substr(0, end);
    page.remove_prefix(end + 1);
    if (!line.starts_with("bench_")) {
      continue;
    }
    const std::size_t space = line.rfind(' ');
    const std::size_t name_end = line.find_first_of("{ ");
    if (space == std::string_view::npos || (line[name_end] == '{' && line[space - 1] != '}')) {
      ++facts.broken;
      continue;
    }
    ++facts.lines;
    facts.bytes += line.size() + 1;
    const std::string_view name = line.substr(0, name_end);
    if (name.ends_with("_total") || name.ends_with("_count")) {
      double value = -1;
      const auto parsed =
          std::from_chars(line.data() + space + 1, line.data() + line.size(), value);
      if (parsed.ec != std::errc{} || parsed.ptr != line.data() + line.size() ||
          value != std::floor(value) || value < 0) {
        ++facts.broken;
        continue;
      }
      facts.total += static_cast<std::uint64_t>(value);
    }
  }
  return facts;
}

}  // namespace weir::bench

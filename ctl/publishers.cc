#include "ctl/publishers.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "ctl/text.h"

namespace weir::ctl {
namespace {

constexpr std::size_t kInstanceDigits = 8;  // enough to tell the instances of one table apart

bool is_alive(const Publisher& publisher) {
  return publisher.state == "up" || publisher.state == "starting";
}

std::string refusal_of(const Publisher& publisher, std::int64_t now_unix_ms) {
  if (publisher.last_refusal.empty()) {
    return "-";
  }
  return fmt::format("{} ago: {}", age(publisher.last_refusal_unix_ms, now_unix_ms),
                     printable(publisher.last_refusal));
}

}  // namespace

std::string publishers_table(const PublishersReport& report, std::int64_t now_unix_ms) {
  if (report.publishers.empty()) {
    return "no publishers\n";
  }
  std::vector<Publisher> sorted = report.publishers;
  std::stable_sort(sorted.begin(), sorted.end(), [](const Publisher& a, const Publisher& b) {
    const auto key = [](const Publisher& one) {
      return std::make_tuple(!is_alive(one), std::string_view(one.service),
                             -one.state_since_unix_ms);
    };
    return key(a) < key(b);
  });
  const bool one_node = std::all_of(sorted.begin(), sorted.end(), [&](const Publisher& one) {
    return one.node == sorted.front().node;
  });

  std::vector<std::string> header = {"SERVICE",  "INSTANCE", "STATE",     "SINCE",
                                     "RESTARTS", "SERIES",   "LAST SEEN", "LAST REFUSAL"};
  if (!one_node) {
    header.insert(header.begin(), "NODE");
  }
  std::vector<std::vector<std::string>> rows;
  for (const Publisher& one : sorted) {
    std::vector<std::string> row = {printable(one.service),
                                    printable(one.instance.substr(0, kInstanceDigits)),
                                    printable(one.state),
                                    age(one.state_since_unix_ms, now_unix_ms),
                                    fmt::to_string(one.restarts),
                                    fmt::to_string(one.series),
                                    age(one.last_seen_unix_ms, now_unix_ms),
                                    refusal_of(one, now_unix_ms)};
    if (!one_node) {
      row.insert(row.begin(), printable(one.node));
    }
    rows.push_back(std::move(row));
  }
  return table(header, rows);
}

}  // namespace weir::ctl

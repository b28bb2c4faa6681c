#include "tests/simulation/statement.h"

#include <algorithm>

#include "tests/simulation/series.h"

namespace weir::simulation {

const char* name_of(wire::Kind kind) {
  switch (kind) {
    case wire::Kind::kDelta:
      return "delta";
    case wire::Kind::kKeyframe:
      return "keyframe";
    case wire::Kind::kGoodbye:
      return "goodbye";
    case wire::Kind::kKeyframeWanted:
      return "keyframe wanted";
    case wire::Kind::kRebase:
      return "rebase";
    case wire::Kind::kAck:
      return "acknowledgement";
  }
  return "?";
}

Statement read_statement(const wire::Frame& frame, std::size_t publisher, std::size_t instance) {
  Statement statement{publisher, frame.kind, instance, frame.seq, frame.part, frame.parts, {}, {}};
  statement.defined.assign(frame.series_ids.begin(), frame.series_ids.end());
  for (std::size_t i = 0; i < frame.counter_ids.size(); ++i) {
    statement.totals.emplace_back(frame.counter_ids[i],
                                  static_cast<double>(frame.counter_totals[i]));
  }
  for (std::size_t i = 0; i < frame.double_ids.size(); ++i) {
    statement.totals.emplace_back(frame.double_ids[i], frame.double_totals[i] / kWork);
  }
  std::size_t bucket = 0;
  for (std::size_t i = 0; i < frame.histogram_ids.size(); ++i) {
    std::uint64_t count = 0;  // one value is observed per series: all of it is in one bucket
    for (std::size_t n = 0; n < frame.histogram_changed[i]; ++n) {
      count = std::max(count, frame.bucket_totals[bucket++]);
    }
    statement.totals.emplace_back(frame.histogram_ids[i], static_cast<double>(count));
  }
  return statement;
}

}  // namespace weir::simulation

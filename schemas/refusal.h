// Why a frame was refused: the reason is a metric label and a word in the API, the detail is a
// sentence for a person.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace weir::wire {

enum class Reason : std::uint8_t {
  kNone,
  kTooLarge,            // more bytes than the limit
  kForeign,             // no Weir frame at all
  kMalformed,           // the FlatBuffers verifier refused it
  kUnsupportedVersion,  // a newer protocol
  kBadHeader,           // kind, part, instance or seq out of range
  kBadIdentity,         // missing, invalid, or not the subject's
  kBadName,             // metric, label, help
  kBadLabels,           // label values: number, length, encoding
  kBadBounds,           // bucket layout
  kBadVectors,          // lengths that must agree do not
  kBadValue,            // NaN or negative where a total stands
  kLimitExceeded,       // too many families, series, labels
  kConflict,            // contradicts an accepted definition
  kReserved,            // names that Weir itself uses
  kUnknownInstance,  // a delta of an instance that has not introduced itself: a keyframe is asked
                     // for
  kIncomplete,       // a part of a keyframe whose other parts never came
  kCount,
};

[[nodiscard]] std::string_view reason_name(Reason reason);  // "too_large", ...

struct [[nodiscard]] Refusal {
  Reason reason = Reason::kNone;
  std::string detail;

  explicit operator bool() const { return reason != Reason::kNone; }
};

}  // namespace weir::wire

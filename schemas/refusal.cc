#include "schemas/refusal.h"

#include <array>

namespace weir::wire {

std::string_view reason_name(Reason reason) {
  constexpr std::array<std::string_view, static_cast<std::size_t>(Reason::kCount)> kNames = {
      "none",
      "too_large",
      "foreign",
      "malformed",
      "unsupported_version",
      "bad_header",
      "bad_identity",
      "bad_name",
      "bad_labels",
      "bad_bounds",
      "bad_vectors",
      "bad_value",
      "limit_exceeded",
      "conflict",
      "reserved",
      "unknown_instance",
      "incomplete",
  };
  const auto index = static_cast<std::size_t>(reason);
  return index < kNames.size() ? kNames[index] : "unknown";
}

}  // namespace weir::wire

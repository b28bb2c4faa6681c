// A message as it has come, and looking ahead to those that come after it. Merging one frame of a
// publisher begins to read at some twenty places, which after a thousand other publishers are in no
// cache; waiting for each in turn costs as much as merging. So while one frame is merged, what the
// next ones will touch is fetched. A hint and nothing more: nothing is checked here, or changed.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "schemas/instance_id.h"

namespace weir::sidecar {

class Directory;

struct Incoming {
  Incoming(std::string_view on, std::string_view answer_to, std::span<const std::uint8_t> content);

  std::string_view subject;
  std::string_view reply;  // empty: no answer is wanted
  std::span<const std::uint8_t> bytes;
  wire::InstanceId instance;  // that the subject ends in; zero: in none
};

// The first is merged now, the others come after it. REQUIRES: the engine's lock is held.
void look_ahead(std::span<const Incoming> coming, const Directory& directory);

}  // namespace weir::sidecar

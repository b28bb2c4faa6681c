#include "sidecar/publishers/info.h"

namespace weir::sidecar {

const char* instance_state_name(InstanceState state) {
  switch (state) {
    case InstanceState::kStarting:
      return "starting";
    case InstanceState::kUp:
      return "up";
    case InstanceState::kExited:
      return "exited";
    case InstanceState::kLost:
      return "lost";
    case InstanceState::kCrashed:
      return "crashed";
  }
  return "unknown";
}

}  // namespace weir::sidecar

#include "sidecar/publishers/unwritten.h"

namespace weir::sidecar {
namespace {

std::vector<std::uint32_t> behind(const std::vector<std::uint32_t>& ids, std::size_t& taken) {
  std::vector<std::uint32_t> rest(ids.begin() + static_cast<std::ptrdiff_t>(taken), ids.end());
  taken = ids.size();
  return rest;
}

}  // namespace

Unwritten::Definitions Unwritten::take_for_journal() {
  return {!std::exchange(identity_journaled_, true), behind(families_, families_journaled_),
          behind(series_, series_journaled_)};
}

Unwritten::Definitions Unwritten::take_for_definitions() {
  Definitions taken{!std::exchange(identity_filed_, true), std::exchange(families_, {}),
                    std::exchange(series_, {})};
  series_journaled_ = 0;
  families_journaled_ = 0;
  identity_journaled_ = true;  // a later journal follows a checkpoint that knows it
  return taken;
}

void Unwritten::all_taken_for_definitions() {
  (void)take_for_definitions();
}

}  // namespace weir::sidecar

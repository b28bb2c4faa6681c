#include "sidecar/publishers/unwritten.h"

#include <algorithm>

namespace weir::sidecar {
namespace {

std::vector<std::uint32_t> take(const std::vector<std::uint32_t>& ids, std::size_t& taken,
                                std::size_t most) {
  const auto begin = ids.begin() + static_cast<std::ptrdiff_t>(taken);
  const std::size_t count = std::min(most, ids.size() - taken);
  taken += count;
  return {begin, begin + static_cast<std::ptrdiff_t>(count)};
}

void drop(std::vector<std::uint32_t>& ids, std::size_t filed, std::size_t& journaled) {
  if (filed == ids.size()) {
    ids = {};  // gives its memory back
  } else {
    ids.erase(ids.begin(), ids.begin() + static_cast<std::ptrdiff_t>(filed));
  }
  journaled -= std::min(journaled, filed);
}

}  // namespace

Unwritten::Definitions Unwritten::take_for_journal(std::size_t series_max) {
  return {!std::exchange(identity_journaled_, true), take(families_, families_journaled_, SIZE_MAX),
          take(series_, series_journaled_, series_max)};
}

void Unwritten::begin_filing() {
  families_filing_ = families_.size();
  series_filing_ = series_.size();
}

void Unwritten::filed() {
  drop(families_, std::exchange(families_filing_, 0), families_journaled_);
  drop(series_, std::exchange(series_filing_, 0), series_journaled_);
  identity_filed_ = true;
  identity_journaled_ = true;  // a later journal follows a checkpoint that knows it
}

}  // namespace weir::sidecar

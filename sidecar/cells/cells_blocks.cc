#include "sidecar/cells/cells_blocks.h"

#include <algorithm>
#include <cstring>
#include <string>

namespace weir::sidecar {
namespace layout = wire::cells_file;

Status check_head(std::span<const std::uint8_t> file) {
  if (file.size() < layout::kBlockBytes) {
    return Status::error("too short to be a cells file: " + std::to_string(file.size()) + " bytes");
  }
  layout::Head head;
  std::memcpy(&head, file.data(), sizeof head);
  if (head.magic != layout::Head{}.magic) {
    return Status::error("no cells file, or one that was never initialised");
  }
  if (checksum_of(head) != head.checksum) {
    return Status::error("the checksum of its head is wrong");
  }
  if (head.layout_version != layout::kLayoutVersion) {
    return Status::error("layout version " + std::to_string(head.layout_version) +
                         ", this program reads version " + std::to_string(layout::kLayoutVersion));
  }
  return {};
}

std::uint64_t CellsBlocks::RangeCells::cell(std::uint32_t index) const {
  std::uint64_t value = 0;
  std::memcpy(&value, cells + std::size_t{index} * sizeof value, sizeof value);
  return value;
}

Status CellsBlocks::read(Bytes file) {
  if (Status status = check_head(file); !status.ok()) {
    return status;
  }
  for (std::uint32_t block = 0; block < layout::kBlocksMax; ++block) {
    std::uint64_t bits = 0;
    std::memcpy(&bits, file.data() + sizeof(layout::Head) + block * sizeof bits, sizeof bits);
    const auto entry = layout::unpack(bits, block);
    const auto refuse = [&](const char* why) {
      return Status::error("block " + std::to_string(block) + ": " + why);
    };
    if (!entry || (entry->kind == layout::Block::kHead) != (block == 0)) {
      return refuse("its entry in the head is corrupt");
    }
    if (entry->kind == layout::Block::kFree || entry->kind == layout::Block::kHead) {
      continue;
    }
    const std::uint64_t offset = std::uint64_t{block} * layout::kBlockBytes;
    if (file.size() < offset + layout::kBlockBytes) {
      return refuse("beyond the end of the file");
    }
    const Bytes bytes = file.subspan(offset, layout::kBlockBytes);
    if (entry->kind == layout::Block::kLog) {
      if (entry->ordinal != log_.size()) {
        return refuse("a log block out of order");
      }
      log_.push_back(bytes);
      continue;
    }
    if (entry->segment == 0 || entry->segment >= layout::kSegmentsMax) {
      return refuse("no such segment");
    }
    segments_[entry->segment].push_back({entry->ordinal, bytes.data()});
  }
  for (std::vector<RangeCells>& ranges : segments_) {
    std::sort(ranges.begin(), ranges.end(),
              [](const RangeCells& a, const RangeCells& b) { return a.range < b.range; });
    const auto twice =
        std::adjacent_find(ranges.begin(), ranges.end(),
                           [](const auto& a, const auto& b) { return a.range == b.range; });
    if (twice != ranges.end()) {
      return Status::error("the cells of range " + std::to_string(twice->range) + " stand twice");
    }
  }
  return {};
}

}  // namespace weir::sidecar

#include "sidecar/cells/census.h"

#include <algorithm>
#include <cstring>

#include "schemas/cells_file.h"
#include "schemas/codec.h"
#include "sidecar/cells/cells_blocks.h"

namespace weir::sidecar {
namespace {

namespace layout = wire::cells_file;

}  // namespace

Census::Ids Census::step(std::int64_t now_unix_ms, const Awaited& awaited) {
  if (missing_.empty()) {
    if (now_unix_ms < due_unix_ms_) {
      return {};
    }
    due_unix_ms_ = now_unix_ms + rules_.every_ms;
    if (!begin(awaited).ok()) {
      missing_.clear();
    }
  }
  for (std::size_t read = 0; read < rules_.files_per_step_max && !missing_.empty(); ++read) {
    if (unread_.empty()) {
      const Ids gone(missing_.begin(), missing_.end());
      missing_.clear();
      return gone;
    }
    const auto owner = owner_of(unread_.back());
    if (!owner.ok()) {
      missing_.clear();  // it may be anybody's: the next census will tell
      return {};
    }
    if (*owner) {
      missing_.erase(**owner);
    }
    unread_.pop_back();
  }
  return {};
}

// First the names, then the list: a file that comes later belongs to an instance that speaks.
Status Census::begin(const Awaited& awaited) {
  for (const wire::InstanceId& id : awaited()) {
    missing_.insert(id);
  }
  if (missing_.empty()) {
    return {};
  }
  auto names = directory_.standing();
  unread_ = names.ok() ? std::move(*names) : std::vector<std::string>{};
  return names.status();
}

Result<std::optional<wire::InstanceId>> Census::owner_of(const std::string& name) {
  const auto blocks = log_blocks_of(name);
  if (!blocks.ok()) {
    return blocks.status();
  }
  for (auto block = blocks->rbegin(); block != blocks->rend(); ++block) {
    const auto bytes = directory_.read_part(name, std::uint64_t{*block} * layout::kBlockBytes,
                                            layout::kBlockBytes);
    if (!bytes.ok()) {
      return bytes.status();
    }
    if (const auto named = last_named_in(*bytes)) {
      return named;
    }
  }
  return std::optional<wire::InstanceId>{};
}

// In their order. What is wrong with a file, folding says when its owner is gone.
Result<std::vector<std::uint32_t>> Census::log_blocks_of(const std::string& name) {
  const auto head = directory_.read_part(name, 0, layout::kBlockBytes);
  if (!head.ok()) {
    return head.status();
  }
  std::vector<std::pair<std::uint32_t, std::uint32_t>> by_ordinal;
  for (std::uint32_t block = 0; check_head(*head).ok() && block < layout::kBlocksMax; ++block) {
    std::uint64_t bits = 0;
    std::memcpy(&bits, head->data() + sizeof(layout::Head) + block * sizeof bits, sizeof bits);
    const auto entry = layout::unpack(bits, block);
    if (entry && entry->kind == layout::Block::kLog) {
      by_ordinal.emplace_back(entry->ordinal, block);
    }
  }
  std::sort(by_ordinal.begin(), by_ordinal.end());
  std::vector<std::uint32_t> blocks;
  for (const auto& [ordinal, block] : by_ordinal) {
    blocks.push_back(block);
  }
  return blocks;
}

std::optional<wire::InstanceId> Census::last_named_in(std::span<const std::uint8_t> block) const {
  std::optional<wire::InstanceId> named;
  wire::Decoder decoder(rules_.limits);
  while (block.size() >= sizeof(layout::RecordHead)) {
    layout::RecordHead head;
    std::memcpy(&head, block.data(), sizeof head);
    const std::size_t bytes =
        head.body_bytes > layout::kBodyBytesMax ? 0 : layout::record_bytes(head.body_bytes);
    if (head.body_bytes == 0 || bytes == 0 || bytes > block.size()) {
      break;
    }
    const auto body = block.subspan(sizeof head, head.body_bytes);
    if (checksum_of(head, body) != head.checksum) {
      break;  // its owner is writing it
    }
    if (head.kind == layout::Record::kIdentity) {
      const auto identity = layout::decode_identity(body);
      // The decoder wants its bytes aligned, as a copy of them is.
      const std::vector<std::uint8_t> frame =
          identity ? std::vector<std::uint8_t>(identity->frame.begin(), identity->frame.end())
                   : std::vector<std::uint8_t>{};
      if (!decoder.decode(frame)) {
        named = decoder.frame().instance;
      }
    }
    block = block.subspan(bytes);
  }
  return named;
}

}  // namespace weir::sidecar

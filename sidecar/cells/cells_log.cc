#include "sidecar/cells/cells_log.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "schemas/names.h"

namespace weir::sidecar {
namespace {

namespace layout = wire::cells_file;

Status corrupt(std::string what) {
  return Status::error("the log is corrupt: " + std::move(what));
}

bool is_zero(CellsLog::Bytes bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](std::uint8_t byte) { return byte == 0; });
}

// What may stand in front of a subject: no wildcards, no empty tokens.
bool is_subject_prefix(std::string_view prefix, std::size_t bytes_max) {
  bool token_empty = true;
  for (const char c : prefix) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '_' || c == '-';
    if (!plain && !(c == '.' && !token_empty)) {
      return false;
    }
    token_empty = c == '.';
  }
  return !token_empty && prefix.size() <= bytes_max;
}

std::uint32_t cells_of(const FamilyDefinition& family) {
  return family.kind == MetricKind::kHistogram
             ? cells::kHistogramHeaderCells + static_cast<std::uint32_t>(family.bounds.size()) + 1
             : 1;
}

bool in_order(const layout::Base& a, const layout::Base& b) {
  return std::pair(a.series, a.slot) < std::pair(b.series, b.slot);
}

}  // namespace

Status CellsLog::read(const std::vector<Bytes>& blocks) {
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    if (Status status = read_block(blocks[i], i + 1 == blocks.size()); !status.ok()) {
      return status;
    }
  }
  std::sort(bases_.begin(), bases_.end(), in_order);
  const auto twice = std::adjacent_find(
      bases_.begin(), bases_.end(), [](const auto& a, const auto& b) { return !in_order(a, b); });
  return twice == bases_.end() ? Status{} : corrupt("a base stands twice");
}

Status CellsLog::read_block(Bytes block, bool last) {
  while (block.size() >= sizeof(layout::RecordHead)) {
    layout::RecordHead head;
    std::memcpy(&head, block.data(), sizeof head);
    if (head.body_bytes == 0) {
      break;
    }
    const std::size_t bytes = layout::record_bytes(head.body_bytes);
    if (head.body_bytes > layout::kBodyBytesMax || bytes > block.size()) {
      return corrupt("a record that is longer than its block");
    }
    const Bytes body = block.subspan(sizeof head, head.body_bytes);
    if (checksum_of(head, body) != head.checksum) {
      // Torn when its writer was killed: nothing was counted in what it describes.
      return last && is_zero(block.subspan(bytes)) ? Status{} : corrupt("a checksum is wrong");
    }
    if (Status status = read_record(head, body); !status.ok()) {
      return status;
    }
    block = block.subspan(bytes);
  }
  return is_zero(block) ? Status{} : corrupt("bytes behind the last record");
}

Status CellsLog::read_record(const layout::RecordHead& head, Bytes body) {
  switch (head.kind) {
    case layout::Record::kIdentity:
      return read_identity(head.tag, body);
    case layout::Record::kBase:
      return read_bases(body);
    case layout::Record::kFamily:
      return read_family(head.tag, body);
    case layout::Record::kSeries:
      return read_series(head.tag, body);
  }
  return corrupt("a record of an unknown kind");
}

Status CellsLog::read_identity(std::uint32_t bases, Bytes body) {
  const auto record = layout::decode_identity(body);
  if (!record) {
    return corrupt("an identity");
  }
  identity_copy_.assign(record->frame.begin(), record->frame.end());
  if (const wire::Refusal refusal = identity_.decode(identity_copy_)) {
    return corrupt("an identity: " + refusal.detail);
  }
  if (!identity().has_identity || !identity().is_from_publisher()) {
    return corrupt("an identity: another frame");
  }
  if (!is_subject_prefix(record->subject_prefix, limits_.name_bytes_max)) {
    return corrupt("an identity: its subject prefix");
  }
  subject_prefix_ = record->subject_prefix;
  bases_.clear();
  if (coming_.instance == identity().instance) {
    bases_ = std::move(coming_.bases);
  }
  coming_ = {};
  named_ = true;
  return bases_.size() == bases ? Status{} : corrupt("an identity lacks bases");
}

Status CellsLog::read_bases(Bytes body) {
  auto record = layout::decode_bases(body);
  if (!record) {
    return corrupt("a base");
  }
  if (coming_.instance != record->instance) {
    coming_ = std::move(*record);
    return {};
  }
  coming_.bases.insert(coming_.bases.end(), record->bases.begin(), record->bases.end());
  return {};
}

Status CellsLog::read_family(std::uint32_t value, Bytes body) {
  wire::Decoder decoder(limits_);
  if (const wire::Refusal refusal = decoder.decode(body)) {
    return corrupt("a family: " + refusal.detail);
  }
  if (decoder.frame().families.size() != 1) {
    return corrupt("a family: another frame");
  }
  const wire::FamilyView& view = decoder.frame().families.front();
  if (view.id < families_by_id_.size() && families_by_id_[view.id] != nullptr) {
    return corrupt("family " + std::string(view.name) + " takes an id that is taken");
  }
  const bool histogram = value == static_cast<std::uint32_t>(layout::Value::kHistogram);
  if (value > static_cast<std::uint32_t>(layout::Value::kHistogram) ||
      view.type != (histogram ? wire::Type::kHistogram : wire::Type::kCounter) ||
      view.origin != wire::Origin::kOwn) {
    return corrupt("family " + std::string(view.name) + " is not of a type that cells can have");
  }
  FamilyDefinition& family = families_.emplace_back();
  family.id = view.id;
  family.kind = histogram ? MetricKind::kHistogram
                : value == static_cast<std::uint32_t>(layout::Value::kDouble)
                    ? MetricKind::kDoubleCounter
                    : MetricKind::kCounter;
  family.name = view.name;
  family.help = view.help;
  family.unit = view.unit;
  family.label_names.assign(view.label_names.begin(), view.label_names.end());
  family.aggregation = static_cast<Aggregation>(view.aggregation);
  family.hold_ms = view.hold_ms;
  family.bounds.assign(view.bounds.begin(), view.bounds.end());
  family.group = view.group;
  family.families.emplace_back().definition = &family;
  families_by_id_.resize(std::max<std::size_t>(families_by_id_.size(), view.id + 1));
  families_by_id_[view.id] = &family;
  return {};
}

Status CellsLog::read_series(std::uint32_t id, Bytes body) {
  const auto record = layout::decode_series(body);
  const auto bad = [&](const std::string& why) {
    return corrupt("series " + std::to_string(id) + ": " + why);
  };
  if (!record) {
    return bad("unreadable");
  }
  if (id >= limits_.series_per_publisher_max) {
    return bad("too many");
  }
  if (id < series_seen_.size() && series_seen_[id]) {
    return bad("stands twice");
  }
  if (record->family >= families_by_id_.size() || families_by_id_[record->family] == nullptr) {
    return bad("of an unknown family");
  }
  FamilyDefinition& family = *families_by_id_[record->family];
  if (record->label_values.size() != family.label_names.size()) {
    return bad("has not as many label values as its family has names");
  }
  for (const std::string_view value : record->label_values) {
    if (const std::string why = wire::why_bad_label_value(value, limits_); !why.empty()) {
      return bad(why);
    }
  }
  if (!claim_cells(record->first_cell, cells_of(family))) {
    return bad("its cells are another's, or none");
  }
  series_seen_.resize(std::max<std::size_t>(series_seen_.size(), std::size_t{id} + 1));
  series_seen_[id] = true;
  SeriesCore& series = series_.emplace_back();
  series.family = &family.families.front();
  series.id = id;
  series.cell = record->first_cell;
  series.started_unix_ms = record->started_unix_ms;
  series.label_values = PackedStrings(record->label_values);
  return {};
}

bool CellsLog::claim_cells(std::uint32_t first, std::uint32_t count) {
  const std::uint32_t segment = first / layout::kCellsPerBlock;
  if (segment == 0 || segment >= layout::kSegmentsMax ||
      first % layout::kCellsPerBlock + count > layout::kCellsPerBlock) {
    return false;
  }
  if (cells_taken_.size() < std::size_t{first} + count) {
    cells_taken_.resize((std::size_t{segment} + 1) * layout::kCellsPerBlock);
  }
  for (std::uint32_t cell = first; cell < first + count; ++cell) {
    if (cells_taken_[cell]) {
      return false;
    }
    cells_taken_[cell] = true;
  }
  return true;
}

}  // namespace weir::sidecar

// The log of a cells file: who the instance is, and what its cells mean. The bytes may be anything:
// after read() answered ok, every id, index and name is valid in itself, and no cell belongs to two
// series. Thread-compatible: const methods may run together; otherwise the caller locks.
#pragma once

#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <vector>

#include "client_lib/src/family_core.h"
#include "schemas/cells_file.h"
#include "schemas/codec.h"
#include "schemas/limits.h"
#include "weir/status.h"

namespace weir::sidecar {

class CellsLog {
 public:
  using Bytes = std::span<const std::uint8_t>;

  explicit CellsLog(const wire::Limits& limits) : limits_(limits), identity_(limits) {}

  Status read(const std::vector<Bytes>& blocks);

  // False: the program never published.
  [[nodiscard]] bool named() const { return named_; }
  // Header and identity of the instance. REQUIRES: named()
  [[nodiscard]] const wire::Frame& identity() const { return identity_.frame(); }
  [[nodiscard]] std::size_t identity_bytes() const { return identity_copy_.size(); }
  [[nodiscard]] const std::string& subject_prefix() const { return subject_prefix_; }
  // As the client's registry has them; only of what it counts itself.
  [[nodiscard]] const std::deque<FamilyDefinition>& families() const { return families_; }
  [[nodiscard]] const std::deque<SeriesCore>& series() const { return series_; }
  // By series and slot, each once.
  [[nodiscard]] std::span<const wire::cells_file::Base> bases() const { return bases_; }

 private:
  [[nodiscard]] Status read_block(Bytes block, bool last);
  [[nodiscard]] Status read_record(const wire::cells_file::RecordHead& head, Bytes body);
  [[nodiscard]] Status read_identity(std::uint32_t bases, Bytes body);
  [[nodiscard]] Status read_bases(Bytes body);
  [[nodiscard]] Status read_family(std::uint32_t value, Bytes body);
  [[nodiscard]] Status read_series(std::uint32_t id, Bytes body);
  [[nodiscard]] bool claim_cells(std::uint32_t first, std::uint32_t count);

  const wire::Limits limits_;
  bool named_ = false;
  wire::Decoder identity_;
  std::vector<std::uint8_t> identity_copy_;  // what the decoder's views point into
  std::string subject_prefix_;
  std::deque<FamilyDefinition> families_;
  std::deque<SeriesCore> series_;
  std::vector<wire::cells_file::Base> bases_;

  wire::cells_file::Bases coming_;                 // of an identity that may follow
  std::vector<FamilyDefinition*> families_by_id_;  // null: not defined
  std::vector<bool> series_seen_;                  // by id
  std::vector<bool> cells_taken_;
};

}  // namespace weir::sidecar

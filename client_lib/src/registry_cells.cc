// The file behind a registry's cells: what RegistryCore writes there besides the cells themselves.
#include <sys/stat.h>

#include <exception>

#include "discovery.h"
#include "frame_contents.h"
#include "registry_core.h"
#include "schemas/codec.h"

namespace weir {
namespace {

namespace layout = wire::cells_file;

constexpr const char* kNoMemory = "no memory to write the cells file";

layout::Value value_of(MetricKind kind) {
  return kind == MetricKind::kHistogram       ? layout::Value::kHistogram
         : kind == MetricKind::kDoubleCounter ? layout::Value::kDouble
                                              : layout::Value::kCounter;
}

bool is_only_thread() noexcept {
  struct stat info {};
  constexpr nlink_t kWithoutThreads = 2;
  return ::stat("/proc/self/task", &info) == 0 && info.st_nlink == kWithoutThreads + 1;
}

}  // namespace

void RegistryCore::make_cells_file() noexcept try {
  const std::string directory =
      cells_directory(options_.cells_dir, Surroundings::of_this_process());
  if (directory.empty()) {
    cells_note_ = "switched off";
    return;
  }
  cells_file_ = cells::CellsFile::make(directory, cells_note_);
  arena_.set_backing(cells_file_.get());
} catch (const std::exception&) {  // out of memory: none, then
}

CellsState RegistryCore::cells() const {
  const std::shared_lock lock(mutex_);
  if (cells_file_ == nullptr) {
    return {{}, cells_note_};
  }
  return {cells_file_->path(), cells_file_->note()};
}

void RegistryCore::name_cells(const wire::InstanceId& instance, std::string_view subject_prefix,
                              std::span<const std::uint8_t> frame,
                              std::span<const layout::Base> bases) noexcept {
  const std::shared_lock lock(mutex_);
  if (cells_file_ == nullptr) {
    return;
  }
  try {
    bool written = true;
    std::vector<std::uint8_t> body;
    for (std::size_t from = 0; written && from < bases.size(); from += layout::kBasesPerRecord) {
      body.clear();
      const std::size_t count = std::min(layout::kBasesPerRecord, bases.size() - from);
      layout::encode_bases(instance, bases.subspan(from, count), body);
      written = cells_file_->append(layout::Record::kBase, 0, body);
    }
    body.clear();
    layout::encode_identity(frame, subject_prefix, body);
    written = written && cells_file_->append(layout::Record::kIdentity,
                                             static_cast<std::uint32_t>(bases.size()), body);
    if (written) {
      cells_file_->set_named();
    } else {
      // What stands there is said of an instance that is no more: it would be counted once again.
      cells_file_->withdraw("can not write into the cells file who the instance is");
    }
  } catch (const std::exception&) {
    cells_file_->withdraw(kNoMemory);
  }
}

void RegistryCore::withdraw_cells() noexcept {
  const std::shared_lock lock(mutex_);
  if (cells_file_ != nullptr) {
    cells_file_->withdraw("taken away");
  }
}

void RegistryCore::note_in_file(const FamilyDefinition& definition) noexcept {
  if (cells_file_ == nullptr || !is_own_total(definition.kind)) {
    return;
  }
  try {
    wire::Frame frame;
    frame.instance = {0, 1};  // not of any: frames have one
    frame.seq = 1;
    frame.families.push_back(view_of(definition));
    wire::Encoder encoder;
    (void)cells_file_->append(layout::Record::kFamily,
                              static_cast<std::uint32_t>(value_of(definition.kind)),
                              encoder.encode(frame));
  } catch (const std::exception&) {
    cells_file_->withdraw(kNoMemory);  // its series could not be read
  }
}

void RegistryCore::note_in_file(const SeriesCore& series) noexcept {
  const FamilyDefinition& definition = *series.family->definition;
  if (cells_file_ == nullptr || !is_own_total(definition.kind)) {
    return;
  }
  try {
    layout::Series record;
    record.family = definition.id;
    record.first_cell = series.cell;
    record.started_unix_ms = series.started_unix_ms;
    for_each_label_value(series,
                         [&](std::string_view value) { record.label_values.push_back(value); });
    std::vector<std::uint8_t> body;
    layout::encode_series(record, body);
    (void)cells_file_->append(layout::Record::kSeries, series.id, body);
  } catch (const std::exception&) {
    cells_file_->withdraw(kNoMemory);
  }
}

void RegistryCore::give_child_a_file() noexcept {
  const std::unique_lock lock(mutex_);
  if (cells_file_ == nullptr || !cells_file_->is_parents() || !is_only_thread()) {
    return;
  }
  std::unique_ptr<cells::CellsFile> parents = std::move(cells_file_);
  make_cells_file();
  if (cells_file_ == nullptr) {
    return;
  }
  arena_.move_to(*cells_file_);
  for (const FamilyDefinition& definition : definitions_) {
    note_in_file(definition);
  }
  for (const SeriesCore& series : series_) {
    note_in_file(series);
  }
}

}  // namespace weir

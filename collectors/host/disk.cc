// node_disk_*{device}: what each block device counts, from /proc/diskstats. Columns:
// https://docs.kernel.org/admin-guide/iostats.html
#include <array>

#include "collectors/collector.h"
#include "collectors/host/name_filter.h"
#include "collectors/host/scan.h"
#include "collectors/host/text_file.h"

namespace weir::collectors {
namespace {

// Partitions and what is no disk; node_exporter's default.
constexpr std::string_view kDeviceExclude = R"(^(z?ram|loop|fd|(h|s|v|xv)d[a-z]|nvme\d+n\d+p)\d+$)";

enum class Unit { kCount, kSectors, kMilliseconds, kNow };

struct Column {
  std::string_view name;
  std::string_view help;
  Unit unit;
};

// Behind major, minor and name. Kernels before 4.18 end at the eleventh, before 5.5 at the
// fifteenth.
constexpr std::array<Column, 17> kColumns = {{
    {"reads_completed_total", "The total number of reads completed successfully.", Unit::kCount},
    {"reads_merged_total", "The total number of reads merged.", Unit::kCount},
    {"read_bytes_total", "The total number of bytes read successfully.", Unit::kSectors},
    {"read_time_seconds_total", "The total number of seconds spent by all reads.",
     Unit::kMilliseconds},
    {"writes_completed_total", "The total number of writes completed successfully.", Unit::kCount},
    {"writes_merged_total", "The number of writes merged.", Unit::kCount},
    {"written_bytes_total", "The total number of bytes written successfully.", Unit::kSectors},
    {"write_time_seconds_total", "This is the total number of seconds spent by all writes.",
     Unit::kMilliseconds},
    {"io_now", "The number of I/Os currently in progress.", Unit::kNow},
    {"io_time_seconds_total", "Total seconds spent doing I/Os.", Unit::kMilliseconds},
    {"io_time_weighted_seconds_total", "The weighted # of seconds spent doing I/Os.",
     Unit::kMilliseconds},
    {"discards_completed_total", "The total number of discards completed successfully.",
     Unit::kCount},
    {"discards_merged_total", "The total number of discards merged.", Unit::kCount},
    {"discarded_sectors_total", "The total number of sectors discarded successfully.",
     Unit::kCount},
    {"discard_time_seconds_total", "This is the total number of seconds spent by all discards.",
     Unit::kMilliseconds},
    {"flush_requests_total", "The total number of flush requests completed successfully",
     Unit::kCount},
    {"flush_requests_time_seconds_total",
     "This is the total number of seconds spent by all flush requests.", Unit::kMilliseconds},
}};

constexpr std::uint64_t kSectorBytes = 512;  // the kernel's unit here, whatever the device's is

class DiskCollector : public Collector {
 public:
  Status register_metrics(Setup& setup) override {
    for (std::size_t i = 0; i < kColumns.size(); ++i) {
      const std::string name = "node_disk_" + std::string(kColumns[i].name);
      const std::string help(kColumns[i].help);
      switch (kColumns[i].unit) {
        case Unit::kMilliseconds:
          seconds_[i] = setup.double_counter(name, help, {"device"});
          break;
        case Unit::kNow:
          now_ = setup.gauge(name, help, {"device"});
          break;
        default:
          counts_[i] = setup.counter(name, help, {"device"});
      }
    }
    exclude_.configure(setup.options(), "device_exclude", kDeviceExclude);
    file_ = TextFile(setup.paths().proc("diskstats"));
    return {};
  }

  Status update_metrics() override {
    if (!file_.read()) {
      return file_.failure();
    }
    bool any = file_.text().empty();  // a node without disks
    for (std::string_view text = file_.text(); !text.empty();) {
      std::string_view line = take_line(text);
      const auto major = take_number<unsigned>(line);
      const auto minor = take_number<unsigned>(line);
      const std::string_view device = take_word(line);
      if (!major || !minor || device.empty()) {
        continue;
      }
      any = true;
      if (!exclude_.excludes(device)) {
        read_device(device, line);
      }
    }
    return any ? Status() : Status::error(file_.path() + ": has no line of a device");
  }

 private:
  void read_device(std::string_view device, std::string_view columns) {
    for (std::size_t i = 0; i < kColumns.size(); ++i) {
      const auto value = take_number<std::uint64_t>(columns);
      if (!value) {
        continue;
      }
      switch (kColumns[i].unit) {
        case Unit::kCount:
          counts_[i].with(device).set(*value);
          break;
        case Unit::kSectors:
          counts_[i].with(device).set(*value * kSectorBytes);
          break;
        case Unit::kMilliseconds:
          seconds_[i].with(device).set(static_cast<double>(*value) / 1000);
          break;
        case Unit::kNow:
          now_.with(device).set(static_cast<double>(*value));
          break;
      }
    }
  }

  // By column; each column is in one of them.
  std::array<CounterReadings, kColumns.size()> counts_;
  std::array<DoubleCounterReadings, kColumns.size()> seconds_;
  GaugeReadings now_;
  NameFilter exclude_;
  TextFile file_;
};

WEIR_COLLECTOR(disk, DiskCollector, "reads, writes and busy time of each disk");

}  // namespace
}  // namespace weir::collectors

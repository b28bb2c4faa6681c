// node_cpu_seconds_total{cpu,mode}, node_cpu_guest_seconds_total{cpu,mode}: the time of each CPU
// in each mode, from /proc/stat. As in the file, guest time is part of user and nice.
#include <unistd.h>

#include <array>

#include "collectors/collector.h"
#include "collectors/host/scan.h"
#include "collectors/host/text_file.h"

namespace weir::collectors {
namespace {

// In the order of the columns, see proc(5).
constexpr std::array<std::string_view, 8> kModes = {"user",   "nice", "system",  "idle",
                                                    "iowait", "irq",  "softirq", "steal"};
constexpr std::array<std::string_view, 2> kGuestModes = {"user", "nice"};

class CpuCollector : public Collector {
 public:
  Status register_metrics(Setup& setup) override {
    seconds_ = setup.double_counter("node_cpu_seconds_total",
                                    "Seconds the CPUs spent in each mode.", {"cpu", "mode"});
    guest_seconds_ = setup.double_counter("node_cpu_guest_seconds_total",
                                          "Seconds the CPUs spent in guests (VMs) for each mode.",
                                          {"cpu", "mode"});
    file_ = TextFile(setup.paths().proc("stat"));
    ticks_per_second_ = static_cast<double>(::sysconf(_SC_CLK_TCK));
    return {};
  }

  Status update_metrics() override {
    if (!file_.read()) {
      return file_.failure();
    }
    std::string_view text = file_.text();
    bool any = false;
    while (starts_with(text, "cpu")) {  // the CPUs stand before everything else
      any = read_cpu(take_line(text)) || any;
    }
    return any ? Status() : Status::error(file_.path() + ": has no line of a CPU");
  }

 private:
  bool read_cpu(std::string_view line) {
    const std::string_view cpu = take_word(line).substr(3);
    if (!to_number<unsigned>(cpu)) {
      return false;  // the sum of all
    }
    bool any = read_modes(line, cpu, kModes, seconds_);
    return read_modes(line, cpu, kGuestModes, guest_seconds_) || any;
  }

  template <std::size_t count>
  bool read_modes(std::string_view& line, std::string_view cpu,
                  const std::array<std::string_view, count>& modes,
                  const DoubleCounterReadings& readings) {
    bool any = false;
    for (const std::string_view mode : modes) {
      if (const auto ticks = take_number<std::uint64_t>(line)) {
        readings.with(cpu, mode).set(static_cast<double>(*ticks) / ticks_per_second_);
        any = true;
      }
    }
    return any;
  }

  DoubleCounterReadings seconds_;
  DoubleCounterReadings guest_seconds_;
  TextFile file_;
  double ticks_per_second_ = 100;
};

WEIR_COLLECTOR(cpu, CpuCollector, "time of each CPU in each mode");

}  // namespace
}  // namespace weir::collectors

// What /proc/stat says of the whole node: interrupts, context switches, forks, boot time, and the
// processes that run or are blocked.
#include "collectors/collector.h"
#include "collectors/host/scan.h"
#include "collectors/host/text_file.h"

namespace weir::collectors {
namespace {

class StatCollector : public Collector {
 public:
  Status register_metrics(Setup& setup) override {
    interrupts_ = setup.counter("node_intr_total", "Total number of interrupts serviced.");
    context_switches_ =
        setup.counter("node_context_switches_total", "Total number of context switches.");
    forks_ = setup.counter("node_forks_total", "Total number of forks.");
    boot_time_ = setup.gauge("node_boot_time_seconds", "Node boot time, in unixtime.");
    running_ = setup.gauge("node_procs_running", "Number of processes in runnable state.");
    blocked_ = setup.gauge("node_procs_blocked",
                           "Number of processes blocked waiting for I/O to complete.");
    file_ = TextFile(setup.paths().proc("stat"));
    return {};
  }

  Status update_metrics() override {
    if (!file_.read()) {
      return file_.failure();
    }
    bool any = false;
    for (std::string_view text = file_.text(); !text.empty();) {
      std::string_view line = take_line(text);
      const std::string_view key = take_word(line);
      if (const auto value = take_number<std::uint64_t>(line)) {
        any = read(key, *value) || any;
      }
    }
    return any ? Status() : Status::error(file_.path() + ": has nothing that is known");
  }

 private:
  bool read(std::string_view key, std::uint64_t value) {
    if (key == "intr") {
      interrupts_.set(value);
    } else if (key == "ctxt") {
      context_switches_.set(value);
    } else if (key == "processes") {
      forks_.set(value);
    } else if (key == "btime") {
      boot_time_.set(static_cast<double>(value));
    } else if (key == "procs_running") {
      running_.set(static_cast<double>(value));
    } else if (key == "procs_blocked") {
      blocked_.set(static_cast<double>(value));
    } else {
      return false;
    }
    return true;
  }

  CounterReadings interrupts_;
  CounterReadings context_switches_;
  CounterReadings forks_;
  GaugeReadings boot_time_;
  GaugeReadings running_;
  GaugeReadings blocked_;
  TextFile file_;
};

WEIR_COLLECTOR(stat, StatCollector, "interrupts, context switches, forks, boot time");

}  // namespace
}  // namespace weir::collectors

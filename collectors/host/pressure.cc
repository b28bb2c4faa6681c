// node_pressure_*_seconds_total: how long tasks waited for a resource (some of them) or none could
// go on (all of them). Pressure stall information: https://docs.kernel.org/accounting/psi.html
// A kernel without it, or with it switched off, has no such series.
#include <cerrno>

#include "collectors/collector.h"
#include "collectors/host/scan.h"
#include "collectors/host/text_file.h"

namespace weir::collectors {
namespace {

struct Resource {
  TextFile file;
  DoubleCounterReadings waiting;  // "some"
  DoubleCounterReadings stalled;  // "full"
};

class PressureCollector : public Collector {
 public:
  Status register_metrics(Setup& setup) override {
    const auto file = [&setup](const char* name) { return TextFile(setup.paths().proc(name)); };
    // The kernel reports "full" for the CPU as zero for the whole node, and no "some" for
    // interrupts.
    resources_[0] = {
        file("pressure/cpu"),
        setup.double_counter("node_pressure_cpu_waiting_seconds_total",
                             "Total time in seconds that processes have waited for CPU time"),
        {}};
    resources_[1] = {
        file("pressure/io"),
        setup.double_counter(
            "node_pressure_io_waiting_seconds_total",
            "Total time in seconds that processes have waited due to IO congestion"),
        setup.double_counter(
            "node_pressure_io_stalled_seconds_total",
            "Total time in seconds no process could make progress due to IO congestion")};
    resources_[2] = {
        file("pressure/memory"),
        setup.double_counter("node_pressure_memory_waiting_seconds_total",
                             "Total time in seconds that processes have waited for memory"),
        setup.double_counter(
            "node_pressure_memory_stalled_seconds_total",
            "Total time in seconds no process could make progress due to memory congestion")};
    resources_[3] = {
        file("pressure/irq"),
        {},
        setup.double_counter(
            "node_pressure_irq_stalled_seconds_total",
            "Total time in seconds no process could make progress due to IRQ congestion")};
    return {};
  }

  Status update_metrics() override {
    for (Resource& resource : resources_) {
      if (resource.file.read()) {
        if (!read_lines(resource)) {
          return Status::error(resource.file.path() + ": has no total that can be read");
        }
        continue;
      }
      const int error = resource.file.error();
      if (error != ENOENT && error != ENOTDIR && error != EOPNOTSUPP) {
        return resource.file.failure();
      }
    }
    return {};
  }

 private:
  static bool read_lines(Resource& resource) {
    bool any = false;
    for (std::string_view text = resource.file.text(); !text.empty();) {
      std::string_view line = take_line(text);  // some avg10=0.00 ... total=4883293
      const std::string_view kind = take_word(line);
      const std::size_t at = line.rfind("total=");
      if (at == std::string_view::npos) {
        continue;
      }
      if (const auto microseconds = to_number<std::uint64_t>(line.substr(at + 6))) {
        any = true;
        const double seconds = static_cast<double>(*microseconds) / 1e6;
        if (kind == "some") {
          resource.waiting.set(seconds);
        } else if (kind == "full") {
          resource.stalled.set(seconds);
        }
      }
    }
    return any;
  }

  std::array<Resource, 4> resources_;
};

WEIR_COLLECTOR(pressure, PressureCollector, "how long tasks waited for CPU, memory, I/O");

}  // namespace
}  // namespace weir::collectors

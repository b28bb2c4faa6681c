// node_load1, node_load5, node_load15: the load averages of /proc/loadavg.
#include <array>

#include "collectors/collector.h"
#include "collectors/host/scan.h"
#include "collectors/host/text_file.h"

namespace weir::collectors {
namespace {

class LoadCollector : public Collector {
 public:
  Status register_metrics(Setup& setup) override {
    loads_ = {setup.gauge("node_load1", "1m load average."),
              setup.gauge("node_load5", "5m load average."),
              setup.gauge("node_load15", "15m load average.")};
    file_ = TextFile(setup.paths().proc("loadavg"));
    return {};
  }

  Status update_metrics() override {
    if (!file_.read()) {
      return file_.failure();
    }
    std::string_view text = file_.text();  // 0.21 0.37 0.39 1/719 19737
    for (const GaugeReadings& load : loads_) {
      const auto value = take_number<double>(text);
      if (!value) {
        return Status::error(file_.path() + ": does not begin with three numbers");
      }
      load.set(*value);
    }
    return {};
  }

 private:
  std::array<GaugeReadings, 3> loads_;
  TextFile file_;
};

WEIR_COLLECTOR(load, LoadCollector, "load averages");

}  // namespace
}  // namespace weir::collectors

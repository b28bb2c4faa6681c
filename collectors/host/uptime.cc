// node_uptime_secs{kernel}: how long this node has been up.
#include "collectors/collector.h"
#include "collectors/host/scan.h"
#include "collectors/host/text_file.h"

namespace weir::collectors {
namespace {

class UptimeCollector : public Collector {
 public:
  Status register_metrics(Setup& setup) override {
    uptime_ = setup.gauge("node_uptime_secs", "System uptime (secs)", {"kernel"});
    version_file_ = TextFile(setup.paths().proc("version"));
    uptime_file_ = TextFile(setup.paths().proc("uptime"));
    return {};
  }

  Status update_metrics() override {
    if (!version_file_.read()) {
      return version_file_.failure();
    }
    if (!uptime_file_.read()) {
      return uptime_file_.failure();
    }
    std::string_view version = version_file_.text();  // Linux version 6.1.0-18-amd64 (...
    take_word(version);
    take_word(version);
    std::string_view uptime = uptime_file_.text();  // 280345.19 559000.11
    const auto seconds = take_number<double>(uptime);
    if (!seconds) {
      return Status::error(uptime_file_.path() + ": does not begin with a number");
    }
    uptime_.with(take_word(version)).set(*seconds);
    return {};
  }

 private:
  GaugeReadings uptime_;
  TextFile version_file_;
  TextFile uptime_file_;
};

WEIR_COLLECTOR(uptime, UptimeCollector, "how long the node has been up, and its kernel");

}  // namespace
}  // namespace weir::collectors

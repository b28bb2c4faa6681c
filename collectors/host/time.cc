// node_time_*: the node's clock, its zone, and the source that it ticks by.
#include <fcntl.h>

#include <array>
#include <chrono>
#include <ctime>
#include <string>

#include "collectors/collector.h"
#include "collectors/host/scan.h"
#include "collectors/host/text_file.h"

namespace weir::collectors {
namespace {

constexpr unsigned kSourcesMax = 64;

class TimeCollector : public Collector {
 public:
  Status register_metrics(Setup& setup) override {
    seconds_ = setup.gauge("node_time_seconds", "System time in seconds since epoch (1970).");
    zone_offset_ = setup.gauge("node_time_zone_offset_seconds",
                               "System time zone offset in seconds.", {"time_zone"});
    available_ = setup.gauge("node_time_clocksource_available_info",
                             "Available clocksources read from '/sys/devices/system/clocksource'.",
                             {"clocksource", "device"});
    current_ = setup.gauge("node_time_clocksource_current_info",
                           "Current clocksource read from '/sys/devices/system/clocksource'.",
                           {"clocksource", "device"});
    sources_folder_ = setup.paths().sys("devices/system/clocksource/clocksource");
    return {};
  }

  Status update_metrics() override {
    const auto now = std::chrono::system_clock::now();
    seconds_.set(std::chrono::duration<double>(now.time_since_epoch()).count());
    const std::time_t unix_time = std::chrono::system_clock::to_time_t(now);
    std::tm local{};
    if (::localtime_r(&unix_time, &local) != nullptr) {
      zone_offset_.with(local.tm_zone).set(static_cast<double>(local.tm_gmtoff));
    }
    for (std::size_t device = 0; device < devices_.size(); ++device) {
      const std::string number = std::to_string(device);
      if (!read_source(devices_[device].available, number, "/available_clocksource", available_)) {
        break;  // they are numbered without gaps
      }
      read_source(devices_[device].current, number, "/current_clocksource", current_);
    }
    return {};
  }

 private:
  struct Device {
    KeptFile available;
    KeptFile current;
  };

  bool read_source(KeptFile& file, const std::string& device, const char* name,
                   const GaugeReadings& gauge) {
    const auto path = [&] {
      path_ = sources_folder_;
      path_ += device;
      path_ += name;
      return path_.c_str();
    };
    if (file.read(AT_FDCWD, path, text_, Extent::kRecord) != 0) {
      return false;
    }
    std::string_view text = text_.view();
    for (std::string_view source = take_word(text); !source.empty(); source = take_word(text)) {
      gauge.with(source, device).set(1);
    }
    return true;
  }

  GaugeReadings seconds_, zone_offset_, available_, current_;
  std::array<Device, kSourcesMax> devices_;
  Text text_;
  std::string sources_folder_;
  std::string path_;
};

WEIR_COLLECTOR(time, TimeCollector, "the node's clock");

}  // namespace
}  // namespace weir::collectors

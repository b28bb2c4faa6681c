// node_network_{receive,transmit}_*_total{device}: what each network device counts, from
// /proc/net/dev; packets without a handler, which are not there, from /sys/class/net.
#include <fcntl.h>

#include <array>
#include <string>

#include "collectors/collector.h"
#include "collectors/host/name_filter.h"
#include "collectors/host/scan.h"
#include "collectors/host/text_file.h"

namespace weir::collectors {
namespace {

// In the order of the columns.
constexpr std::array<std::string_view, 16> kStatistics = {
    "receive_bytes",  "receive_packets",  "receive_errs",       "receive_drop",
    "receive_fifo",   "receive_frame",    "receive_compressed", "receive_multicast",
    "transmit_bytes", "transmit_packets", "transmit_errs",      "transmit_drop",
    "transmit_fifo",  "transmit_colls",   "transmit_carrier",   "transmit_compressed"};

class NetworkCollector : public Collector {
 public:
  Status register_metrics(Setup& setup) override {
    for (std::size_t i = 0; i < kStatistics.size(); ++i) {
      counters_[i] = counter_of(setup, kStatistics[i]);
    }
    no_handler_ = counter_of(setup, "receive_nohandler");
    exclude_.configure(setup.options(), "device_exclude", "");
    file_ = TextFile(setup.paths().proc("net/dev"));
    devices_folder_ = setup.paths().sys("class/net/");
    return {};
  }

  Status update_metrics() override {
    if (!file_.read()) {
      return file_.failure();
    }
    std::string_view text = file_.text();
    take_line(text);  // Inter-|   Receive ...
    if (take_line(text).find("bytes") == std::string_view::npos) {
      return Status::error(file_.path() + ": has not the two header lines that are known");
    }
    while (!text.empty()) {
      std::string_view line = take_line(text);
      const std::size_t colon = line.rfind(':');  // the name of an alias has one, too
      if (colon == std::string_view::npos) {
        continue;
      }
      std::string_view name = line.substr(0, colon);
      const std::string_view device = take_word(name);
      line.remove_prefix(colon + 1);
      if (!device.empty() && !exclude_.excludes(device)) {
        read_device(device, line);
      }
    }
    return {};
  }

 private:
  static CounterReadings counter_of(Setup& setup, std::string_view statistic) {
    return setup.counter("node_network_" + std::string(statistic) + "_total",
                         "Network device statistic " + std::string(statistic) + ".", {"device"});
  }

  void read_device(std::string_view device, std::string_view columns) {
    for (const CounterReadings& counter : counters_) {
      if (const auto value = take_number<std::uint64_t>(columns)) {
        counter.with(device).set(*value);
      }
    }
    if (read_no_handler(device)) {
      std::string_view text = no_handler_text_.view();
      if (const auto value = take_number<std::uint64_t>(text)) {
        no_handler_.with(device).set(*value);
      }
    }
  }

  // Opened each time: a device can be renamed, or moved elsewhere, and an open file goes with it.
  bool read_no_handler(std::string_view device) {
    no_handler_path_ = devices_folder_;
    no_handler_path_ += device;
    no_handler_path_ += "/statistics/rx_nohandler";
    KeptFile file;
    return file.read(
               AT_FDCWD, [this] { return no_handler_path_.c_str(); }, no_handler_text_,
               Extent::kRecord) == 0;
  }

  std::array<CounterReadings, kStatistics.size()> counters_;
  CounterReadings no_handler_;
  NameFilter exclude_;
  TextFile file_;
  Text no_handler_text_;
  std::string devices_folder_;
  std::string no_handler_path_;
};

WEIR_COLLECTOR(network, NetworkCollector, "traffic, errors and drops of each network device");

}  // namespace
}  // namespace weir::collectors

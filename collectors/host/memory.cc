// node_memory_<field>_bytes: every field of /proc/meminfo, under node_exporter's names:
// Active(anon) is node_memory_Active_anon_bytes, and a count such as HugePages_Total has no unit.
#include <array>
#include <cctype>
#include <string>
#include <unordered_map>

#include "collectors/collector.h"
#include "collectors/host/scan.h"
#include "collectors/host/text_file.h"

namespace weir::collectors {
namespace {

// What Linux 5.x and 6.x on the usual machines say, in KiB and as counts: registered at once, so
// that what a collector can state is known at its start. Other fields are registered when they
// come.
constexpr std::array<std::string_view, 53> kFieldsInKib = {
    "MemTotal",      "MemFree",        "MemAvailable",   "Buffers",       "Cached",
    "SwapCached",    "Active",         "Inactive",       "Active(anon)",  "Inactive(anon)",
    "Active(file)",  "Inactive(file)", "Unevictable",    "Mlocked",       "SwapTotal",
    "SwapFree",      "Zswap",          "Zswapped",       "Dirty",         "Writeback",
    "AnonPages",     "Mapped",         "Shmem",          "KReclaimable",  "Slab",
    "SReclaimable",  "SUnreclaim",     "KernelStack",    "PageTables",    "SecPageTables",
    "NFS_Unstable",  "Bounce",         "WritebackTmp",   "CommitLimit",   "Committed_AS",
    "VmallocTotal",  "VmallocUsed",    "VmallocChunk",   "Percpu",        "HardwareCorrupted",
    "AnonHugePages", "ShmemHugePages", "ShmemPmdMapped", "FileHugePages", "FilePmdMapped",
    "CmaTotal",      "CmaFree",        "Unaccepted",     "Hugepagesize",  "Hugetlb",
    "DirectMap4k",   "DirectMap2M",    "DirectMap1G"};
constexpr std::array<std::string_view, 4> kCounts = {"HugePages_Total", "HugePages_Free",
                                                     "HugePages_Rsvd", "HugePages_Surp"};

constexpr std::size_t kFieldsMax = 500;  // Linux 6.18 has 58

class MemoryCollector : public Collector {
 public:
  Status register_metrics(Setup& setup) override {
    setup_ = &setup;
    file_ = TextFile(setup.paths().proc("meminfo"));
    for (const std::string_view field : kFieldsInKib) {
      gauge_of(field, true);
    }
    for (const std::string_view field : kCounts) {
      gauge_of(field, false);
    }
    return {};
  }

  Status update_metrics() override {
    if (!file_.read()) {
      return file_.failure();
    }
    bool any = false;
    for_each_field([this, &any](std::string_view field, double value, bool in_kib) {
      gauge_of(field, in_kib).set(value);
      any = true;
    });
    return any ? Status() : Status::error(file_.path() + ": has no field that can be read");
  }

 private:
  template <typename Visit>
  void for_each_field(const Visit& visit) {
    for (std::string_view text = file_.text(); !text.empty();) {
      std::string_view line = take_line(text);  // MemTotal:  3742148 kB
      if (line.find(':') == std::string_view::npos) {
        continue;
      }
      const std::string_view field = take_until(line, ':');
      const auto value = take_number<std::uint64_t>(line);
      const std::string_view unit = take_word(line);
      if (value && !field.empty() && (unit.empty() || unit == "kB")) {
        const bool in_kib = !unit.empty();
        visit(field, static_cast<double>(*value) * (in_kib ? 1024 : 1), in_kib);
      }
    }
  }

  // A field whose name serves as no metric gets a gauge that goes nowhere, and is skipped by it.
  const GaugeReadings& gauge_of(std::string_view field, bool in_kib) {
    scratch_ = field;
    const auto known = gauges_.find(scratch_);
    if (known != gauges_.end()) {
      return known->second;
    }
    std::string name;
    bool valid = gauges_.size() < kFieldsMax;
    for (const char c : field) {
      valid = valid && (std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '(' ||
                        c == ')');
      if (c != ')') {
        name += c == '(' ? '_' : c;
      }
    }
    name += in_kib ? "_bytes" : "";
    if (!valid) {
      return nowhere_;
    }
    return gauges_
        .emplace(scratch_,
                 setup_->gauge("node_memory_" + name, "Memory information field " + name + "."))
        .first->second;
  }

  Setup* setup_ = nullptr;  // outlives the collector
  std::unordered_map<std::string, GaugeReadings> gauges_;
  GaugeReadings nowhere_;
  std::string scratch_;
  TextFile file_;
};

WEIR_COLLECTOR(memory, MemoryCollector, "memory and swap, every field of meminfo");

}  // namespace
}  // namespace weir::collectors

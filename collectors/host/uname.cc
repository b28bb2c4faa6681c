// node_uname_info: the kernel and the machine that it runs on, as uname(2) says.
#include <sys/utsname.h>

#include <cerrno>
#include <string>
#include <system_error>

#include "collectors/collector.h"
#include "collectors/host/printable.h"

namespace weir::collectors {
namespace {

std::string label(const char* text) {
  std::string value = text;
  make_utf8(value);
  return value;
}

class UnameCollector : public Collector {
 public:
  Status register_metrics(Setup& setup) override {
    info_ = setup.gauge("node_uname_info",
                        "Labeled system information as provided by the uname system call.",
                        {"domainname", "machine", "nodename", "release", "sysname", "version"});
    return {};
  }

  Status update_metrics() override {
    utsname name{};
    if (::uname(&name) != 0) {
      return Status::error("cannot call uname: " + std::generic_category().message(errno));
    }
#if defined(_GNU_SOURCE)
    const char* domain = name.domainname;
#else
    const char* domain = name.__domainname;
#endif
    info_
        .with(label(domain), label(name.machine), label(name.nodename), label(name.release),
              label(name.sysname), label(name.version))
        .set(1);
    return {};
  }

 private:
  GaugeReadings info_;
};

WEIR_COLLECTOR(uname, UnameCollector, "kernel and machine");

}  // namespace
}  // namespace weir::collectors

// node_filesystem_*{device,fstype,mountpoint}: size and space of what is mounted in the node's
// first process. statfs() of a dead network file system may hang: the deadline withdraws all of it.
#include <sys/vfs.h>

#include <string>

#include "collectors/collector.h"
#include "collectors/host/name_filter.h"
#include "collectors/host/printable.h"
#include "collectors/host/scan.h"
#include "collectors/host/text_file.h"

namespace weir::collectors {
namespace {

// node_exporter's defaults.
constexpr std::string_view kMountPointsExclude =
    "^/(dev|proc|run/credentials/.+|sys|var/lib/docker/.+|var/lib/containers/storage/.+)($|/)";
constexpr std::string_view kTypesExclude =
    "^(autofs|binfmt_misc|bpf|cgroup2?|configfs|debugfs|devpts|devtmpfs|fusectl|hugetlbfs|iso9660|"
    "mqueue|nsfs|overlay|proc|procfs|pstore|rpc_pipefs|securityfs|selinuxfs|squashfs|erofs|sysfs|"
    "tracefs)$";

class FilesystemCollector : public Collector {
 public:
  Status register_metrics(Setup& setup) override {
    const auto gauge = [&setup](const char* name, const char* help) {
      return setup.gauge(name, help, {"device", "fstype", "mountpoint"});
    };
    size_ = gauge("node_filesystem_size_bytes", "Filesystem size in bytes.");
    free_ = gauge("node_filesystem_free_bytes", "Filesystem free space in bytes.");
    avail_ = gauge("node_filesystem_avail_bytes",
                   "Filesystem space available to non-root users in bytes.");
    files_ = gauge("node_filesystem_files", "Filesystem total file nodes.");
    files_free_ = gauge("node_filesystem_files_free", "Filesystem total free file nodes.");
    readonly_ = gauge("node_filesystem_readonly", "Filesystem read-only status.");
    device_error_ =
        gauge("node_filesystem_device_error",
              "Whether an error occurred while getting statistics for the given device.");
    exclude_mount_points_.configure(setup.options(), "mount_points_exclude", kMountPointsExclude);
    exclude_types_.configure(setup.options(), "types_exclude", kTypesExclude);
    // The node's first process sees the node's mounts; this one may be in a container.
    node_mounts_ = TextFile(setup.paths().proc("1/mounts"));
    own_mounts_ = TextFile(setup.paths().proc("self/mounts"));
    root_ = setup.paths().rootfs == "/" ? "" : setup.paths().rootfs;
    return {};
  }

  Status update_metrics() override {
    TextFile& mounts = node_mounts_.read_anew() ? node_mounts_ : own_mounts_;
    if (&mounts == &own_mounts_ && !own_mounts_.read_anew()) {
      return own_mounts_.failure();
    }
    bool any = mounts.text().empty();
    for (std::string_view text = mounts.text(); !text.empty();) {
      std::string_view line = take_line(text);  // /dev/vda / ext4 rw,relatime 0 0
      const std::string_view device = take_word(line);
      const std::string_view mount_point = take_word(line);
      const std::string_view type = take_word(line);
      const std::string_view flags = take_word(line);
      if (type.empty()) {
        continue;
      }
      any = true;
      read_mount(device, mount_point, type, flags);
    }
    return any ? Status() : Status::error(mounts.path() + ": has no line of a mount");
  }

 private:
  void read_mount(std::string_view device, std::string_view mount_point, std::string_view type,
                  std::string_view flags) {
    unescape_octal(mount_point, mount_point_);
    // What is mounted below our view of the node's root is shown as the node itself sees it.
    std::string_view on_node = mount_point_;
    if (!root_.empty() && starts_with(on_node, root_)) {
      on_node.remove_prefix(root_.size());
    }
    if (on_node.empty()) {
      on_node = "/";
    }
    if (exclude_types_.excludes(type) || exclude_mount_points_.excludes(on_node)) {
      return;
    }
    path_ = root_;
    path_ += on_node;
    device_ = device;
    make_utf8(device_);
    label_ = on_node;
    make_utf8(label_);
    struct statfs stat {};
    if (::statfs(path_.c_str(), &stat) != 0) {
      device_error_.with(device_, type, label_).set(1);
      return;
    }
    const auto block_bytes = static_cast<double>(stat.f_bsize);
    const auto state = [&](const GaugeReadings& gauge, double value) {
      gauge.with(device_, type, label_).set(value);
    };
    state(size_, static_cast<double>(stat.f_blocks) * block_bytes);
    state(free_, static_cast<double>(stat.f_bfree) * block_bytes);
    state(avail_, static_cast<double>(stat.f_bavail) * block_bytes);
    state(files_, static_cast<double>(stat.f_files));
    state(files_free_, static_cast<double>(stat.f_ffree));
    state(readonly_, is_read_only(flags) ? 1 : 0);
    state(device_error_, 0);
  }

  static bool is_read_only(std::string_view flags) {
    while (!flags.empty()) {
      if (take_until(flags, ',') == "ro") {
        return true;
      }
    }
    return false;
  }

  GaugeReadings size_, free_, avail_, files_, files_free_, readonly_, device_error_;
  NameFilter exclude_mount_points_;
  NameFilter exclude_types_;
  TextFile node_mounts_;
  TextFile own_mounts_;
  std::string root_;  // empty: the node's root is ours
  std::string mount_point_, path_, device_, label_;
};

WEIR_COLLECTOR(filesystem, FilesystemCollector, "size and free space of what is mounted");

}  // namespace
}  // namespace weir::collectors

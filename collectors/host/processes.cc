// node_processes_*: how many processes and threads there are, in which state, and the limits.
#include <dirent.h>
#include <fcntl.h>

#include <array>
#include <cerrno>
#include <memory>
#include <system_error>

#include "collectors/collector.h"
#include "collectors/host/scan.h"
#include "collectors/host/text_file.h"

namespace weir::collectors {
namespace {

struct CloseFolder {
  void operator()(DIR* folder) const { ::closedir(folder); }
};
using Folder = std::unique_ptr<DIR, CloseFolder>;

// How many are in each state; a state is one letter, see proc(5).
using States = std::array<unsigned, 128>;

struct ProcessStat {
  char state = 0;
  unsigned threads = 0;
};

// "1 (a name) with ) S 0 ...": the name may hold anything, so look for its end from the back.
bool parse_stat(std::string_view text, ProcessStat& stat) {
  const std::size_t name_end = text.rfind(')');
  if (name_end == std::string_view::npos) {
    return false;
  }
  std::string_view fields = text.substr(name_end + 1);
  const std::string_view state = take_word(fields);
  if (state.size() != 1 || state[0] <= ' ' || state[0] >= 127) {
    return false;
  }
  for (int field = 4; field < 20; ++field) {
    take_word(fields);
  }
  const auto threads = take_number<unsigned>(fields);  // field 20
  stat = {state[0], threads.value_or(0)};
  return threads.has_value();
}

bool is_id(const char* name) {
  return *name >= '0' && *name <= '9';
}

class ProcessesCollector : public Collector {
 public:
  Status register_metrics(Setup& setup) override {
    threads_ = setup.gauge("node_processes_threads", "Allocated threads in system");
    max_threads_ = setup.gauge("node_processes_max_threads", "Limit of threads in the system");
    state_ = setup.gauge("node_processes_state", "Number of processes in each state.", {"state"});
    pids_ = setup.gauge("node_processes_pids", "Number of PIDs");
    max_processes_ = setup.gauge("node_processes_max_processes", "Number of max PIDs limit");
    threads_state_ = setup.gauge("node_processes_threads_state", "Number of threads in each state.",
                                 {"thread_state"});
    folder_path_ = setup.paths().procfs;
    pid_max_ = TextFile(setup.paths().proc("sys/kernel/pid_max"));
    threads_max_ = TextFile(setup.paths().proc("sys/kernel/threads-max"));
    return {};
  }

  Status update_metrics() override {
    Status status = read_limit(pid_max_, max_processes_);
    if (status.ok()) {
      status = read_limit(threads_max_, max_threads_);
    }
    return status.ok() ? count_processes() : status;
  }

 private:
  static Status read_limit(TextFile& file, const GaugeReadings& gauge) {
    if (!file.read()) {
      return file.failure();
    }
    std::string_view text = file.text();
    const auto limit = take_number<std::uint64_t>(text);
    if (!limit) {
      return Status::error(file.path() + ": is no number");
    }
    gauge.set(static_cast<double>(*limit));
    return {};
  }

  Status count_processes() {
    const Folder folder(::opendir(folder_path_.c_str()));
    if (folder == nullptr) {
      return Status::error("cannot read " + folder_path_ + ": " +
                           std::generic_category().message(errno));
    }
    processes_in_ = {};
    threads_in_ = {};
    unsigned processes = 0;
    unsigned threads = 0;
    while (const dirent* entry = ::readdir(folder.get())) {
      if (!is_id(entry->d_name)) {
        continue;
      }
      path_ = entry->d_name;
      path_ += "/stat";
      ProcessStat stat;
      // A process may end between being listed and being read.
      if (!read_stat(::dirfd(folder.get()), stat)) {
        continue;
      }
      ++processes;
      threads += stat.threads;
      ++processes_in_[static_cast<std::size_t>(stat.state)];
      if (stat.threads <= 1) {
        ++threads_in_[static_cast<std::size_t>(stat.state)];  // the thread is the process
      } else {
        count_threads(::dirfd(folder.get()), entry->d_name);
      }
    }
    if (processes == 0) {
      return Status::error(folder_path_ + ": has no process");
    }
    pids_.set(processes);
    threads_.set(threads);
    state_counts(processes_in_, state_);
    state_counts(threads_in_, threads_state_);
    return {};
  }

  // Of path_ below this folder.
  bool read_stat(int folder, ProcessStat& stat) {
    return file_.read_at(folder, path_.c_str(), TextFile::Extent::kRecord) &&
           parse_stat(file_.text(), stat);
  }

  void count_threads(int procfs, const char* process) {
    path_ = process;
    path_ += "/task";
    const int descriptor = ::openat(procfs, path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const Folder tasks(descriptor < 0 ? nullptr : ::fdopendir(descriptor));
    if (tasks == nullptr) {
      return;
    }
    while (const dirent* entry = ::readdir(tasks.get())) {
      if (!is_id(entry->d_name)) {
        continue;
      }
      path_ = entry->d_name;
      path_ += "/stat";
      ProcessStat stat;
      if (read_stat(::dirfd(tasks.get()), stat)) {
        ++threads_in_[static_cast<std::size_t>(stat.state)];
      }
    }
  }

  static void state_counts(const States& counts, const GaugeReadings& gauge) {
    for (std::size_t state = 0; state < counts.size(); ++state) {
      if (counts[state] > 0) {
        const char letter = static_cast<char>(state);
        gauge.with(std::string_view(&letter, 1)).set(counts[state]);
      }
    }
  }

  GaugeReadings threads_, max_threads_, state_, pids_, max_processes_, threads_state_;
  TextFile pid_max_, threads_max_, file_;
  States processes_in_{};
  States threads_in_{};
  std::string folder_path_;
  std::string path_;
};

WEIR_COLLECTOR(processes, ProcessesCollector, "processes and threads by state, and the limits");

}  // namespace
}  // namespace weir::collectors

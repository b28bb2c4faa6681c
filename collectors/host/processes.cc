// node_processes_*: how many processes and threads there are, in which state, and the limits.
#include <dirent.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

#include "collectors/collector.h"
#include "collectors/host/scan.h"
#include "collectors/host/text_file.h"

namespace weir::collectors {
namespace {

// Each holds 4.5 kB of the kernel's memory; what is beyond is opened for each reading.
constexpr rlim_t kFilesKeptMax = 256;

// The rest of what this process may have open is for others.
rlim_t files_kept_max() {
  rlimit open_files{};
  return ::getrlimit(RLIMIT_NOFILE, &open_files) == 0
             ? std::min(kFilesKeptMax, open_files.rlim_cur / 4)
             : 0;
}

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

// A process or a thread, by its number.
struct Task {
  unsigned id = 0;
  KeptFile stat;
  std::vector<Task> threads;  // of a process of several
};
using Tasks = std::vector<Task>;

// Takes up which of them there are now: those known keep their files.
void list_tasks(DIR* folder, Tasks& tasks) {
  Tasks now;
  now.reserve(tasks.size());
  bool sorted = true;
  while (const dirent* entry = ::readdir(folder)) {
    if (const auto id = to_number<unsigned>(entry->d_name)) {
      sorted = sorted && (now.empty() || now.back().id < *id);
      now.emplace_back().id = *id;
    }
  }
  const auto by_id = [](const Task& a, const Task& b) { return a.id < b.id; };
  if (!sorted) {  // not the kernel's folder
    std::sort(now.begin(), now.end(), by_id);
  }
  auto known = tasks.begin();
  for (Task& task : now) {
    known = std::lower_bound(known, tasks.end(), task, by_id);
    if (known != tasks.end() && known->id == task.id) {
      task = std::move(*known);
    }
  }
  tasks = std::move(now);
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
    files_kept_max_ = files_kept_max();
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
    procfs_ = ::dirfd(folder.get());
    processes_in_ = {};
    threads_in_ = {};
    files_kept_ = 0;
    unsigned processes = 0;
    unsigned threads = 0;
    list_tasks(folder.get(), processes_);
    for (Task& process : processes_) {
      ProcessStat stat;
      // A process may end between being listed and being read.
      if (!read_stat(process, "", stat)) {
        continue;
      }
      ++processes;
      threads += stat.threads;
      ++processes_in_[static_cast<std::size_t>(stat.state)];
      if (stat.threads <= 1) {
        ++threads_in_[static_cast<std::size_t>(stat.state)];  // the thread is the process
        process.threads.clear();
      } else {
        count_threads(process, stat);
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

  bool read_stat(Task& task, const std::string& folder, ProcessStat& stat) {
    const auto path = [&] {
      path_ = folder;
      path_ += std::to_string(task.id);
      path_ += "/stat";
      return path_.c_str();
    };
    if (task.stat.read(procfs_, path, text_, Extent::kRecord) != 0) {
      return false;
    }
    if (task.stat.is_open() && ++files_kept_ > files_kept_max_) {
      task.stat.close();
    }
    return parse_stat(text_.view(), stat);
  }

  void count_threads(Task& process, const ProcessStat& stat) {
    States states{};
    // As many as those known, and none of those has ended: it is they.
    if (process.threads.size() != stat.threads || !read_threads(process, stat, states)) {
      list_threads(process);
      states = {};
      read_threads(process, stat, states);
    }
    for (std::size_t state = 0; state < states.size(); ++state) {
      threads_in_[state] += states[state];
    }
  }

  void list_threads(Task& process) {
    path_ = std::to_string(process.id) + "/task";
    const int descriptor = ::openat(procfs_, path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const Folder folder(descriptor < 0 ? nullptr : ::fdopendir(descriptor));
    if (folder == nullptr) {
      if (descriptor >= 0) {
        ::close(descriptor);
      }
      process.threads.clear();
      return;
    }
    list_tasks(folder.get(), process.threads);
  }

  // False: one of them could not be read.
  bool read_threads(Task& process, const ProcessStat& first, States& states) {
    const std::string folder = std::to_string(process.id) + "/task/";
    bool all = true;
    for (Task& thread : process.threads) {
      ProcessStat stat;
      if (thread.id == process.id) {
        ++states[static_cast<std::size_t>(first.state)];  // the process is its first thread
      } else if (read_stat(thread, folder, stat)) {
        ++states[static_cast<std::size_t>(stat.state)];
      } else {
        all = false;
      }
    }
    return all;
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
  TextFile pid_max_, threads_max_;
  Tasks processes_;
  Text text_;
  int procfs_ = -1;  // the folder, during an update
  rlim_t files_kept_ = 0;
  rlim_t files_kept_max_ = 0;
  States processes_in_{};
  States threads_in_{};
  std::string folder_path_;
  std::string path_;
};

WEIR_COLLECTOR(processes, ProcessesCollector, "processes and threads by state, and the limits");

}  // namespace
}  // namespace weir::collectors

// What the tests of the collectors share: a collector that does what it is told, a clock that is
// set, and one job with a registry of its own. Thread-compatible.
#pragma once

#include <spdlog/sinks/null_sink.h>
#include <spdlog/sinks/ostream_sink.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <sstream>
#include <string>
#include <utility>

#include "collectors/job.h"
#include "weir/registry.h"

namespace weir::collectors::testing {

class ScriptedCollector : public Collector {
 public:
  using Register = std::function<Status(Setup&)>;
  using Update = std::function<Status()>;
  ScriptedCollector(Register register_it, Update update)
      : register_(std::move(register_it)), update_(std::move(update)) {}
  Status register_metrics(Setup& setup) override { return register_(setup); }
  Status update_metrics() override { return update_(); }

 private:
  Register register_;
  Update update_;
};

struct FakeClock {
  std::atomic<std::int64_t> ms{1'000'000};
  [[nodiscard]] Clock clock() {
    return {[this] { return SteadyTime(std::chrono::milliseconds(ms.load())); },
            [this] { return static_cast<double>(ms.load()) / 1000; }};
  }
};

// Series lines (no comments) whose name begins with `prefix`.
inline std::string series(const Registry& registry, const std::string& prefix) {
  std::istringstream text(registry.text());
  std::string lines;
  for (std::string line; std::getline(text, line);) {
    if (line.rfind(prefix, 0) == 0) {
      lines += line + "\n";
    }
  }
  return lines;
}

// The whole page without the metrics about collectors.
inline std::string page(const Registry& registry) {
  std::istringstream text(registry.text());
  std::string lines;
  for (std::string line; std::getline(text, line);) {
    if (line.find("weir_collector_") == std::string::npos &&
        line.find("node_scrape_collector_") == std::string::npos) {
      lines += line + "\n";
    }
  }
  return lines;
}

inline std::string slurp(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// How many files whose path begins and ends so this process has open.
inline std::size_t open_files(const std::string& begin, const std::string& end = "") {
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code gone;  // the folder itself is among them
    const auto path = std::filesystem::read_symlink(entry.path(), gone);
    count += !gone && path.string().starts_with(begin) && path.string().ends_with(end) ? 1 : 0;
  }
  return count;
}

struct World {
  Registry registry;
  Health health;
  FakeClock time;
  std::ostringstream log_text;
  std::shared_ptr<spdlog::logger> log = std::make_shared<spdlog::logger>(
      "test", std::make_shared<spdlog::sinks::ostream_sink_mt>(log_text));

  World() {
    log->set_pattern("%v");
    const Status status = health.register_in(registry);
    if (!status.ok()) {
      throw std::runtime_error(status.reason());
    }
  }

  std::shared_ptr<Job> job(std::string name, std::unique_ptr<Collector> collector, Paths paths = {},
                           Options options = {}) {
    Job::Parts parts;
    parts.name = std::move(name);
    parts.collector = std::move(collector);
    parts.schedule = {std::chrono::seconds(5), std::chrono::seconds(5)};
    parts.paths = std::move(paths);
    parts.options = std::move(options);
    parts.log = log;
    parts.clock = time.clock();
    return std::make_shared<Job>(std::move(parts), registry, health);
  }
};

}  // namespace weir::collectors::testing

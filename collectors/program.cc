#include "collectors/program.h"

#include <csignal>
#include <cstdio>
#include <ctime>

#include "collectors/assembly.h"
#include "collectors/config/flags.h"
#include "collectors/config/values.h"
#include "collectors/exit_codes.h"
#include "collectors/footprint.h"
#include "collectors/log.h"
#include "collectors/runner.h"
#include "weir/nats_publisher.h"
#include "weir/version.h"

namespace weir::collectors {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kStopGrace{1000};
constexpr std::chrono::seconds kFirstStatusCheck{5};
constexpr std::chrono::seconds kStatusCheckInterval{60};

sigset_t stop_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  return signals;
}

// True: a signal to stop came; false: the time is over.
bool wait_for_stop(const sigset_t& signals, std::chrono::seconds timeout) {
  timespec wait{};
  wait.tv_sec = timeout.count();
  return sigtimedwait(&signals, nullptr, &wait) > 0;
}

// From now on a signal ends the program at once: nobody waits twice.
void restore_signals(const sigset_t& signals) {
  std::signal(SIGTERM, SIG_DFL);
  std::signal(SIGINT, SIG_DFL);
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
}

void print(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

int complain(const Status& status) {
  std::fprintf(stderr, "weir-collector: %s\n", status.reason().c_str());
  return kExitUsage;
}

Status load_settings(const Flags& flags, std::span<const std::string> environment,
                     const Catalogue& catalogue, Settings& settings,
                     std::vector<std::string>& warnings) {
  if (!flags.config_file.empty()) {
    if (Status status = read_file(settings, flags.config_file, catalogue); !status.ok()) {
      return status;
    }
  }
  if (Status status = read_environment(settings, environment, warnings); !status.ok()) {
    return status;
  }
  for (const auto& [setting, value] : flags.values) {
    if (Status status = apply_setting(settings, *setting, value); !status.ok()) {
      return Status::error("flag --" + status.reason());
    }
  }
  return {};
}

void log_publisher(spdlog::logger& log, const PublisherStatus& status) {
  if (status.state != PublisherState::kPublishing) {
    log.warn("not publishing ({}): {}", state_name(status.state), status.reason);
  }
}

ProgramResult collect_once(const Registry& registry, Assembly& assembly) {
  Runner runner(std::move(assembly.jobs));
  const bool ok = runner.run_once().empty() && assembly.could_not_start.empty();
  print(registry.text());
  const bool hanging = !runner.stop(milliseconds(0)).empty();
  return {ok ? kExitOk : kExitFailed, hanging};
}

ProgramResult publish(Registry& registry, Assembly& assembly, const Settings& settings,
                      spdlog::logger& log) {
  if (assembly.jobs.empty()) {
    log.error("there is nothing to do: no collector is enabled, or none could start");
    return {kExitFailed, false};
  }
  const sigset_t signals = stop_signals();
  Runner runner(std::move(assembly.jobs));
  ProgramResult result;
  {
    NatsPublisherOptions options = settings.publisher;
    options.service = "weir-collector";
    options.service_label = false;  // series of the node itself
    NatsPublisher publisher(registry, options);
    if (const PublisherStatus status = publisher.status();
        status.state == PublisherState::kFailed) {
      log.error("cannot publish: {}", status.reason);
      return {kExitFailed, false};
    }
    runner.start();
    for (auto wait = kFirstStatusCheck; !wait_for_stop(signals, wait);
         wait = kStatusCheckInterval) {
      if (wait == kFirstStatusCheck) {
        give_back_start_up_memory();
      }
      log_publisher(log, publisher.status());
    }
    restore_signals(signals);
    log.info("stopping");
    for (const std::string& name : runner.stop(kStopGrace)) {
      log.warn("collector {}: still hangs, left behind", name);
      result.threads_left = true;
    }
    publisher.stop();
    log.info("stopped; the sidecar has {}",
             publisher.status().goodbye_acknowledged ? "everything" : "not confirmed the goodbye");
  }
  return result;
}

}  // namespace

ProgramResult run_program(int argc, const char* const* argv,
                          std::span<const std::string> environment) {
  const Flags flags = parse_flags(argc, argv);
  if (flags.exit_code) {
    return {*flags.exit_code, false};
  }
  const Catalogue catalogue = linked_collectors();
  Settings settings;
  std::vector<std::string> warnings;
  if (const Status status = load_settings(flags, environment, catalogue, settings, warnings);
      !status.ok()) {
    return {complain(status), false};
  }
  if (flags.action == Action::kList) {
    print(list_collectors(catalogue, settings));
    return {};
  }
  // What is asked for stands on standard output; beside it only what went wrong.
  const bool quiet = flags.action != Action::kRun && settings.log_level == "info";
  const auto log = make_log(quiet ? "warn" : settings.log_level, settings.log_format);
  for (const std::string& warning : warnings) {
    log->warn("{}", warning);
  }
  if (flags.action == Action::kRun) {
    // Before the first thread, so that every thread inherits it.
    const sigset_t signals = stop_signals();
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    log->info("weir-collector {} ({}) starts", WEIR_VERSION, WEIR_REVISION);
  }

  Registry registry;
  Health health;
  if (const Status status = health.register_in(registry); !status.ok()) {
    return {complain(status), false};
  }
  Assembly assembly =
      assemble(catalogue, settings, registry, health, log, flags.action == Action::kDescribe);
  if (!assembly.configuration.ok()) {
    return {complain(assembly.configuration), false};
  }
  switch (flags.action) {
    case Action::kDescribe:
      print(describe_metrics(assembly));
      return {};
    case Action::kCheckConfig:
      print("configuration is valid\n");
      return {};
    case Action::kOnce:
      return collect_once(registry, assembly);
    default:
      return publish(registry, assembly, settings, *log);
  }
}

}  // namespace weir::collectors

#include "collectors/config/flags.h"

#include <CLI/CLI.hpp>
#include <deque>

#include "collectors/exit_codes.h"
#include "weir/version.h"

namespace weir::collectors {
namespace {

constexpr const char* kFooter =
    "Every setting is also a key of the file (nats: {url: ...}) and an environment variable\n"
    "(WEIR_NATS_URL). A flag wins over the environment, the environment over the file.\n"
    "\n"
    "Exit codes: 0 all went well; 1 it could not run, or with --once a collector failed;\n"
    "2 a mistake in flags, environment or configuration.";

}  // namespace

Flags parse_flags(int argc, const char* const* argv) {
  Flags flags;
  CLI::App app{"Reads this node's metrics and publishes them to its sidecar over NATS.",
               "weir-collector"};
  app.footer(kFooter);
  app.set_version_flag("--version", "weir-collector " WEIR_VERSION " (" WEIR_REVISION ")");
  app.add_option("--config", flags.config_file, "YAML file")->envname("WEIR_CONFIG");
  bool once = false;
  bool list = false;
  bool describe = false;
  bool check = false;
  app.add_flag("--once", once,
               "collect once, print the readings as Prometheus text, publish nothing");
  app.add_flag("--list", list, "print the names of the collectors, and what they read");
  app.add_flag("--describe", describe, "print every metric: name, type, labels, help (Markdown)");
  app.add_flag("--check-config", check, "check the configuration, and end");

  std::deque<std::string> values;  // options point at them
  std::vector<std::pair<CLI::Option*, const Setting*>> options;
  for (const Setting& setting : all_settings()) {
    if (setting.flag) {
      std::string& value = values.emplace_back();
      options.emplace_back(
          app.add_option("--" + std::string(setting.key), value, std::string(setting.help)),
          &setting);
    }
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    flags.exit_code = app.exit(error) == 0 ? kExitOk : kExitUsage;
    return flags;
  }
  if (once + list + describe + check > 1) {
    std::cerr << "weir-collector: only one of --once, --list, --describe, --check-config\n";
    flags.exit_code = kExitUsage;
  }
  flags.action = once       ? Action::kOnce
                 : list     ? Action::kList
                 : describe ? Action::kDescribe
                 : check    ? Action::kCheckConfig
                            : Action::kRun;
  for (std::size_t i = 0; i < options.size(); ++i) {
    if (options[i].first->count() > 0) {
      flags.values.emplace_back(options[i].second, values[i]);
    }
  }
  return flags;
}

}  // namespace weir::collectors

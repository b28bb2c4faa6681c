#include "sidecar/config/flags.h"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "sidecar/config/nearest.h"

namespace weir::sidecar {

Flags parse_flags(const std::vector<std::string>& arguments, const std::vector<Option>& options) {
  Flags flags;
  CLI::App app("weir-sidecar", "weir-sidecar");
  app.set_help_flag();  // help_text() is made from the table
  app.allow_extras();   // named below, with the nearest known flag
  app.add_flag("--help,-h", flags.help);
  app.add_flag("--version", flags.version);
  app.add_flag("--check-config", flags.check_config);
  app.add_option("--config", flags.config_file)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);

  std::vector<std::string> known{"--help", "--version", "--check-config", "--config"};
  std::vector<std::string> values(options.size());
  std::vector<CLI::Option*> given(options.size());
  for (std::size_t i = 0; i < options.size(); ++i) {
    std::string names = "--" + options[i].key;
    known.push_back(names);
    if (!options[i].alias.empty()) {
      known.push_back("--" + options[i].alias);
      names += "," + known.back();
    }
    // A switch alone means true; --name=false turns it off. Of repeated flags the last one counts.
    given[i] =
        (options[i].is_switch() ? app.add_flag(names, values[i]) : app.add_option(names, values[i]))
            ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  }
  try {
    // CLI11 drops the empty value of `--name=`: hand it over as an argument of its own.
    std::vector<std::string> reversed;
    for (const std::string& argument : arguments) {
      if (argument.starts_with("--") && argument.size() > 3 && argument.ends_with('=')) {
        reversed.push_back(argument.substr(0, argument.size() - 1));
        reversed.emplace_back();
      } else {
        reversed.push_back(argument);
      }
    }
    std::reverse(reversed.begin(), reversed.end());  // CLI11 takes them from the back
    app.parse(std::move(reversed));
  } catch (const CLI::Error& error) {
    flags.errors.emplace_back(error.what());
    return flags;
  }
  for (const std::string& extra : app.remaining()) {
    const std::string name = extra.substr(0, extra.find('='));
    flags.errors.push_back(extra.starts_with("-")
                               ? "unknown flag " + name + did_you_mean(name, known)
                               : "unexpected argument \"" + extra + "\"");
  }
  for (std::size_t i = 0; i < options.size(); ++i) {
    if (given[i]->count() > 0) {
      flags.values.emplace_back(options[i].key, values[i]);
    }
  }
  return flags;
}

}  // namespace weir::sidecar

#include <iostream>

#include "ctl/commands.h"

int main(int argc, char** argv) {
  using namespace weir::ctl;
  const Parsed parsed = parse_command_line(argc, argv, std::cout, std::cerr);
  if (!parsed.options) {
    return parsed.exit_code;
  }
  const Environment environment = process_environment();
  return parsed.options->command == Command::kDoctor
             ? run_doctor(*parsed.options, environment, std::cout)
             : run_publishers(*parsed.options, environment, std::cout, std::cerr);
}

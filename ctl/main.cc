#include <iostream>

#include "ctl/commands.h"

int main(int argc, char** argv) {
  using namespace weir::ctl;
  const Parsed parsed = parse_command_line(argc, argv, std::cout, std::cerr);
  if (!parsed.options) {
    return parsed.exit_code;
  }
  const Environment environment = process_environment();
  switch (parsed.options->command) {
    case Command::kDoctor:
      return run_doctor(*parsed.options, environment, std::cout);
    case Command::kPublishers:
      return run_publishers(*parsed.options, environment, std::cout, std::cerr);
    case Command::kPush:
      return run_push(*parsed.options, environment, std::cin, std::cerr);
    case Command::kAudit:
      return run_audit(*parsed.options, environment, std::cout, std::cerr);
  }
  return 2;
}

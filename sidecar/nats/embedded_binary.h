// Finds the nats-server program for the embedded broker. Thread-safe: pure functions.
#pragma once

#include <string>
#include <string_view>

#include "weir/status.h"

namespace weir::sidecar {

struct BinarySearch {
  std::string option;          // nats.embedded.binary; empty: search
  std::string path_variable;   // $PATH
  std::string executable_dir;  // the folder of this program
};

// The surroundings of this process.
[[nodiscard]] BinarySearch binary_search_of_this_process(std::string option);

// The option alone if it is set. Else PATH, the system's folders (sbin is often not in the PATH of
// a user), then ../../tools/**/nats-server beside a build tree. The error says where was looked.
[[nodiscard]] Result<std::string> find_nats_server(const BinarySearch& search);

}  // namespace weir::sidecar

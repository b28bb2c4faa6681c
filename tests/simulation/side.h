// One of the node's sidecars with all that is its own: its disk, its view of the cells directory,
// what its page has shown, and what is known of its lives. Plain data. Single-threaded.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "tests/simulation/cells_folder.h"
#include "tests/simulation/disk.h"
#include "tests/simulation/shown.h"
#include "tests/simulation/sidecar.h"
#include "tests/simulation/trace.h"

namespace weir::simulation {

struct Side {
  Side(std::size_t number, const Shown::Publishers& publishers, Sidecar::Send send,
       Sidecar::IsAlive is_alive, Trace& trace)
      : index(number),
        name(number == 0 ? "sidecar" : "second sidecar"),
        disk(trace),
        cells(number, disk, publishers, trace),
        sidecar(number, disk, cells, std::move(send), std::move(is_alive)),
        shown(number) {}

  const std::size_t index;
  const std::string name;
  Disk disk;
  CellsFolder cells;
  Sidecar sidecar;
  Shown shown;
  std::uint64_t machine_life = 1;
  // Whether the last life could write when it died; whether it had a state that may lack something,
  // and has not yet come to terms with it; whether neither is so, and the next one must know it;
  // whether it could not even leave a word of what is missing.
  bool was_durable = false;
  bool lacking = false;
  bool nothing_is_missing = false;
  bool nothing_is_promised = false;
  // Its disk was lost: what its lives up to this one knew is nowhere.
  std::uint64_t lost_life = 0;
  // Nothing reaches it, nor comes from it, and nobody knows.
  bool cut_off = false;
};

}  // namespace weir::simulation

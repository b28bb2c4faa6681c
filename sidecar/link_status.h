// What the transport knows of itself, for the status and the self metrics. Plain data.
#pragma once

#include <cstdint>
#include <string>

namespace weir::sidecar {

struct LinkStatus {
  bool connected = false;
  std::string url;
  bool embedded = false;
  std::uint64_t reconnects = 0;
  std::string last_error;
  std::uint64_t shed_frames =
      0;  // dropped because ingest could not keep up; absolute totals make that harmless
  std::uint64_t queued_bytes = 0;
};

}  // namespace weir::sidecar

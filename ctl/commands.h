// The commands: ask the network, print, and say the exit code. Thread-safe: pure functions but for
// the network and the streams given.
#pragma once

#include <iosfwd>

#include "ctl/options.h"

namespace weir::ctl {

// Exit code 0: all is well, 1: warnings, 2: at least one failure.
int run_doctor(const Options& options, const Environment& environment, std::ostream& out);

// Exit code 0: printed, 2: the sidecar could not be asked.
int run_publishers(const Options& options, const Environment& environment, std::ostream& out,
                   std::ostream& err);

// Exit code 0: the sidecar acknowledged the values, 2: it did not, 64: bad words or options,
// 65: a bad text on `in`.
int run_push(const Options& options, const Environment& environment, std::istream& in,
             std::ostream& err);

// Exit code 0: published and aggregated totals agree, 1: they do not, 2: it could not be told.
int run_audit(const Options& options, const Environment& environment, std::ostream& out,
              std::ostream& err);

}  // namespace weir::ctl

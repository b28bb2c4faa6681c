// How weir-collector ends. Thread-safe: constants.
#pragma once

namespace weir::collectors {

inline constexpr int kExitOk = 0;
inline constexpr int kExitFailed = 1;  // it could not run, or with --once a collector failed
inline constexpr int kExitUsage = 2;   // a mistake in flags, environment or configuration

}  // namespace weir::collectors

// Names from the kernel as label values. Thread-safe: pure functions.
#pragma once

#include <string>
#include <string_view>

namespace weir::collectors {

// /proc/mounts writes blanks and the like as \040: see getmntent(3).
void unescape_octal(std::string_view escaped, std::string& text);

// A path may be any bytes, a label value must be UTF-8: each byte that is none becomes U+FFFD.
void make_utf8(std::string& text);

}  // namespace weir::collectors

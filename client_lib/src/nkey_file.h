// A file of nkeys, as `nk -gen user -pubout` prints them: the seed, which nats.c reads by itself,
// and the public key, which it wants to be told. Thread-safe: pure functions.
// https://docs.nats.io/running-a-nats-service/configuration/securing_nats/auth_intro/nkey_auth
#pragma once

#include <string>
#include <string_view>

#include "weir/status.h"

namespace weir {

// The user's public key in the text of such a file: a word of 56 base32 characters that begins with
// U. Empty if there is none.
[[nodiscard]] std::string public_nkey_of(std::string_view text);
// The same of a file; the error names the file and the reason.
[[nodiscard]] Result<std::string> read_public_nkey(const std::string& path);

}  // namespace weir

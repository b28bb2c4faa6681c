// What of the library is visible from outside of libweir_client.so.
#pragma once

#if defined(__GNUC__)
#define WEIR_API __attribute__((visibility("default")))
// The fast path reads one thread-local pointer. "initial-exec" makes that a single load, also
// inside the shared library.
#define WEIR_TLS_MODEL __attribute__((tls_model("initial-exec")))
#else
#define WEIR_API
#define WEIR_TLS_MODEL
#endif

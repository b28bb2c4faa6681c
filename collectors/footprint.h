// What a program holds in memory once it has started. Thread-safe.
#pragma once

namespace weir::collectors {

// Gives back what only the start needed: free memory of the heap, and the pages of programs and
// libraries. The kernel maps sixteen pages for each that is touched, and most of them belong to
// what runs once: the linker, OpenSSL's set-up, the parsing of the configuration. Those still in
// use come back from the page cache as they are touched. What a debugger or a probe wrote into code
// until then is gone.
void give_back_start_up_memory();

}  // namespace weir::collectors

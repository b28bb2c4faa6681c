// How the C library's allocator keeps memory, and when it gives it back.
#pragma once

#include <cstdint>

namespace weir::sidecar {

// For main(), before any other thread is there. Messages are allocated by one thread and freed by
// another, and a scrape takes some megabytes and returns them: by default each time to the kernel,
// whose fresh pages cost more than what is done with them. And by default each thread has a heap.
void set_up_allocator();

// Gives back what a burst has left behind: free pieces between those in use, which the allocator
// would keep for ever. Single-threaded: one thread owns it, and is the one that waits.
class HeapTidier {
 public:
  // About once a second. Whether something was given back.
  bool step();

  // Whether it is worth the while. Bytes: in memory, in use, and of the first what was not to be
  // got rid of the last time, over what was in use.
  static bool is_worth_it(std::uint64_t resident, std::uint64_t in_use, std::uint64_t floor);

 private:
  int steps_ = 0;
  std::uint64_t floor_ = 0;
};

}  // namespace weir::sidecar

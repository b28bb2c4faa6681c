#include "tests/hammer/truth.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

namespace hammer {

std::span<Slot> map_truth(const std::string& path, std::size_t slots) {
  const std::size_t bytes = slots * sizeof(Slot);
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0) {
    return {};
  }
  void* memory = MAP_FAILED;
  if (::ftruncate(file, static_cast<off_t>(bytes)) == 0) {
    memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  }
  ::close(file);
  if (memory == MAP_FAILED) {
    return {};
  }
  // A file of zeros is an array of slots that say zero.
  return {static_cast<Slot*>(memory), slots};
}

}  // namespace hammer

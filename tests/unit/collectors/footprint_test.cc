#include "collectors/footprint.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <link.h>
#include <unistd.h>

#include <cstdint>

namespace weir::collectors::testing {
namespace {

// One bit for each page says whether it is in this process's memory: the sum over the process
// (RssFile) would count what a sanitizer maps, too.
bool in_memory(int pagemap, std::uintptr_t address) {
  std::uint64_t entry = 0;
  const auto offset = static_cast<off_t>(address / 4096 * sizeof entry);
  return ::pread(pagemap, &entry, sizeof entry, offset) == sizeof entry && (entry >> 63) != 0;
}

template <typename Visit>
void each_page_that_nobody_writes(Visit visit) {
  const auto each_object = [](dl_phdr_info* object, std::size_t /*size*/, void* context) {
    for (int i = 0; i < object->dlpi_phnum; ++i) {
      const ElfW(Phdr)& segment = object->dlpi_phdr[i];
      if (segment.p_type == PT_LOAD && (segment.p_flags & (PF_R | PF_W)) == PF_R) {
        for (std::size_t at = 0; at < segment.p_filesz; at += 4096) {
          (*static_cast<Visit*>(context))(object->dlpi_addr + segment.p_vaddr + at);
        }
      }
    }
    return 0;
  };
  ::dl_iterate_phdr(each_object, &visit);
}

// Also between the variables, where AddressSanitizer watches.
[[gnu::no_sanitize_address]] unsigned byte_at(std::uintptr_t address) {
  return *reinterpret_cast<const volatile unsigned char*>(address);
}

unsigned sum_of_a_byte_of_each_page() {
  unsigned sum = 0;
  each_page_that_nobody_writes([&](std::uintptr_t page) { sum += byte_at(page); });
  return sum;
}

std::size_t pages_in_memory() {
  const int pagemap = ::open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
  std::size_t count = 0;
  each_page_that_nobody_writes([&](std::uintptr_t page) { count += in_memory(pagemap, page); });
  ::close(pagemap);
  return count;
}

TEST(Footprint, PagesThatOnlyTheStartNeededAreGivenBackAndStillThere) {
  const unsigned before = sum_of_a_byte_of_each_page();
  const std::size_t touched = pages_in_memory();
  ASSERT_GT(touched, 1000u);
  give_back_start_up_memory();
  EXPECT_LT(pages_in_memory(), touched / 2);
  EXPECT_EQ(sum_of_a_byte_of_each_page(), before);
}

}  // namespace
}  // namespace weir::collectors::testing

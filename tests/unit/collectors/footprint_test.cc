#include "collectors/footprint.h"

#include <gtest/gtest.h>
#include <link.h>

#include "support.h"

namespace weir::collectors::testing {
namespace {

// Of what is mapped from files.
std::size_t resident_file_kib() {
  const std::string status = slurp("/proc/self/status");
  return std::stoul(status.substr(status.find("RssFile:") + 8));
}

// Reads a byte of each page of this program and its libraries that nobody writes: also between the
// variables, where AddressSanitizer watches.
[[gnu::no_sanitize_address]] int touch_pages_of(dl_phdr_info* object, std::size_t /*size*/,
                                                void* sum) {
  for (int i = 0; i < object->dlpi_phnum; ++i) {
    const ElfW(Phdr)& segment = object->dlpi_phdr[i];
    if (segment.p_type == PT_LOAD && (segment.p_flags & (PF_R | PF_W)) == PF_R) {
      const auto* bytes =
          reinterpret_cast<const volatile unsigned char*>(object->dlpi_addr + segment.p_vaddr);
      for (std::size_t at = 0; at < segment.p_filesz; at += 4096) {
        *static_cast<unsigned*>(sum) += bytes[at];
      }
    }
  }
  return 0;
}

TEST(Footprint, PagesThatOnlyTheStartNeededAreGivenBackAndStillThere) {
  unsigned before = 0;
  ::dl_iterate_phdr(touch_pages_of, &before);
  const std::size_t touched_kib = resident_file_kib();
  ASSERT_GT(touched_kib, 5000u);
  give_back_start_up_memory();
  EXPECT_LT(resident_file_kib(), touched_kib / 2);
  unsigned after = 0;
  ::dl_iterate_phdr(touch_pages_of, &after);
  EXPECT_EQ(after, before);
}

}  // namespace
}  // namespace weir::collectors::testing

// Recording never allocates, and neither does a flush in the steady state.
#include <gtest/gtest.h>

#include <cstdlib>
#include <new>

#include "client_lib/src/frame_source.h"
#include "weir/registry.h"

// Sanitizers bring an allocator of their own.
#if !defined(__SANITIZE_THREAD__) && !defined(__SANITIZE_ADDRESS__)

namespace {
thread_local std::size_t allocations = 0;
}

void* operator new(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size)) {
    return memory;
  }
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}

namespace weir {
namespace {

class CountingSink : public FrameSink {
 public:
  void frame(const wire::Frame&, std::span<const std::uint8_t> bytes) override {
    bytes_seen += bytes.size();
  }
  std::size_t bytes_seen = 0;
};

TEST(Allocations, NoneWhileRecording) {
  Registry registry;
  Counter counter = *registry.counter({.name = "x_total", .help = "h"});
  Gauge gauge = *registry.gauge({.name = "g", .help = "h"});
  Histogram histogram = *registry.histogram({.name = "h", .help = "h", .bounds = {1}});
  CounterFamily family =
      *registry.counter_family({.name = "y_total", .help = "h", .labels = {"a"}});
  family.with("a").inc();
  const std::size_t before = allocations;
  for (int i = 0; i < 100; ++i) {
    counter.inc();
    gauge.set(i);
    histogram.observe(i);
    family.with("a").inc();
  }
  EXPECT_EQ(allocations, before);
}

TEST(Allocations, NoneWhileFlushingWhatIsKnown) {
  Registry registry;
  CounterFamily family =
      *registry.counter_family({.name = "x_total", .help = "h", .labels = {"a"}});
  Histogram histogram = *registry.histogram({.name = "h", .help = "h", .bounds = {1, 2}});
  FrameSource source(registry.core(), {.node = "n", .service = "s"}, {1, 2});
  CountingSink sink;
  const auto flush = [&] {
    for (int i = 0; i < 100; ++i) {
      family.with("ab").inc();
      histogram.observe(i);
    }
    source.delta(0, 1 << 20, sink);
  };
  flush();
  flush();
  const std::size_t before = allocations;
  for (int i = 0; i < 10; ++i) {
    flush();
  }
  EXPECT_EQ(allocations, before);
  EXPECT_GT(sink.bytes_seen, 0u);
}

}  // namespace
}  // namespace weir

#endif

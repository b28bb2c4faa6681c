#include "sidecar/exposition/two_threads.h"

#include <gtest/gtest.h>
#include <pthread.h>

#include <atomic>
#include <latch>
#include <stdexcept>
#include <system_error>
#include <thread>

namespace weir::sidecar {
namespace {

TEST(TwoThreads, BothRunAtTheSameTime) {
  std::latch both(2);  // each waits for the other
  on_two_threads([&] { both.arrive_and_wait(); }, [&] { both.arrive_and_wait(); });
}

TEST(TwoThreads, WhatEitherThrowsIsThrownWhenBothAreDone) {
  std::atomic<int> done = 0;
  const auto ends = [&] { ++done; };
  const auto fails = [&] {
    ++done;
    throw std::runtime_error("no");
  };
  EXPECT_THROW(on_two_threads(ends, fails), std::runtime_error);
  EXPECT_EQ(done, 2);
  EXPECT_THROW(on_two_threads(fails, ends), std::runtime_error);
  EXPECT_EQ(done, 4);
}

#if !defined(__SANITIZE_ADDRESS__) && \
    !defined(__SANITIZE_THREAD__)  // they have threads of their own

// No stack of that size can be had.
TEST(TwoThreads, WithoutAThreadOneDoesBoth) {
  pthread_attr_t before, after;
  ASSERT_EQ(::pthread_getattr_default_np(&before), 0);
  ASSERT_EQ(::pthread_getattr_default_np(&after), 0);
  ASSERT_EQ(::pthread_attr_setstacksize(&after, std::size_t{1} << 60), 0);
  ASSERT_EQ(::pthread_setattr_default_np(&after), 0);
  EXPECT_THROW(std::thread([] {}).join(), std::system_error);
  int done = 0;
  on_two_threads([&] { ++done; }, [&] { ++done; });
  ASSERT_EQ(::pthread_setattr_default_np(&before), 0);
  EXPECT_EQ(done, 2);
}

#endif

}  // namespace
}  // namespace weir::sidecar

// Signals end waits, not programs; and what was there before is called and comes back.
#include "weir/signal_stop.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <thread>
#include <vector>

namespace weir {
namespace {

using ::testing::HasSubstr;
using namespace std::chrono_literals;

std::atomic<int> former_calls{0};
std::atomic<int> over_calls{0};
struct sigaction under_over {};

void former_handler(int) {
  ++former_calls;
  errno = EILSEQ;
}
void handler_over_ours(int signal, siginfo_t* info, void* context) {
  ++over_calls;
  if ((under_over.sa_flags & SA_SIGINFO) != 0) {
    under_over.sa_sigaction(signal, info, context);
  }
}

bool readable(int fd) {
  pollfd one{fd, POLLIN, 0};
  return ::poll(&one, 1, 0) == 1;
}

// Gives SIGUSR1 and SIGUSR2 back as they were.
class SignalStopTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ::sigaction(SIGUSR1, nullptr, &usr1_);
    ::sigaction(SIGUSR2, nullptr, &usr2_);
    former_calls = 0;
    over_calls = 0;
  }
  void TearDown() override {
    ::sigaction(SIGUSR1, &usr1_, nullptr);
    ::sigaction(SIGUSR2, &usr2_, nullptr);
  }
  static void (*present(int signal))(int) {
    struct sigaction action {};
    ::sigaction(signal, nullptr, &action);
    return action.sa_handler;
  }

 private:
  struct sigaction usr1_ {
  }, usr2_{};
};

TEST_F(SignalStopTest, ASignalIsSeenByFlagDescriptorAndWait) {
  SignalStop stop({SIGUSR1, SIGUSR2});
  ASSERT_TRUE(stop.status().ok()) << stop.status().reason();
  EXPECT_FALSE(stop.requested());
  EXPECT_FALSE(stop.wait_for(0ms));
  EXPECT_FALSE(readable(stop.fd()));
  EXPECT_EQ(stop.signal(), 0);
  ::raise(SIGUSR2);
  ::raise(SIGUSR1);
  EXPECT_TRUE(stop.requested());
  EXPECT_TRUE(readable(stop.fd()));
  EXPECT_EQ(stop.signal(), SIGUSR2) << "the first one";
  stop.wait();
  stop.wait();
  EXPECT_TRUE(stop.wait_for(1h));
}

TEST_F(SignalStopTest, WakesAllWhoWait) {
  SignalStop stop({SIGUSR1});
  std::vector<std::thread> waiters;
  for (int i = 0; i < 4; ++i) {
    waiters.emplace_back([&] { stop.wait(); });
  }
  ::kill(::getpid(), SIGUSR1);
  for (std::thread& waiter : waiters) {
    waiter.join();
  }
  EXPECT_EQ(stop.signal(), SIGUSR1);
}

TEST_F(SignalStopTest, ARequestIsAsGoodAsASignal) {
  SignalStop stop({SIGUSR1});
  std::thread other([&] { stop.request(); });
  stop.wait();
  other.join();
  EXPECT_EQ(stop.signal(), 0);
  EXPECT_TRUE(readable(stop.fd()));
}

TEST_F(SignalStopTest, TheNextOneBeginsAnew) {
  {
    SignalStop stop({SIGUSR1});
    ::raise(SIGUSR1);
    EXPECT_TRUE(stop.requested());
  }
  EXPECT_EQ(present(SIGUSR1), SIG_DFL);
  SignalStop stop({SIGUSR1});
  EXPECT_FALSE(stop.requested());
  EXPECT_FALSE(readable(stop.fd()));
  EXPECT_FALSE(stop.wait_for(1ms));
}

TEST_F(SignalStopTest, FormerHandlersAreCalledAndRestored) {
  ::signal(SIGUSR1, former_handler);
  {
    SignalStop stop({SIGUSR1});
    ::raise(SIGUSR1);
    EXPECT_TRUE(stop.requested());
    EXPECT_EQ(former_calls, 1);
  }
  EXPECT_EQ(present(SIGUSR1), former_handler);
  ::raise(SIGUSR1);
  EXPECT_EQ(former_calls, 2);
}

TEST_F(SignalStopTest, WhatWasIgnoredStaysIgnored) {
  ::signal(SIGUSR1, SIG_IGN);
  {
    SignalStop stop({SIGUSR1, SIGUSR2});
    ::raise(SIGUSR1);
    EXPECT_FALSE(stop.requested());
  }
  EXPECT_EQ(present(SIGUSR1), SIG_IGN);
}

TEST_F(SignalStopTest, AHandlerPutOverOursStaysAndIsNotCalledInCircles) {
  struct sigaction over {};
  over.sa_sigaction = handler_over_ours;
  over.sa_flags = SA_SIGINFO;
  {
    SignalStop stop({SIGUSR1});
    ::sigaction(SIGUSR1, &over, &under_over);
    ::raise(SIGUSR1);
    EXPECT_EQ(over_calls, 1);
    EXPECT_TRUE(stop.requested());
  }
  ::raise(SIGUSR1);
  EXPECT_EQ(over_calls, 2);
  SignalStop stop({SIGUSR1});  // finds that handler, which calls ours
  ::raise(SIGUSR1);
  EXPECT_TRUE(stop.requested());
  EXPECT_EQ(over_calls, 3);
}

TEST_F(SignalStopTest, OnlyOneAtATime) {
  SignalStop stop({SIGUSR1});
  {
    SignalStop other({SIGUSR2});
    EXPECT_THAT(other.status().reason(), HasSubstr("another SignalStop"));
    EXPECT_EQ(other.fd(), -1);
    EXPECT_EQ(present(SIGUSR2), SIG_DFL);
  }
  ::raise(SIGUSR1);
  EXPECT_TRUE(stop.requested());
}

TEST_F(SignalStopTest, WhatCannotBeCaughtIsNamedAndNothingIsChanged) {
  for (const int signal : {SIGKILL, 0, -1, 1000}) {
    SignalStop stop({SIGUSR1, signal});
    EXPECT_THAT(stop.status().reason(), HasSubstr("signal " + std::to_string(signal)));
    EXPECT_EQ(present(SIGUSR1), SIG_DFL);
  }
  EXPECT_TRUE(SignalStop({SIGUSR1}).status().ok());
}

TEST_F(SignalStopTest, ASignalToAForkedChildIsTheChildsAlone) {
  SignalStop stop({SIGUSR1});
  const pid_t child = ::fork();
  if (child == 0) {
    ::alarm(10);
    ::raise(SIGUSR1);
    stop.wait();
    ::_exit(stop.signal() == SIGUSR1 ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_FALSE(stop.requested());
  EXPECT_FALSE(readable(stop.fd()));
}

TEST_F(SignalStopTest, AProgramThatIsToldToEndRunsToItsEnd) {
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    ::alarm(10);
    SignalStop stop;
    (void)!::write(ready[1], "!", 1);
    stop.wait();
    ::_exit(stop.signal() == SIGTERM ? 7 : 1);
  }
  char byte = 0;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  ::kill(child, SIGTERM);
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 7);
  ::close(ready[0]);
  ::close(ready[1]);
}

TEST_F(SignalStopTest, ErrnoIsTheProgramsOwn) {
  SignalStop stop({SIGUSR1});
  errno = ENOTTY;
  ::raise(SIGUSR1);
  EXPECT_EQ(errno, ENOTTY);
}

}  // namespace
}  // namespace weir

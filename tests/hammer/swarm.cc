#include "tests/hammer/swarm.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <ctime>
#include <random>
#include <vector>

namespace hammer {
namespace {

constexpr std::int64_t kTurnMs = 10;

struct Life {
  pid_t pid = 0;
  std::int64_t ends_ms = 0;
  bool asked = false;
};

std::int64_t now_ms() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000 + now.tv_nsec / 1'000'000;
}

bool told_to_end() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  const timespec turn{0, kTurnMs * 1'000'000};
  return ::sigtimedwait(&signals, nullptr, &turn) == SIGTERM;
}

pid_t begin_life(const Hammering& how, Slot& slot) {
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    const bool orphan = ::getppid() != parent;
    ::_exit(!orphan && hammer_until_told(how, {&slot, 1}) ? 0 : 1);
  }
  return child;
}

}  // namespace

int keep_swarming(const Swarm& swarm, const Hammering& how, std::span<Slot> slots) {
  std::mt19937_64 random(swarm.seed);
  std::uniform_int_distribution<std::int64_t> life(swarm.life_ms_min, swarm.life_ms_max);
  std::uniform_real_distribution<double> chance(0, 1);
  std::vector<Life> lives(slots.size());
  bool ending = false;
  int unanswered = 0;
  std::uint64_t begun = 0;
  std::uint64_t killed = 0;
  std::size_t alive = 0;
  do {
    const std::int64_t now = now_ms();
    for (std::size_t i = 0; i < lives.size(); ++i) {
      Life& one = lives[i];
      int status = 0;
      if (one.pid > 0 && ::waitpid(one.pid, &status, WNOHANG) == one.pid) {
        unanswered += WIFEXITED(status) && WEXITSTATUS(status) != 0;
        one = {};
        --alive;
      }
      if (one.pid == 0 && !ending) {
        one = {begin_life(how, slots[i]), now + life(random), false};
        ++alive;
        ++begun;
      }
      if (one.pid > 0 && !one.asked && (ending || now >= one.ends_ms)) {
        const bool kill = !ending && chance(random) < swarm.killed_part;
        killed += kill;
        one.asked = true;
        ::kill(one.pid, kill ? SIGKILL : SIGTERM);
      }
    }
    ending = told_to_end() || ending;
  } while (!ending || alive > 0);
  std::printf("{\"lives\": %lu, \"killed\": %lu, \"unanswered\": %d}\n", begun, killed, unanswered);
  return unanswered;
}

}  // namespace hammer

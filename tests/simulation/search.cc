#include "tests/simulation/search.h"

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <new>
#include <thread>
#include <vector>

#include "tests/simulation/cells_folder.h"
#include "tests/simulation/run.h"

namespace weir::simulation {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::uint64_t kNone = UINT64_MAX;
constexpr unsigned kJobsMax = 64;
constexpr auto kProgressEvery = std::chrono::seconds(5);

// Between the processes.
struct Board {
  std::atomic<std::uint64_t> failed{kNone};
  std::array<std::atomic<std::uint64_t>, kJobsMax> at{};    // the seed that runs
  std::array<std::atomic<std::uint64_t>, kJobsMax> done{};  // how many have run
};

void lower(std::atomic<std::uint64_t>& value, std::uint64_t to) {
  std::uint64_t now = value.load();
  while (to < now && !value.compare_exchange_weak(now, to)) {
  }
}

double seconds_since(Clock::time_point started) {
  return std::chrono::duration<double>(Clock::now() - started).count();
}

[[noreturn]] void work(const Search& search, unsigned job, Board& board,
                       Clock::time_point started) {
  for (std::uint64_t n = job; n < search.seeds_max; n += search.jobs) {
    const std::uint64_t seed = search.first + n;
    if (seed > board.failed.load() ||
        (search.seconds_max > 0 && seconds_since(started) > search.seconds_max)) {
      break;
    }
    board.at[job] = seed;
    if (run(generate(seed))) {
      lower(board.failed, seed);
    }
    board.done[job]++;
  }
  CellsFolder::delete_folder();
  std::_Exit(0);
}

std::uint64_t done(const Board& board) {
  std::uint64_t sum = 0;
  for (const std::atomic<std::uint64_t>& one : board.done) {
    sum += one;
  }
  return sum;
}

}  // namespace

Found search(const Search& asked) {
  Search search = asked;
  search.jobs = std::max(1u, std::min(search.jobs, kJobsMax));
  void* memory =
      ::mmap(nullptr, sizeof(Board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  auto& board = *new (memory) Board;
  const Clock::time_point started = Clock::now();
  std::vector<pid_t> processes;
  for (unsigned job = 0; job < search.jobs; ++job) {
    const pid_t process = ::fork();
    if (process == 0) {
      work(search, job, board, started);
    }
    processes.push_back(process);
  }
  Found found;
  Clock::time_point said = started;
  for (std::size_t running = processes.size(); running > 0;) {
    int status = 0;
    for (unsigned job = 0; job < processes.size(); ++job) {
      if (processes[job] > 0 && ::waitpid(processes[job], &status, WNOHANG) == processes[job]) {
        processes[job] = 0;
        --running;
        if (WIFSIGNALED(status) && board.at[job] < board.failed) {
          found.signal = WTERMSIG(status);
          lower(board.failed, board.at[job]);
        }
      }
    }
    if (search.progress && Clock::now() - said >= kProgressEvery) {
      said = Clock::now();
      const double seconds = seconds_since(started);
      std::printf("%8.0f s  %9llu seeds  %6.0f seeds/s\n", seconds,
                  static_cast<unsigned long long>(done(board)),
                  static_cast<double>(done(board)) / seconds);
      std::fflush(stdout);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  found.seeds = done(board);
  found.seconds = seconds_since(started);
  if (board.failed != kNone) {
    found.failed = board.failed.load();
  }
  ::munmap(memory, sizeof(Board));
  return found;
}

}  // namespace weir::simulation

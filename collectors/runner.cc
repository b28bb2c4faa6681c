#include "collectors/runner.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

namespace weir::collectors {
namespace {

struct Worker {
  std::shared_ptr<Job> job;
  std::thread thread;
  bool busy = false;       // in an update: may hang
  bool finished = false;   // of run_once(): the update is over
  bool succeeded = false;  // and went well
};

}  // namespace

// Owned by the runner and by each thread: one that hangs may outlive the runner.
struct Runner::Shared {
  std::mutex mutex;
  std::condition_variable changed;
  bool stopping = false;
  std::vector<Worker> workers;
  std::thread watcher;

  void work(Worker& worker);
  void watch();
  [[nodiscard]] bool none_busy() const {
    return std::none_of(workers.begin(), workers.end(),
                        [](const Worker& worker) { return worker.busy; });
  }
};

void Runner::Shared::work(Worker& worker) {
  Job& job = *worker.job;
  const auto interval = job.schedule().interval;
  SteadyTime due = std::chrono::steady_clock::now();
  std::unique_lock lock(mutex);
  while (!stopping) {
    worker.busy = true;
    lock.unlock();
    job.run();
    // The next multiple of the interval: what a slow run missed is skipped, not made up for.
    const auto behind = std::chrono::steady_clock::now() - due;
    due += interval * (behind / interval + 1);
    lock.lock();
    worker.busy = false;
    if (stopping) {
      changed.notify_all();
    }
    changed.wait_until(lock, due, [this] { return stopping; });
  }
}

void Runner::Shared::watch() {
  std::unique_lock lock(mutex);
  while (!stopping) {
    SteadyTime next = std::chrono::steady_clock::now() + std::chrono::hours(1);
    for (const Worker& worker : workers) {
      next = std::min(next, worker.job->check_deadline());
    }
    changed.wait_until(lock, next + std::chrono::milliseconds(1), [this] { return stopping; });
  }
}

Runner::Runner(std::vector<std::shared_ptr<Job>> jobs) : shared_(std::make_shared<Shared>()) {
  shared_->workers.resize(jobs.size());
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    shared_->workers[i].job = std::move(jobs[i]);
  }
}

Runner::~Runner() {
  stop(std::chrono::milliseconds(0));
}

void Runner::start() {
  const std::lock_guard lock(shared_->mutex);
  for (Worker& worker : shared_->workers) {
    worker.thread = std::thread([shared = shared_, &worker] { shared->work(worker); });
  }
  shared_->watcher = std::thread([shared = shared_] { shared->watch(); });
}

std::vector<std::string> Runner::run_once() {
  Shared& shared = *shared_;
  {
    const std::lock_guard lock(shared.mutex);
    for (Worker& worker : shared.workers) {
      worker.busy = true;
      worker.thread = std::thread([owner = shared_, &worker] {
        const bool succeeded = worker.job->run();
        const std::lock_guard done(owner->mutex);
        worker.succeeded = succeeded;
        worker.finished = true;
        worker.busy = false;
        owner->changed.notify_all();
      });
    }
  }
  std::unique_lock lock(shared.mutex);
  const auto settled = [&shared] {
    return std::all_of(shared.workers.begin(), shared.workers.end(), [](const Worker& worker) {
      return worker.finished || worker.job->overdue();
    });
  };
  while (!settled()) {
    SteadyTime next = std::chrono::steady_clock::now() + std::chrono::hours(1);
    for (const Worker& worker : shared.workers) {
      next = std::min(next, worker.job->check_deadline());
    }
    shared.changed.wait_until(lock, next + std::chrono::milliseconds(1), settled);
  }
  std::vector<std::string> failed;
  for (const Worker& worker : shared.workers) {
    if (!worker.finished || !worker.succeeded) {
      failed.push_back(worker.job->name());
    }
  }
  return failed;
}

std::vector<std::string> Runner::stop(std::chrono::milliseconds grace) {
  std::unique_lock lock(shared_->mutex);
  shared_->stopping = true;
  shared_->changed.notify_all();
  shared_->changed.wait_for(lock, grace, [this] { return shared_->none_busy(); });
  std::vector<std::string> hanging;
  std::vector<std::thread> ending;
  for (Worker& worker : shared_->workers) {
    if (worker.busy) {
      worker.job->abandon();
      hanging.push_back(worker.job->name());
      if (worker.thread.joinable()) {
        worker.thread.detach();
      }
    } else if (worker.thread.joinable()) {
      ending.push_back(std::move(worker.thread));
    }
  }
  if (shared_->watcher.joinable()) {
    ending.push_back(std::move(shared_->watcher));
  }
  lock.unlock();
  for (std::thread& thread : ending) {
    thread.join();
  }
  return hanging;
}

}  // namespace weir::collectors

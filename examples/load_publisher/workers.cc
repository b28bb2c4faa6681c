#include "examples/load_publisher/workers.h"

namespace load_publisher {

Workers::Workers(std::size_t count) : count_(count) {
  for (std::size_t number = 0; count > 1 && number < count; ++number) {
    threads_.emplace_back([this, number] { loop(number); });
  }
}

Workers::~Workers() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) {
    thread.join();
  }
}

void Workers::run(const std::function<void(std::size_t)>& work) {
  if (threads_.empty()) {
    work(0);
    return;
  }
  std::unique_lock lock(mutex_);
  work_ = &work;
  pending_ = count_;
  ++round_;
  changed_.notify_all();
  changed_.wait(lock, [this] { return pending_ == 0; });
  work_ = nullptr;
}

void Workers::loop(std::size_t number) {
  std::size_t done_round = 0;
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [&] { return stopping_ || round_ != done_round; });
    if (stopping_) {
      return;
    }
    done_round = round_;
    const std::function<void(std::size_t)>& work = *work_;
    lock.unlock();
    work(number);
    lock.lock();
    if (--pending_ == 0) {
      changed_.notify_all();
    }
  }
}

}  // namespace load_publisher

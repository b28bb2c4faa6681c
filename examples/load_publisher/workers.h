// A fixed number of threads that record: each metric's counts are spread over all of them.
// Single-threaded: only the thread that reads the commands calls this.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace load_publisher {

class Workers {
 public:
  // count 1: run() works in the caller's thread.
  explicit Workers(std::size_t count);
  ~Workers();
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  [[nodiscard]] std::size_t count() const { return count_; }
  // Runs the work once in each thread, with the thread's number; returns when all are done.
  void run(const std::function<void(std::size_t)>& work);

 private:
  void loop(std::size_t number);

  const std::size_t count_;
  std::mutex mutex_;
  std::condition_variable changed_;
  // Protected by mutex_.
  const std::function<void(std::size_t)>* work_ = nullptr;
  std::size_t round_ = 0;
  std::size_t pending_ = 0;
  bool stopping_ = false;

  std::vector<std::thread> threads_;
};

}  // namespace load_publisher

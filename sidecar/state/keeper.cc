#include "sidecar/state/keeper.h"

#include <pthread.h>

#include <chrono>
#include <utility>

namespace weir::sidecar {
namespace {

constexpr auto kTurn = std::chrono::milliseconds(200);
constexpr auto kChoreInterval = std::chrono::seconds(1);

}  // namespace

Keeper::Keeper(Engine& engine, std::function<void()> chore)
    : engine_(engine), chore_(std::move(chore)), thread_([this] { run(); }) {}

Keeper::~Keeper() {
  stop();
}

void Keeper::wake() {
  const std::lock_guard lock(mutex_);
  woken_ = true;
  wake_.notify_one();
}

void Keeper::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    wake_.notify_one();
  }
  if (thread_.joinable()) {
    thread_.join();
  }
}

void Keeper::run() {
  pthread_setname_np(pthread_self(), "weir-keeper");
  auto chore_due = std::chrono::steady_clock::now();
  for (;;) {
    bool last = false;
    {
      std::unique_lock lock(mutex_);
      wake_.wait_for(lock, kTurn, [this] { return woken_ || stopping_; });
      woken_ = false;
      last = stopping_;
    }
    engine_.commit();
    if (last) {
      return;
    }
    if (const auto now = std::chrono::steady_clock::now(); now >= chore_due) {
      chore_due = now + kChoreInterval;
      chore_();
    }
    engine_.exchange();
    engine_.keep();
  }
}

}  // namespace weir::sidecar

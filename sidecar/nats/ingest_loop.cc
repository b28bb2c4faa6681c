#include "sidecar/nats/ingest_loop.h"

#include <chrono>
#include <utility>

namespace weir::sidecar {
namespace {

constexpr int kTickMs = 200;

}  // namespace

IngestLoop::IngestLoop(IngestQueue& queue, Engine& engine, std::function<void()> before_tick)
    : queue_(queue),
      engine_(engine),
      before_tick_(std::move(before_tick)),
      thread_([this] { run(); }) {}

IngestLoop::~IngestLoop() {
  stop();
}

void IngestLoop::stop() {
  stopping_ = true;
  if (thread_.joinable()) {
    thread_.join();
  }
}

void IngestLoop::run() {
  // Once before the first wait, so that the status never lacks what is known already.
  before_tick_();
  engine_.tick();
  auto next_tick = std::chrono::steady_clock::now();
  std::vector<Incoming> coming;
  for (;;) {
    // Read before the last take: what is pushed later was pushed into a closed queue.
    const bool last = stopping_;
    const auto messages = queue_.take(last ? 0 : kTickMs);
    const auto taken = std::chrono::steady_clock::now();
    coming.clear();
    for (const auto& message : messages) {
      coming.emplace_back(message->subject(), message->reply(), message->bytes());
    }
    for (std::size_t i = 0; i < coming.size(); ++i) {
      engine_.receive(std::span(coming).subspan(i));
    }
    if (last) {
      return;
    }
    const auto now = std::chrono::steady_clock::now();
    if (now >= next_tick) {
      next_tick = now + std::chrono::milliseconds(kTickMs);
      before_tick_();
      // What arrived while these were received waits in the queue.
      engine_.tick(std::chrono::duration_cast<std::chrono::milliseconds>(now - taken).count());
    }
  }
}

}  // namespace weir::sidecar

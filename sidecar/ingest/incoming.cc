#include "sidecar/ingest/incoming.h"

#include <algorithm>
#include <cstddef>

#include "sidecar/publishers/directory.h"

namespace weir::sidecar {
namespace {

constexpr std::size_t kLineBytes = 64;
constexpr std::size_t kDigits = 32;  // of an instance

void fetch(const void* begin, std::size_t bytes) {
  const auto* const at = static_cast<const char*>(begin);
  for (std::size_t offset = 0; offset < bytes; offset += kLineBytes) {
    __builtin_prefetch(at + offset);
  }
}

// The first lines; when those are read, the processor sees for itself where that leads.
template <typename T>
void fetch_first(const std::vector<T>& values) {
  constexpr std::size_t kFirstBytes = 8 * kLineBytes;
  fetch(values.data(), std::min(values.size() * sizeof(T), kFirstBytes));
}

wire::InstanceId instance_in(std::string_view subject) {
  if (subject.size() < kDigits) {
    return {};
  }
  return wire::InstanceId::parse(subject.substr(subject.size() - kDigits))
      .value_or(wire::InstanceId{});
}

}  // namespace

Incoming::Incoming(std::string_view on, std::string_view answer_to,
                   std::span<const std::uint8_t> content)
    : subject(on), reply(answer_to), bytes(content), instance(instance_in(on)) {}

// In each step what the one before has fetched is read, so that nobody waits.
void look_ahead(std::span<const Incoming> coming, const Directory& directory) {
  if (coming.size() > 3) {
    directory.prefetch(coming[3].instance);
    fetch(coming[3].bytes.data(), std::min(coming[3].bytes.size(), 4 * kLineBytes));
  }
  if (coming.size() > 2) {
    if (const Instance* const instance = directory.find(coming[2].instance)) {
      fetch(instance, sizeof *instance);
    }
  }
  if (coming.size() > 1) {
    if (const Instance* const instance = directory.find(coming[1].instance)) {
      fetch(instance->subject.data(), instance->subject.size());
      fetch_first(instance->targets);
      fetch_first(instance->applied);
      fetch_first(instance->histograms);
      fetch_first(instance->applied_buckets);
      instance->unwritten.prefetch();
    }
  }
}

}  // namespace weir::sidecar

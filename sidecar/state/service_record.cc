#include "sidecar/state/service_record.h"

#include <utility>

namespace weir::sidecar {
namespace {

void put(ByteWriter& writer, const std::deque<std::int64_t>& times) {
  writer.number(static_cast<std::uint32_t>(times.size()));
  for (const std::int64_t time : times) {
    writer.number(time);
  }
}

void get(ByteReader& reader, std::deque<std::int64_t>& times) {
  const auto count = reader.number<std::uint32_t>();
  for (std::uint32_t i = 0; i < count && reader.ok(); ++i) {
    times.push_back(reader.number<std::int64_t>());
  }
}

}  // namespace

void append_services(Bytes& out, const ServiceLog& services) {
  Bytes content;
  ByteWriter writer(content);
  services.for_each([&](const ServiceLog::Entry& entry) {
    const ServiceInfo& info = entry.info;
    writer.text(info.node).text(info.service);
    for (const std::uint64_t count :
         {info.up, info.starts, info.clean_exits, info.crashes, info.losses, info.restarts}) {
      writer.number(count);
    }
    for (const std::int64_t time :
         {info.current_start_unix_ms, info.previous_start_unix_ms, info.last_seen_unix_ms}) {
      writer.number(time);
    }
    put(writer, entry.unmatched_ends);
    put(writer, entry.unmatched_starts);
    put(writer, entry.crashes);
  });
  append_record(out, RecordKind::kServices, content);
}

bool restore_services(ByteReader reader, ServiceLog& services) {
  while (!reader.rest().empty()) {
    ServiceLog::Entry entry;
    ServiceInfo& info = entry.info;
    info.node = reader.text();
    info.service = reader.text();
    for (std::uint64_t* count :
         {&info.up, &info.starts, &info.clean_exits, &info.crashes, &info.losses, &info.restarts}) {
      *count = reader.number<std::uint64_t>();
    }
    for (std::int64_t* time :
         {&info.current_start_unix_ms, &info.previous_start_unix_ms, &info.last_seen_unix_ms}) {
      *time = reader.number<std::int64_t>();
    }
    get(reader, entry.unmatched_ends);
    get(reader, entry.unmatched_starts);
    get(reader, entry.crashes);
    if (!reader.ok()) {
      return false;
    }
    services.restore(std::move(entry));
  }
  return reader.ok();
}

}  // namespace weir::sidecar

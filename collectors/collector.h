// A collector reads one part of the node, a device or a service, and states what it read. To write
// one: derive from Collector, write the two methods, and name it with one macro line at the end of
// the file:
//
//   WEIR_COLLECTOR(uptime, UptimeCollector, "Seconds since the node booted");
//
// That is all: `weir-collector` finds it by this name, configures it (`collectors: {uptime:
// {interval: 15s}}`), schedules it on a thread of its own and states how it fares.
// Single-threaded: only the collector's own thread calls these.
#pragma once

#include "collectors/catalogue.h"
#include "collectors/readings.h"
#include "collectors/setup.h"
#include "weir/status.h"

namespace weir::collectors {

class Collector {
 public:
  Collector() = default;
  virtual ~Collector() = default;
  Collector(const Collector&) = delete;
  Collector& operator=(const Collector&) = delete;

  // Once, before the first update: registers the metrics, asks for options and paths. An error (or
  // an exception) means that this collector can not work here; the others go on.
  virtual Status register_metrics(Setup& setup) = 0;

  // Each interval: reads, and sets every reading that exists now. What is not set is removed. On
  // an error, an exception, or past the deadline, all readings of the collector are withdrawn
  // until the next success.
  virtual Status update_metrics() = 0;
};

}  // namespace weir::collectors

// Weir's client library: everything a program needs to record metrics and publish them.
#pragma once

#include "weir/counter.h"         // IWYU pragma: export
#include "weir/family.h"          // IWYU pragma: export
#include "weir/gauge.h"           // IWYU pragma: export
#include "weir/histogram.h"       // IWYU pragma: export
#include "weir/nats_publisher.h"  // IWYU pragma: export
#include "weir/registry.h"        // IWYU pragma: export
#include "weir/signal_stop.h"     // IWYU pragma: export
#include "weir/status.h"          // IWYU pragma: export
#include "weir/timer.h"           // IWYU pragma: export
#include "weir/version.h"         // IWYU pragma: export

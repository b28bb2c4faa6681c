// The collectors by name. Each collector's file adds one entry before main() begins; the runner
// reads them. Thread-safe after main() has begun: nothing changes then.
#pragma once

#include <chrono>
#include <memory>
#include <string_view>
#include <vector>

namespace weir::collectors {

class Collector;

// What a collector is unless the configuration says otherwise.
struct CollectorDefaults {
  std::string_view description;  // one line for --list
  bool enabled = true;
  std::chrono::milliseconds interval = std::chrono::seconds(5);
};

struct CatalogueEntry {
  std::string_view name;
  CollectorDefaults defaults;
  std::unique_ptr<Collector> (*make)() = nullptr;
};

using Catalogue = std::vector<CatalogueEntry>;

// What is linked into this program, by name. Twice the same name is a defect of the build: the
// second entry is left out, and the tests fail.
[[nodiscard]] Catalogue linked_collectors();

// Links itself into the list that linked_collectors() reads. The list is the one thing here that
// is global: it has to be there before anything can pass it in.
class CatalogueLink {
 public:
  explicit CatalogueLink(CatalogueEntry entry);
  CatalogueLink(const CatalogueLink&) = delete;
  CatalogueLink& operator=(const CatalogueLink&) = delete;

 private:
  friend Catalogue linked_collectors();
  CatalogueEntry entry_;
  const CatalogueLink* next_;
};

}  // namespace weir::collectors

// WEIR_COLLECTOR(name, Type, "description") or WEIR_COLLECTOR(name, Type, .description = "...",
// .interval = std::chrono::minutes(1)): the fields of CollectorDefaults.
#define WEIR_COLLECTOR(name, Type, ...)                                                  \
  static const ::weir::collectors::CatalogueLink weir_collector_##name {                 \
    {                                                                                    \
#name, ::weir::collectors::CollectorDefaults{                                      \
                 __VA_ARGS__ }, []() -> std::unique_ptr < ::weir::collectors::Collector> \
      { return std::make_unique<Type>(); }                                               \
    }                                                                                    \
  }

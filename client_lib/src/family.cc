#include "weir/family.h"

#include "registry_core.h"

namespace weir::detail {

template <typename Handle>
Handle series_of(FamilyCore& family, std::span<const std::string_view> values) noexcept {
  const SeriesCore* series = family.registry->series_of(family, values);
  return series == nullptr ? Handle{} : RegistryCore::handle<Handle>(*series);
}

template WEIR_API Counter series_of(FamilyCore&, std::span<const std::string_view>) noexcept;
template WEIR_API DoubleCounter series_of(FamilyCore&, std::span<const std::string_view>) noexcept;
template WEIR_API ExternalCounter series_of(FamilyCore&,
                                            std::span<const std::string_view>) noexcept;
template WEIR_API ExternalDoubleCounter series_of(FamilyCore&,
                                                  std::span<const std::string_view>) noexcept;
template WEIR_API Gauge series_of(FamilyCore&, std::span<const std::string_view>) noexcept;
template WEIR_API Histogram series_of(FamilyCore&, std::span<const std::string_view>) noexcept;

void remove_series(FamilyCore& family, std::span<const std::string_view> values) noexcept {
  family.registry->remove(family, values);
}

void remove_all_series(FamilyCore& family) noexcept {
  family.registry->remove_all(family);
}

}  // namespace weir::detail

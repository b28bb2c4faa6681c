#include "collectors/catalogue.h"

#include <algorithm>

namespace weir::collectors {
namespace {

const CatalogueLink*& first_link() {
  static constinit const CatalogueLink* first = nullptr;
  return first;
}

}  // namespace

CatalogueLink::CatalogueLink(CatalogueEntry entry) : entry_(entry), next_(first_link()) {
  first_link() = this;
}

Catalogue linked_collectors() {
  Catalogue catalogue;
  for (const CatalogueLink* link = first_link(); link != nullptr; link = link->next_) {
    catalogue.push_back(link->entry_);
  }
  std::stable_sort(
      catalogue.begin(), catalogue.end(),
      [](const CatalogueEntry& a, const CatalogueEntry& b) { return a.name < b.name; });
  catalogue.erase(std::unique(catalogue.begin(), catalogue.end(),
                              [](const CatalogueEntry& a, const CatalogueEntry& b) {
                                return a.name == b.name;
                              }),
                  catalogue.end());
  return catalogue;
}

}  // namespace weir::collectors

// What a registry shows for one metric name: the check of what was recorded. Pure functions.
#pragma once

#include <cstdlib>
#include <string>

#include "weir/registry.h"

namespace weir::bench {

// The sum of the samples on the text page whose lines begin with `name`.
[[nodiscard]] inline double text_total(const Registry& registry, const std::string& name) {
  const std::string text = "\n" + registry.text();
  double sum = 0;
  for (std::size_t at = text.find("\n" + name); at != std::string::npos;
       at = text.find("\n" + name, at + 1)) {
    sum += std::atof(text.c_str() + text.rfind(' ', text.find('\n', at + 1)));
  }
  return sum;
}

}  // namespace weir::bench

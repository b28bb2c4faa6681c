// Labels in the one order and spelling that identifies a series: sorted by name, empty values left
// off (to Prometheus they are absent), values escaped as the exposition formats want them. The text
// is what a scrape prints between the braces. Thread-safe: pure functions.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir::sidecar {

using LabelNames = std::vector<std::string>;

using LabelList = std::vector<std::pair<std::string_view, std::string_view>>;

// `method="GET",route="/"`; sorts `labels`. A name that stands twice keeps its first value.
[[nodiscard]] std::string canonical_label_text(LabelList& labels);

// The reverse: names and values, unescaped, in the order of the text.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> split_label_text(
    std::string_view text);
// The value of one of them; empty: there is none of that name.
[[nodiscard]] std::string value_in_label_text(std::string_view text, std::string_view wanted);

// Escapes for a label value (\\, \", \n) and for HELP (\\, \n; in OpenMetrics also \").
void append_escaped(std::string& out, std::string_view text, bool quotes);

}  // namespace weir::sidecar

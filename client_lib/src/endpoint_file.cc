#include "endpoint_file.h"

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "schemas/names.h"

namespace weir {
namespace {

// A reader of the little JSON (RFC 8259) that the file may hold.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  [[nodiscard]] std::size_t at() const { return at_; }
  [[nodiscard]] bool at_end() const { return at_ == text_.size(); }

  void skip_space() {
    while (!at_end() && std::string_view(" \t\r\n").find(text_[at_]) != std::string_view::npos) {
      ++at_;
    }
  }

  bool take(char c) {
    skip_space();
    if (at_end() || text_[at_] != c) {
      return false;
    }
    ++at_;
    return true;
  }

  std::optional<std::string> string() {
    if (!take('"')) {
      return std::nullopt;
    }
    std::string out;
    while (!at_end()) {
      const char c = text_[at_++];
      if (c == '"') {
        return wire::is_utf8(out) ? std::optional(out) : std::nullopt;
      }
      if (static_cast<unsigned char>(c) < 0x20) {
        return std::nullopt;
      }
      if (c != '\\') {
        out.push_back(c);
      } else if (!escape(out)) {
        return std::nullopt;
      }
    }
    return std::nullopt;
  }

  // A value that is not wanted, but must be one.
  bool skip_scalar() {
    skip_space();
    for (const std::string_view word : {"true", "false", "null"}) {
      if (text_.substr(at_).starts_with(word)) {
        at_ += word.size();
        return true;
      }
    }
    if (!at_end() && text_[at_] == '"') {
      return string().has_value();
    }
    double number;
    const char* end = text_.data() + text_.size();
    const auto [rest, error] = std::from_chars(text_.data() + at_, end, number);
    at_ = static_cast<std::size_t>(rest - text_.data());
    return error == std::errc{};
  }

 private:
  bool escape(std::string& out) {
    if (at_end()) {
      return false;
    }
    const char c = text_[at_++];
    constexpr std::string_view kEscapes = "\"\\/bfnrt";
    constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
    if (const std::size_t i = kEscapes.find(c); i != std::string_view::npos) {
      out.push_back(kMeanings[i]);
      return true;
    }
    return c == 'u' && code_point(out);
  }

  std::optional<std::uint32_t> hex4() {
    if (text_.size() - at_ < 4) {
      return std::nullopt;
    }
    std::uint32_t unit = 0;
    const char* begin = text_.data() + at_;
    const auto [rest, error] = std::from_chars(begin, begin + 4, unit, 16);
    if (error != std::errc{} || rest != begin + 4) {
      return std::nullopt;
    }
    at_ += 4;
    return unit;
  }

  bool code_point(std::string& out) {
    std::optional<std::uint32_t> code = hex4();
    if (!code) {
      return false;
    }
    if (*code >= 0xd800 && *code < 0xdc00) {  // a pair of UTF-16 surrogates
      if (!text_.substr(at_).starts_with("\\u")) {
        return false;
      }
      at_ += 2;
      const std::optional<std::uint32_t> low = hex4();
      if (!low || *low < 0xdc00 || *low > 0xdfff) {
        return false;
      }
      code = 0x10000 + ((*code - 0xd800) << 10) + (*low - 0xdc00);
    } else if (*code >= 0xdc00 && *code <= 0xdfff) {
      return false;
    }
    append_utf8(out, *code);
    return true;
  }

  static void append_utf8(std::string& out, std::uint32_t code) {
    const auto push = [&](std::uint32_t byte) { out.push_back(static_cast<char>(byte)); };
    if (code < 0x80) {
      push(code);
    } else if (code < 0x800) {
      push(0xc0 | code >> 6);
      push(0x80 | (code & 0x3f));
    } else if (code < 0x10000) {
      push(0xe0 | code >> 12);
      push(0x80 | (code >> 6 & 0x3f));
      push(0x80 | (code & 0x3f));
    } else {
      push(0xf0 | code >> 18);
      push(0x80 | (code >> 12 & 0x3f));
      push(0x80 | (code >> 6 & 0x3f));
      push(0x80 | (code & 0x3f));
    }
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

std::string* member(EndpointFile& endpoint, std::string_view name) {
  return name == "url"          ? &endpoint.url
         : name == "node"       ? &endpoint.node
         : name == "token_file" ? &endpoint.token_file
         : name == "cells_dir"  ? &endpoint.cells_dir
         : name == "http"       ? &endpoint.http
                                : nullptr;
}

}  // namespace

Status parse_endpoint_file(std::string_view json, EndpointFile& endpoint) {
  endpoint = {};
  Reader reader(json);
  const auto bad = [&](const std::string& what) {
    return Status::error("at byte " + std::to_string(reader.at()) + ": " + what);
  };
  if (!reader.take('{')) {
    return bad("expected {");
  }
  bool first = true;
  while (!reader.take('}')) {
    if (!first && !reader.take(',')) {
      return bad("expected , or }");
    }
    first = false;
    const std::optional<std::string> name = reader.string();
    if (!name || !reader.take(':')) {
      return bad("expected a member name in quotes and a colon");
    }
    if (std::string* wanted = member(endpoint, *name); wanted != nullptr) {
      std::optional<std::string> value = reader.string();
      if (!value) {
        return bad("\"" + *name + "\" must be a string");
      }
      *wanted = std::move(*value);
    } else if (!reader.skip_scalar()) {
      return bad("\"" + *name + "\" is not a string, number, true, false or null");
    }
  }
  reader.skip_space();
  return reader.at_end() ? Status{} : bad("text after the object");
}

}  // namespace weir

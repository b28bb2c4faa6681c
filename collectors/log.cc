#include "collectors/log.h"

#include <fmt/chrono.h>
#include <spdlog/formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <iterator>

namespace weir::collectors {
namespace {

class JsonFormatter final : public spdlog::formatter {
 public:
  void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& line) override {
    const auto time = std::chrono::floor<std::chrono::seconds>(message.time);
    const auto ms =
        std::chrono::duration_cast<std::chrono::milliseconds>(message.time - time).count();
    const auto level = spdlog::level::to_string_view(message.level);
    fmt::format_to(std::back_inserter(line),
                   R"({{"time":"{:%Y-%m-%dT%H:%M:%S}.{:03}Z","level":"{}","message":"{}"}})"
                   "\n",
                   fmt::gmtime(time), ms, std::string_view(level.data(), level.size()),
                   escape_json({message.payload.data(), message.payload.size()}));
  }
  [[nodiscard]] std::unique_ptr<spdlog::formatter> clone() const override {
    return std::make_unique<JsonFormatter>();
  }
};

}  // namespace

std::string escape_json(std::string_view text) {
  std::string escaped;
  escaped.reserve(text.size());
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      escaped += '\\';
      escaped += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      escaped += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    } else {
      escaped += c;
    }
  }
  return escaped;
}

std::shared_ptr<spdlog::logger> make_log(const std::string& level, const std::string& format) {
  auto log = std::make_shared<spdlog::logger>("weir-collector",
                                              std::make_shared<spdlog::sinks::stderr_sink_mt>());
  log->set_level(spdlog::level::from_str(level == "warn"    ? "warning"
                                         : level == "error" ? "err"
                                                            : level));
  if (format == "json") {
    log->set_formatter(std::make_unique<JsonFormatter>());
  } else {
    log->set_pattern("%Y-%m-%dT%H:%M:%S.%e %^%l%$ %v");
  }
  log->flush_on(spdlog::level::info);
  return log;
}

}  // namespace weir::collectors

// shop_load: visitors for the shop. Makes real requests at a given rate and says at the end what
// came back, as one line of JSON.
#include <weir/version.h>

#include <CLI/CLI.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <string>

#include "examples/shop_load/load.h"

namespace {

std::string to_json(const shop_load::Report& report) {
  nlohmann::json codes = nlohmann::json::object();
  for (const auto& [code, count] : report.codes) {
    codes[std::to_string(code)] = count;
  }
  return nlohmann::json{{"sent", report.sent},
                        {"answered", report.answered},
                        {"failed", report.failed},
                        {"codes", codes}}
      .dump();
}

}  // namespace

int main(int argc, char** argv) {
  shop_load::Options options;
  CLI::App app("Visitors for the shop: HTTP requests at a steady rate to 127.0.0.1.", "shop_load");
  app.add_option("--port", options.port, "the shop's port")->capture_default_str();
  app.add_option("--rate", options.rate, "requests per second")
      ->capture_default_str()
      ->check(CLI::Range(0.001, 100'000.0));
  app.add_option("--duration", options.duration, "for how long: 500ms, 10s, 5m; 0: until SIGTERM")
      ->capture_default_str()
      ->transform(CLI::AsNumberWithUnit(
          std::map<std::string, double>{{"ms", 0.001}, {"s", 1}, {"m", 60}, {"h", 3600}}));
  app.add_option("--connections", options.connections_max, "at most so many connections")
      ->capture_default_str()
      ->check(CLI::Range(1, 1000));
  app.add_option("--seed", options.seed, "seed of what the visitors do")->capture_default_str();
  app.set_version_flag("--version", std::string("shop_load ") + WEIR_VERSION);
  CLI11_PARSE(app, argc, argv);

  boost::asio::io_context context(1);
  shop_load::Load load(context, options);
  boost::asio::signal_set signals(context, SIGINT, SIGTERM);
  signals.async_wait([&load](const boost::system::error_code&, int) { load.stop(); });
  context.run();
  std::printf("%s\n", to_json(load.report()).c_str());
  return 0;
}

// shop: an instrumented HTTP service. Serves /, /cart and /checkout, and publishes what it counts.
#include <weir/weir.h>

#include <CLI/CLI.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/system/system_error.hpp>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <string>

#include "examples/shop/metrics.h"
#include "examples/shop/server.h"

namespace {

struct Options {
  std::uint16_t port = 8742;
  std::uint32_t seed = 1;
  std::string service = "shop";
};

int serve(const Options& options) {
  weir::Registry registry;
  weir::Scope scope = registry.scope("shop");
  shop::Metrics metrics;
  if (const weir::Status status = metrics.register_in(scope); !status.ok()) {
    std::fprintf(stderr, "shop: cannot register its metrics: %s\n", status.reason().c_str());
    return 1;
  }
  weir::NatsPublisher publisher(registry, {.service = options.service});

  boost::asio::io_context context(1);
  const boost::asio::ip::tcp::endpoint address(boost::asio::ip::address_v4::loopback(),
                                               options.port);
  shop::Server server(context, address, metrics, options.seed);
  boost::asio::signal_set signals(context, SIGINT, SIGTERM);
  signals.async_wait([&server](const boost::system::error_code&, int) { server.stop(); });
  std::printf("shop: listening on http://127.0.0.1:%u/\n", unsigned{server.port()});
  std::fflush(stdout);
  context.run();

  publisher.stop();
  const weir::PublisherStatus status = publisher.status();
  std::printf("shop: stopped; sent %llu frames; the sidecar %s the last totals\n",
              static_cast<unsigned long long>(status.frames_sent),
              status.goodbye_acknowledged ? "has" : "did not confirm");
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app("An instrumented HTTP service: /, /cart and /checkout on 127.0.0.1.", "shop");
  app.add_option("--port", options.port, "port to listen on; 0: a free one")->capture_default_str();
  app.add_option("--seed", options.seed, "seed of what is left to chance")->capture_default_str();
  app.add_option("--service", options.service, "the name to publish under")->capture_default_str();
  app.set_version_flag("--version", std::string("shop ") + WEIR_VERSION);
  CLI11_PARSE(app, argc, argv);
  try {
    return serve(options);
  } catch (const boost::system::system_error& error) {
    std::fprintf(stderr, "shop: cannot listen on 127.0.0.1:%u: %s\n", unsigned{options.port},
                 error.code().message().c_str());
    return 1;
  }
}

#include <unistd.h>

#include <istream>
#include <ostream>
#include <string>
#include <utility>

#include "ctl/commands.h"
#include "weir/nats_publisher.h"

namespace weir::ctl {
namespace {

constexpr int kExitFailure = 2;
constexpr int kExitUsage = 64;      // EX_USAGE
constexpr int kExitDataError = 65;  // EX_DATAERR

// At most a little more than what parse_metrics_text takes, which then says so.
std::string read_all(std::istream& in) {
  std::string text;
  char buffer[65536];
  while (text.size() <= kTextBytesMax && in) {
    in.read(buffer, sizeof buffer);
    text.append(buffer, static_cast<std::size_t>(in.gcount()));
  }
  return text;
}

NatsPublisherOptions publisher_options(const Options& options, const Targets& targets) {
  const NatsTarget& nats = targets.nats_target;
  NatsPublisherOptions out;
  out.url = nats.url;
  out.service = options.push.service;
  out.node = targets.node;
  out.goodbye_timeout = options.timeout;
  out.subject_prefix = nats.subject_prefix;
  out.user = nats.user;
  out.password = nats.password;
  out.token = nats.token;
  out.credentials_file = nats.credentials_file;
  out.nkey_seed_file = nats.nkey_file;
  out.tls_ca_file = nats.tls_ca_file;
  out.tls_cert_file = nats.tls_cert_file;
  out.tls_key_file = nats.tls_key_file;
  return out;
}

}  // namespace

int run_push(const Options& options, const Environment& environment, std::istream& in,
             std::ostream& err) {
  const auto fail = [&err](const std::string& reason, int exit_code) {
    err << "weirctl: " << reason << '\n';
    return exit_code;
  };
  const bool from_text = options.push.words.empty();
  const int exit_of_mistake = from_text ? kExitDataError : kExitUsage;
  const Result<std::vector<PushFamily>> families =
      from_text ? parse_metrics_text(read_all(in)) : parse_push_words(options.push);
  if (!families.ok()) {
    return fail(families.reason(), exit_of_mistake);
  }
  Registry registry;
  if (const Status filled = fill_registry(*families, options.push.hold, registry); !filled.ok()) {
    return fail(filled.reason(), exit_of_mistake);
  }
  if (options.push.hold.count() == 0) {
    err << "weirctl: note: without --hold the values leave /metrics as soon as they are there\n";
  }

  const Located located = locate(options, environment);
  if (!located.endpoint.ok()) {
    err << "weirctl: " << located.endpoint.reason() << '\n';
  }
  NatsPublisher publisher(registry, publisher_options(options, located.targets));
  if (const PublisherStatus status = publisher.status(); status.state == PublisherState::kFailed) {
    return fail(status.reason, kExitUsage);
  }
  publisher.stop();  // its goodbye says all values, and waits for the answer
  const PublisherStatus status = publisher.status();
  if (!status.goodbye_acknowledged) {
    return fail("not pushed: " + status.reason + " (address from " + located.targets.nats.source +
                    "); `weirctl doctor` says more",
                kExitFailure);
  }
  return 0;
}

}  // namespace weir::ctl

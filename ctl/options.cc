#include "ctl/options.h"

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstring>
#include <ostream>

#include "client_lib/src/discovery.h"
#include "ctl/small_file.h"
#include "weir/version.h"

namespace weir::ctl {
namespace {

constexpr int kExitUsage = 64;  // EX_USAGE of sysexits.h: distinct from doctor's 1 and 2
constexpr const char* kDefaultHttp = "http://127.0.0.1:9742";
constexpr const char* kDefaultNats = "nats://127.0.0.1:4222";

constexpr const char* kFooter =
    "Addresses: the option, then the environment (WEIR_HTTP_URL, WEIR_NATS_URL, WEIR_NODE), then "
    "the\nsidecar's endpoint file (WEIR_ENDPOINT_FILE, else $XDG_RUNTIME_DIR/weir/endpoint, "
    "/run/weir/endpoint),\nthen http://127.0.0.1:9742 and nats://127.0.0.1:4222.";

constexpr const char* kDoctorHelp =
    "Say what is well and what is not, one line each, with what to do.\n"
    "Exit code: 0 all is well, 1 warnings, 2 at least one failure.";

constexpr const char* kPushHelp =
    "Publish values once, for cron jobs and scripts: NAME VALUE [label=value...],\n"
    "or Prometheus text on standard input. Behind -- a VALUE may begin with a minus.\n"
    "Exit code: 0 the sidecar has them, 2 it has not, 64 a mistake in the command line,\n"
    "65 a mistake in the text.";

constexpr const char* kAuditHelp =
    "Ask every publisher what it has counted, and compare it with what the sidecar adds up.\n"
    "Exit code: 0 the difference is 0, 1 it is not, 2 it could not be told.";

// One option for all commands, before or after the command's name.
void add_addresses(CLI::App& app, Options& options) {
  NatsTarget& nats = options.nats;
  app.add_option("--url", options.http_url, "The sidecar's address, http://HOST:PORT");
  app.add_option("--node", options.node, "The node in question (default: this one)");
  app.add_option("--nats.url", nats.url, "The NATS server, nats://HOST:PORT or tls://HOST:PORT");
  app.add_option("--nats.user", nats.user, "User name for NATS");
  app.add_option("--nats.password", nats.password, "Password for NATS");
  app.add_option("--nats.token", nats.token, "Token for NATS");
  app.add_option("--nats.credentials", nats.credentials_file, "Credentials (JWT and seed)");
  app.add_option("--nats.nkey", nats.nkey_file, "File with the seed and public key of an nkey");
  app.add_option("--nats.tls.ca", nats.tls_ca_file, "CA that signed the server's certificate");
  app.add_option("--nats.tls.cert", nats.tls_cert_file, "Certificate of this client");
  app.add_option("--nats.tls.key", nats.tls_key_file, "Key of this client");
  app.add_option("--subject.prefix", nats.subject_prefix, "Subject prefix (default weir)");
  app.add_option_function<std::uint32_t>(
         "--timeout",
         [&options](const std::uint32_t& seconds) {
           options.timeout = std::chrono::seconds(seconds);
         },
         "Seconds to wait for each answer (default 2)")
      ->check(CLI::Range(1, 600));
}

CLI::App* add_push(CLI::App& app, PushOptions& push) {
  CLI::App* command = app.add_subcommand("push", kPushHelp);
  command->add_option("--service", push.service, "The name that the values are published under")
      ->required();
  command->add_option_function<std::string>(
      "--hold",
      [&push](const std::string& text) {
        const auto hold_ms = parse_duration_ms(text);
        if (!hold_ms) {
          throw CLI::ValidationError("--hold",
                                     '"' + text + "\" is not a duration such as 90s, 30m or 25h");
        }
        push.hold = std::chrono::milliseconds(*hold_ms);
      },
      "How long the values stay: longer than until the next push (default: not at all)");
  command->add_option("--type", push.type, "Of NAME (default gauge)")
      ->transform(CLI::CheckedTransformer(std::map<std::string, PushType>{
          {"gauge", PushType::kGauge}, {"counter", PushType::kCounter}}))
      ->option_text("gauge|counter");
  command->add_option("--describe", push.help, "Of NAME: its help text");
  command->add_option("words", push.words, "NAME VALUE [label=value...]");
  return command;
}

}  // namespace

Parsed parse_command_line(int argc, const char* const* argv, std::ostream& out, std::ostream& err) {
  Options options;
  CLI::App app("weirctl: ask a running Weir", "weirctl");
  app.footer(kFooter);
  app.set_version_flag("--version", "weirctl " WEIR_VERSION " (" WEIR_REVISION ")");
  app.require_subcommand(0, 1);  // CLI11 would hide a misspelt command behind "required"
  app.fallthrough();
  add_addresses(app, options);
  CLI::App* doctor = app.add_subcommand("doctor", kDoctorHelp);
  CLI::App* publishers = app.add_subcommand("publishers", "Say who publishes here, as a table");
  publishers->add_flag("--json", options.json, "The sidecar's answer as it is");
  CLI::App* push = add_push(app, options.push);
  CLI::App* audit = app.add_subcommand("audit", kAuditHelp);
  for (CLI::App* command : {doctor, publishers, push, audit}) {
    command->fallthrough();
    command->footer("Options for addresses: see `weirctl --help`.");
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const bool asked = error.get_exit_code() == 0;  // --help and --version
    app.exit(error, out, err);
    return {.options = std::nullopt, .exit_code = asked ? 0 : kExitUsage};
  }
  if (app.get_subcommands().empty()) {
    err << "weirctl: no command given: doctor, publishers, push or audit (see --help)\n";
    return {.options = std::nullopt, .exit_code = kExitUsage};
  }
  options.command = publishers->parsed() ? Command::kPublishers
                    : push->parsed()     ? Command::kPush
                    : audit->parsed()    ? Command::kAudit
                                         : Command::kDoctor;
  return {.options = options, .exit_code = 0};
}

Targets choose_targets(const Options& options, const Environment& environment,
                       const Endpoint& endpoint, const std::string& host_name) {
  const auto choose = [&](const std::string& given, const char* flag, const char* variable,
                          const std::string& from_file, const std::string& fallback) -> Address {
    if (!given.empty()) {
      return {given, flag};
    }
    if (const auto value = environment(variable)) {
      return {*value, variable};
    }
    return from_file.empty() ? Address{fallback, "the default"} : Address{from_file, endpoint.path};
  };
  Targets targets;
  targets.http =
      choose(options.http_url, "--url", "WEIR_HTTP_URL", endpoint.http_url, kDefaultHttp);
  while (targets.http.url.ends_with('/')) {
    targets.http.url.pop_back();
  }
  targets.nats =
      choose(options.nats.url, "--nats.url", "WEIR_NATS_URL", endpoint.nats_url, kDefaultNats);
  targets.node = choose(options.node, "--node", "WEIR_NODE", endpoint.node, host_name).url;

  NatsTarget& nats = targets.nats_target;
  nats = options.nats;
  nats.url = targets.nats.url;
  const std::pair<std::string*, const char*> from_environment[] = {
      {&nats.user, "WEIR_NATS_USER"},
      {&nats.password, "WEIR_NATS_PASSWORD"},
      {&nats.token, "WEIR_NATS_TOKEN"},
      {&nats.credentials_file, "WEIR_NATS_CREDENTIALS"},
      {&nats.nkey_file, "WEIR_NATS_NKEY"},
      {&nats.tls_ca_file, "WEIR_NATS_TLS_CA"},
      {&nats.tls_cert_file, "WEIR_NATS_TLS_CERT"},
      {&nats.tls_key_file, "WEIR_NATS_TLS_KEY"}};
  for (const auto& [member, variable] : from_environment) {
    if (member->empty()) {
      *member = environment(variable).value_or("");
    }
  }
  // The file's token belongs to the file's server: sent elsewhere it would only leak.
  if (nats.token.empty() && !endpoint.token_file.empty() && nats.url == endpoint.nats_url) {
    SmallFile file = read_small_file(endpoint.token_file);
    if (file.error != 0) {
      targets.error = fmt::format("cannot read token file {}: {}", endpoint.token_file,
                                  std::strerror(file.error));
    }
    while (!file.text.empty() && (file.text.back() == '\n' || file.text.back() == '\r')) {
      file.text.pop_back();
    }
    nats.token = std::move(file.text);
  }
  return targets;
}

Located locate(const Options& options, const Environment& environment) {
  char host_name[256] = {};
  if (::gethostname(host_name, sizeof host_name - 1) != 0) {
    std::strcpy(host_name, "localhost");
  }
  Located located{find_endpoint(endpoint_paths(environment)), {}};
  located.targets = choose_targets(options, environment, *located.endpoint, host_name);
  return located;
}

}  // namespace weir::ctl

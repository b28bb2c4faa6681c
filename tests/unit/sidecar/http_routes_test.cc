// What each route answers, over a real socket and a fake sidecar.
#include "sidecar/http/routes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <fstream>
#include <iterator>
#include <mutex>
#include <nlohmann/json.hpp>

#include "sidecar/exposition/gzip_cache.h"
#include "sidecar/http/json.h"
#include "tests/unit/sidecar/gunzip.h"
#include "tests/unit/sidecar/http_client.h"

namespace weir::sidecar::http {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing_http::Answer;
using testing_http::Client;

class FakeView : public View {
 public:
  std::unique_ptr<Page> page(Format format, const Selection& selection,
                             Encoding encoding) override {
    const std::lock_guard lock(mutex);
    asked = selection;
    const std::string text = format == Format::kOpenMetrics ? "open 1\n# EOF\n" : "text 1\n";
    return std::make_unique<WholePage>(encoding == Encoding::kGzip ? gzip(text) : text);
  }
  void scraped(double seconds, std::size_t bytes) override {
    const std::lock_guard lock(mutex);
    EXPECT_GE(seconds, 0);
    scraped_bytes_.push_back(bytes);
    scraped_.notify_all();
  }
  // An answer may be read before its writer has said so.
  std::vector<std::size_t> scraped_bytes(std::size_t count) {
    std::unique_lock lock(mutex);
    scraped_.wait_for(lock, std::chrono::seconds(10),
                      [&] { return scraped_bytes_.size() >= count; });
    return scraped_bytes_;
  }
  StatusReport status() const override { return report; }
  std::vector<PublisherInfo> publishers() const override { return publisher_list; }
  std::vector<ServiceInfo> services() const override { return service_list; }
  std::vector<RefusalInfo> refusals() const override { return refusal_list; }
  TotalsReport totals() const override { return totals_report; }

  std::mutex mutex;
  Selection asked;
  std::vector<std::size_t> scraped_bytes_;
  std::condition_variable scraped_;
  StatusReport report;
  std::vector<PublisherInfo> publisher_list;
  std::vector<ServiceInfo> service_list;
  std::vector<RefusalInfo> refusal_list;
  TotalsReport totals_report;
};

using testing_gzip::gunzip;
class RoutesTest : public testing::Test {
 protected:
  RoutesTest() {
    view_.report.recovered = true;
    view_.report.recovery = "done";
    view_.report.version = "1.2.3";
    view_.report.node = "web-1";
    view_.report.started_unix_ms = 1'700'000'000'123;
    view_.report.now_unix_ms = 1'700'000'060'000;
    const Status status = server_.start();
    EXPECT_TRUE(status.ok()) << status.reason();
    client_ = std::make_unique<Client>(server_.port());
  }

  Answer get(const std::string& target, const std::string& headers = "") {
    auto answer = client_->get(target, headers);
    EXPECT_TRUE(answer) << target;
    return answer.value_or(Answer{});
  }
  nlohmann::json get_json(const std::string& target) {
    const Answer answer = get(target);
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.headers.at("content-type"), "application/json");
    return nlohmann::json::parse(answer.body);
  }

  FakeView view_;
  Routes routes_{view_};
  Server server_{{.listen = {"127.0.0.1", 0}},
                 [this](const Request& request) { return routes_.answer(request); },
                 Routes::lane_of};
  std::unique_ptr<Client> client_;
};

TEST_F(RoutesTest, MetricsComeInTheFormatAskedFor) {
  const Answer text = get("/metrics");
  EXPECT_EQ(text.status, 200);
  EXPECT_EQ(text.body, "text 1\n");
  EXPECT_THAT(text.headers.at("content-type"), HasSubstr("text/plain; version=0.0.4"));
  const Answer open = get("/metrics", "Accept: application/openmetrics-text;version=1.0.0\r\n");
  EXPECT_EQ(open.body, "open 1\n# EOF\n");
  EXPECT_THAT(open.headers.at("content-type"), HasSubstr("application/openmetrics-text"));
  EXPECT_THAT(view_.scraped_bytes(2), ElementsAre(text.body.size(), open.body.size()));
}

TEST_F(RoutesTest, MetricsAreCompressedForThoseWhoTakeIt) {
  const Answer answer = get("/metrics", "Accept-Encoding: gzip\r\n");
  EXPECT_EQ(answer.headers.at("content-encoding"), "gzip");
  EXPECT_THAT(answer.headers.at("vary"), HasSubstr("Accept-Encoding"));
  EXPECT_EQ(gunzip(answer.body), "text 1\n");
  EXPECT_THAT(view_.scraped_bytes(1), ElementsAre(answer.body.size()));
}

TEST_F(RoutesTest, FiltersReachTheRegistry) {
  get("/metrics?name[]=up&name%5B%5D=node_%2A&collect[]=cpu&collect%5B%5D=my+service&other=1");
  EXPECT_THAT(view_.asked.names, ElementsAre("up", "node_*"));
  EXPECT_THAT(view_.asked.collects, ElementsAre("cpu", "my service"));
}

TEST_F(RoutesTest, BeforeRecoveryIsOverThereAreNoMetrics) {
  view_.report.recovered = false;
  view_.report.recovery = "waiting for 3 of 12 instances";
  for (const char* path : {"/metrics", "/readyz"}) {
    const Answer answer = get(path);
    EXPECT_EQ(answer.status, 503) << path;
    EXPECT_EQ(answer.body, "not ready: waiting for 3 of 12 instances\n");
    EXPECT_EQ(answer.headers.at("retry-after"), "1");
  }
  EXPECT_EQ(get("/healthz").status, 200);
  EXPECT_TRUE(view_.scraped_bytes(0).empty());
}

TEST_F(RoutesTest, DegradedIsStillReadyUnlessAskedStrictly) {
  EXPECT_EQ(get("/readyz").body, "ready\n");
  EXPECT_EQ(get("/readyz?strict").status, 200);
  view_.report.degraded = {"NATS is away", "disk full"};
  EXPECT_EQ(get("/readyz").status, 200);
  const Answer strict = get("/readyz?strict");
  EXPECT_EQ(strict.status, 503);
  EXPECT_EQ(strict.body, "degraded:\n- NATS is away\n- disk full\n");
}

TEST_F(RoutesTest, StatusIsJson) {
  view_.report.nats_url = "nats://127.0.0.1:4222";
  view_.report.nats_connected = true;
  view_.report.series = 18'000'000'000'000'000'000ull;
  view_.report.degraded = {"x"};
  const auto json = get_json("/api/v1/status");
  EXPECT_EQ(json["status"], "degraded");
  EXPECT_EQ(json["degraded"], nlohmann::json::array({"x"}));
  EXPECT_EQ(json["version"], "1.2.3");
  EXPECT_EQ(json["started"], "2023-11-14T22:13:20.123Z");
  EXPECT_EQ(json["started_unix_ms"], 1'700'000'000'123);
  EXPECT_EQ(json["nats"]["connected"], true);
  EXPECT_EQ(json["registry"]["series"], 18'000'000'000'000'000'000ull);
  EXPECT_EQ(json["recovery"]["done"], true);
}

TEST_F(RoutesTest, PublishersServicesAndRefusalsAreJson) {
  PublisherInfo publisher;
  publisher.service = "api";
  publisher.node = "web-1";
  publisher.state = InstanceState::kCrashed;
  publisher.state_since_unix_ms = 1'700'000'000'000;
  publisher.restarts = 2;
  publisher.series = 7;
  publisher.last_refusal = "too large";
  publisher.last_refusal_unix_ms = 5;
  view_.publisher_list = {publisher, {}};
  view_.service_list = {{.node = "web-1", .service = "api", .up = 1, .crash_loop = true}};
  view_.refusal_list = {{.unix_ms = 5, .subject = "s", .reason = "foreign", .detail = "d"}};
  const auto json = get_json("/api/v1/publishers");
  ASSERT_EQ(json["publishers"].size(), 2u);
  const auto& first = json["publishers"][0];
  EXPECT_EQ(first["state"], "crashed");
  EXPECT_EQ(first["state_since"], "2023-11-14T22:13:20.000Z");
  EXPECT_EQ(first["state_since_unix_ms"], 1'700'000'000'000);
  EXPECT_EQ(first["last_seen"], nullptr);
  EXPECT_EQ(first["restarts"], 2);
  EXPECT_EQ(first["series"], 7);
  EXPECT_EQ(first["last_refusal"], "too large");
  EXPECT_EQ(first["last_refusal_time"], "1970-01-01T00:00:00.005Z");
  EXPECT_EQ(first["last_refusal_unix_ms"], 5);
  EXPECT_EQ(json["publishers"][1]["last_refusal"], nullptr);
  EXPECT_EQ(json["publishers"][1]["last_refusal_unix_ms"], nullptr);
  EXPECT_EQ(json["services"][0]["crash_loop"], true);
  EXPECT_EQ(json["refusals"][0]["reason"], "foreign");
  EXPECT_EQ(json["refusals"][0]["unix_ms"], 5);
}

TEST_F(RoutesTest, TotalsAreJson) {
  view_.totals_report.instances = {{.instance = "ab",
                                    .node = "n",
                                    .service = "s",
                                    .state = InstanceState::kUp,
                                    .seq = 7,
                                    .increments_published = 6,
                                    .increments_applied = 5,
                                    .increments_refused = 1,
                                    .families = {{"x_total", ~std::uint64_t{0}}}}};
  view_.totals_report.retired = {{"y_total", 2}};
  view_.totals_report.families = {{"x_total", 3}};
  const auto json = get_json("/api/v1/totals");
  const auto& one = json["instances"][0];
  EXPECT_EQ(one["instance"], "ab");
  EXPECT_EQ(one["state"], "up");
  EXPECT_EQ(one["seq"], 7);
  EXPECT_EQ(one["increments_published"], 6);
  EXPECT_EQ(one["increments_applied"], 5);
  EXPECT_EQ(one["increments_refused"], 1);
  EXPECT_EQ(one["families"][0]["total"], ~std::uint64_t{0});
  EXPECT_EQ(json["retired"][0]["name"], "y_total");
  EXPECT_EQ(json["families"][0]["total"], 3);
}

TEST_F(RoutesTest, WhatIsNoUtf8NeverThrows) {
  view_.report.node = "\xff\xfe";
  view_.report.degraded = {"\xc3"};
  EXPECT_EQ(get_json("/api/v1/status")["node"], "\xef\xbf\xbd\xef\xbf\xbd");
  view_.refusal_list = {{.unix_ms = 1, .subject = "\x80", .reason = "foreign", .detail = "\xf0"}};
  EXPECT_EQ(get_json("/api/v1/publishers")["refusals"][0]["subject"], "\xef\xbf\xbd");
}

TEST_F(RoutesTest, ThePageStandsAlone) {
  const Answer answer = get("/");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.headers.at("content-type"), "text/html; charset=utf-8");
  EXPECT_THAT(answer.headers.at("content-security-policy"), HasSubstr("default-src 'none'"));
  // What CMake made of the file is the file.
  std::ifstream file(WEIR_SOURCE_DIR "/sidecar/http/page.html");
  EXPECT_EQ(answer.body, std::string(std::istreambuf_iterator<char>(file), {}));
  EXPECT_THAT(answer.body, HasSubstr("</html>"));
  // Nothing comes from elsewhere, and no string of a publisher can become markup.
  EXPECT_THAT(answer.body, testing::Not(HasSubstr("src=\"http")));
  EXPECT_THAT(answer.body, testing::Not(HasSubstr("href=\"http")));
  EXPECT_THAT(answer.body, testing::Not(HasSubstr("innerHTML")));
}

TEST_F(RoutesTest, UnknownPathsNameTheKnownOnes) {
  const Answer answer = get("/nowhere");
  EXPECT_EQ(answer.status, 404);
  EXPECT_THAT(answer.body, HasSubstr("/metrics"));
  EXPECT_EQ(get("/metrics/").status, 404);
  EXPECT_EQ(get("//metrics").status, 404);
}

TEST_F(RoutesTest, OnlyReadingIsAllowed) {
  client_->send("POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n");
  const auto answer = client_->read();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 405);
  EXPECT_EQ(answer->headers.at("allow"), "GET, HEAD");
  client_->send("HEAD /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
  const auto head = client_->read(true);
  ASSERT_TRUE(head);
  EXPECT_EQ(head->headers.at("content-length"), "7");
}

TEST(Rfc3339Test, TimesAreWhole) {
  EXPECT_EQ(rfc3339(0), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(rfc3339(-1), "1969-12-31T23:59:59.999Z");
  EXPECT_EQ(rfc3339(INT64_MAX), rfc3339(INT64_MAX));  // far away, but no crash
  EXPECT_EQ(rfc3339(INT64_MIN), rfc3339(INT64_MIN));
}

}  // namespace
}  // namespace weir::sidecar::http

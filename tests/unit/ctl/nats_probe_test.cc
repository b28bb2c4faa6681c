#include "ctl/nats_probe.h"

#include <gtest/gtest.h>

namespace weir::ctl {
namespace {

TEST(NatsProbeTest, CredentialsInUrlsAreNotShown) {
  EXPECT_EQ(without_credentials("nats://u:p@h:1,tls://t@[::1]:2,nats://plain:3"),
            "nats://h:1,tls://[::1]:2,nats://plain:3");
  EXPECT_EQ(without_credentials("u:p@h:1"), "h:1");
  EXPECT_EQ(without_credentials(""), "");
}

TEST(NatsProbeTest, NoServerIsAnErrorWithAReason) {
  // Port 1 of the loopback: nobody listens there.
  const auto findings =
      probe_nats({.url = "nats://127.0.0.1:1"}, "n", std::chrono::milliseconds(500));
  EXPECT_FALSE(findings.connected);
  EXPECT_NE(findings.error, "");
  EXPECT_EQ(findings.serves, Serves::kUnknown);
}

}  // namespace
}  // namespace weir::ctl

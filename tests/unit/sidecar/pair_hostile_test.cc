// What may come on the sidecars' subject besides what a sidecar sends: it is refused with a reason,
// and changes nothing.
#include <gtest/gtest.h>

#include <random>

#include "pair_fixture.h"
#include "sidecar/state/statement_writer.h"

namespace weir::sidecar {
namespace {

constexpr std::int64_t kMinute = 60'000;

class PairHostileTest : public ::testing::Test, public PairFixture {
 protected:
  PairHostileTest() {
    start_both();
    // Each message of a real exchange.
    FramePublisher ended(clock, "svc"), living(clock, "svc");
    for (FramePublisher* publisher : {&ended, &living}) {
      publisher->set(publisher->counter("work_total"), 5);
      hear(0, *publisher, publisher->make(wire::Kind::kKeyframe));
    }
    hear(0, ended, ended.make(wire::Kind::kGoodbye));
    lose = [this](const Message& message) {
      if (message.from == 0) {
        overheard.push_back(message);
      }
      return false;
    };
    pass(kMinute + 1'000);
    lose = nullptr;
    shown = work(1);
  }
  // As it would be under way to the second sidecar.
  bool say(const Bytes& bytes) { return engines[1]->receive("weir.v1.peer.node-1", {}, bytes); }
  [[nodiscard]] std::string reason() { return engines[1]->status().peer_last_refusal; }
  [[nodiscard]] PeerHead head_of(PeerKind kind) {
    PeerHead head;
    for (const Message& message : overheard) {
      RecordReader reader(message.bytes);
      PeerHead of;
      if (read_peer_head(reader, "node-1", of).empty() && of.kind == kind) {
        head = of;
      }
    }
    return head;
  }
  // From the sidecar that is known, as a part of what it was asked for last.
  Bytes message(PeerKind kind, RecordKind record, const Bytes& content) {
    PeerHead head = head_of(PeerKind::kDone);
    head.kind = kind;
    Bytes bytes;
    append_peer_head(bytes, "node-1", head);
    append_record(bytes, record, content);
    return bytes;
  }
  Bytes statement(const wire::Frame& frame, StatementHead head, const std::string& service) {
    wire::Encoder encoder;
    Bytes content;
    content.reserve(1024);  // GCC 12 takes the first insertion for one past the end
    ByteWriter(content)
        .number(head)
        .text(wire::Subjects{}.publish("node-1", service, frame.instance))
        .text("node-1")
        .text(service)
        .bytes(encoder.encode(frame));
    return message(PeerKind::kStatements, RecordKind::kStatement, content);
  }
  wire::Frame stranger() {
    wire::Frame frame;
    frame.instance = wire::InstanceId::random();
    frame.seq = 1;
    frame.has_identity = true;
    frame.identity.node = "node-1";
    frame.identity.service = "svc";
    return frame;
  }

  std::vector<Message> overheard;
  std::string shown;
};

TEST_F(PairHostileTest, TheExchangeWasHeard) {
  EXPECT_EQ(shown, "10");
  EXPECT_NE(head_of(PeerKind::kDone).number, 0U);
}

TEST_F(PairHostileTest, WhatIsCutOffIsRefused) {
  std::size_t refused = 0;
  for (const Message& one : overheard) {
    for (std::size_t size = 0; size < one.bytes.size(); size += 7) {
      refused +=
          say({one.bytes.begin(), one.bytes.begin() + static_cast<std::ptrdiff_t>(size)}) ? 0 : 1;
    }
  }
  EXPECT_GT(refused, 50U);
  EXPECT_EQ(engines[1]->status().peer_messages_refused, refused);
  EXPECT_EQ(work(1), shown);
}

TEST_F(PairHostileTest, WhatIsDamagedIsRefused) {
  const unsigned seed = std::random_device{}();
  std::mt19937 random(seed);
  for (int i = 0; i < 5'000; ++i) {
    Bytes bytes = overheard[random() % overheard.size()].bytes;
    for (int flips = 1 + static_cast<int>(random() % 3); flips > 0; --flips) {
      bytes[random() % bytes.size()] ^= static_cast<std::uint8_t>(1u << (random() % 8));
    }
    (void)say(bytes);
  }
  pass(2 * kMinute);
  EXPECT_EQ(work(1), shown) << "seed " << seed;
}

TEST_F(PairHostileTest, ContentThatLiesUnderARightChecksumHurtsNobody) {
  const unsigned seed = std::random_device{}();
  std::mt19937 random(seed);
  for (int i = 0; i < 20'000; ++i) {
    const Message& one = overheard[random() % overheard.size()];
    RecordReader reader(one.bytes);
    Record record;
    Bytes bytes;
    while (reader.next(record)) {
      Bytes content(record.content.begin(), record.content.end());
      for (int flips = static_cast<int>(random() % 3); flips > 0 && !content.empty(); --flips) {
        content[random() % content.size()] = static_cast<std::uint8_t>(random());
      }
      content.resize(content.size() - random() % (content.size() + 1) * (random() % 8 == 0));
      append_record(bytes, record.kind, content);
    }
    (void)say(bytes);
    engines[1]->exchange();
  }
  pass(kMinute);
  EXPECT_TRUE(engines[1]->status().recovered) << "seed " << seed;
  (void)work(1);
}

TEST_F(PairHostileTest, OtherNodesAndVersionsAreRefused) {
  Bytes bytes;
  append_peer_head(bytes, "node-2", {.sender = {7, 7}});
  EXPECT_FALSE(say(bytes));
  EXPECT_EQ(reason(), "a sidecar of node node-2");
  EXPECT_FALSE(say({1, 2, 3}));
  EXPECT_EQ(reason(), "no message of a sidecar");
  EXPECT_EQ(engines[1]->peer_count(), 1U);
}

TEST_F(PairHostileTest, WhatWasNotAskedForIsNotHeard) {
  PeerHead head = head_of(PeerKind::kDone);
  head.number += 1;
  head.kind = PeerKind::kStatements;
  Bytes bytes;
  append_peer_head(bytes, "node-1", head);
  append_record(bytes, RecordKind::kStatement, {});
  EXPECT_TRUE(say(bytes));
  EXPECT_EQ(engines[1]->status().peer_messages_refused, 0U);
}

TEST_F(PairHostileTest, IdsWithoutDefinitionsTakeNoMemory) {
  wire::Frame frame = stranger();
  const wire::FamilyView family{.id = 0, .name = "far_total"};
  frame.families = {family};
  const std::uint32_t ids[] = {1'900'000};
  const std::uint32_t families[] = {0};
  const std::int64_t starts[] = {0};
  frame.series_ids = ids;
  frame.series_families = families;
  frame.series_started_unix_ms = starts;
  int taken = 0;
  for (int i = 0; i < 20; ++i) {
    frame.instance = wire::InstanceId::random();
    taken += say(statement(frame, {}, "svc")) ? 1 : 0;
  }
  EXPECT_LE(taken, 5);
  EXPECT_EQ(reason(), "too many ids without a definition");
}

TEST_F(PairHostileTest, AStatementUnderAnotherNameIsRefused) {
  EXPECT_FALSE(say(statement(stranger(), {}, "other")));
  EXPECT_EQ(reason(), "a statement of another instance than its subject says");
  StatementHead retired;
  retired.retired = 1;
  EXPECT_FALSE(say(statement(stranger(), retired, "svc")));
}

TEST_F(PairHostileTest, TimesOfTheFutureKeepNothingAlive) {
  StatementHead head;
  head.state = static_cast<std::uint8_t>(InstanceState::kUp);
  head.last_seen_unix_ms = head.state_since_unix_ms = INT64_MAX;
  EXPECT_TRUE(say(statement(stranger(), head, "svc")));
  EXPECT_EQ(known(1), 3U);
  kill(0);
  pass(60 * kMinute * 60, 10'000);
  EXPECT_EQ(known(1), 0U);
}

TEST_F(PairHostileTest, ABaseThatIsNoneIsNotTaken) {
  Bytes chunk;
  ByteWriter(chunk).number(std::uint32_t{0}).number(std::uint32_t{1}).text("nonsense");
  EXPECT_TRUE(say(message(PeerKind::kBase, RecordKind::kChunk, chunk)));
  turn();
  EXPECT_EQ(value(1, "weir_sidecar_peer_bases_refused_total"), "1");
  EXPECT_FALSE(say(message(PeerKind::kBase, RecordKind::kChunk, {1})));
  EXPECT_EQ(work(1), shown);
}

TEST_F(PairHostileTest, ThousandsOfSidecarsAreNotAllListed) {
  for (std::uint64_t i = 1; i <= 1'000; ++i) {
    Bytes bytes;
    append_peer_head(bytes, "node-1", {.sender = {i, i}, .pair = true});
    (void)say(bytes);
  }
  EXPECT_EQ(engines[1]->peer_count(), Roster::kPeersMax);
}

}  // namespace
}  // namespace weir::sidecar

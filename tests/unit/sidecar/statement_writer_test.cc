// Totals are written in steps, and each once; that a publisher has ended is said by the last one.
#include "sidecar/state/statement_writer.h"

#include <gtest/gtest.h>

#include <map>

namespace weir::sidecar {
namespace {

constexpr std::uint32_t kCounters = 10'000;
constexpr std::size_t kStepBytes = 4096;

class StatementWriterTest : public ::testing::Test {
 protected:
  StatementWriterTest() {
    instance.id = wire::InstanceId::random();
    instance.subject = "weir.v1.pub.node-1.shop." + instance.id.to_string();
    instance.node = "node-1";
    instance.service = "shop";
    instance.last_seq = 9;
    instance.stated_seq = 8;
    instance.state = InstanceState::kUp;
    for (std::uint32_t id = 0; id < kCounters; ++id) {
      instance.targets.emplace_back(TargetKind::kCounter, id);
    }
    instance.applied.assign(kCounters, 7);
    instance.unwritten.grow(kCounters);
  }

  struct Read {
    StatementHead head;
    std::map<std::uint32_t, std::uint64_t> totals;
  };
  static std::vector<Read> read(const Bytes& bytes) {
    std::vector<Read> statements;
    RecordReader records(bytes);
    for (Record record; records.next(record);) {
      ByteReader reader(record.content);
      Read& one = statements.emplace_back();
      one.head = reader.number<StatementHead>();
      (void)reader.text(), (void)reader.text(), (void)reader.text();
      wire::Decoder decoder;
      EXPECT_EQ(decoder.decode(reader.rest()).detail, "");
      const wire::Frame& frame = decoder.frame();
      for (std::size_t i = 0; i < frame.counter_ids.size(); ++i) {
        EXPECT_TRUE(one.totals.emplace(frame.counter_ids[i], frame.counter_totals[i]).second);
      }
    }
    EXPECT_EQ(records.why_stopped(), "");
    return statements;
  }
  // All steps of one statement. Between two of them what `meanwhile` does happens.
  template <typename Meanwhile>
  std::vector<Read> in_steps(Meanwhile meanwhile) {
    std::vector<Read> statements;
    for (std::uint32_t next = 0; next != Unwritten::kAllTaken;) {
      Bytes out;
      next = writer.moved_totals(instance, next, kStepBytes, out);
      EXPECT_LT(out.size(), 2 * kStepBytes);
      for (Read& one : read(out)) {
        statements.push_back(std::move(one));
      }
      meanwhile();
    }
    return statements;
  }

  const Registry registry;
  StatementWriter writer{registry};
  Instance instance;
};

TEST_F(StatementWriterTest, StepsHoldEachTotalOnce) {
  std::map<std::uint32_t, std::uint64_t> expected;
  for (std::uint32_t id = 0; id < kCounters; id += 3) {
    instance.unwritten.moved(id);
    expected[id] = 7;
  }
  std::map<std::uint32_t, std::uint64_t> written;
  const std::vector<Read> statements = in_steps([] {});
  for (const Read& one : statements) {
    for (const auto& [id, total] : one.totals) {
      EXPECT_TRUE(written.emplace(id, total).second) << id;
    }
  }
  EXPECT_EQ(written, expected);
  EXPECT_GT(statements.size(), 5U);
  EXPECT_FALSE(instance.unwritten.any() && in_steps([] {}).front().totals.size() > 0);
}

TEST_F(StatementWriterTest, WhatMovesWhileStepsAreTakenIsWrittenThenOrNextTime) {
  for (std::uint32_t id = 0; id < kCounters; ++id) {
    instance.unwritten.moved(id);
  }
  std::uint32_t steps = 0;
  std::map<std::uint32_t, std::uint64_t> written;
  const auto note = [&](const std::vector<Read>& statements) {
    for (const Read& one : statements) {
      for (const auto& [id, total] : one.totals) {
        written[id] = total;
      }
    }
  };
  note(in_steps([&] {
    ++steps;
    for (const std::uint32_t id : {0u, kCounters - 1}) {  // written already; not yet
      instance.applied[id] = 7 + steps;
      instance.unwritten.moved(id);
    }
  }));
  EXPECT_EQ(written.size(), kCounters);
  EXPECT_EQ(written[0], 7U);
  EXPECT_EQ(written[kCounters - 1], 7U + steps - 1);
  EXPECT_TRUE(instance.unwritten.any());
  note(in_steps([] {}));
  EXPECT_EQ(written[0], 7U + steps);
}

TEST_F(StatementWriterTest, OnlyTheLastRecordSaysThatItHasEnded) {
  for (std::uint32_t id = 0; id < kCounters; ++id) {
    instance.unwritten.moved(id);
  }
  instance.state = InstanceState::kCrashed;
  instance.ended = true;
  instance.folded = true;
  std::vector<Read> statements = in_steps([] {});
  const StatementHead last = statements.back().head;
  EXPECT_EQ(last.state, static_cast<std::uint8_t>(InstanceState::kCrashed));
  EXPECT_EQ(last.last_seq, 9U);
  EXPECT_EQ(last.stated_seq, 8U);
  EXPECT_EQ(last.folded, 1U);
  statements.pop_back();
  ASSERT_GT(statements.size(), 5U);
  for (const Read& one : statements) {
    EXPECT_EQ(one.head.state, StatementHead::kStateUnsaid);
    EXPECT_EQ(one.head.last_seq + one.head.stated_seq + one.head.folded, 0U);
  }
}

}  // namespace
}  // namespace weir::sidecar

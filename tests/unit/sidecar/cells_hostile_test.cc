// Whatever stands in a cells file: a reason or a goodbye, and a goodbye that holds to the limits.
#include <cstring>
#include <random>

#include "schemas/crc32c.h"
#include "schemas/subjects.h"
#include "sidecar/cells/cells_reader.h"
#include "tests/unit/sidecar/cells_fixture.h"

namespace weir::sidecar {
namespace {

namespace layout = wire::cells_file;
using Bytes = std::vector<std::uint8_t>;
using Outcome = CellsReading::Outcome;

// A real file, with every kind of record: two instances, bases, two ranges, three kinds of metric.
Bytes real_file() {
  struct NoSink : FrameSink {
    void frame(const wire::Frame&, std::span<const std::uint8_t>) override {}
  };
  const TemporaryFolder folder;
  Registry registry({.constant_labels = {{"region", "eu"}}, .cells_dir = folder.path()});
  FrameSource source(registry.core(), identity_of("s"), kFirst);
  source.name_cells("weir");
  CounterFamily family =
      *registry.counter_family({.name = "x_total", .help = "h", .labels = {"a", "b"}});
  DoubleCounter seconds = *registry.double_counter({.name = "y_total", .help = "h"});
  Histogram size = *registry.histogram({.name = "size", .help = "h", .bounds = {1, 2}});
  family.with("1", "2").inc(3);
  seconds.inc(1.5);
  size.observe(2);
  NoSink nobody;
  (void)source.keyframe(wire::Kind::kKeyframe, 0, 1 << 20, nobody);
  source.renew({7, 2}, 2000, true);
  source.name_cells("weir");
  family.with("1", "3").inc(4);
  size.observe(9);
  return bytes_of_file(registry.cells().file);
}

// Reads it; whatever comes out must be something that a sidecar can take.
Outcome read(const Bytes& file) {
  const CellsReading reading = read_cells(file, 1 << 20, 1000);
  if (reading.outcome != Outcome::kGoodbye) {
    EXPECT_FALSE(reading.why.empty());
    EXPECT_TRUE(reading.frames.empty());
    return reading.outcome;
  }
  EXPECT_FALSE(reading.frames.empty());
  EXPECT_TRUE(wire::Subjects{}.parse_publish(reading.subject) ||
              !reading.subject.starts_with("weir.v1"));
  for (const Bytes& frame : reading.frames) {
    wire::Decoder decoder;
    const wire::Refusal refusal = decoder.decode(frame);
    EXPECT_FALSE(refusal) << refusal.detail;
    for (const double total : decoder.frame().double_totals) {
      EXPECT_GE(total, 0);
    }
  }
  return reading.outcome;
}

// The bytes that mean something: the head, its entries in use, log records, cells in use.
std::vector<std::size_t> used_bytes(const Bytes& file) {
  std::vector<std::size_t> used;
  for (std::size_t i = 0; i < sizeof(layout::Head); ++i) {
    used.push_back(i);
  }
  for (std::size_t i = sizeof(layout::Head); i < file.size(); ++i) {
    if (file[i] != 0 || (i >= 8 && file[i - 8] != 0)) {
      used.push_back(i);
    }
  }
  return used;
}

TEST(HostileCells, TheRealFileIsRead) {
  const Bytes file = real_file();
  EXPECT_EQ(read(file), Outcome::kGoodbye) << read_cells(file, 1 << 20, 0).why;
  EXPECT_GT(used_bytes(file).size(), 500u);
}

TEST(HostileCells, EveryFlippedBitIsAReasonOrAGoodbye) {
  Bytes file = real_file();
  std::size_t refused = 0;
  const std::vector<std::size_t> used = used_bytes(file);
  for (const std::size_t at : used) {
    for (int bit = 0; bit < 8; ++bit) {
      file[at] ^= static_cast<std::uint8_t>(1 << bit);
      refused += read(file) == Outcome::kUnreadable ? 1 : 0;
      file[at] ^= static_cast<std::uint8_t>(1 << bit);
    }
  }
  // All but what flips in a cell (no checksum there) or in the last record (torn, for all we know).
  EXPECT_GT(refused, used.size() * 8 * 3 / 4);
}

TEST(HostileCells, EveryTruncationIsRefused) {
  const Bytes file = real_file();
  for (std::size_t size = 0; size < file.size(); size += size < 2048 ? 1 : 509) {
    EXPECT_EQ(read(Bytes(file.begin(), file.begin() + static_cast<std::ptrdiff_t>(size))),
              Outcome::kUnreadable)
        << size;
  }
}

// Whoever writes such a file knows how to make checksums.
void seal(Bytes& file) {
  layout::Head head;
  std::memcpy(&head, file.data(), sizeof head);
  head.checksum = checksum_of(head);
  std::memcpy(file.data(), &head, sizeof head);
  const std::size_t log = layout::kBlockBytes;
  for (std::size_t at = log; at + sizeof(layout::RecordHead) <= 2 * layout::kBlockBytes;) {
    layout::RecordHead record;
    std::memcpy(&record, file.data() + at, sizeof record);
    const std::size_t bytes = layout::record_bytes(record.body_bytes);
    if (record.body_bytes == 0 || record.body_bytes > layout::kBodyBytesMax ||
        at + bytes > 2 * layout::kBlockBytes) {
      return;
    }
    record.checksum =
        checksum_of(record, {file.data() + at + sizeof record, std::size_t{record.body_bytes}});
    std::memcpy(file.data() + at, &record, sizeof record);
    at += bytes;
  }
}

TEST(HostileCells, ChangesWithGoodChecksumsAreAReasonOrAGoodbye) {
  const Bytes file = real_file();
  const std::vector<std::size_t> used = used_bytes(file);
  const std::uint64_t seed = 20240612;
  std::mt19937_64 random(seed);
  std::map<Outcome, int> outcomes;
  for (int i = 0; i < 5'000; ++i) {
    Bytes changed = file;
    for (std::uint64_t n = random() % 4 + 1; n > 0; --n) {
      std::uint8_t& byte = changed[used[random() % used.size()]];
      const std::uint64_t how = random();
      byte = how % 3 == 0 ? static_cast<std::uint8_t>(how >> 8)
                          : static_cast<std::uint8_t>(how % 3 == 1 ? byte + 1 : 0xff);
    }
    seal(changed);
    ++outcomes[read(changed)];
  }
  EXPECT_GT(outcomes[Outcome::kGoodbye], 100) << "seed " << seed;
  EXPECT_GT(outcomes[Outcome::kUnreadable], 100) << "seed " << seed;
}

TEST(HostileCells, ATornLastRecordIsNotThere) {
  Bytes file = real_file();
  std::size_t end = 2 * layout::kBlockBytes;  // of the log
  while (file[end - 1] == 0) {
    --end;
  }
  file[end - 1] = 0;
  const CellsReading reading = read_cells(file, 1 << 20, 0);
  ASSERT_EQ(reading.outcome, Outcome::kGoodbye) << reading.why;
  wire::Decoder decoder;
  ASSERT_FALSE(decoder.decode(reading.frames.front()));
  EXPECT_EQ(decoder.frame().counter_ids.size(), 1u);  // x_total{1,3} was being made
}

// Builds files that no client writes, with good checksums.
class Forged {
 public:
  Forged() : file(3 * layout::kBlockBytes) {
    layout::Head head;
    head.checksum = checksum_of(head);
    std::memcpy(file.data(), &head, sizeof head);
    entry(0, {layout::Block::kHead, 0, 0});
    entry(1, {layout::Block::kLog, 0, 0});
    entry(2, {layout::Block::kCells, 1, 0});
  }
  void entry(std::uint32_t block, const layout::Entry& entry) {
    const std::uint64_t bits = pack(entry, block);
    std::memcpy(file.data() + sizeof(layout::Head) + block * 8, &bits, 8);
  }
  void record(layout::Record kind, std::uint32_t tag, const Bytes& body) {
    layout::RecordHead head{static_cast<std::uint32_t>(body.size()), 0, kind, tag};
    head.checksum = checksum_of(head, body);
    std::memcpy(file.data() + next_, &head, sizeof head);
    std::memcpy(file.data() + next_ + sizeof head, body.data(), body.size());
    next_ += layout::record_bytes(body.size());
  }
  void identity(std::string_view prefix = "weir", std::uint32_t bases = 0) {
    wire::Frame frame;
    frame.kind = wire::Kind::kKeyframe;
    frame.instance = kFirst;
    frame.seq = 1;
    frame.has_identity = true;
    frame.identity.node = "n";
    frame.identity.service = "s";
    Bytes body;
    layout::encode_identity(wire::Encoder().encode(frame), prefix, body);
    record(layout::Record::kIdentity, bases, body);
  }
  void family(std::uint32_t id, layout::Value value, std::span<const double> bounds = {}) {
    wire::Frame frame;
    frame.instance = kFirst;
    frame.seq = 1;
    wire::FamilyView view;
    view.id = id;
    view.name = "x_total";
    view.type = bounds.empty() ? wire::Type::kCounter : wire::Type::kHistogram;
    view.bounds = bounds;
    frame.families.push_back(view);
    wire::Encoder encoder;
    const auto bytes = encoder.encode(frame);
    record(layout::Record::kFamily, static_cast<std::uint32_t>(value),
           Bytes(bytes.begin(), bytes.end()));
  }
  void series(std::uint32_t id, std::uint32_t family, std::uint32_t cell,
              std::vector<std::string_view> values = {}) {
    Bytes body;
    layout::encode_series({family, cell, 0, std::move(values)}, body);
    record(layout::Record::kSeries, id, body);
  }
  void cell(std::uint32_t index, std::uint64_t value) {
    std::memcpy(file.data() + 2 * layout::kBlockBytes + index * 8, &value, 8);
  }
  [[nodiscard]] std::string why() const { return read_cells(file, 1 << 20, 0).why; }

  Bytes file;

 private:
  std::size_t next_ = layout::kBlockBytes;
};

TEST(HostileCells, WhatNoClientWritesIsRefusedWithAReason) {
  constexpr std::uint32_t kCell = layout::kCellsPerBlock;  // the first of segment 1
  const auto why = [](const std::function<void(Forged&)>& forge) {
    Forged forged;
    forged.identity();
    forged.family(1, layout::Value::kCounter);
    forge(forged);
    EXPECT_EQ(read(forged.file), forged.why().empty() ? Outcome::kGoodbye : Outcome::kUnreadable);
    return forged.why();
  };
  EXPECT_EQ(why([](Forged& f) { f.series(0, 1, kCell); }), "");
  EXPECT_EQ(why([](Forged& f) { f.series(0, 2, kCell); }),
            "the log is corrupt: series 0: of an unknown family");
  EXPECT_EQ(why([](Forged& f) { f.series(0, 1, 5); }),
            "the log is corrupt: series 0: its cells are another's, or none");
  EXPECT_EQ(why([](Forged& f) { f.series(0, 1, 0xffffffff); }),
            "the log is corrupt: series 0: its cells are another's, or none");
  EXPECT_EQ(why([](Forged& f) { f.series(5'000'000, 1, kCell); }),
            "the log is corrupt: series 5000000: too many");
  EXPECT_EQ(why([](Forged& f) { f.series(0, 1, kCell, {"x"}); }),
            "the log is corrupt: series 0: has not as many label values as its family has names");
  EXPECT_EQ(why([](Forged& f) {
              f.series(0, 1, kCell);
              f.series(0, 1, kCell + 1);
            }),
            "the log is corrupt: series 0: stands twice");
  EXPECT_EQ(why([](Forged& f) {
              f.series(0, 1, kCell);
              f.series(1, 1, kCell);
            }),
            "the log is corrupt: series 1: its cells are another's, or none");
  EXPECT_EQ(why([](Forged& f) {
              const double bound = 1;
              f.family(2, layout::Value::kHistogram, {&bound, 1});
              f.series(0, 2, 2 * kCell - 3);  // goes on in the next segment
            }),
            "the log is corrupt: series 0: its cells are another's, or none");
  EXPECT_EQ(why([](Forged& f) { f.family(1, layout::Value::kCounter); }),
            "the log is corrupt: family x_total takes an id that is taken");
  EXPECT_EQ(why([](Forged& f) { f.family(2, layout::Value::kHistogram); }),
            "the log is corrupt: family x_total is not of a type that cells can have");
  EXPECT_EQ(why([](Forged& f) { f.identity("weir.>"); }),
            "the log is corrupt: an identity: its subject prefix");
  EXPECT_EQ(why([](Forged& f) { f.identity("weir", 1); }),
            "the log is corrupt: an identity lacks bases");
  EXPECT_EQ(why([](Forged& f) { f.record(layout::Record{9}, 0, {1}); }),
            "the log is corrupt: a record of an unknown kind");
  EXPECT_EQ(why([](Forged& f) {
              f.entry(3, {layout::Block::kCells, 1, 1});
            }),
            "block 3: beyond the end of the file");
  EXPECT_EQ(why([](Forged& f) {
              f.file.resize(4 * layout::kBlockBytes);
              f.entry(3, {layout::Block::kCells, 1, 0});
            }),
            "the cells of range 0 stand twice");
  EXPECT_EQ(why([](Forged& f) {
              f.family(2, layout::Value::kDouble);
              f.series(0, 2, kCell);
              f.cell(0, ~std::uint64_t{0});  // a NaN
            }),
            "series 0 of x_total: a total that is no number, or negative");
  EXPECT_EQ(why([](Forged& f) {
              Bytes body;
              const layout::Base base{0, 0, 5};
              layout::encode_bases(kFirst, {&base, 1}, body);
              f.series(0, 1, kCell);
              f.record(layout::Record::kBase, 0, body);
              f.identity("weir", 1);
              f.cell(0, 4);
            }),
            "series 0 of x_total: a total below what was stated before");
  EXPECT_EQ(why([](Forged& f) {
              Bytes body;
              const layout::Base base{8, 0, 5};
              layout::encode_bases(kFirst, {&base, 1}, body);
              f.record(layout::Record::kBase, 0, body);
              f.identity("weir", 1);
            }),
            "the log is corrupt: a base of nothing");
}

TEST(HostileCells, SumsStayFinite) {
  constexpr std::uint32_t kCell = layout::kCellsPerBlock;
  const double bound = 1;
  Forged forged;
  forged.identity();
  forged.family(1, layout::Value::kHistogram, {&bound, 1});
  forged.family(2, layout::Value::kDouble);
  forged.series(0, 1, kCell);
  forged.series(1, 2, kCell + 4);
  forged.cell(0, 1);  // killed in the middle of an observation
  forged.cell(1, ~std::uint64_t{0});
  forged.cell(3, 2);
  forged.cell(4, std::bit_cast<std::uint64_t>(std::numeric_limits<double>::infinity()));
  const CellsReading reading = read_cells(forged.file, 1 << 20, 0);
  ASSERT_EQ(reading.outcome, Outcome::kGoodbye) << reading.why;
  wire::Decoder decoder;
  ASSERT_FALSE(decoder.decode(reading.frames.front()));
  EXPECT_EQ(decoder.frame().histogram_sums[0], 0);
  EXPECT_EQ(decoder.frame().bucket_totals[0], 2u);
  EXPECT_EQ(decoder.frame().double_totals[0], std::numeric_limits<double>::max());
}

TEST(HostileCells, TheChecksumIsTheOneOfTheStandard) {
  const std::string text = "123456789";
  EXPECT_EQ(wire::crc32c({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}),
            0xe3069283u);
}

}  // namespace
}  // namespace weir::sidecar

// A process that counts: a registry of the real client with the real publisher's state machine on
// it, and a transport that leads to the simulated bus. Single-threaded.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "client_lib/src/publisher_core.h"
#include "tests/simulation/account.h"
#include "tests/simulation/series.h"
#include "weir/registry.h"

namespace weir::simulation {

class Publisher final : private Transport {
 public:
  // What a publisher hands to the bus. Answers whether a sidecar listens.
  using Send = std::function<void(Publisher& from, std::string_view subject,
                                  std::span<const std::uint8_t> bytes, bool answer_wanted,
                                  std::shared_ptr<const Statement> statement)>;
  struct Traits {
    std::size_t index = 0;
    std::size_t service = 0;
    std::size_t version = 0;      // of the program: which bounds
    bool same_namespace = true;   // the sidecar can see whether its process lives
    bool small_payloads = false;  // the server takes small messages alone: keyframes are split
    bool cells = false;           // its totals lie in a file that outlives it
  };

  Publisher(Traits traits, Instant now, Send send);
  ~Publisher() override;
  Publisher(const Publisher&) = delete;
  Publisher& operator=(const Publisher&) = delete;

  void count(Key key, std::uint64_t times);
  void remove(Key key);
  void flush(Instant now);
  void tick(Instant now);
  void goodbye(Instant now);
  void kill();
  void set_link(bool connected);  // of its connection; each new one is counted
  void set_mute(bool mute) { mute_ = mute; }
  // Whether it has subscribed to this.
  [[nodiscard]] bool hears(std::string_view subject) const;
  // From the bus: no bytes mean that nobody heard its request. False if it does not arrive.
  bool receive(std::vector<std::uint8_t> bytes, std::size_t side, std::uint64_t sidecar_life);

  [[nodiscard]] const Traits& traits() const { return traits_; }
  [[nodiscard]] bool alive() const { return alive_; }
  [[nodiscard]] bool leaving() const { return leaving_; }
  // Its publisher has ended, the process has not: what is counted now stands in the cells file
  // only.
  [[nodiscard]] bool lingers() const { return alive_ && core_ == nullptr; }
  // Once: whether its publisher has come to an end.
  [[nodiscard]] bool take_end() { return std::exchange(has_ended_, false); }
  [[nodiscard]] bool has_run() const { return has_run_; }
  [[nodiscard]] bool acknowledged() const { return acknowledged_; }
  // The last acknowledgement that it has read.
  struct Answer {
    std::size_t side = 0;
    std::uint64_t sidecar_life = 0;
    bool durable = false;
  };
  [[nodiscard]] const Answer& answer() const { return answer_; }
  [[nodiscard]] bool connected() const { return connected_; }
  [[nodiscard]] bool mute() const { return mute_; }
  [[nodiscard]] bool lost() const { return core_ == nullptr || core_->is_lost(); }
  [[nodiscard]] bool shows(Key key) const { return shown_[key.index()]; }
  [[nodiscard]] bool has_removed(Key key) const { return removed_[key.index()]; }
  [[nodiscard]] std::uint32_t pid() const {
    return 100 + static_cast<std::uint32_t>(traits_.index);
  }
  [[nodiscard]] const std::string& cells_file() const { return cells_file_; }
  // It is gone. What stood in it must be shown nevertheless, or is excused.
  void unlink_cells_file();
  void excuse_cells_file();
  // Whether all that it counted must be shown once it is dead, heard or not.
  [[nodiscard]] bool owed() const { return owed_; }
  [[nodiscard]] std::string name() const { return "P" + std::to_string(traits_.index); }
  Account& account() { return account_; }
  [[nodiscard]] const Account& account() const { return account_; }

 private:
  Link link() override { return connected_ ? Link::kConnected : Link::kDown; }
  std::uint64_t connections() override { return connections_; }
  std::size_t payload_bytes_max() override { return traits_.small_payloads ? 5000 : 1 << 20; }
  bool listen(std::string_view node, const wire::InstanceId& instance) override;
  bool publish(std::string_view subject, std::span<const std::uint8_t> bytes,
               bool answer_wanted) override;
  bool receive(Message& message) override;
  std::string url() override { return "nats://simulated"; }
  std::string why_down() override { return "cut"; }

  void make_core(Instant now);
  void exit_if_finished();

  const Traits traits_;
  const Send send_;
  Account account_;
  std::array<bool, kKeys> made_{};
  std::array<bool, kKeys> shown_{};
  std::array<bool, kKeys> removed_{};  // ever
  bool alive_ = true;
  bool leaving_ = false;
  bool has_run_ = false;
  bool has_ended_ = false;
  bool owed_ = false;
  std::string cells_file_;  // its path; empty: none, or none any more
  bool acknowledged_ = false;
  bool connected_ = true;
  bool mute_ = false;
  std::uint64_t connections_ = 1;
  std::string listening_;
  struct Arrived {
    std::vector<std::uint8_t> bytes;
    std::size_t side;
    std::uint64_t sidecar_life;
  };
  std::deque<Arrived> inbox_;
  Answer answer_;
  std::vector<std::uint8_t> current_;
  wire::Decoder decoder_;

  std::unique_ptr<Registry> registry_;
  CounterFamily hits_;
  DoubleCounterFamily work_;
  HistogramFamily size_;
  std::unique_ptr<PublisherCore> core_;
};

inline constexpr std::string_view kNode = "node-1";
inline constexpr std::uint64_t kNamespaceOfSidecar = 1;

}  // namespace weir::simulation

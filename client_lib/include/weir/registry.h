// The registry of a program's metrics: registers families, hands out handles, and is read by an
// exporter (NatsPublisher, text()). Scopes add a name prefix and labels; Registration fills a
// struct of metrics declared once. Thread-safe: any method from any thread. It must outlive its
// handles, scopes and exporters.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "weir/family.h"
#include "weir/status.h"

namespace weir {

using Labels = std::vector<std::pair<std::string, std::string>>;

class Scope;

// Registering twice with one definition gives the same metric; with another definition it is an
// error. Errors name the metric and the reason. The `*_family` calls take label names, the others
// make the one series at once.
class WEIR_API Registrar {
 public:
  virtual ~Registrar() = default;

  Result<Counter> counter(FamilyOptions options);
  Result<DoubleCounter> double_counter(FamilyOptions options);
  Result<ExternalCounter> external_counter(FamilyOptions options);
  Result<ExternalDoubleCounter> external_double_counter(FamilyOptions options);
  Result<Gauge> gauge(FamilyOptions options);
  Result<Histogram> histogram(FamilyOptions options);

  Result<CounterFamily> counter_family(FamilyOptions options);
  Result<DoubleCounterFamily> double_counter_family(FamilyOptions options);
  Result<ExternalCounterFamily> external_counter_family(FamilyOptions options);
  Result<ExternalDoubleCounterFamily> external_double_counter_family(FamilyOptions options);
  Result<GaugeFamily> gauge_family(FamilyOptions options);
  Result<HistogramFamily> histogram_family(FamilyOptions options);

  // A part of the program: names become <prefix>_<name>, the labels are added to every series.
  // Scopes nest.
  [[nodiscard]] Scope scope(std::string prefix, Labels labels = {});

 protected:
  Registrar() = default;
  virtual RegistryCore& core() = 0;
  virtual const std::string& prefix() const = 0;
  virtual const Labels& scope_labels() const = 0;
};

struct RegistryOptions {
  Labels constant_labels;              // on every series of this process
  std::size_t series_max = 1'000'000;  // further series are refused and counted
  bool own_labels = false;             // Weir's own: labels that the sidecar adds to others' series
  // Where the file is made in which the totals outlive a killed process. Empty: WEIR_CELLS_DIR,
  // else the endpoint file's, else /run/weir/cells. "none": nowhere.
  std::string cells_dir;
};

struct CellsState {
  std::string file;  // empty: totals are in private memory, and end with the process
  std::string note;  // in words: why there is no file, or what of it is not as it should be
};

struct RegistryStats {
  std::uint64_t families = 0;
  std::uint64_t series = 0;          // hidden ones included
  std::uint64_t refused_series = 0;  // with() calls that were refused
  std::string last_refusal;          // why, in words
};

enum class TextFormat : std::uint8_t { kPrometheus, kOpenMetrics };  // 0.0.4, OpenMetrics 1.0.0

class WEIR_API Registry : public Registrar {
 public:
  explicit Registry(RegistryOptions options = {});
  ~Registry() override;
  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;

  // Bad constant labels make a registry that registers nothing: every registration answers this
  // status.
  [[nodiscard]] const Status& status() const;
  [[nodiscard]] RegistryStats stats() const;
  [[nodiscard]] CellsState cells() const;

  // Runs before each export, in the exporter's thread: the place to set gauges that are cheaper to
  // read than to follow. An exception from it is swallowed and counted as a refusal in stats().
  void on_export(std::function<void()> callback);

  // The text exporter: everything registered here, as a /metrics page.
  [[nodiscard]] std::string text(TextFormat format = TextFormat::kPrometheus) const;

  // For exporters of this library.
  RegistryCore& core() override;

 private:
  const std::string& prefix() const override;
  const Labels& scope_labels() const override;
  std::unique_ptr<RegistryCore> core_;
};

class WEIR_API Scope : public Registrar {
 private:
  friend class Registrar;
  Scope(RegistryCore& core, std::string prefix, Labels labels);
  RegistryCore& core() override { return *core_; }
  const std::string& prefix() const override { return prefix_; }
  const Labels& scope_labels() const override { return labels_; }

  RegistryCore* core_;
  std::string prefix_;
  Labels labels_;
};

// Fills the members of a struct of metrics, and remembers the first error:
//
//   struct HttpMetrics {
//     weir::CounterFamily requests;
//     weir::Histogram seconds;
//     weir::Status register_in(weir::Registrar& registrar) {
//       return weir::Registration(registrar)
//           .add(requests, {.name = "requests_total", .help = "Requests served.", .labels =
//           {"method", "code"}}) .add(seconds, {.name = "seconds", .help = "Time to serve.",
//           .bounds = weir::exponential_bounds(0.001, 2, 12)}) .status();
//     }
//   };
class WEIR_API Registration {
 public:
  explicit Registration(Registrar& registrar) : registrar_(registrar) {}

  Registration& add(Counter& metric, FamilyOptions options);
  Registration& add(DoubleCounter& metric, FamilyOptions options);
  Registration& add(ExternalCounter& metric, FamilyOptions options);
  Registration& add(ExternalDoubleCounter& metric, FamilyOptions options);
  Registration& add(Gauge& metric, FamilyOptions options);
  Registration& add(Histogram& metric, FamilyOptions options);
  Registration& add(CounterFamily& family, FamilyOptions options);
  Registration& add(DoubleCounterFamily& family, FamilyOptions options);
  Registration& add(ExternalCounterFamily& family, FamilyOptions options);
  Registration& add(ExternalDoubleCounterFamily& family, FamilyOptions options);
  Registration& add(GaugeFamily& family, FamilyOptions options);
  Registration& add(HistogramFamily& family, FamilyOptions options);

  [[nodiscard]] Status status() const { return status_; }

 private:
  Registrar& registrar_;
  Status status_;
};

}  // namespace weir

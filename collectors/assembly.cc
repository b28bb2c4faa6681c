#include "collectors/assembly.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "collectors/config/values.h"

namespace weir::collectors {
namespace {

void append_row(std::string& table, std::string_view collector, const MetricInfo& metric) {
  std::string help = metric.help;
  for (std::size_t at = 0; (at = help.find('|', at)) != std::string::npos; at += 2) {
    help.insert(at, "\\");
  }
  table += fmt::format("| {} | {} | {} | {} | {} |\n", metric.name, metric.type,
                       fmt::join(metric.labels, ", "), collector, help);
}

}  // namespace

Assembly assemble(const Catalogue& catalogue, const Settings& settings, Registrar& registry,
                  const Health& health, const std::shared_ptr<spdlog::logger>& log,
                  bool everything) {
  Assembly assembly;
  for (const CatalogueEntry& entry : catalogue) {
    const Plan plan = plan_of(entry, settings);
    if (!plan.enabled && !everything) {
      continue;
    }
    const auto own = settings.collectors.find(entry.name);
    Job::Parts parts;
    parts.name = entry.name;
    parts.collector = entry.make();
    parts.schedule = {plan.interval, plan.deadline};
    parts.paths = settings.paths;
    parts.options = own == settings.collectors.end() ? Options() : own->second.options;
    parts.log = log;
    auto job = std::make_shared<Job>(std::move(parts), registry, health);
    bool configuration_error = false;
    const Status status = job->register_metrics(&configuration_error);
    if (status.ok()) {
      assembly.jobs.push_back(std::move(job));
      continue;
    }
    assembly.could_not_start.emplace_back(entry.name);
    if (configuration_error && assembly.configuration.ok()) {
      assembly.configuration = status;
    }
  }
  return assembly;
}

std::string list_collectors(const Catalogue& catalogue, const Settings& settings) {
  std::size_t width = 0;
  for (const CatalogueEntry& entry : catalogue) {
    width = std::max(width, entry.name.size());
  }
  std::string list;
  for (const CatalogueEntry& entry : catalogue) {
    const Plan plan = plan_of(entry, settings);
    const std::string when =
        plan.enabled ? fmt::format("each {}", format_duration(plan.interval)) : "disabled";
    list += fmt::format("{:<{}}  {} ({})\n", entry.name, width, entry.defaults.description, when);
  }
  return list;
}

std::string describe_metrics(const Assembly& assembly) {
  std::string table =
      "| metric | type | labels | collector | help |\n| --- | --- | --- | --- | --- |\n";
  for (const MetricInfo& metric : Health::metrics()) {
    append_row(table, "each", metric);
  }
  for (const auto& job : assembly.jobs) {
    for (const MetricInfo& metric : job->metrics()) {
      append_row(table, job->name(), metric);
    }
  }
  return table;
}

}  // namespace weir::collectors

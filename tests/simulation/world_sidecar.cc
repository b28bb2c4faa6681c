// What the sidecar does, and what is done to it.
#include "tests/simulation/world.h"

namespace weir::simulation {

void World::start_sidecar() {
  sidecar_.start(now().unix_ms, nats_up_);
  trace_.say("sidecar starts, life ", sidecar_.life());
  announce();
}

void World::sidecar_start(const Action&) {
  if (!sidecar_.running()) {
    start_sidecar();
  }
}

void World::sidecar_kill(const Action&) {
  if (!sidecar_.running()) {
    return;
  }
  sidecar_.kill();
  trace_.say("sidecar is killed");
  for (const std::unique_ptr<Publisher>& publisher : publishers_) {
    publisher->account().sidecar_died();
  }
  shown_.forget_all();  // nothing is kept: the next life begins without what was shown
}

void World::sidecar_tick(const Action&) {
  if (sidecar_.running()) {
    sidecar_.tick();
  }
}

Page World::read(bool from_scraper) {
  Page page = sidecar_.scrape(from_scraper);
  if (trace_.enabled()) {
    for (std::size_t service = 0; service < kServices; ++service) {
      for (std::size_t i = 0; i < kKeys; ++i) {
        if (const auto& sample = page.at(service, Key::of(i))) {
          trace_.say("  shown: ", describe(service, Key::of(i)), " ", sample->units);
        }
      }
    }
  }
  return page;
}

void World::scrape(const Action& action) {
  if (!sidecar_.running()) {
    return;
  }
  const bool from_scraper = action.r1 % 8 != 0;
  trace_.say(from_scraper ? "scrape" : "somebody looks");
  const Page page = read(from_scraper);
  shown_.check_page(page, publishers_, from_scraper);
  sidecar_.check_accounts(false);
}

}  // namespace weir::simulation

// The base of another sidecar, on disk before anyone is shown what comes of it.
#include "sidecar/state/durable_state.h"
#include "sidecar/state/retired_base.h"

namespace weir::sidecar {

BaseOutcome DurableState::take_base(std::span<const std::uint8_t> records, std::int64_t now_unix_ms,
                                    std::string& why) {
  const std::lock_guard checkpointing(checkpoint_mutex_);  // who goes may be about to be written
  const std::lock_guard journal(journal_mutex_);
  Bytes out;
  BaseOutcome outcome = BaseOutcome::kNotNeeded;
  {
    const std::lock_guard engine(parts_.engine);
    outcome = take_over_base(records, now_unix_ms, parts_.ingest.definition_rules(),
                             {parts_.registry, parts_.directory, parts_.retirement}, why);
    if (outcome != BaseOutcome::kTaken) {
      return outcome;
    }
    definitions_anew_ = true;
    Bytes base;
    write_base(base, parts_.directory, parts_.retirement, writer_);
    append_record(out, RecordKind::kBase, base);
  }
  append(out);  // before anyone is shown what comes of it
  return outcome;
}

}  // namespace weir::sidecar

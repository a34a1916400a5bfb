// Wall time is the truth of a schedule: when the rules of zones change, instants follow it.
#pragma once

#include "operations/context.hpp"

namespace postrider::cli {

/// Compares the zone data of this machine with what the store's instants were made with. Where they
/// differ, jobs that have not begun get the instant that their wall time means now, and an event
/// `job.moved` (reason `zone_rules`) says so. Asked before planning and before the engine runs.
Result<void> follow_zone_rules(Context& context);

}  // namespace postrider::cli

// The same post asked for again: how its jobs stand is the answer.
#pragma once

#include "operations/context.hpp"

#include <postrider/core/plan.hpp>

namespace postrider::cli {

/// The answer to a command whose jobs are all there already. With `wait` it goes on as the first
/// one would have: into the wait, with the engine run here when nobody else does it.
Result<Answer> replayed_answer(Context& context, core::Plan const& plan, bool wait);

}  // namespace postrider::cli

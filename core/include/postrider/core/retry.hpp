// What follows a failure, as a pure function of the error and a few facts. The one place that reads
// Error::retry().
#pragma once

#include <postrider/adapter/action.hpp>
#include <postrider/core/random.hpp>
#include <postrider/error.hpp>

#include <optional>

namespace postrider::core {

struct RetryPolicy {
    Milliseconds base{1'000};
    Milliseconds cap{300'000};
    int failures_max = 8;  ///< of one step in a row; a look has no bound
};

/// Full jitter: uniform in [0, min(cap, base * 2^(failures - 1))]. `failures` counts from 1.
Milliseconds backoff_delay(int failures, RetryPolicy const& policy, Random& random);

/// What is known about the step that failed.
struct FailureFacts {
    adapter::Effect effect = adapter::Effect::look;
    int failures = 1;  ///< of this step in a row, this one included
};

struct RetryDecision {
    enum class What { wait, ask_person, reject };
    What what = What::reject;
    adapter::WaitReason reason = adapter::WaitReason::backoff;  ///< of wait
    std::optional<Milliseconds> delay;                          ///< of wait; empty = until an event
    bool counts = true;      ///< a new attempt follows; snoozes cost none
    bool revivable = false;  ///< of reject
    bool budget_spent = false;
};

RetryDecision decide(Error const& error,
                     FailureFacts const& facts,
                     RetryPolicy const& policy,
                     Random& random);

/// When an `unknown` job, or a receipt that is not complete, is looked at again: quick at first,
/// then each 5, later each 30 minutes. Empty after 72 hours: then only a person settles it.
std::optional<Milliseconds> next_look(int looks, Milliseconds since_commit);

}  // namespace postrider::core

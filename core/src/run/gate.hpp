// What stands between a job and its first commit: consent, lateness, blackouts, bursts. Asked when
// a job is picked, and again in the transaction that arms its commit.
#pragma once

#include <postrider/adapter/descriptor.hpp>
#include <postrider/core/job.hpp>
#include <postrider/core/store.hpp>

#include <optional>

namespace postrider::core {

struct GateStop {
    enum class What { cancel, ask_person, snooze };
    What what = What::cancel;
    Error error;
    adapter::WaitReason reason = adapter::WaitReason::quota;  ///< of snooze
    Instant until{};                                          ///< of snooze
};

/// How late the job is at `now`; zero or less when it is on time. A job for as soon as possible is
/// never late.
Milliseconds lateness(JobSpec const& spec, Instant now);

/// Of two blind commits of one account in doubt nobody could tell which of them was found: while
/// another job's is, this one waits until that is looked at next. Asked when a blind commit is
/// armed; commits by handle are told apart by their handles.
Result<std::optional<GateStop>> check_blind_lock(Tables& tables, Job const& job, Instant now);

/// Nothing, or what holds the job up. Pure but for the tables it reads.
Result<std::optional<GateStop>> check_gate(Tables& tables,
                                           Job const& job,
                                           adapter::Descriptor const& descriptor,
                                           Instant now);

}  // namespace postrider::core

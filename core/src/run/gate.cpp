// Consent, deadline, blackout, catch-up and the burst limit, in this order.
#include "run/gate.hpp"

#include <postrider/catalogue.hpp>
#include <postrider/core/mutant.hpp>
#include <postrider/core/plan.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace postrider::core {

using namespace std::chrono_literals;

namespace {

GateStop missed(Job const& job, std::string_view why) {
    return {
        GateStop::What::cancel,
        make_error("job.missed",
                   fmt::format("The post was due at {} and {}.", to_rfc3339(job.spec.due_at), why))
            .with("due_at", to_rfc3339(job.spec.due_at)),
        adapter::WaitReason::quota,
        {}};
}

GateStop ask(Error error) {
    return {GateStop::What::ask_person, std::move(error), adapter::WaitReason::paused, {}};
}

std::optional<GateStop> blackout(Job const& job, Instant now) {
    for (auto const& entry : job.spec.blackout) {
        if (!entry.is_object()) continue;
        auto const& span = entry.as_object();
        auto const* from = span.if_contains("from");
        auto const* to = span.if_contains("to");
        if (!from || !to || !from->is_string() || !to->is_string()) continue;
        auto const begins = parse_rfc3339(from->as_string());
        auto const ends = parse_rfc3339(to->as_string());
        if (!begins || !ends || now < *begins || now >= *ends) continue;
        return GateStop{GateStop::What::snooze,
                        make_error("schedule.impossible", "A blackout holds the post back."),
                        adapter::WaitReason::blackout,
                        *ends};
    }
    return std::nullopt;
}

// `latest`: of the late jobs of one campaign and account only the one due last runs.
Result<bool> later_one_is_late_too(Tables& tables, Job const& job, Instant now) {
    JobFilter filter;
    filter.campaign = job.spec.campaign;
    filter.account = job.spec.account;
    filter.due_before = now;
    // One that is out already counts as well, by how late it went: this one may have been held up
    // before it got here, by anything.
    filter.states = {JobState::scheduled,
                     JobState::waiting,
                     JobState::running,
                     JobState::unknown,
                     JobState::published,
                     JobState::handed_off};
    filter.limit = 0;
    auto others = tables.jobs(filter);
    if (!others) return others.error();
    for (auto const& other : *others) {
        auto const at = other.committed && other.intent ? other.intent->armed_at : now;
        if (other.spec.due_at > job.spec.due_at &&
            lateness(other.spec, at) > other.spec.catch_up_within)
            return true;
    }
    return false;
}

}  // namespace

Milliseconds lateness(JobSpec const& spec, Instant now) {
    return spec.asap ? Milliseconds{0} : now - spec.due_at;
}

Result<std::optional<GateStop>> check_blind_lock(Tables& tables, Job const& job, Instant now) {
    using Stop = std::optional<GateStop>;
    auto others = tables.jobs_in_doubt(job.account_id);
    if (!others) return others.error();
    for (auto const& other : *others) {
        bool const in_doubt = other.id != job.id && other.intent &&
                              other.intent->effect == adapter::Effect::commit_blind &&
                              other.intent->outcome == "armed";
        if (!in_doubt) continue;
        // Where looking has ended a person settles the other one; until then it is asked about
        // rarely.
        auto const next = std::max<Instant>(other.next_at.value_or(now + 30min), now + 1s);
        auto why = make_error("job.outcome_unknown",
                              fmt::format("Job {} of the same account is in doubt; this one waits "
                                          "until it is known.",
                                          other.id));
        return Stop(
            GateStop{GateStop::What::snooze, std::move(why), adapter::WaitReason::network, next});
    }
    return Stop();
}

Result<std::optional<GateStop>> check_gate(Tables& tables,
                                           Job const& job,
                                           adapter::Descriptor const& descriptor,
                                           Instant now) {
    using Stop = std::optional<GateStop>;
    auto approved = is_approved(tables, job);
    if (!approved) return approved.error();
    if (!*approved && !mutant("consent_not_asked"))
        return Stop(ask(make_error("approval.required")));
    if (job.spec.not_after && now > *job.spec.not_after && !mutant("last_moment_ignored"))
        return Stop(missed(job, "must not go out after its last moment"));
    if (auto held = blackout(job, now)) return Stop(*held);

    if (lateness(job.spec, now) <= job.spec.catch_up_within) return Stop();
    if (job.spec.catch_up == "skip")
        return Stop(missed(job, "late posts of this campaign are skipped"));
    if (job.spec.catch_up == "latest") {
        auto superseded = later_one_is_late_too(tables, job, now);
        if (!superseded) return superseded.error();
        if (*superseded) return Stop(missed(job, "a later one that is late too takes its place"));
    }
    if (job.spec.catch_up == "ask")
        return Stop(ask(make_error(
            "approval.required",
            fmt::format("The post was due at {}; a person decides whether it still goes out.",
                        to_rfc3339(job.spec.due_at)))));

    // Late ones let go: never more in an hour than the network's account bears.
    auto recent = tables.late_commits(job.account_id, now - 1h, job.id);
    if (!recent) return recent.error();
    bool const many = static_cast<int>(recent->size()) >= descriptor.account_burst;
    if (many && !mutant("late_burst_ignored"))
        return Stop(GateStop{GateStop::What::snooze,
                             make_error("network.quota_spent", "Too many late posts in one hour."),
                             adapter::WaitReason::quota,
                             recent->front() + 1h});
    if (job.spec.catch_up_spacing && !recent->empty() &&
        recent->back() + *job.spec.catch_up_spacing > now)
        return Stop(GateStop{GateStop::What::snooze,
                             make_error("network.quota_spent", "Late posts keep their distance."),
                             adapter::WaitReason::quota,
                             recent->back() + *job.spec.catch_up_spacing});
    return Stop();
}

}  // namespace postrider::core

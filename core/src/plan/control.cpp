// What people and programs do to jobs: withdraw, revive, settle, pause. Each function is one piece
// of work in the caller's transaction, and every move of a job appends its event.
#include <postrider/catalogue.hpp>
#include <postrider/core/hooks.hpp>
#include <postrider/core/mutant.hpp>
#include <postrider/core/plan.hpp>

#include "job/json_members.hpp"
#include "plan/plan_parts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace postrider::core {
namespace {

Result<Job> job_of(Tables& tables, std::string_view id) {
    auto job = tables.job(id);
    if (!job) return job.error();
    if (!*job) return make_error("not_found.job", fmt::format("There is no job {}.", id));
    return std::move(**job);
}

Error wrong_state(Job const& job, std::string_view what) {
    return make_error("conflict.wrong_state",
                      fmt::format("Job {} is {}: {}.", job.id, word(job.state), what))
        .with("job", job.id)
        .with("state", std::string(word(job.state)));
}

// Into the timeline: what a person did to the job between its attempts.
Result<void> note_by_hand(
    Tables& tables, Job const& job, std::string step, std::string note, Instant now) {
    StepRecord record;
    record.job_id = job.id;
    record.attempt = job.attempt;
    record.step = std::move(step);
    record.started_at = now;
    record.note = std::move(note);
    return tables.add_step(record);
}

Result<bool> is_paused(Tables& tables, Job const& job) {
    auto account = tables.account(job.account_id);
    if (!account) return account.error();
    if (*account && (*account)->paused) return true;
    if (job.spec.campaign.empty()) return false;
    auto campaign = tables.campaign(job.spec.campaign);
    if (!campaign) return campaign.error();
    return *campaign && (*campaign)->paused;
}

Result<void> wait_paused(Tables& tables, Job& job, Instant now) {
    job.state = JobState::waiting;
    job.waiting = adapter::WaitReason::paused;
    job.wait_owner = Owner::you;
    job.until.reset();
    job.next_at.reset();
    return detail::put_job(tables, job, now);
}

// Jobs that a pause holds: nobody is at work on them and nothing of them is at the network. Those
// that are being sent, and those whose outcome is being looked for, are the engine's.
bool pause_holds(Job const& job) {
    if (job.committed || !job.lease_owner.empty()) return false;
    return job.state == JobState::scheduled || job.state == JobState::waiting;
}

Result<void> pause_jobs(Tables& tables, JobFilter filter, bool paused, Instant now) {
    filter.states = {JobState::scheduled, JobState::waiting};
    filter.limit = 0;
    auto jobs = tables.jobs(filter);
    if (!jobs) return jobs.error();
    for (auto& job : *jobs) {
        bool const held = job.waiting == adapter::WaitReason::paused;
        Result<void> done;
        if (paused && !held && pause_holds(job)) {
            done = wait_paused(tables, job, now);
        } else if (!paused && held) {
            // The other of account and campaign may still be paused.
            auto still = is_paused(tables, job);
            if (!still) return still.error();
            if (!*still) done = detail::schedule(tables, job, now);
        }
        if (!done) return done;
    }
    return {};
}

boost::json::object pause_event(std::string_view name, std::string_view value) {
    boost::json::object data;
    data[name] = value;
    return data;
}

}  // namespace

Result<void> detail::put_job(Tables& tables, Job& job, Instant now, Row row) {
    job.updated_at = now;
    auto done = row == Row::fresh ? tables.insert_job(job) : tables.update_job(job);
    if (!done) return done;
    return announce_state(tables, job, now);
}

void detail::revoke_lease(Job& job) {
    if (job.lease_owner.empty() || mutant("lease_survives_person")) return;
    ++job.fence;
    job.lease_owner.clear();
}

void detail::begin_anew(Job& job) {
    job.saved = {};
    job.intent.reset();
    job.committed = false;
    job.receipt = {};
    job.error.reset();
    job.step.clear();
    job.failures = 0;
    job.looks = 0;
    job.revivable = false;
}

Result<void> detail::schedule(Tables& tables, Job& job, Instant now, Row row) {
    revoke_lease(job);
    if (job.state == JobState::running) {
        // The table has no way from `running` to `scheduled`: the attempt is interrupted first.
        job.state = JobState::waiting;
        job.waiting = adapter::WaitReason::backoff;
        if (auto done = tables.update_job(job); !done) return done;
    }
    job.state = JobState::scheduled;
    job.waiting.reset();
    job.until.reset();
    job.next_at = job.spec.due_at;
    if (auto done = put_job(tables, job, now, row); !done) return done;
    auto paused = is_paused(tables, job);
    if (!paused) return paused.error();
    return *paused ? wait_paused(tables, job, now) : Result<void>();
}

Result<void> detail::hold_for_approval(
    Tables& tables, Job& job, std::string approval_id, Instant now, Row row) {
    revoke_lease(job);
    job.approval_id = std::move(approval_id);
    job.state = JobState::awaiting_approval;
    job.waiting.reset();
    job.until.reset();
    job.next_at.reset();
    return put_job(tables, job, now, row);
}

Result<void> detail::cancel(Tables& tables, Job& job, std::string_view by, Error why, Instant now) {
    if (auto done = leave_approval(tables, job, now); !done) return done;
    revoke_lease(job);
    job.state = JobState::cancelled;
    job.waiting.reset();
    job.until.reset();
    job.next_at.reset();
    job.revivable = false;
    job.error = why.with("by", std::string(by));
    return put_job(tables, job, now);
}

Result<Job> cancel_job(Tables& tables,
                       std::string_view job_id,
                       std::string_view reason,
                       Instant now) {
    auto found = job_of(tables, job_id);
    if (!found) return found.error();
    Job job = *std::move(found);
    if (job.state != JobState::cancelled) {
        if (job.state == JobState::rejected)
            return wrong_state(job, "there is nothing left to withdraw");
        if (detail::is_frozen(job) && !mutant("commit_cancelled"))
            return make_error(
                       "conflict.committed",
                       fmt::format("Job {} is {}: its post has left, and cannot be withdrawn.",
                                   job.id,
                                   word(job.state)))
                .with("job", job.id)
                .with("state", std::string(word(job.state)));
    } else if (detail::is_frozen(job)) {
        return job;  // asked for twice
    }
    auto why = make_error("job.cancelled").with("reason", std::string(reason));
    if (auto done = detail::cancel(tables, job, detail::by_person, why, now); !done)
        return done.error();
    return job;
}

Result<Job> revive_job(Tables& tables,
                       std::string_view job_id,
                       std::string_view reason,
                       Instant now) {
    auto found = job_of(tables, job_id);
    if (!found) return found.error();
    Job job = *std::move(found);
    if (job.state == JobState::unknown)
        return wrong_state(job, "a second try could post twice")
            .with_hint(fmt::format(
                "Look first: `postrider job reconcile {}`; nothing is sent before it is known.",
                job.id));
    if (job.state == JobState::rejected && !job.revivable)
        return make_error("job.not_revivable").with("job", job.id);
    if (job.state != JobState::rejected && job.state != JobState::cancelled)
        return wrong_state(job, "only what was rejected or cancelled can be revived");

    auto approved = is_approved(tables, job);
    if (!approved) return approved.error();
    detail::begin_anew(job);
    // As soon as possible counts from now on; a time that was set stays, and catch-up judges it.
    if (job.spec.asap) job.spec.due_at = now;
    if (!reason.empty()) {
        auto noted = note_by_hand(tables, job, "revived", std::string(reason), now);
        if (!noted) return noted.error();
    }
    if (*approved || mutant("consent_not_asked")) {
        if (auto done = detail::schedule(tables, job, now); !done) return done.error();
        return job;
    }
    // What was declined or has lapsed needs a new yes: `approval request` opens it.
    job.error = make_error("approval.required");
    if (auto done = detail::hold_for_approval(tables, job, {}, now); !done) return done.error();
    return job;
}

Result<Job> settle_job(Tables& tables,
                       std::string_view job_id,
                       std::string_view as,
                       std::string_view link,
                       std::string_view person,
                       Instant now) {
    auto found = job_of(tables, job_id);
    if (!found) return found.error();
    Job job = *std::move(found);
    if (job.state != JobState::unknown)
        return wrong_state(job, "only a job that is unknown can be settled by a person's word");
    if (as != "published" && as != "handed_off" && as != "absent")
        return make_error("usage.bad_value",
                          fmt::format("'{}' is not among published, handed_off, absent.", as));

    auto noted = note_by_hand(tables, job, "settled", fmt::format("{} says: {}", person, as), now);
    if (!noted) return noted.error();

    detail::revoke_lease(job);
    job.looks = 0;
    if (as == "absent") {
        auto intent = job.intent;
        detail::begin_anew(job);
        if (intent) intent->outcome = "proved_absent";
        job.intent = std::move(intent);
        if (auto done = detail::schedule(tables, job, now); !done) return done.error();
        return job;
    }
    if (job.intent) job.intent->outcome = "confirmed";
    job.state = as == "published" ? JobState::published : JobState::handed_off;
    job.waiting.reset();
    job.until.reset();
    job.next_at.reset();
    job.error.reset();
    auto& seen = job.receipt.seen;
    if (!link.empty()) seen["link"] = link;
    if (!seen.contains("at")) seen["at"] = to_rfc3339(now);
    if (auto done = detail::put_job(tables, job, now); !done) return done.error();
    return job;
}

Result<void> pause_account(
    Tables& tables, std::string_view account, bool paused, std::string_view reason, Instant now) {
    auto found = tables.account(account);
    if (!found) return found.error();
    if (!*found)
        return make_error("not_found.account", fmt::format("There is no account {}.", account));
    auto stored = **found;
    if (stored.paused != paused) {
        stored.paused = paused;
        stored.pause_reason = paused ? reason : std::string_view();
        if (auto done = tables.put_account(stored); !done) return done;
        auto event = pause_event("account", stored.name);
        event["account_id"] = stored.id;
        auto done =
            tables.add_event(paused ? "account.paused" : "account.resumed", std::move(event), now);
        if (!done) return done;
    }
    JobFilter filter;
    filter.account = stored.name;
    return pause_jobs(tables, std::move(filter), paused, now);
}

Result<void> pause_campaign(
    Tables& tables, std::string_view campaign, bool paused, std::string_view reason, Instant now) {
    auto found = tables.campaign(campaign);
    if (!found) return found.error();
    if (!*found)
        return make_error("not_found.campaign", fmt::format("There is no campaign {}.", campaign));
    auto stored = **found;
    stored.paused = paused;
    stored.pause_reason = paused ? reason : std::string_view();
    if (auto done = tables.put_campaign(stored); !done) return done;
    JobFilter filter;
    filter.campaign = stored.name;
    return pause_jobs(tables, std::move(filter), paused, now);
}

}  // namespace postrider::core

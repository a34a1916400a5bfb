// Deciding about approvals: asking for them, granting with answers, declining.
#include <postrider/catalogue.hpp>
#include <postrider/core/hooks.hpp>
#include <postrider/core/plan.hpp>

#include "job/json_members.hpp"
#include "plan/plan_parts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace postrider::core {

namespace json = boost::json;

namespace {

Result<StoredPlan> stored_plan(Tables& tables, std::string_view id) {
    auto found = tables.plan(id);
    if (!found) return found.error();
    if (!*found) return make_error("not_found.plan", fmt::format("There is no plan {}.", id));
    return std::move(**found);
}

PlannedJob const* planned_job(Plan const& plan, std::string_view key) {
    auto const found = std::find_if(
        plan.jobs.begin(), plan.jobs.end(), [&](auto const& job) { return job.spec.key == key; });
    return found == plan.jobs.end() ? nullptr : &*found;
}

Error not_pending(Approval const& approval) {
    std::string code = "conflict.wrong_state";
    for (std::string_view const state : {"declined", "expired", "superseded", "revoked"})
        if (approval.state == state) code = fmt::format("approval.{}", state);
    return make_error(code, fmt::format("Approval {} is {}.", approval.id, approval.state))
        .with("approval", approval.id)
        .with("state", approval.state);
}

Result<Approval> pending_approval(Tables& tables, std::string_view id, Instant now) {
    auto found = tables.approval(id);
    if (!found) return found.error();
    if (!*found)
        return make_error("not_found.approval", fmt::format("There is no approval {}.", id));
    if ((*found)->state != "pending") return not_pending(**found);
    if (now >= (*found)->expires_at)
        return make_error(
            "approval.expired",
            fmt::format("Approval {} was open until {}.", id, to_rfc3339((*found)->expires_at)));
    return std::move(**found);
}

Result<bool> is_open(Tables& tables, std::string_view approval_id, Instant now) {
    if (approval_id.empty()) return false;
    auto found = tables.approval(approval_id);
    if (!found) return found.error();
    return *found && (*found)->state == "pending" && now < (*found)->expires_at;
}

// A job that waits for exactly this decision.
Result<std::optional<Job>> waiting_job(Tables& tables,
                                       Approval const& approval,
                                       std::string_view key) {
    auto found = tables.job_by_key(key);
    if (!found) return found.error();
    if (!*found || (*found)->state != JobState::awaiting_approval ||
        (*found)->approval_id != approval.id || !detail::speaks_of(approval, key, (*found)->hash))
        return std::optional<Job>();
    return std::move(*found);
}

// A job that this decision lets go.
struct Released {
    Job job;
    JobSpec spec;  ///< with the answers
    Instant due{};
};

Result<void> release_job(Tables& tables, Released const& released, Instant now) {
    auto job = released.job;
    bool const moved = released.due != job.spec.due_at && !job.spec.asap;
    job.spec.post.options = released.spec.post.options;
    job.spec.due_at = released.due;
    job.error.reset();
    if (auto done = detail::schedule(tables, job, now); !done) return done;
    if (!moved) return {};
    auto data = job_event(job);
    data["due_at"] = to_rfc3339(released.due);
    data["reason"] = "approval";
    return tables.add_event("job.moved", std::move(data), now);
}

Result<void> record(Tables& tables, Approval const& approval, Decision const& decision) {
    json::object data;
    data["approval"] = approval.id;
    data["plan"] = approval.plan_id;
    if (!approval.campaign.empty()) data["campaign"] = approval.campaign;
    data["state"] = approval.state;
    data["person"] = decision.person;
    if (auto done = tables.put_approval(approval); !done) return done;
    return tables.add_event("approval." + approval.state, std::move(data), *approval.decided_at);
}

}  // namespace

Result<std::vector<Approval>> request_approval(
    Tables& tables, std::string_view plan_id, std::string_view note, Instant now, Random& random) {
    auto stored = stored_plan(tables, plan_id);
    if (!stored) return stored.error();
    auto plan = detail::read_plan(*stored);
    if (!plan) return plan.error();
    bool const applied = stored->state == "applied";
    if (!applied && stored->state != "stored")
        return make_error("conflict.wrong_state",
                          fmt::format("Plan {} is {}.", plan_id, stored->state));
    if (!applied && now > stored->valid_until) return make_error("plan.expired");

    auto approvals = tables.approvals(plan_id, "");
    if (!approvals) return approvals.error();
    for (auto& approval : *approvals)
        if (approval.state == "pending" && now >= approval.expires_at)
            if (auto done = detail::expire(tables, approval, now); !done) return done.error();

    std::vector<detail::Need> needs;
    std::vector<Job> waiting;
    for (auto const& planned : plan->jobs) {
        if (planned.action == PlanAction::cancel || planned.frozen) continue;
        auto const& key = planned.spec.key;
        if (detail::pending_for(*approvals, key, planned.hash, now)) continue;
        bool const unchanged = planned.action == PlanAction::unchanged;
        if (applied || unchanged) {
            // Late, lapsed, revived and expired ones too: a yes that was given before does not
            // count again.
            auto job = tables.job_by_key(key);
            if (!job) return job.error();
            if (!*job || (*job)->state != JobState::awaiting_approval ||
                (*job)->hash != planned.hash || (!unchanged && (*job)->plan_id != plan_id))
                continue;
            auto open = is_open(tables, (*job)->approval_id, now);
            if (!open) return open.error();
            if (*open) continue;
            waiting.push_back(**job);
        } else {
            bool const granted =
                std::any_of(approvals->begin(), approvals->end(), [&](Approval const& approval) {
                    return approval.state == "granted" &&
                           detail::speaks_of(approval, key, planned.hash);
                });
            if (!planned.needs_approval || granted) continue;
        }
        needs.push_back(detail::need_of(planned));
    }
    auto opened = detail::open_approvals(tables, *stored, needs, note, now, random);
    if (!opened) return opened.error();
    for (auto& job : waiting) {
        auto const* approval = detail::pending_for(*opened, job.spec.key, job.hash, now);
        job.approval_id = approval ? approval->id : std::string();
        job.updated_at = now;
        if (auto done = tables.update_job(job); !done) return done.error();
    }
    for (auto& approval : *approvals)
        if (approval.state == "pending") opened->push_back(std::move(approval));
    return opened;
}

Result<Approval> grant_approval(
    Tables& tables, std::string_view approval_id, Decision decision, Instant now, Random& random) {
    (void)random;
    auto pending = pending_approval(tables, approval_id, now);
    if (!pending) return pending.error();
    Approval approval = *std::move(pending);
    auto stored = stored_plan(tables, approval.plan_id);
    if (!stored) return stored.error();
    bool const applied = stored->state == "applied";
    if (!applied && stored->state != "stored")
        return make_error("conflict.wrong_state",
                          fmt::format("Plan {} is {}.", stored->id, stored->state));
    if (!applied && now > stored->valid_until) return make_error("plan.expired");
    auto plan = detail::read_plan(*stored);
    if (!plan) return plan.error();

    auto const jobs = detail::read_object(approval.body, "jobs");
    for (auto const& answer : decision.answers)
        if (!jobs.contains(answer.key()))
            return make_error(
                "usage.unknown_field",
                fmt::format(
                    "Approval {} does not cover {}.", approval_id, std::string_view(answer.key())));

    json::object sent;
    std::vector<Released> released;
    for (auto const& [key, hash] : jobs) {
        auto const* planned = planned_job(*plan, key);
        if (!planned || !detail::speaks_of(approval, key, planned->hash))
            return make_error(
                "plan.stored_invalid",
                fmt::format(
                    "Plan {} does not hold what approval {} covers.", stored->id, approval_id));
        auto spec = detail::answered_spec(*stored, *planned, decision);
        if (!spec) return spec.error();
        sent[key] = job_hash(*spec);
        if (!applied && planned->action != PlanAction::unchanged) continue;
        auto job = waiting_job(tables, approval, key);
        if (!job) return job.error();
        if (!*job) continue;
        auto due = detail::decided_due(**job, detail::read_object(decision.answers, key), now);
        if (!due) return due.error();
        released.push_back({std::move(**job), *std::move(spec), *due});
    }

    approval.state = "granted";
    approval.decided_at = now;
    approval.person = decision.person;
    approval.note = decision.note;
    approval.body["sent"] = std::move(sent);
    approval.body["answers"] = decision.answers;
    approval.body["words"] = decision.words;
    approval.body["facts"] = decision.facts;
    approval.body["how"] = decision.how;
    approval.approved_hash = detail::approved_hash(approval);
    if (auto done = record(tables, approval, decision); !done) return done.error();
    for (auto const& [key, hash] : jobs) {
        auto const approved =
            detail::approved_job(approval,
                                 key,
                                 detail::read_text(jobs, key),
                                 detail::read_text(approval.body["sent"].get_object(), key));
        if (auto done = tables.put_approved_job(approved); !done) return done.error();
    }
    for (auto const& each : released)
        if (auto done = release_job(tables, each, now); !done) return done.error();
    return approval;
}

Result<Approval> decline_approval(Tables& tables,
                                  std::string_view approval_id,
                                  Decision decision,
                                  Instant now) {
    auto pending = pending_approval(tables, approval_id, now);
    if (!pending) return pending.error();
    Approval approval = *std::move(pending);
    approval.state = "declined";
    approval.decided_at = now;
    approval.person = decision.person;
    approval.note = decision.note;
    approval.body["words"] = decision.words;
    approval.body["facts"] = decision.facts;
    approval.body["how"] = decision.how;
    if (auto done = record(tables, approval, decision); !done) return done.error();
    for (auto const& entry : detail::read_object(approval.body, "jobs")) {
        auto job = waiting_job(tables, approval, entry.key());
        if (!job) return job.error();
        if (!*job) continue;
        auto why = make_error("approval.declined")
                       .with("approval", approval.id)
                       .with("note", decision.note);
        auto done = detail::cancel(tables, **job, detail::by_approval, why, now);
        if (!done) return done.error();
    }
    return approval;
}

}  // namespace postrider::core

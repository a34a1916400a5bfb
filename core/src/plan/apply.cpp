// Applying a plan: all of its jobs or none, in the caller's transaction. First everything that it
// touches is compared with what it saw; then the jobs are written, and what a person must decide is
// held and asked for.
#include <postrider/catalogue.hpp>
#include <postrider/core/ids.hpp>
#include <postrider/core/plan.hpp>

#include "plan/plan_parts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace postrider::core {
namespace {

Error stale(PlannedJob const& planned, std::string_view what) {
    return make_error("conflict.plan_stale",
                      fmt::format("{} on {} {} since the plan was made.",
                                  planned.spec.post_key,
                                  planned.spec.account,
                                  what))
        .with("key", planned.spec.key);
}

bool is_touched(PlannedJob const& planned) {
    return planned.action != PlanAction::unchanged;
}

class Applier {
 public:
    Applier(Tables& tables, StoredPlan stored, Plan plan, Instant now, Random& random)
        : tables_(tables),
          stored_(std::move(stored)),
          plan_(std::move(plan)),
          now_(now),
          random_(random) {}

    Result<ApplyOutcome> replay() {
        outcome_.replayed = true;
        outcome_.counts = plan_.counts();
        for (auto const& planned : plan_.jobs) {
            if (planned.action != PlanAction::create && planned.action != PlanAction::change)
                continue;
            auto job = tables_.job_by_key(planned.spec.key);
            if (!job) return job.error();
            if (*job) outcome_.jobs.push_back(std::move(**job));
        }
        auto approvals = tables_.approvals(stored_.id, "pending");
        if (!approvals) return approvals.error();
        outcome_.approvals = *std::move(approvals);
        return std::move(outcome_);
    }

    Result<ApplyOutcome> run(bool only_approved) {
        for (auto const& planned : plan_.jobs)
            if (is_touched(planned))
                if (auto done = look_up(planned); !done) return done.error();
        if (auto done = find_approvals(only_approved); !done) return done.error();
        for (auto const& planned : plan_.jobs)
            if (is_touched(planned))
                if (auto done = write(planned); !done) return done.error();
        if (auto done = close(); !done) return done.error();
        outcome_.counts = plan_.counts();
        return std::move(outcome_);
    }

 private:
    /// The stored job, if any, compared with what the plan saw.
    Result<void> look_up(PlannedJob const& planned) {
        auto found = tables_.job_by_key(planned.spec.key);
        if (!found) return found.error();
        auto const& job = *found;
        if (planned.action == PlanAction::create) {
            if (job) return stale(planned, "has been created");
            if (accounts_.contains(planned.spec.account)) return {};
            auto account = tables_.account(planned.spec.account);
            if (!account) return account.error();
            if (!*account) return stale(planned, "has lost its account");
            accounts_.emplace(planned.spec.account, std::move(**account));
            return {};
        }
        if (!job) return stale(planned, "has gone");
        if (job->hash != planned.prior_hash) return stale(planned, "has other content");
        if (detail::standing(*job) != detail::standing(planned.prior_state))
            return stale(planned, fmt::format("has become {}", word(job->state)));
        jobs_.emplace(planned.spec.key, *job);
        return {};
    }

    /// For each job that a person must decide about: the yes that is there, the question that is
    /// open, or a new one.
    Result<void> find_approvals(bool only_approved) {
        auto approvals = tables_.approvals(stored_.id, "");
        if (!approvals) return approvals.error();
        std::vector<detail::Need> needs;
        for (auto const& planned : plan_.jobs) {
            if (!is_touched(planned) || !planned.needs_approval) continue;
            auto const& key = planned.spec.key;
            auto yes = granted(planned, *approvals);
            if (!yes) return yes.error();
            if (*yes) {
                granted_.emplace(key, std::move(**yes));
                continue;
            }
            for (auto const& approval : *approvals)
                if (approval.state == "declined" && detail::speaks_of(approval, key, planned.hash))
                    return make_error("approval.declined").with("approval", approval.id);
            if (only_approved)
                return make_error("approval.required",
                                  fmt::format("{} on {} is not approved; nothing was applied.",
                                              planned.spec.post_key,
                                              planned.spec.account))
                    .with_hint(
                        fmt::format("Ask for it with `postrider approval request {}`.", plan_.id));
            if (detail::pending_for(*approvals, key, planned.hash, now_)) continue;
            needs.push_back(detail::need_of(planned));
        }
        for (auto& approval : *approvals) {
            if (approval.state != "pending") continue;
            if (now_ < approval.expires_at)
                outcome_.approvals.push_back(approval);
            else if (auto done = detail::expire(tables_, approval, now_); !done)
                return done;
        }
        auto opened = detail::open_approvals(tables_, stored_, needs, "", now_, random_);
        if (!opened) return opened.error();
        for (auto& approval : *opened) outcome_.approvals.push_back(std::move(approval));
        return {};
    }

    /// A yes to exactly this content: given to this plan before it was applied, or to the job as it
    /// once stood.
    Result<std::optional<Approval>> granted(PlannedJob const& planned,
                                            std::vector<Approval> const& approvals) {
        auto const covers = [&](Approval const& approval) {
            return approval.state == "granted" &&
                   detail::speaks_of(approval, planned.spec.key, planned.hash);
        };
        auto const found = std::find_if(approvals.begin(), approvals.end(), covers);
        if (found != approvals.end()) return std::optional<Approval>(*found);
        auto const job = jobs_.find(planned.spec.key);
        if (job == jobs_.end() || job->second.approval_id.empty()) return std::optional<Approval>();
        auto earlier = tables_.approval(job->second.approval_id);
        if (!earlier) return earlier.error();
        if (*earlier && covers(**earlier)) return earlier;
        return std::optional<Approval>();
    }

    Result<void> write(PlannedJob const& planned) {
        if (planned.action == PlanAction::cancel) {
            auto const why =
                make_error("job.cancelled", "A plan withdrew it: the campaign no longer has it.")
                    .with("plan", plan_.id);
            return detail::cancel(tables_, jobs_.at(planned.spec.key), detail::by_plan, why, now_);
        }
        bool const fresh = planned.action == PlanAction::create;
        auto job = fresh ? new_job(planned) : reopened_job(planned);
        if (!job) return job.error();
        auto const row = fresh ? detail::Row::fresh : detail::Row::stored;
        auto done = waits(planned)
                        ? detail::hold_for_approval(tables_, *job, job->approval_id, now_, row)
                        : detail::schedule(tables_, *job, now_, row);
        if (!done) return done;
        outcome_.jobs.push_back(*std::move(job));
        return {};
    }

    Result<Job> new_job(PlannedJob const& planned) {
        auto const& account = accounts_.at(planned.spec.account);
        Job job;
        job.id = new_id("job", now_, random_);
        job.account_id = account.id;
        job.app_id = account.app_id;
        job.created_at = now_;
        if (auto done = fill(planned, job); !done) return done.error();
        return job;
    }

    Result<Job> reopened_job(PlannedJob const& planned) {
        auto job = jobs_.at(planned.spec.key);
        if (auto done = detail::leave_approval(tables_, job, now_); !done) return done.error();
        detail::begin_anew(job);
        if (auto done = fill(planned, job); !done) return done.error();
        return job;
    }

    /// What the plan says of the job, with the answers of the approval that is there already.
    Result<void> fill(PlannedJob const& planned, Job& job) {
        job.spec = planned.spec;
        job.hash = planned.hash;
        job.plan_id = plan_.id;
        job.approval_id.clear();
        job.needs_approval = planned.needs_approval;
        auto const yes = granted_.find(planned.spec.key);
        if (yes != granted_.end()) {
            auto spec = detail::approved_spec(yes->second, planned.spec);
            if (!spec) return spec.error();
            job.spec = *std::move(spec);
            job.approval_id = yes->second.id;
        } else if (planned.needs_approval) {
            auto const* open =
                detail::pending_for(outcome_.approvals, planned.spec.key, planned.hash, now_);
            if (open) job.approval_id = open->id;
        }
        if (job.spec.asap) job.spec.due_at = now_;
        return {};
    }

    bool waits(PlannedJob const& planned) const {
        return planned.needs_approval && !granted_.contains(planned.spec.key);
    }

    /// Questions about other plans of the campaign that were never applied: this one has taken
    /// their place.
    Result<void> supersede() {
        auto pending = tables_.approvals("", "pending");
        if (!pending) return pending.error();
        for (auto& approval : *pending) {
            if (approval.campaign != plan_.campaign || approval.plan_id == plan_.id) continue;
            auto other = tables_.plan(approval.plan_id);
            if (!other) return other.error();
            if (*other && (*other)->state == "applied") continue;
            approval.state = "superseded";
            approval.decided_at = now_;
            if (auto done = tables_.put_approval(approval); !done) return done;
        }
        return {};
    }

    Result<void> close() {
        stored_.state = "applied";
        stored_.applied_at = now_;
        if (auto done = tables_.put_plan(stored_); !done) return done;
        if (!plan_.campaign.empty()) {
            auto known = tables_.campaign(plan_.campaign);
            if (!known) return known.error();
            auto campaign = known->value_or(Campaign{});
            campaign.name = plan_.campaign;
            if (!plan_.file.empty()) campaign.file = plan_.file;
            campaign.plan_hash = plan_.hash;
            campaign.applied_at = now_;
            if (auto done = tables_.put_campaign(campaign); !done) return done;
            if (auto done = supersede(); !done) return done;
        }
        boost::json::object data;
        data["plan"] = plan_.id;
        if (!plan_.campaign.empty()) data["campaign"] = plan_.campaign;
        for (auto const& [action, count] : plan_.counts()) data[action] = count;
        return tables_.add_event("plan.applied", std::move(data), now_);
    }

    Tables& tables_;
    StoredPlan stored_;
    Plan plan_;
    Instant now_;
    Random& random_;
    std::map<std::string, Account> accounts_;
    std::map<std::string, Job> jobs_;          ///< stored, by key
    std::map<std::string, Approval> granted_;  ///< by job key
    ApplyOutcome outcome_;
};

}  // namespace

Result<ApplyOutcome> apply_plan(Tables& tables,
                                std::string_view plan_id,
                                std::string_view hash,
                                bool only_approved,
                                Instant now,
                                Random& random) {
    auto found = tables.plan(plan_id);
    if (!found) return found.error();
    if (!*found) return make_error("not_found.plan", fmt::format("There is no plan {}.", plan_id));
    auto const& stored = **found;
    if (hash != stored.hash)
        return make_error("conflict.plan_stale",
                          fmt::format("The hash that was given is not that of plan {}.", plan_id))
            .with("plan_hash", stored.hash);
    auto plan = detail::read_plan(stored);
    if (!plan) return plan.error();
    Applier applier(tables, stored, *std::move(plan), now, random);
    if (stored.state == "applied") return applier.replay();
    if (stored.state != "stored")
        return make_error("conflict.wrong_state",
                          fmt::format("Plan {} is {}.", plan_id, stored.state));
    if (now > stored.valid_until)
        return make_error(
            "plan.expired",
            fmt::format("Plan {} was valid until {}.", plan_id, to_rfc3339(stored.valid_until)));
    return applier.run(only_approved);
}

}  // namespace postrider::core

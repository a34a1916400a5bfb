// Which approval speaks of which job: opening approvals, finding them, and what they bind.
#include <postrider/catalogue.hpp>
#include <postrider/core/canonical_json.hpp>
#include <postrider/core/ids.hpp>
#include <postrider/core/plan.hpp>

#include "job/json_members.hpp"
#include "plan/plan_parts.hpp"

#include <fmt/format.h>

#include <chrono>
#include <map>
#include <set>
#include <utility>

namespace postrider::core {

namespace json = boost::json;
using namespace std::chrono_literals;

namespace {

constexpr auto approval_valid_for = std::chrono::hours{7 * 24};

// What an approval of this need is about: nothing for the whole plan, else the account or the post.
std::pair<std::string, std::string> cut_of(detail::Need const& need) {
    if (need.cut == "account") return {"account", need.account};
    if (need.cut == "post") return {"post", need.post_key};
    return {"plan", {}};
}

json::object approval_event(Approval const& approval) {
    json::object data;
    data["approval"] = approval.id;
    data["plan"] = approval.plan_id;
    if (!approval.campaign.empty()) data["campaign"] = approval.campaign;
    data["state"] = approval.state;
    return data;
}

}  // namespace

detail::Need detail::need_of(PlannedJob const& planned) {
    auto const& spec = planned.spec;
    return {spec.key, planned.hash, spec.account, spec.post_key, spec.approval, planned.asks};
}

int approvals_needed(Plan const& plan) {
    std::set<std::pair<std::string, std::string>> cuts;
    for (auto const& planned : plan.jobs)
        if (planned.needs_approval &&
            (planned.action == PlanAction::create || planned.action == PlanAction::change))
            cuts.insert(cut_of(detail::need_of(planned)));
    return static_cast<int>(cuts.size());
}

Result<std::vector<Approval>> detail::open_approvals(Tables& tables,
                                                     StoredPlan const& plan,
                                                     std::vector<Need> const& needs,
                                                     std::string_view note,
                                                     Instant now,
                                                     Random& random) {
    std::map<std::pair<std::string, std::string>, std::vector<Need const*>> cuts;
    for (auto const& need : needs) cuts[cut_of(need)].push_back(&need);

    std::vector<Approval> opened;
    for (auto const& [cut, members] : cuts) {
        json::object jobs;
        json::object asks;
        for (auto const* need : members) {
            jobs[need->key] = need->hash;
            if (!need->asks.empty()) asks[need->key] = texts_json(need->asks);
        }
        Approval approval;
        approval.id = new_id("apr", now, random);
        approval.plan_id = plan.id;
        approval.plan_hash = plan.hash;
        approval.campaign = plan.campaign;
        approval.created_at = now;
        approval.expires_at = now + approval_valid_for;
        approval.note = note;
        approval.body["cut"] = cut.first;
        approval.body["subject"] = text_or_null(cut.second);
        approval.body["jobs"] = std::move(jobs);
        approval.body["asks"] = std::move(asks);
        approval.body["request_note"] = text_or_null(std::string(note));
        if (auto done = tables.put_approval(approval); !done) return done.error();
        auto done = tables.add_event("approval.requested", approval_event(approval), now);
        if (!done) return done.error();
        opened.push_back(std::move(approval));
    }
    return opened;
}

bool detail::speaks_of(Approval const& approval, std::string_view key, std::string_view hash) {
    auto const jobs = approval.body.if_contains("jobs");
    if (!jobs || !jobs->is_object()) return false;
    return read_text(jobs->get_object(), key) == hash && !hash.empty();
}

Approval const* detail::pending_for(std::vector<Approval> const& approvals,
                                    std::string_view key,
                                    std::string_view hash,
                                    Instant now) {
    for (auto const& approval : approvals)
        if (approval.state == "pending" && now < approval.expires_at &&
            speaks_of(approval, key, hash))
            return &approval;
    return nullptr;
}

Result<JobSpec> detail::approved_spec(Approval const& approval, JobSpec spec) {
    auto const answers = read_object(read_object(approval.body, "answers"), spec.key);
    for (auto const& [option, answer] : answers)
        if (spec.post.options.contains(option)) spec.post.options[option] = answer;
    auto const sent = read_object(approval.body, "sent");
    if (read_text(sent, spec.key) != job_hash(spec))
        return make_error(
            "plan.stored_invalid",
            fmt::format(
                "What approval {} covers is not what would be sent as {}.", approval.id, spec.key));
    return spec;
}

std::string detail::approved_hash(Approval const& approval) {
    json::object bound;
    bound["plan_hash"] = approval.plan_hash;
    bound["jobs"] = read_object(approval.body, "jobs");
    bound["sent"] = read_object(approval.body, "sent");
    bound["answers"] = read_object(approval.body, "answers");
    return sha256_text(canonical_json(bound));
}

Result<void> detail::leave_approval(Tables& tables, Job const& job, Instant now) {
    if (job.approval_id.empty()) return {};
    auto found = tables.approval(job.approval_id);
    if (!found) return found.error();
    // A decision that was made is a record, and stays as it is.
    if (!*found || (*found)->state != "pending") return {};
    auto approval = **found;
    auto jobs = read_object(approval.body, "jobs");
    auto left = read_object(approval.body, "left");
    if (auto const* hash = jobs.if_contains(job.spec.key)) left[job.spec.key] = *hash;
    jobs.erase(job.spec.key);
    auto asks = read_object(approval.body, "asks");
    asks.erase(job.spec.key);
    if (jobs.empty()) {
        approval.state = "superseded";
        approval.decided_at = now;
    }
    approval.body["jobs"] = std::move(jobs);
    approval.body["asks"] = std::move(asks);
    approval.body["left"] = std::move(left);
    return tables.put_approval(approval);
}

Result<void> detail::expire(Tables& tables, Approval& approval, Instant now) {
    approval.state = "expired";
    approval.decided_at = now;
    if (auto done = tables.put_approval(approval); !done) return done;
    return tables.add_event("approval.expired", approval_event(approval), now);
}

ApprovedJob detail::approved_job(Approval const& approval,
                                 std::string_view key,
                                 std::string_view job_hash,
                                 std::string_view sent_hash) {
    ApprovedJob approved;
    approved.approval_id = approval.id;
    approved.job_key = key;
    approved.job_hash = job_hash;
    approved.sent_hash = sent_hash;
    json::array bound{
        approval.id, approval.approved_hash, approved.job_key, approved.job_hash, sent_hash};
    approved.bound = sha256_text(canonical_json(bound));
    return approved;
}

namespace {

// What was granted, or applied, before each job kept its own part of the answer.
Result<bool> is_approved_by_plan(Tables& tables, Job const& job) {
    auto stored = tables.plan(job.plan_id);
    if (!stored) return stored.error();
    if (!*stored) return false;
    for (auto const& planned : plan_from_json((*stored)->body).jobs)
        if (planned.spec.key == job.spec.key) return !planned.needs_approval;
    return false;
}

Result<bool> is_approved_by_body(Tables& tables, Job const& job) {
    auto found = tables.approval(job.approval_id);
    if (!found) return found.error();
    if (!*found) return false;
    auto const& approval = **found;
    auto const sent = detail::read_object(approval.body, "sent");
    return detail::speaks_of(approval, job.spec.key, job.hash) &&
           detail::read_text(sent, job.spec.key) == job_hash(job.spec) &&
           detail::approved_hash(approval) == approval.approved_hash;
}

}  // namespace

Result<bool> is_approved(Tables& tables, Job const& job) {
    if (job.approval_id.empty()) {
        // The plan said whether a person must decide. A job whose approval was taken from it is not
        // one that needs none.
        if (!job.spec.approval.empty() || !detail::open_asks(job.spec.post).empty()) return false;
        if (job.plan_id.empty()) return true;
        if (job.needs_approval) return !*job.needs_approval;
        return is_approved_by_plan(tables, job);
    }
    auto head = tables.approval_head(job.approval_id);
    if (!head) return head.error();
    if (!*head || (*head)->state != "granted") return false;
    auto kept = tables.approved_job(job.approval_id, job.spec.key);
    if (!kept) return kept.error();
    if (!*kept) return is_approved_by_body(tables, job);
    auto const now = detail::approved_job(**head, job.spec.key, job.hash, job_hash(job.spec));
    return now.bound == (*kept)->bound;
}

}  // namespace postrider::core

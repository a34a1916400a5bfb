// A repeated `post publish`: finds the jobs of the first one, what they wait for and how they
// ended.
#include "operations/post/replay.hpp"

#include "operations/approval/granting.hpp"
#include "operations/job/waiting.hpp"
#include "operations/lookup.hpp"

#include <boost/json/array.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace postrider::cli {

namespace {

namespace json = boost::json;

Result<std::vector<core::Job>> jobs_of_replay(Context& context, core::Plan const& plan) {
    return read_store<std::vector<core::Job>>(
        context, [&](core::Tables& tables) -> Result<std::vector<core::Job>> {
            std::vector<core::Job> jobs;
            for (auto const& planned : plan.jobs) {
                auto job = job_named(tables, planned.job_id);
                if (!job) return job.error();
                jobs.push_back(*std::move(job));
            }
            return jobs;
        });
}

// The plan that made the jobs, by whose hash they are approved: the one made just now changes
// nothing and covers nothing. Jobs of several commands have no such plan in common.
Result<json::object> plan_of_replay(Context& context,
                                    core::Plan const& plan,
                                    std::vector<core::Job> const& jobs) {
    json::object head;
    head["id"] = plan.id;
    head["plan_hash"] = plan.hash;
    auto const& first = jobs.front().plan_id;
    bool const same = std::all_of(
        jobs.begin(), jobs.end(), [&first](core::Job const& job) { return job.plan_id == first; });
    if (!same) return head;
    auto stored = read_store<std::optional<core::StoredPlan>>(
        context, [&](core::Tables& tables) { return tables.plan(first); });
    if (!stored) return stored.error();
    if (!*stored) return head;
    head["id"] = (*stored)->id;
    head["plan_hash"] = (*stored)->hash;
    return head;
}

Result<std::vector<core::Approval>> pending_approvals(Context& context,
                                                      std::vector<core::Job> const& jobs) {
    return read_store<std::vector<core::Approval>>(
        context, [&](core::Tables& tables) -> Result<std::vector<core::Approval>> {
            std::vector<core::Approval> pending;
            for (auto const& job : jobs) {
                bool const seen = std::any_of(
                    pending.begin(), pending.end(), [&job](core::Approval const& approval) {
                        return approval.id == job.approval_id;
                    });
                if (job.state != core::JobState::awaiting_approval || job.approval_id.empty() ||
                    seen)
                    continue;
                auto approval = approval_named(tables, job.approval_id);
                if (!approval) return approval.error();
                if (approval->state == "pending") pending.push_back(*std::move(approval));
            }
            return pending;
        });
}

void tell_of_approvals(Answer& answer,
                       std::vector<core::Approval> const& pending,
                       std::vector<core::Job> const& jobs) {
    for (auto const& approval : pending)
        answer.next.push_back({"The person who decides grants or declines here",
                               "person",
                               {"approval", "grant", approval.id}});
    auto const waiting = std::count_if(jobs.begin(), jobs.end(), [](core::Job const& job) {
        return job.state == core::JobState::awaiting_approval;
    });
    if (waiting == 0) return;
    Finding finding;
    finding.level = Finding::Level::warning;
    finding.code = "approval.required";
    finding.message = fmt::format("{} {} for a person; nothing of it can be posted before that.",
                                  waiting,
                                  waiting == 1 ? "job waits" : "jobs wait");
    answer.warnings.push_back(std::move(finding));
}

// Those whose state decides the exit code of a command that does not wait: what is still on its way
// is no fault.
std::vector<core::Job> ended_or_unknown(std::vector<core::Job> const& jobs) {
    std::vector<core::Job> ended;
    std::copy_if(jobs.begin(), jobs.end(), std::back_inserter(ended), [](core::Job const& job) {
        return job.state == core::JobState::unknown || core::is_final(job.state);
    });
    return ended;
}

}  // namespace

Result<Answer> replayed_answer(Context& context, core::Plan const& plan, bool wait) {
    bool const dry = context.globals().dry_run;
    auto jobs = jobs_of_replay(context, plan);
    if (!jobs) return jobs.error();
    auto head = plan_of_replay(context, plan, *jobs);
    if (!head) return head.error();
    auto approvals = pending_approvals(context, *jobs);
    if (!approvals) return approvals.error();
    auto pending = *approvals;
    if (!pending.empty() && !dry && context.may_prompt() && context.on_table()) {
        std::vector<std::string> ids;
        for (auto const& approval : pending) ids.push_back(approval.id);
        context.say("");
        auto granted = grant_on_terminal(context, ids, "");
        if (!granted) return granted.error();
        approvals = *std::move(granted);
        pending.clear();
        jobs = jobs_of_replay(context, plan);
        if (!jobs) return jobs.error();
    }
    Answer answer;
    answer.replayed = true;
    answer.data["plan"] = *std::move(head);
    put_jobs(answer, *jobs);
    json::array decided;
    for (auto const& approval : *approvals) decided.push_back(core::to_json(approval));
    answer.data["approvals"] = std::move(decided);
    answer.data["actions"] = json::object{};
    answer.data["dry_run"] = dry;
    tell_of_approvals(answer, pending, *jobs);
    answer.error = error_of(ended_or_unknown(*jobs));
    for (auto const& job : *jobs)
        answer.next.push_back({"See how it stands", "nothing", {"job", "show", job.id}});
    if (!wait && !dry) return answer;
    WaitWish wish;
    for (auto const& job : *jobs) wish.ids.push_back(job.id);
    wish.timeout = context.globals().timeout;
    return wait_and_answer(context, wish, std::move(answer));
}

}  // namespace postrider::cli

// The wait of `job wait`, `campaign apply --wait`, `plan apply --wait` and `post publish --wait`.
#include "operations/job/waiting.hpp"

#include "operations/lookup.hpp"

#include <postrider/catalogue.hpp>

#include <boost/json/array.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace postrider::cli {

namespace {

namespace json = boost::json;
using core::Job;
using core::JobState;

bool has_link(Job const& job) {
    auto const* link = job.receipt.seen.if_contains("link");
    return link && link->is_string() && !link->get_string().empty();
}

bool held_by_person(Job const& job) {
    return job.state == JobState::awaiting_approval ||
           (job.state == JobState::waiting && (job.waiting == adapter::WaitReason::account ||
                                               job.waiting == adapter::WaitReason::paused));
}

// Nothing more comes of waiting for this job.
bool is_settled(Job const& job, std::string const& until) {
    // The engine cannot move it, however long one waits.
    if (held_by_person(job)) return true;
    // Unknown, and nobody looks any more: a person has to settle it.
    if (job.state == JobState::unknown) return !job.next_at.has_value();
    if (!core::is_final(job.state)) return false;
    if (until == "linked" && job.state == JobState::published)
        return has_link(job) || !job.next_at.has_value();
    if (until == "published" && job.state == JobState::handed_off) return !job.next_at.has_value();
    return true;
}

Result<std::vector<Job>> jobs_now(Context& context, std::vector<std::string> const& ids) {
    return read_store<std::vector<Job>>(context,
                                        [&](core::Tables& tables) -> Result<std::vector<Job>> {
                                            std::vector<Job> jobs;
                                            for (auto const& id : ids) {
                                                auto job = job_named(tables, id);
                                                if (!job) return job.error();
                                                jobs.push_back(*std::move(job));
                                            }
                                            return jobs;
                                        });
}

bool all_settled(Context& context, WaitWish const& wish) {
    auto const jobs = jobs_now(context, wish.ids);
    return !jobs || std::all_of(jobs->begin(), jobs->end(), [&](Job const& job) {
        return is_settled(job, wish.until);
    });
}

// Another process works: the store is looked at now and then.
Result<bool> watch(Context& context, WaitWish const& wish, Instant end) {
    while (!all_settled(context, wish)) {
        if (context.now() >= end) return true;
        if (!context.pause(Milliseconds{200})) return false;
        // It may have gone meanwhile; then the work is ours.
        if (!context.engine_runs_elsewhere()) break;
    }
    return true;
}

// The command by which a person lets each of them go on.
void add_ways_on(Answer& answer, std::vector<Job> const& jobs) {
    for (auto const& job : jobs) {
        if (job.state != JobState::awaiting_approval) continue;
        Next next{"The person who decides grants or declines here",
                  "person",
                  {"approval", "grant", job.approval_id}};
        if (job.approval_id.empty())
            next = {"Ask for the approval anew", "nothing", {"approval", "request", job.plan_id}};
        bool const said =
            std::any_of(answer.next.begin(), answer.next.end(), [&next](Next const& other) {
                return other.argv == next.argv;
            });
        if (!said) answer.next.push_back(std::move(next));
    }
}

// The same wait once more, for those that are still on their way: by their plan where it is the
// same.
void add_wait_again(Answer& answer, WaitWish const& wish, std::vector<Job> const& jobs) {
    std::vector<Job> open;
    for (auto const& job : jobs)
        if (!is_settled(job, wish.until)) open.push_back(job);
    if (open.empty()) return;
    Next again{"Wait again; the job goes on", "nothing", {"job", "wait"}};
    auto const& plan = open.front().plan_id;
    bool const one_plan = std::all_of(
        open.begin(), open.end(), [&plan](Job const& job) { return job.plan_id == plan; });
    if (open.size() > 1 && one_plan)
        again.argv.insert(again.argv.end(), {"--plan", plan});
    else
        for (auto const& job : open) again.argv.push_back(job.id);
    if (wish.until != "final") again.argv.insert(again.argv.end(), {"--until", wish.until});
    answer.next.push_back(std::move(again));
}

// In the copy that a dry run works on: other jobs are not its business.
Result<void> set_others_aside(Context& context, std::vector<std::string> const& ids) {
    auto store = context.store();
    if (!store) return store.error();
    return (*store)->write([&ids](core::Tables& tables) -> Result<void> {
        auto jobs = all_jobs(tables, {});
        if (!jobs) return jobs.error();
        for (auto& job : *jobs) {
            bool const ours = std::find(ids.begin(), ids.end(), job.id) != ids.end();
            if (ours || !job.next_at || !job.lease_owner.empty()) continue;
            job.next_at.reset();
            if (auto updated = tables.update_job(job); !updated) return updated;
        }
        return {};
    });
}

Error with_job(Error error, Job const& job) {
    return error.with("job", job.id).with("account", job.spec.account);
}

}  // namespace

std::optional<Error> error_of(std::vector<Job> const& jobs) {
    Job const* unknown = nullptr;
    Job const* asking = nullptr;
    Job const* creator = nullptr;
    Job const* going = nullptr;
    Job const* bad = nullptr;
    std::size_t good = 0;
    for (auto const& job : jobs) {
        if (job.state == JobState::unknown)
            unknown = unknown ? unknown : &job;
        else if (job.state == JobState::awaiting_approval)
            asking = asking ? asking : &job;
        else if (held_by_person(job))
            creator = creator ? creator : &job;
        else if (job.state == JobState::rejected || job.state == JobState::cancelled)
            bad = bad ? bad : &job;
        else if (core::is_final(job.state))
            ++good;
        else
            going = going ? going : &job;
    }
    if (unknown) return with_job(make_error("job.outcome_unknown"), *unknown);
    if (asking) return with_job(make_error("approval.required"), *asking);
    if (creator) {
        bool const paused = creator->waiting == adapter::WaitReason::paused;
        if (creator->error && !paused) return with_job(*creator->error, *creator);
        return with_job(make_error(paused ? "account.paused" : "account.reconnect_needed"),
                        *creator);
    }
    if (going) return with_job(make_error("wait.timeout"), *going);
    if (bad && good > 0)
        return make_error("jobs.partial",
                          fmt::format("{} of {} jobs ended well", good, jobs.size()));
    if (!bad) return std::nullopt;
    if (bad->error) {
        // Whatever it was at the time, the job has ended: exit 12, with the cause beneath.
        if (exit_code(bad->error->kind()) == 12) return with_job(*bad->error, *bad);
        auto const& cause = *bad->error;
        if (bad->state == JobState::cancelled)
            return with_job(make_error("job.cancelled", cause.message()).caused_by(cause), *bad);
        auto rejected =
            make_error("job.rejected", cause.message())
                .with_owner(cause.owner())
                .with_retry(bad->revivable ? Retry{RetryWhen::person_first, {}} : cause.retry())
                .caused_by(cause);
        return with_job(std::move(rejected), *bad);
    }
    return with_job(make_error("job.cancelled"), *bad);
}

void put_jobs(Answer& answer, std::vector<core::Job> const& jobs) {
    json::array list;
    std::map<std::string, int> counts;
    for (auto const& job : jobs) {
        list.push_back(core::job_object(job));
        ++counts[std::string(word(job.state))];
    }
    json::object counted;
    for (auto const& [state, count] : counts) counted[state] = count;
    answer.data["jobs"] = std::move(list);
    answer.data["counts"] = std::move(counted);
}

Result<Answer> wait_and_answer(Context& context, WaitWish const& wish, Answer answer) {
    auto timeout = wish.timeout;
    if (!timeout)
        if (auto const settings = context.settings(); settings && (*settings)->timeout)
            timeout = (*settings)->timeout;
    auto const end = context.now() + timeout.value_or(wait_default);
    bool uninterrupted = true;
    bool const dry = context.globals().dry_run;
    if (dry)
        if (auto alone = set_others_aside(context, wish.ids); !alone) return alone.error();
    while (uninterrupted && !all_settled(context, wish) && context.now() < end) {
        if (!dry && context.engine_runs_elsewhere()) {
            auto watched = watch(context, wish, end);
            if (!watched) return watched.error();
            uninterrupted = *watched;
            continue;
        }
        EngineWish engine;
        engine.at = end;
        engine.settled = [&context, &wish] { return all_settled(context, wish); };
        auto ran = context.run_engine(std::move(engine));
        if (!ran) return ran.error();
        uninterrupted = *ran;
        break;
    }
    auto jobs = jobs_now(context, wish.ids);
    if (!jobs) return jobs.error();
    put_jobs(answer, *jobs);
    answer.error = error_of(*jobs);
    if (!dry) add_ways_on(answer, *jobs);
    if (!dry && uninterrupted && answer.error && answer.error->code() == "wait.timeout")
        add_wait_again(answer, wish, *jobs);
    if (dry) {
        answer.data["dry_run"] = true;
        answer.data["requests"] = context.refused_requests();
        // Nothing was sent, so nothing can have been waited for.
        auto const kind = answer.error ? answer.error->kind() : ErrorKind::internal;
        if (kind == ErrorKind::timeout || kind == ErrorKind::approval) answer.error.reset();
    }
    if (!uninterrupted) {
        answer.exit = 128 + context.signal();
        if (!answer.error) answer.error = make_error("wait.timeout");
    }
    return answer;
}

}  // namespace postrider::cli

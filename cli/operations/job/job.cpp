// `postrider job`: how jobs stand, and what people and programs may do to them.
#include "operations/declared.hpp"
#include "operations/job/waiting.hpp"
#include "operations/lookup.hpp"
#include "operations/person/passphrase.hpp"

#include <postrider/catalogue.hpp>
#include <postrider/core/ids.hpp>
#include <postrider/core/plan.hpp>

#include <boost/json/array.hpp>

#include <fmt/format.h>

namespace postrider::cli {

namespace {

namespace json = boost::json;
using core::Job;
using core::JobState;

Result<Answer> run_job_list(Context& context, Request const& request) {
    core::JobFilter filter;
    for (auto const& state : request.texts("state"))
        filter.states.push_back(*from_word<JobState>(state));
    filter.campaign = request.text("campaign");
    filter.plan_id = request.text("plan");
    filter.dead = request.flag("dead");
    filter.due_before = request.instant("due_before");
    filter.after_id = context.globals().cursor;
    if (!filter.after_id.empty() && !core::is_id(filter.after_id, "job"))
        return bad_cursor(filter.after_id);
    filter.limit = context.globals().all ? 0 : context.globals().limit + 1;
    auto jobs = read_store<std::vector<Job>>(
        context, [&](core::Tables& tables) -> Result<std::vector<Job>> {
            if (request.has("account")) {
                auto account = account_named(tables, request.text("account"));
                if (!account) return account.error();
                filter.account = account->name;
            }
            return tables.jobs(filter);
        });
    if (!jobs) return jobs.error();
    std::optional<std::string> next;
    auto const limit = static_cast<std::size_t>(context.globals().limit);
    if (!context.globals().all && jobs->size() > limit) {
        jobs->resize(limit);
        next = jobs->back().id;
    }
    json::array items;
    std::vector<std::string> cursors;
    for (auto const& job : *jobs) {
        items.push_back(core::job_object(job));
        cursors.push_back(job.id);
    }
    auto answer = list_answer(context, std::move(items), next);
    answer.cursors = std::move(cursors);
    return answer;
}

Result<Answer> run_job_show(Context& context, Request const& request) {
    auto shown = read_store<Answer>(context, [&](core::Tables& tables) -> Result<Answer> {
        auto job = job_named(tables, request.text("job"));
        if (!job) return job.error();
        Answer answer;
        answer.data["job"] = core::job_object(*job);
        if (request.flag("timeline")) {
            auto steps = tables.steps(job->id);
            if (!steps) return steps.error();
            json::array timeline;
            for (auto const& step : *steps) timeline.push_back(core::to_json(step));
            answer.data["timeline"] = std::move(timeline);
            auto runs = tables.hook_runs(job->id);
            if (!runs) return runs.error();
            json::array hooks;
            for (auto const& run : *runs) hooks.push_back(core::to_json(run));
            answer.data["hooks"] = std::move(hooks);
        }
        if (job->state == JobState::unknown)
            answer.next.push_back(
                {"Look for what became of it", "nothing", {"job", "reconcile", job->id}});
        if (job->state == JobState::awaiting_approval && !job->approval_id.empty())
            answer.next.push_back({"The person who decides grants or declines here",
                                   "person",
                                   {"approval", "grant", job->approval_id}});
        if (job->revivable)
            answer.next.push_back({"Try it again", "nothing", {"job", "retry", job->id}});
        if (!core::is_final(job->state) && job->state != JobState::awaiting_approval)
            answer.next.push_back(
                {"Wait for the outcome", "nothing", {"job", "wait", job->id, "--timeout", "10m"}});
        if (job->error)
            answer.next.push_back(
                {"Cause and steps in full", "nothing", {"explain", job->error->code()}});
        return answer;
    });
    return shown;
}

Result<Answer> run_wait(Context& context, Request const& request) {
    auto ids = request.texts("job");
    if (request.has("plan")) {
        auto jobs = read_store<std::vector<Job>>(
            context, [&](core::Tables& tables) -> Result<std::vector<Job>> {
                auto plan = plan_named(tables, request.text("plan"));
                if (!plan) return plan.error();
                core::JobFilter filter;
                filter.plan_id = plan->id;
                return all_jobs(tables, filter);
            });
        if (!jobs) return jobs.error();
        for (auto const& job : *jobs) ids.push_back(job.id);
    }
    if (ids.empty() && !request.has("plan"))
        return make_error("usage.missing_input", "name jobs, or a plan with --plan");
    // Each is looked up once before the wait begins, so that a wrong id is told at once.
    auto known = read_store<bool>(context, [&](core::Tables& tables) -> Result<bool> {
        for (auto const& id : ids)
            if (auto job = job_named(tables, id); !job) return job.error();
        return true;
    });
    if (!known) return known.error();
    WaitWish wish;
    wish.ids = ids;
    wish.until = request.text("until");
    wish.timeout = context.globals().timeout;
    return wait_and_answer(context, wish, Answer());
}

// One change to each of the named jobs, all or none.
template <class Change>
Result<Answer> change_jobs(Context& context, Request const& request, Change change) {
    auto changed = write_store<std::vector<Job>>(
        context, [&](core::Tables& tables) -> Result<std::vector<Job>> {
            std::vector<Job> jobs;
            for (auto const& id : request.texts("job")) {
                auto job = job_named(tables, id);
                if (!job) return job.error();
                auto after = change(tables, *job);
                if (!after) return after.error().with("job", job->id);
                jobs.push_back(*std::move(after));
            }
            return jobs;
        });
    if (!changed) return changed.error();
    Answer answer;
    json::array list;
    for (auto const& job : *changed) list.push_back(core::job_object(job));
    answer.data["jobs"] = std::move(list);
    return answer;
}

Result<Answer> run_cancel(Context& context, Request const& request) {
    return change_jobs(context, request, [&](core::Tables& tables, Job const& job) {
        return core::cancel_job(tables, job.id, request.text("reason"), context.now());
    });
}

Result<Answer> run_retry(Context& context, Request const& request) {
    return change_jobs(context, request, [&](core::Tables& tables, Job const& job) -> Result<Job> {
        if (job.state == JobState::unknown) {
            context.suggestions.push_back(
                {"Look for what became of it", "nothing", {"job", "reconcile", job.id}});
            return make_error("conflict.wrong_state",
                              "The outcome of this job is unknown: it may be published, so it is "
                              "not sent again.");
        }
        return core::revive_job(tables, job.id, request.text("reason"), context.now());
    });
}

// A person's word about a job whose outcome nobody knows.
Result<Job> settle(Context& context, Request const& request, Job const& job) {
    auto name = request.text("person");
    if (name.empty())
        return make_error("usage.missing_input", "--person is needed with --as: who says so?");
    auto passphrase =
        context.secret(request, "passphrase_stdin", fmt::format("Passphrase of {}: ", name));
    if (!passphrase) return passphrase.error();
    auto person = proven_person(context, name, *passphrase);
    if (!person) return person.error();
    return write_store<Job>(context, [&](core::Tables& tables) {
        return core::settle_job(
            tables, job.id, request.text("as"), request.text("link"), person->name, context.now());
    });
}

Result<Answer> run_reconcile(Context& context, Request const& request) {
    auto job = read_store<Job>(
        context, [&](core::Tables& tables) { return job_named(tables, request.text("job")); });
    if (!job) return job.error();
    if (job->state != JobState::unknown) {
        context.suggestions.push_back({"See how it stands", "nothing", {"job", "show", job->id}});
        return make_error("conflict.wrong_state",
                          fmt::format("The job is {}; only an unknown outcome is reconciled.",
                                      word(job->state)))
            .with("job", job->id);
    }
    auto after =
        request.has("as") ? settle(context, request, *job) : context.reconcile_now(job->id);
    if (!after) return after.error().with("job", job->id);
    Answer answer;
    json::array list;
    list.push_back(core::job_object(*after));
    answer.data["jobs"] = std::move(list);
    if (after->state == JobState::unknown) answer.error = error_of({*after});
    return answer;
}

#define POSTRIDER_JOBS_INPUT                                                         \
    {                                                                                \
        .name = "job", .help = "jobs by id", .positional = true, .repeatable = true, \
        .required = true                                                             \
    }

constexpr InputSpec job_list_inputs[] = {
    {.name = "state",
     .type = InputType::choice,
     .help = "only jobs in this state",
     .values = "awaiting_approval|scheduled|running|waiting|unknown|published|handed_off|rejected|"
               "cancelled",
     .repeatable = true},
    {.name = "account", .help = "only jobs of this account"},
    {.name = "campaign", .help = "only jobs of this campaign"},
    {.name = "plan", .help = "only jobs of this plan"},
    {.name = "dead",
     .type = InputType::boolean,
     .help = "only dead letters: rejected, and can be revived"},
    {.name = "due_before", .type = InputType::instant, .help = "only jobs due before this"},
};
constexpr InputSpec job_show_inputs[] = {
    {.name = "job", .help = "a job's id", .positional = true, .required = true},
    {.name = "timeline", .type = InputType::boolean, .help = "each attempt and step"},
};
constexpr InputSpec wait_inputs[] = {
    {.name = "job", .help = "jobs by id", .positional = true, .repeatable = true},
    {.name = "plan", .help = "all jobs of this plan"},
    {.name = "until",
     .type = InputType::choice,
     .help = "what to wait for",
     .values = "final|published|linked",
     .fallback = "final"},
};
constexpr InputSpec change_inputs[] = {
    POSTRIDER_JOBS_INPUT,
    {.name = "reason", .help = "why, for those who ask later"},
};
#undef POSTRIDER_JOBS_INPUT
constexpr InputSpec reconcile_inputs[] = {
    {.name = "job", .help = "a job's id", .positional = true, .required = true},
    {.name = "as",
     .type = InputType::choice,
     .help = "a person's word for what became of it",
     .values = "published|handed_off|absent"},
    {.name = "link", .help = "where the post is, with --as published", .placeholder = "URL"},
    {.name = "person", .help = "who says so, with --as", .placeholder = "NAME"},
    {.name = "passphrase_stdin",
     .type = InputType::boolean,
     .help = "read their passphrase from the first line of standard input",
     .secret = true},
};
constexpr std::string_view job_list_examples[] = {"job list --state unknown", "job list --dead"};
constexpr std::string_view job_show_examples[] = {
    "job show job_01KAH6M4ZQ8V3R2T5W7X9Y0B1C --timeline"};
constexpr std::string_view wait_examples[] = {
    "job wait job_01KAH6M4ZQ8V3R2T5W7X9Y0B1C --timeout 10m",
    "job wait --plan pln_01KAH6J9C2D4F6G8H0J1K3M5N7 --until linked"};
constexpr std::string_view cancel_examples[] = {
    "job cancel job_01KAH6M4ZQ8V3R2T5W7X9Y0B1C --reason 'not today'"};
constexpr std::string_view retry_examples[] = {"job retry job_01KAH6M4ZQ8V3R2T5W7X9Y0B1C"};
constexpr std::string_view reconcile_examples[] = {
    "job reconcile job_01KAH6M4ZQ8V3R2T5W7X9Y0B1C",
    "job reconcile job_01KAH6M4ZQ8V3R2T5W7X9Y0B1C --as absent --person ines"};

}  // namespace

constinit Operation const job_list_operation{
    .name = "job.list",
    .sentence = "jobs and how they stand, newest first",
    .inputs = job_list_inputs,
    .output = "{items: [@job], streamed?: int}",
    .errors = "not_found.account",
    .scope = Scope::read,
    .examples = job_list_examples,
    .view = "items: state account post campaign due_at receipt.seen.link error.code id",
    .lists = true,
    .run = run_job_list,
};

constinit Operation const job_show_operation{
    .name = "job.show",
    .sentence = "one job: state, receipt, error, and its timeline",
    .inputs = job_show_inputs,
    .output = "{job: @job, timeline?: [@step], hooks?: [@hook_run]}",
    .errors = "not_found.job",
    .scope = Scope::read,
    .examples = job_show_examples,
    .view =
        "timeline: attempt step effect verdict http_status duration_ms started_at note; "
        "hooks: state action.action attempts raised_at done_at next_at error",
    .run = run_job_show,
};

constinit Operation const job_wait_operation{
    .name = "job.wait",
    .sentence = "wait until jobs have settled; the engine runs here if nobody else runs it",
    .inputs = wait_inputs,
    .output = "{jobs: [@job], counts: {*: int}, dry_run?: bool, requests?: [@request]}",
    .errors =
        "not_found.job not_found.plan wait.timeout approval.required jobs.partial "
        "job.outcome_unknown "
        "job.cancelled job.rejected job.budget_spent account.reconnect_needed account.paused",
    .scope = Scope::read,
    .effect = OperationEffect::sends,
    .time_limit = "10m",
    .examples = wait_examples,
    .view =
        "jobs: state account post due_at receipt.seen.link error.code id; requests: account effect "
        "method url body",
    .run = run_wait,
};

constinit Operation const job_cancel_operation{
    .name = "job.cancel",
    .sentence = "withdraw jobs before anything was committed",
    .inputs = change_inputs,
    .output = "{jobs: [@job]}",
    .errors = "not_found.job conflict.committed conflict.wrong_state",
    .scope = Scope::publish,
    .effect = OperationEffect::store,
    .examples = cancel_examples,
    .view = "jobs: state account post id",
    .run = run_cancel,
};

constinit Operation const job_retry_operation{
    .name = "job.retry",
    .sentence = "revive dead letters; refused for unknown outcomes",
    .inputs = change_inputs,
    .output = "{jobs: [@job]}",
    .errors = "not_found.job job.not_revivable conflict.wrong_state",
    .scope = Scope::publish,
    .effect = OperationEffect::store,
    .examples = retry_examples,
    .view = "jobs: state account post id",
    .run = run_retry,
};

constinit Operation const job_reconcile_operation{
    .name = "job.reconcile",
    .sentence = "look now for the effect of an unknown outcome, or settle it by a person's word",
    .inputs = reconcile_inputs,
    .output = "{jobs: [@job]}",
    .errors =
        "not_found.job conflict.wrong_state job.outcome_unknown person.passphrase_wrong "
        "not_found.person",
    .scope = Scope::publish,
    .effect = OperationEffect::looks,
    .examples = reconcile_examples,
    .view = "jobs: state account post receipt.seen.link id",
    .run = run_reconcile,
};

}  // namespace postrider::cli

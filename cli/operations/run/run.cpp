// `postrider run`: the engine in the foreground.
#include "operations/declared.hpp"
#include "operations/lookup.hpp"

#include <postrider/catalogue.hpp>

#include <boost/json/array.hpp>

#include <fmt/format.h>

#include <map>

namespace postrider::cli {

namespace {

namespace json = boost::json;

std::map<std::string, std::int64_t> counts_now(Context& context) {
    std::map<std::string, std::int64_t> counts;
    using Pairs = std::vector<std::pair<std::string, std::int64_t>>;
    auto const counted =
        read_store<Pairs>(context, [](core::Tables& tables) { return tables.count_jobs({}); });
    if (counted)
        for (auto const& [state, count] : *counted) counts[state] = count;
    return counts;
}

// The engine goes over what is due now, in a copy of the store, and every request that does more
// than look is kept back.
Result<Answer> dry_run(Context& context) {
    auto due = read_store<std::vector<core::Job>>(
        context, [&](core::Tables& tables) { return tables.due_jobs(context.now(), 100); });
    if (!due) return due.error();
    Answer answer;
    answer.data["ended_by"] = "dry_run";
    json::object counts;
    for (auto const& [state, count] : counts_now(context)) counts[state] = count;
    answer.data["counts"] = std::move(counts);
    json::array jobs;
    for (auto const& job : *due) jobs.push_back(core::job_object(job));
    answer.data["due"] = std::move(jobs);
    auto ran = context.run_engine({});
    if (!ran) return ran.error();
    if (!*ran) answer.exit = 128 + context.signal();
    answer.data["dry_run"] = true;
    answer.data["requests"] = context.refused_requests();
    return answer;
}

Result<Answer> run_run(Context& context, Request const& request) {
    if (auto store = context.store(); !store) return store.error();
    EngineWish wish;
    wish.once = request.flag("once");
    auto const until = request.text("until");
    if (until == "idle") {
        wish.idle = true;
    } else if (!until.empty()) {
        wish.at = parse_rfc3339(until);
        if (!wish.at) {
            Finding finding;
            finding.code = "usage.bad_value";
            finding.path = "/until";
            finding.message =
                "--until takes idle, or an instant with its offset such as 2027-03-01T17:00:00Z";
            finding.got = json::string(until);
            return make_error("usage.bad_value", finding.message).with_at(finding);
        }
    }
    if (context.globals().dry_run) return dry_run(context);
    auto const before = counts_now(context);
    bool const endless = !wish.once && !wish.idle && !wish.at;
    if (endless) context.say("The engine runs; Ctrl-C ends it, and jobs go on at the next run.");
    bool const timed = context.globals().timeout.has_value();
    if (timed) {
        auto const end = context.now() + *context.globals().timeout;
        if (!wish.at || end < *wish.at) wish.at = end;
    }
    auto ran = context.run_engine(wish);
    if (!ran) return ran.error();
    auto const after = counts_now(context);
    Answer answer;
    answer.data["ended_by"] = *ran ? (wish.once ? "once" : wish.idle ? "idle" : "time") : "signal";
    json::object counts;
    for (auto const& [state, count] : after) counts[state] = count;
    answer.data["counts"] = std::move(counts);
    json::object settled;
    for (auto const* state : {"published", "handed_off", "rejected", "cancelled", "unknown"}) {
        auto const was = before.contains(state) ? before.at(state) : 0;
        auto const is = after.contains(state) ? after.at(state) : 0;
        if (is != was) settled[state] = is - was;
    }
    answer.data["settled"] = std::move(settled);
    if (!*ran) answer.exit = 128 + context.signal();
    auto const has = [&after](char const* state) {
        return after.contains(state) && after.at(state) > 0;
    };
    if (has("unknown"))
        answer.next.push_back(
            {"Outcomes are unknown; see which", "nothing", {"job", "list", "--state", "unknown"}});
    if (has("awaiting_approval"))
        answer.next.push_back(
            {"Jobs wait for a person", "person", {"approval", "list", "--state", "pending"}});
    answer.next.push_back({"See how the jobs stand", "nothing", {"job", "list"}});
    return answer;
}

constexpr InputSpec run_inputs[] = {
    {.name = "once", .type = InputType::boolean, .help = "what is due now, then leave; for cron"},
    {.name = "until",
     .help = "idle: nothing is due soon; or an instant",
     .placeholder = "idle|INSTANT"},
};
constexpr std::string_view run_examples[] = {"run", "run --until idle", "run --once"};

}  // namespace

constinit Operation const run_operation{
    .name = "run",
    .sentence = "the engine: publishes what is due",
    .inputs = run_inputs,
    .output =
        "{ended_by: \"once\"|\"idle\"|\"time\"|\"signal\"|\"dry_run\", counts: {*: int}, "
        "settled?: {*: int}, due?: [@job], dry_run?: bool, requests?: [@request]}",
    .errors = "setup.not_initialised setup.vault_key_missing setup.disk_full",
    .effect = OperationEffect::sends,
    .time_limit = "none",
    .examples = run_examples,
    .view = "due: account post due_at id; requests: account effect method url body",
    .run = run_run,
};

}  // namespace postrider::cli

// `postrider plan`: stored plans, and applying one.
#include "operations/declared.hpp"
#include "operations/lookup.hpp"
#include "operations/plan/planning.hpp"
#include "terminal/prompt.hpp"
#include "terminal/view.hpp"

#include <postrider/catalogue.hpp>

#include <boost/json/array.hpp>

#include <fmt/format.h>

#include <ostream>

namespace postrider::cli {

namespace {

namespace json = boost::json;

json::object stored_object(core::StoredPlan const& stored) {
    json::object object;
    object["id"] = stored.id;
    object["plan_hash"] = stored.hash;
    if (stored.campaign.empty())
        object["campaign"] = nullptr;
    else
        object["campaign"] = stored.campaign;
    object["state"] = stored.state;
    object["created_at"] = to_rfc3339(stored.created_at);
    object["valid_until"] = to_rfc3339(stored.valid_until);
    if (stored.applied_at)
        object["applied_at"] = to_rfc3339(*stored.applied_at);
    else
        object["applied_at"] = nullptr;
    json::object counts;
    for (auto const& [action, count] : core::plan_from_json(stored.body).counts())
        counts[action] = count;
    object["counts"] = std::move(counts);
    return object;
}

Result<Answer> run_plan_list(Context& context, Request const& request) {
    auto plans = read_store<std::vector<core::StoredPlan>>(
        context, [&](core::Tables& tables) { return tables.plans(request.text("campaign"), 0); });
    if (!plans) return plans.error();
    auto paged =
        page_of(*plans, context.globals(), [](core::StoredPlan const& one) { return one.id; });
    if (!paged) return paged.error();
    auto& [page, next] = *paged;
    json::array items;
    for (auto const& plan : page) items.push_back(stored_object(plan));
    return list_answer(context, std::move(items), next);
}

Result<Answer> run_plan_show(Context& context, Request const& request) {
    auto stored = read_store<core::StoredPlan>(
        context, [&](core::Tables& tables) { return plan_named(tables, request.text("plan")); });
    if (!stored) return stored.error();
    auto const plan = core::plan_from_json(stored->body);
    Answer answer(plan_data(plan, request.texts("only")));
    answer.warnings = plan_warnings(plan);
    answer.data["state"] = stored->state;
    if (stored->state == "stored")
        answer.next.push_back({"Do what this plan says",
                               "nothing",
                               {"plan", "apply", stored->id, "--hash", stored->hash}});
    else
        answer.next.push_back(
            {"See how its jobs stand", "nothing", {"job", "list", "--plan", stored->id}});
    return answer;
}

Result<Answer> run_plan_apply(Context& context, Request const& request) {
    auto stored = read_store<core::StoredPlan>(
        context, [&](core::Tables& tables) { return plan_named(tables, request.text("plan")); });
    if (!stored) return stored.error();
    auto hash = request.text("hash");
    if (hash.empty()) {
        Finding finding;
        finding.code = "usage.missing_input";
        finding.path = "/hash";
        finding.message = "--hash is needed: the plan_hash that was reviewed";
        if (!context.may_prompt())
            return make_error("usage.missing_input", finding.message).with_at(finding);
        auto const& host = context.host();
        *host.err << render_view(plan_data(core::plan_from_json(stored->body)),
                                 plan_view,
                                 static_cast<std::size_t>(host.columns),
                                 context.printer_paint());
        if (!ask_yes(host, "\nApply this plan? Type yes: "))
            return make_error("usage.missing_input", "The plan was not applied: nobody said yes.");
        hash = stored->hash;
    }
    ApplyWish wish;
    wish.plan_id = stored->id;
    wish.hash = hash;
    wish.only_approved = request.flag("only_approved");
    wish.wait = request.flag("wait");
    if (!stored->campaign.empty())
        context.suggestions.push_back({"See the campaign's jobs",
                                       "nothing",
                                       {"job", "list", "--campaign", stored->campaign}});
    return apply_and_answer(context, wish);
}

constexpr InputSpec plan_list_inputs[] = {
    {.name = "campaign", .help = "only plans of this campaign"},
};
constexpr InputSpec plan_show_inputs[] = {
    {.name = "plan", .help = "a plan's id", .positional = true, .required = true},
    {.name = "only",
     .type = InputType::choice,
     .help = "only jobs with this action",
     .values = "create|change|cancel|unchanged",
     .repeatable = true},
};
constexpr InputSpec plan_apply_inputs[] = {
    {.name = "plan", .help = "a plan's id", .positional = true, .required = true},
    {.name = "hash",
     .help = "the plan_hash that was reviewed; needed where nobody can be asked",
     .placeholder = "HASH"},
    {.name = "only_approved",
     .type = InputType::boolean,
     .help = "refuse unless all approvals are there"},
    {.name = "wait", .type = InputType::boolean, .help = "run the engine until all is settled"},
};
constexpr std::string_view plan_list_examples[] = {"plan list"};
constexpr std::string_view plan_show_examples[] = {
    "plan show pln_01KAH6J9C2D4F6G8H0J1K3M5N7 --only create"};
constexpr std::string_view plan_apply_examples[] = {
    "plan apply pln_01KAH6J9C2D4F6G8H0J1K3M5N7 --hash sha256:9b74"};

}  // namespace

constinit Operation const plan_list_operation{
    .name = "plan.list",
    .sentence = "stored plans, newest first",
    .inputs = plan_list_inputs,
    .output =
        "{items: [{id: text, plan_hash: text, campaign: text|null, state: text, created_at: "
        "instant, "
        "valid_until: instant, applied_at: instant|null, counts: {*: int}}], streamed?: int}",
    .scope = Scope::read,
    .examples = plan_list_examples,
    .view = "items: id state campaign counts created_at",
    .lists = true,
    .run = run_plan_list,
};

constinit Operation const plan_show_operation{
    .name = "plan.show",
    .sentence = "per job: action, fields that differ, findings, reservations",
    .inputs = plan_show_inputs,
    .output = "@shown_plan",
    .errors = "not_found.plan",
    .scope = Scope::read,
    .examples = plan_show_examples,
    .view = plan_view,
    .run = run_plan_show,
};

constinit Operation const plan_apply_operation{
    .name = "plan.apply",
    .sentence = "hand the jobs of a stored plan to the engine, all or none",
    .inputs = plan_apply_inputs,
    .output = "@applied_data",
    .errors =
        "not_found.plan conflict.plan_stale plan.expired approval.required usage.missing_input "
        "wait.timeout "
        "jobs.partial job.outcome_unknown",
    .scope = Scope::publish,
    .effect = OperationEffect::sends,
    .time_limit = "10m",
    .examples = plan_apply_examples,
    .view = applied_view,
    .run = run_plan_apply,
};

}  // namespace postrider::cli

// `postrider campaign plan` and `campaign apply`: from a script to jobs in the store.
#include "operations/campaign/loading.hpp"
#include "operations/declared.hpp"
#include "operations/lookup.hpp"
#include "operations/plan/planning.hpp"
#include "terminal/prompt.hpp"
#include "terminal/view.hpp"

#include <postrider/catalogue.hpp>

#include <fmt/format.h>

#include <ostream>
#include <set>

namespace postrider::cli {

namespace {

struct CampaignPlan {
    script::LoadedCampaign loaded;
    core::Plan plan;
};

Result<CampaignPlan> make_campaign_plan(Context& context, Request const& request, bool offline) {
    // Before the script runs: without a store nothing can be planned.
    if (auto store = context.store(); !store) return store.error();
    auto file = context.path_of(request.text("file"));
    if (!file) return file.error();
    auto loaded = load_script(context, *file);
    if (!loaded) return loaded.error();
    auto const only = request.texts("only");
    std::set<std::string> accounts;
    for (auto const& spec : loaded->jobs)
        if (only.empty() || std::find(only.begin(), only.end(), spec.post_key) != only.end())
            accounts.insert(spec.account);
    if (auto done = refresh_facts(context, {accounts.begin(), accounts.end()}, offline); !done)
        return done.error();
    core::PlanRequest wanted;
    wanted.campaign = loaded->name;
    wanted.file = file->string();
    wanted.wanted = loaded->jobs;
    wanted.notes = loaded->notes;
    wanted.inputs = loaded->inputs;
    wanted.only = only;
    auto plan = make_and_store(context, std::move(wanted));
    if (!plan) return plan.error();
    context.warnings.insert(
        context.warnings.end(), loaded->warnings.begin(), loaded->warnings.end());
    if (plan->hash.empty()) {
        auto const place = [&](std::string_view post_key, std::vector<Finding>& findings) {
            script::add_places(*loaded, post_key, findings);
        };
        return findings_error(context, *plan, place);
    }
    return CampaignPlan{*std::move(loaded), *std::move(plan)};
}

Result<Answer> run_campaign_plan(Context& context, Request const& request) {
    auto made = make_campaign_plan(context, request, request.flag("offline"));
    if (!made) return made.error();
    std::vector<std::string> apply = {
        "campaign", "apply", request.text("file"), "--hash", made->plan.hash};
    // Planned in part, applied in part: the same keys again.
    if (request.has("only")) apply = {"plan", "apply", made->plan.id, "--hash", made->plan.hash};
    return planned_answer(made->plan, std::move(apply));
}

Error hash_missing() {
    Finding finding;
    finding.code = "usage.missing_input";
    finding.path = "/hash";
    finding.message = "--hash is needed: the plan_hash that campaign plan printed";
    return make_error("usage.missing_input", finding.message).with_at(finding);
}

// The plan of that hash that was applied, when the script asks for nothing beyond it: the same
// command again is a replay.
Result<std::optional<core::StoredPlan>> applied_already(Context& context,
                                                        core::Plan const& plan,
                                                        std::string const& hash) {
    using Found = std::optional<core::StoredPlan>;
    for (auto const& planned : plan.jobs)
        if (planned.action != core::PlanAction::unchanged) return Found();
    return read_store<Found>(context, [&](core::Tables& tables) -> Result<Found> {
        auto plans = tables.plans(plan.campaign, 5);
        if (!plans) return plans.error();
        for (auto const& stored : *plans)
            if (stored.state == "applied" && stored.hash == hash) return Found(stored);
        return Found();
    });
}

bool agreed(Context& context, core::Plan const& plan) {
    auto const& host = context.host();
    *host.err << render_view(plan_data(plan),
                             plan_view,
                             static_cast<std::size_t>(host.columns),
                             context.printer_paint());
    return ask_yes(host, "\nApply this plan? Type yes: ");
}

Result<Answer> run_campaign_apply(Context& context, Request const& request) {
    auto const hash = request.text("hash");
    bool const asks = hash.empty() && !request.flag("yes");
    if (hash.empty() && !context.may_prompt()) return hash_missing();
    auto made = make_campaign_plan(context, request, false);
    if (!made) return made.error();
    auto& plan = made->plan;
    if (!hash.empty() && plan.hash != hash) {
        auto applied = applied_already(context, plan, hash);
        if (!applied) return applied.error();
        if (*applied) {
            plan.id = (*applied)->id;
            plan.hash = hash;
        }
    }
    if (!hash.empty() && plan.hash != hash) {
        context.suggestions.push_back(
            {"See what it would do now", "nothing", {"campaign", "plan", request.text("file")}});
        return make_error("conflict.plan_stale",
                          "The script or the store now makes another plan than the one given.")
            .with("given", hash)
            .with("now", plan.hash);
    }
    if (asks && !agreed(context, plan)) {
        context.suggestions.push_back(
            {"Apply it later",
             "nothing",
             {"campaign", "apply", request.text("file"), "--hash", plan.hash}});
        return make_error("usage.missing_input", "The plan was not applied: nobody said yes.");
    }
    ApplyWish wish;
    wish.plan_id = plan.id;
    wish.hash = plan.hash;
    wish.wait = request.flag("wait");
    auto answer = apply_and_answer(context, wish);
    if (answer) {
        auto const warnings = plan_warnings(plan);
        answer->warnings.insert(answer->warnings.begin(), warnings.begin(), warnings.end());
    }
    return answer;
}

constexpr InputSpec campaign_plan_inputs[] = {
    {.name = "file",
     .type = InputType::path,
     .help = "the campaign's script",
     .placeholder = "FILE",
     .positional = true,
     .required = true},
    {.name = "offline",
     .type = InputType::boolean,
     .help = "do not ask networks; what is known has to do"},
    {.name = "only", .help = "only these posts", .placeholder = "KEY", .repeatable = true},
};
constexpr InputSpec campaign_apply_inputs[] = {
    {.name = "file",
     .type = InputType::path,
     .help = "the campaign's script",
     .placeholder = "FILE",
     .positional = true,
     .required = true},
    {.name = "hash",
     .help = "the plan_hash that was reviewed; needed where nobody can be asked",
     .placeholder = "HASH"},
    {.name = "yes", .type = InputType::boolean, .help = "on a terminal: do not ask"},
    {.name = "wait", .type = InputType::boolean, .help = "run the engine until all is settled"},
};
constexpr std::string_view campaign_plan_examples[] = {"campaign plan launch.lua"};
constexpr std::string_view campaign_apply_examples[] = {
    "campaign apply launch.lua", "campaign apply launch.lua --hash sha256:9b74 --wait"};

}  // namespace

constinit Operation const campaign_plan_operation{
    .name = "campaign.plan",
    .sentence = "what applying a campaign would do now; stores the plan",
    .inputs = campaign_plan_inputs,
    .output = "@plan_data",
    .errors =
        "plan.findings setup.not_initialised script.error script.syntax script.limit "
        "not_found.file",
    .scope = Scope::plan,
    .effect = OperationEffect::looks,
    .examples = campaign_plan_examples,
    .view = plan_view,
    .run = run_campaign_plan,
};

constinit Operation const campaign_apply_operation{
    .name = "campaign.apply",
    .sentence =
        "plan again, and hand the jobs to the engine if the plan is the one that was reviewed",
    .inputs = campaign_apply_inputs,
    .output = "@applied_data",
    .errors =
        "conflict.plan_stale plan.findings usage.missing_input wait.timeout jobs.partial "
        "job.outcome_unknown "
        "approval.required",
    .scope = Scope::publish,
    .effect = OperationEffect::sends,
    .time_limit = "10m",
    .examples = campaign_apply_examples,
    .view = applied_view,
    .run = run_campaign_apply,
};

}  // namespace postrider::cli

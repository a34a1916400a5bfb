// `postrider campaign`: checking a script, and what became of campaigns that were applied.
#include "operations/campaign/loading.hpp"
#include "operations/declared.hpp"
#include "operations/lookup.hpp"

#include <postrider/adapter/adapter.hpp>
#include <postrider/catalogue.hpp>
#include <postrider/core/adapters.hpp>
#include <postrider/core/engine.hpp>
#include <postrider/core/plan.hpp>

#include <boost/json/array.hpp>

#include <fmt/format.h>

#include <map>

namespace postrider::cli {

namespace {

namespace json = boost::json;

Result<core::Campaign> campaign_named(core::Tables& tables, std::string const& name) {
    auto found = tables.campaign(name);
    if (!found) return found.error();
    if (!*found)
        return make_error("not_found.campaign",
                          fmt::format("there is no campaign '{}' in this store", name))
            .with("campaign", name);
    return **found;
}

json::object campaign_object(core::Campaign const& campaign) {
    json::object object;
    object["name"] = campaign.name;
    object["file"] = campaign.file;
    object["plan_hash"] = campaign.plan_hash;
    if (campaign.applied_at)
        object["applied_at"] = to_rfc3339(*campaign.applied_at);
    else
        object["applied_at"] = nullptr;
    object["paused"] = campaign.paused;
    if (campaign.pause_reason.empty())
        object["pause_reason"] = nullptr;
    else
        object["pause_reason"] = campaign.pause_reason;
    return object;
}

Result<json::object> counts_of(core::Tables& tables, std::string const& campaign) {
    core::JobFilter filter;
    filter.campaign = campaign;
    auto counted = tables.count_jobs(filter);
    if (!counted) return counted.error();
    json::object counts;
    for (auto const& [state, count] : *counted) counts[state] = count;
    return counts;
}

// --- check: no network, nothing stored

/// What is known of an account without asking: enough for the rules that depend on it.
struct Login {
    adapter::AppView app;
    std::optional<adapter::CreatorFacts> facts;
};

Login login_of(Context& context,
               std::string const& account_name,
               adapter::Descriptor const& descriptor) {
    Login login;
    // Without a store the benefit of the doubt: an app that may do everything.
    core::App assumed;
    assumed.audited = true;
    login.app = core::app_view(assumed, descriptor);
    auto const read = read_store<bool>(context, [&](core::Tables& tables) -> Result<bool> {
        auto account = tables.account(account_name);
        if (!account) return account.error();
        if (!*account) return false;
        if (!(*account)->facts.empty())
            login.facts = adapter::creator_facts_from_json((*account)->facts);
        auto app = tables.app((*account)->app_id);
        if (!app) return app.error();
        if (*app) login.app = core::app_view(**app, descriptor);
        return true;
    });
    static_cast<void>(read.has_value());
    return login;
}

Result<Answer> run_campaign_check(Context& context, Request const& request) {
    auto file = context.path_of(request.text("file"));
    if (!file) return file.error();
    auto loaded = load_script(context, *file);
    if (!loaded) return loaded.error();
    auto host = script_host(context);
    if (!host) return host.error();
    auto limits = script_limits(context);
    if (!limits) return limits.error();
    auto lint = script::lint_campaign(*file, *host, *limits);
    if (!lint) return lint.error();
    std::vector<Finding> findings = loaded->warnings;
    std::vector<Finding> errors;
    for (auto const& spec : loaded->jobs) {
        auto found = spec.findings;
        auto adapter = context.adapter(spec.network);
        if (!adapter) return adapter.error();
        auto const login = login_of(context, spec.account, (*adapter)->descriptor());
        auto const more =
            core::check_spec(spec, **adapter, login.app, login.facts ? &*login.facts : nullptr);
        // The script's own findings are in the spec already; check_spec may bring them again.
        for (auto const& finding : more) found.push_back(finding);
        script::add_places(*loaded, spec.post_key, found);
        for (auto& finding : found)
            (finding.level == Finding::Level::error ? errors : findings)
                .push_back(std::move(finding));
    }
    for (auto& finding : *lint) {
        // A spare file in the folder is a remark, whatever it is: it is sent nowhere.
        bool const counts = request.flag("strict") && finding.code != "lint.unused_file";
        finding.level = counts ? Finding::Level::error : Finding::Level::warning;
        (counts ? errors : findings).push_back(finding);
    }
    if (!errors.empty()) {
        context.warnings.insert(context.warnings.end(), findings.begin(), findings.end());
        auto const single = errors.size() == 1 && find_error_row(errors.front().code);
        auto error = single
                         ? make_error(errors.front().code, errors.front().message)
                         : make_error("plan.findings", fmt::format("{} findings", errors.size()));
        for (auto& finding : errors) error = error.with_at(std::move(finding));
        return error;
    }
    Answer answer;
    answer.data["campaign"] = loaded->name;
    answer.data["jobs"] = loaded->jobs.size();
    json::array posts;
    std::map<std::string, std::vector<std::string>> accounts;
    for (auto const& spec : loaded->jobs) accounts[spec.post_key].push_back(spec.account);
    for (auto const& [post, names] : accounts) {
        json::object object;
        object["post"] = post;
        json::array list;
        for (auto const& name : names) list.emplace_back(name);
        object["accounts"] = std::move(list);
        posts.push_back(std::move(object));
    }
    answer.data["posts"] = std::move(posts);
    answer.warnings = std::move(findings);
    answer.next.push_back(
        {"See what it would do", "nothing", {"campaign", "plan", request.text("file")}});
    return answer;
}

// --- list, show, pause, resume

Result<Answer> run_campaign_list(Context& context, Request const&) {
    auto listed = read_store<Answer>(context, [&](core::Tables& tables) -> Result<Answer> {
        auto campaigns = tables.campaigns();
        if (!campaigns) return campaigns.error();
        auto paged = page_of(
            *campaigns, context.globals(), [](core::Campaign const& one) { return one.name; });
        if (!paged) return paged.error();
        auto& [page, next] = *paged;
        json::array items;
        for (auto const& campaign : page) {
            auto object = campaign_object(campaign);
            auto counts = counts_of(tables, campaign.name);
            if (!counts) return counts.error();
            object["counts"] = *std::move(counts);
            items.push_back(std::move(object));
        }
        return list_answer(context, std::move(items), next);
    });
    return listed;
}

Result<Answer> run_campaign_show(Context& context, Request const& request) {
    return read_store<Answer>(context, [&](core::Tables& tables) -> Result<Answer> {
        auto campaign = campaign_named(tables, request.text("name"));
        if (!campaign) return campaign.error();
        core::JobFilter filter;
        filter.campaign = campaign->name;
        auto jobs = all_jobs(tables, filter);
        if (!jobs) return jobs.error();
        Answer answer;
        answer.data["campaign"] = campaign_object(*campaign);
        json::array list;
        for (auto const& job : *jobs)
            if (!request.has("post") || job.spec.post_key == request.text("post"))
                list.push_back(core::job_object(job));
        answer.data["jobs"] = std::move(list);
        auto counts = counts_of(tables, campaign->name);
        if (!counts) return counts.error();
        answer.data["counts"] = *std::move(counts);
        return answer;
    });
}

Result<Answer> pause_or_resume_campaign(Context& context, Request const& request, bool paused) {
    auto changed =
        write_store<json::object>(context, [&](core::Tables& tables) -> Result<json::object> {
            auto campaign = campaign_named(tables, request.text("name"));
            if (!campaign) return campaign.error();
            auto done = core::pause_campaign(
                tables, campaign->name, paused, request.text("reason"), context.now());
            if (!done) return done.error();
            auto after = campaign_named(tables, campaign->name);
            if (!after) return after.error();
            return campaign_object(*after);
        });
    if (!changed) return changed.error();
    return Answer(*changed);
}

Result<Answer> run_campaign_pause(Context& context, Request const& request) {
    return pause_or_resume_campaign(context, request, true);
}

Result<Answer> run_campaign_resume(Context& context, Request const& request) {
    return pause_or_resume_campaign(context, request, false);
}

constexpr InputSpec check_inputs[] = {
    {.name = "file",
     .type = InputType::path,
     .help = "the campaign's script",
     .placeholder = "FILE",
     .positional = true,
     .required = true},
    {.name = "strict",
     .type = InputType::boolean,
     .help = "habits that lead to trouble are errors too",
     .more = "Files that no post uses stay warnings: a folder may hold more than one campaign."},
};
constexpr InputSpec campaign_show_inputs[] = {
    {.name = "name",
     .help = "a campaign, as campaign list prints them",
     .positional = true,
     .required = true},
    {.name = "post", .help = "only this post", .placeholder = "KEY"},
};
constexpr InputSpec pause_inputs[] = {
    {.name = "name",
     .help = "a campaign, as campaign list prints them",
     .positional = true,
     .required = true},
    {.name = "reason", .help = "why, for those who ask later"},
};
constexpr InputSpec resume_inputs[] = {
    {.name = "name",
     .help = "a campaign, as campaign list prints them",
     .positional = true,
     .required = true},
};
constexpr std::string_view campaign_check_examples[] = {"campaign check launch.lua --strict"};
constexpr std::string_view campaign_list_examples[] = {"campaign list"};
constexpr std::string_view campaign_show_examples[] = {"campaign show launch --post teaser"};
constexpr std::string_view campaign_pause_examples[] = {"campaign pause launch --reason 'recall'"};
constexpr std::string_view campaign_resume_examples[] = {"campaign resume launch"};

}  // namespace

constinit Operation const campaign_check_operation{
    .name = "campaign.check",
    .sentence = "load and check a script; asks no network and stores nothing",
    .inputs = check_inputs,
    .output = "{campaign: text, jobs: int, posts: [{post: text, accounts: [text]}]}",
    .errors = "plan.findings script.error script.syntax script.limit not_found.file",
    .scope = Scope::plan,
    .examples = campaign_check_examples,
    .view = "posts: post accounts",
    .run = run_campaign_check,
};

constinit Operation const campaign_list_operation{
    .name = "campaign.list",
    .sentence = "campaigns that were applied, and how their jobs stand",
    .output =
        "{items: [{name: text, file: text, plan_hash: text, applied_at: instant|null, paused: "
        "bool, "
        "pause_reason: text|null, counts: {*: int}}], streamed?: int}",
    .scope = Scope::read,
    .examples = campaign_list_examples,
    .view = "items: name paused counts applied_at",
    .lists = true,
    .run = run_campaign_list,
};

constinit Operation const campaign_show_operation{
    .name = "campaign.show",
    .sentence = "posts, jobs and outcomes of a campaign",
    .inputs = campaign_show_inputs,
    .output = "{campaign: @campaign, jobs: [@job], counts: {*: int}}",
    .errors = "not_found.campaign",
    .scope = Scope::read,
    .examples = campaign_show_examples,
    .view = "jobs: state post account due_at receipt.seen.link error.code id",
    .run = run_campaign_show,
};

constinit Operation const campaign_pause_operation{
    .name = "campaign.pause",
    .sentence = "hold all jobs of a campaign",
    .inputs = pause_inputs,
    .output = "@campaign",
    .errors = "not_found.campaign",
    .scope = Scope::publish,
    .effect = OperationEffect::store,
    .examples = campaign_pause_examples,
    .run = run_campaign_pause,
};

constinit Operation const campaign_resume_operation{
    .name = "campaign.resume",
    .sentence = "let the jobs of a campaign go on",
    .inputs = resume_inputs,
    .output = "@campaign",
    .errors = "not_found.campaign",
    .scope = Scope::publish,
    .effect = OperationEffect::store,
    .examples = campaign_resume_examples,
    .run = run_campaign_resume,
};

}  // namespace postrider::cli

// `postrider campaign simulate`: campaigns are planned and applied in a copy of the store, and a
// helper lets the engine work on that copy, on a virtual clock and against models of the networks.
#include "operations/campaign/assumptions.hpp"
#include "operations/campaign/loading.hpp"
#include "operations/campaign/simulation_view.hpp"
#include "operations/declared.hpp"
#include "operations/interrupt.hpp"
#include "operations/lookup.hpp"
#include "operations/plan/planning.hpp"

#include <postrider/catalogue.hpp>
#include <postrider/core/helper_process.hpp>
#include <postrider/core/plan.hpp>
#include <postrider/script/time.hpp>

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <set>
#include <system_error>

namespace postrider::cli {

namespace {

namespace json = boost::json;
namespace fs = std::filesystem;

constexpr int request_version = 1;
constexpr std::size_t answer_size_max = 64 * 1024 * 1024;
constexpr Milliseconds usual_limit{10 * 60'000};

// Whoever reads the copy needs no secret, not even a sealed one.
Result<void> forget_secrets(core::Tables& tables) {
    auto apps = tables.apps("");
    if (!apps) return apps.error();
    for (auto& app : *apps) {
        app.sealed_secret.clear();
        if (auto put = tables.put_app(app); !put) return put;
    }
    auto accounts = tables.accounts();
    if (!accounts) return accounts.error();
    for (auto const& account : *accounts) {
        auto tokens = tables.tokens(account.id);
        if (!tokens) return tokens.error();
        if (!*tokens) continue;
        (*tokens)->sealed_access.clear();
        (*tokens)->sealed_refresh.clear();
        if (auto put = tables.put_tokens(**tokens); !put) return put;
    }
    auto persons = tables.persons();
    if (!persons) return persons.error();
    for (auto& person : *persons) {
        person.passphrase_hash.clear();
        if (auto put = tables.put_person(person); !put) return put;
    }
    return {};
}

Result<void> assume_facts(core::Tables& tables, Assumptions const& assumed, Instant now) {
    for (auto const& [name, facts] : assumed.facts) {
        auto account = account_named(tables, name);
        if (!account) return account.error();
        auto known = facts;
        known.as_of = now;
        known.handle = account->handle;
        account->facts = adapter::to_json(known);
        if (auto put = tables.put_account(*account); !put) return put;
    }
    return {};
}

/// The campaigns of one simulation, planned one after the other in the copy.
class Planner {
 public:
    explicit Planner(Context& context) : context_(context) {}

    Result<void> add(std::string const& named) {
        auto file = context_.path_of(named);
        if (!file) return file.error();
        auto loaded = load_script(context_, *file);
        if (!loaded) return loaded.error();
        if (std::find(names.begin(), names.end(), loaded->name) != names.end())
            return make_error("usage.bad_value",
                              fmt::format("two of the files are the campaign '{}'", loaded->name));
        names.push_back(loaded->name);
        for (auto const& spec : loaded->jobs) accounts.insert(spec.account);
        core::PlanRequest wanted;
        wanted.campaign = loaded->name;
        wanted.file = file->string();
        wanted.wanted = loaded->jobs;
        wanted.notes = loaded->notes;
        wanted.inputs = loaded->inputs;
        auto plan = make_and_store(context_, std::move(wanted));
        if (!plan) return plan.error();
        auto& warnings = context_.warnings;
        warnings.insert(warnings.end(), loaded->warnings.begin(), loaded->warnings.end());
        if (plan->hash.empty()) {
            auto const place = [&](std::string_view post_key, std::vector<Finding>& findings) {
                script::add_places(*loaded, post_key, findings);
            };
            refuse(findings_error(context_, *plan, place));
            return {};
        }
        auto const noticed = plan_warnings(*plan);
        warnings.insert(warnings.end(), noticed.begin(), noticed.end());
        auto applied = write_store<core::ApplyOutcome>(context_, [&](core::Tables& tables) {
            return core::apply_plan(
                tables, plan->id, plan->hash, false, context_.now(), context_.random());
        });
        if (!applied) return applied.error();
        return {};
    }

    std::vector<std::string> names;
    std::set<std::string> accounts;
    std::optional<Error> refused;  ///< with the findings of all that cannot be applied

 private:
    void refuse(Error error) {
        if (!refused) {
            refused = std::move(error);
            return;
        }
        auto findings = refused->at();
        findings.insert(findings.end(), error.at().begin(), error.at().end());
        auto whole = make_error(
            "plan.findings", fmt::format("{} findings stand against these plans", findings.size()));
        for (auto& finding : findings) whole = whole.with_at(std::move(finding));
        refused = std::move(whole);
    }

    Context& context_;
};

Error broken_helper(fs::path const& helper, std::string_view how) {
    return make_error("setup.helper_missing", fmt::format("{}: {}", helper.string(), how))
        .with("helper", helper.string());
}

// The helper's words are ours, but only from the same build: its answer is looked at before it is
// taken apart.
bool is_answer(json::value const& value) {
    auto const* object = value.if_object();
    if (!object) return false;
    auto const* counts = object->if_contains("counts");
    if (!counts || !counts->is_object()) return false;
    for (auto const* name : {"calendar", "clashes", "buckets"}) {
        auto const* list = object->if_contains(name);
        if (!list || !list->is_array()) return false;
        for (auto const& element : list->get_array())
            if (!element.is_object()) return false;
    }
    return true;
}

Result<json::object> ask_helper(Context& context, json::object const& request) {
    auto const helper = context.helper("rehearse");
    int number = 0;
    auto process = core::HelperProcess::start(helper, {}, number);
    if (!process)
        return broken_helper(helper,
                             "it cannot be started: " + std::generic_category().message(number));
    auto const limit = context.globals().timeout.value_or(usual_limit);
    auto const answer = process->ask(json::serialize(request) + "\n",
                                     std::chrono::steady_clock::now() + limit,
                                     answer_size_max,
                                     [&context] { return context.interrupted(); });
    using Kind = core::HelperProcess::Answer::Kind;
    if (context.interrupted())
        return make_error("wait.timeout", "A signal ended the simulation; nothing was changed.");
    if (answer.kind == Kind::late)
        return make_error("wait.timeout",
                          fmt::format("The simulation took more than {}; nothing was changed.",
                                      to_duration_text(limit)))
            .with_hint("--until makes it shorter, --timeout allows more.");
    if (answer.kind == Kind::too_long) return broken_helper(helper, "its answer is far too long");
    if (answer.kind == Kind::ended) return broken_helper(helper, "it ended without an answer");
    json::error_code failed;
    auto value = json::parse(answer.line, failed);
    auto* object = failed ? nullptr : value.if_object();
    if (object)
        if (auto const* data = object->if_contains("data"); data && is_answer(*data))
            return data->get_object();
    if (object)
        if (auto const* error = object->if_contains("error"); error && error->is_object()) {
            auto const told = Error::from_json(*error);
            return make_error(told.code(), told.message());
        }
    return broken_helper(helper,
                         "its answer makes no sense; install it and postrider from one build");
}

// The wall time at which a post goes out stands beside the one that was planned.
void add_wall_times(json::object& data) {
    for (auto& value : data["calendar"].as_array()) {
        auto& entry = value.as_object();
        json::value wall = nullptr;
        auto const* out = entry.if_contains("out_at");
        auto const* zone = entry.if_contains("zone");
        if (out && out->is_string() && zone && zone->is_string())
            if (auto const at = parse_rfc3339(out->get_string()))
                if (auto text = script::wall_time(*at, zone->get_string()))
                    wall = json::string(*text);
        json::object ordered;
        for (auto& member : entry) {
            ordered[member.key()] = member.value();
            if (member.key() == "out_at") ordered["out_wall"] = wall;
        }
        entry = std::move(ordered);
    }
}

// Nothing is known of what they may choose: plan and model rest on what is usual.
json::array unasked(Context& context, std::set<std::string> const& accounts) {
    json::array names;
    static_cast<void>(read_store<bool>(context, [&](core::Tables& tables) -> Result<bool> {
        for (auto const& name : accounts) {
            auto account = tables.account(name);
            if (!account) return account.error();
            if (*account && (*account)->facts.empty()) names.emplace_back((*account)->name);
        }
        return true;
    }));
    return names;
}

Result<Answer> run_campaign_simulate(Context& context, Request const& request) {
    auto assumed = Result<Assumptions>(usual_assumptions());
    if (request.has("assume")) {
        auto file = context.path_of(request.text("assume"));
        if (!file) return file.error();
        assumed = read_assumptions(context, *file);
        if (!assumed) return assumed.error();
    }
    context.hold_still(static_cast<std::uint64_t>(request.integer("seed")));
    auto const now = context.now();
    auto const until = request.instant("until");
    if (until && *until <= now)
        return make_error("usage.bad_value",
                          fmt::format("--until {} has passed", to_rfc3339(*until)));
    auto folder = context.work_on_copy();
    if (!folder) return folder.error();
    // A signal may end this program before it comes to tidy up.
    constexpr int grace_ms = 1'000;
    auto const tidy_up = [folder = *folder] {
        std::error_code ignored;
        fs::remove_all(folder, ignored);
    };
    WakeOnSignal const awake(tidy_up, grace_ms);
    auto ready = write_store<bool>(context, [&](core::Tables& tables) -> Result<bool> {
        if (auto forgotten = forget_secrets(tables); !forgotten) return forgotten.error();
        if (auto done = assume_facts(tables, *assumed, now); !done) return done.error();
        return true;
    });
    if (!ready) return ready.error();
    Planner planner(context);
    for (auto const& file : request.texts("file"))
        if (auto added = planner.add(file); !added) return added.error();
    if (planner.refused) return *planner.refused;
    auto strangers = unasked(context, planner.accounts);
    auto copy = context.hand_over_copy();
    if (!copy) return copy.error();

    auto settings = context.settings();
    if (!settings) return settings.error();
    json::object line;
    line["version"] = request_version;
    line["store"] = copy->string();
    line["now"] = to_rfc3339(now);
    line["seed"] = request.integer("seed");
    if (until)
        line["until"] = to_rfc3339(*until);
    else
        line["until"] = nullptr;
    json::array campaigns;
    for (auto const& name : planner.names) campaigns.emplace_back(name);
    line["campaigns"] = std::move(campaigns);
    line["concurrency"] = (*settings)->concurrency;
    line["assume"] = assumed->rehearsal;
    auto data = ask_helper(context, line);
    if (!data) return data.error();
    add_wall_times(*data);
    (*data)["unasked"] = std::move(strangers);

    Answer answer(*std::move(data));
    auto const clashes = answer.data["clashes"].as_array().size();
    if (clashes > 0) {
        Finding finding;
        finding.level = Finding::Level::warning;
        finding.code = "schedule.clash";
        finding.message = fmt::format("{} {} not go out as planned; `clashes` says which and why.",
                                      clashes,
                                      clashes == 1 ? "post would" : "posts would");
        answer.warnings.push_back(std::move(finding));
    }
    auto const width = context.host().out_terminal ? context.host().columns : 0;
    answer.text = simulation_text(answer.data, static_cast<std::size_t>(width), context.paint());
    for (auto const& file : request.texts("file"))
        answer.next.push_back({"Plan it", "nothing", {"campaign", "plan", file}});
    return answer;
}

constexpr InputSpec simulate_inputs[] = {
    {.name = "file",
     .type = InputType::path,
     .help = "scripts of campaigns, in the order in which they would be applied",
     .placeholder = "FILE",
     .positional = true,
     .repeatable = true,
     .required = true},
    {.name = "until",
     .type = InputType::instant,
     .help = "no further than this; else until the posts are at rest"},
    {.name = "seed",
     .type = InputType::integer,
     .help = "decides delays and everything else that chance decides",
     .fallback = "1",
     .max = INT64_MAX},
    {.name = "assume",
     .type = InputType::path,
     .help = "a JSON file of what is taken for granted",
     .placeholder = "FILE"},
};
constexpr std::string_view simulate_examples[] = {
    "campaign simulate launch.lua",
    "campaign simulate launch.lua spring.lua --assume assumptions.json --seed 7"};

}  // namespace

constinit Operation const campaign_simulate_operation{
    .name = "campaign.simulate",
    .sentence =
        "try campaigns out on a virtual clock: calendar, quotas, clashes; stores and sends nothing",
    .inputs = simulate_inputs,
    .output =
        "{simulated_from: instant, simulated_until: instant, seed: int, counts: {posts: int, "
        "on_time: int, late: int, published: int, handed_off: int, rejected: int, cancelled: int, "
        "unknown: int, awaiting_approval: int, open: int, others: int}, "
        "calendar: [{campaign: text|null, post: text|null, account: !text, planned: bool, due_at: "
        "instant, wall: text|null, zone: text|null, asap: bool, out_at: instant|null, out_wall: "
        "text|null, delay_ms: int|null, reason: text|null, waits: {*: int}, state: @state, code: "
        "text|null}], "
        "clashes: [{campaign: text|null, post: text|null, account: !text, planned: bool, due_at: "
        "instant, kind: "
        "\"late\"|\"late_burst\"|\"missed\"|\"cancelled\"|\"rejected\"|\"unknown\"|\"approval\"|"
        "\"open\", "
        "message: !text, code: text|null}], "
        "buckets: [{key: text, bucket: text, network: text, app: text, account: !text|null, "
        "reason: \"rate\"|\"quota\", limit: int, window_ms: int, used_before: int, peak: int, "
        "peak_at: instant, full_at: instant|null}], requests: int, unasked: [!text]}",
    .errors =
        "plan.findings setup.not_initialised setup.helper_missing script.error script.syntax "
        "script.limit not_found.file not_found.account not_found.network wait.timeout",
    .scope = Scope::plan,
    .time_limit = "10m",
    .examples = simulate_examples,
    .more =
        "The campaigns are planned and applied in a copy of the store, then the real engine and "
        "the "
        "real adapters work on that copy, on a virtual clock and against models of the networks. "
        "Posts of other campaigns take part, since they need the same limits. No request leaves "
        "the machine, and no network is asked what a creator is offered: what the store saw last "
        "has to do. A plan with errors ends as `campaign plan` does (exit 7). Posts that would not "
        "go out as planned are an answer, not a failure: exit 0, one warning, and `clashes`.\n\n"
        "Members of the file of assumptions, all of them optional: approval_after (a duration, or "
        "never; 0s), answers ([{post, account, options}] to open choices), accounts (by name: "
        "{offered, locked, limits}, instead of what the store saw), latency (300ms), processing "
        "(5s), upload_bytes_per_second, outages ([{network, from, to}]), stopped ([{from, to}]: no "
        "engine runs), late_after (5m).",
    .run = run_campaign_simulate,
};

}  // namespace postrider::cli

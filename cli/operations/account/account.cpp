// `postrider account`: what is known of accounts, asking the network anew, holding and letting go.
#include "operations/account/shown.hpp"
#include "operations/declared.hpp"
#include "operations/lookup.hpp"

#include <postrider/catalogue.hpp>
#include <postrider/core/plan.hpp>
#include <postrider/script/time.hpp>

#include <boost/json/array.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace postrider::cli {

namespace {

namespace json = boost::json;

Result<json::object> stored_account(Context& context, std::string const& name) {
    return read_store<json::object>(context, [&](core::Tables& tables) -> Result<json::object> {
        auto account = account_named(tables, name);
        if (!account) return account.error();
        return shown_account(tables, *account);
    });
}

Result<Answer> run_account_list(Context& context, Request const& request) {
    auto listed = read_store<Answer>(context, [&](core::Tables& tables) -> Result<Answer> {
        auto accounts = tables.accounts();
        if (!accounts) return accounts.error();
        std::string app_id;
        if (request.has("app")) {
            auto app = app_named(tables, request.text("app"), "");
            if (!app) return app.error();
            app_id = app->id;
        }
        std::vector<core::Account> kept;
        for (auto const& account : *accounts) {
            if (request.has("network") && account.network != request.text("network")) continue;
            auto const& tags = account.tags;
            if (request.has("tag") &&
                std::find(tags.begin(), tags.end(), request.text("tag")) == tags.end())
                continue;
            if (!app_id.empty() && account.app_id != app_id) continue;
            kept.push_back(account);
        }
        auto paged =
            page_of(kept, context.globals(), [](core::Account const& one) { return one.name; });
        if (!paged) return paged.error();
        auto& [page, next] = *paged;
        json::array items;
        for (auto const& account : page) {
            auto shown = shown_account(tables, account);
            if (!shown) return shown.error();
            items.push_back(*std::move(shown));
        }
        return list_answer(context, std::move(items), next);
    });
    return listed;
}

Result<Answer> run_account_show(Context& context, Request const& request) {
    auto account = stored_account(context, request.text("account"));
    if (!account) return account.error();
    return Answer(*account);
}

Result<Answer> run_account_check(Context& context, Request const& request) {
    auto account = read_store<core::Account>(context, [&](core::Tables& tables) {
        return account_named(tables, request.text("account"));
    });
    if (!account) return account.error();
    context.suggestions.push_back(
        {"What is known here without asking", "nothing", {"account", "show", account->name}});
    auto facts = context.look_at_creator(account->id);
    if (!facts) return facts.error().with("account", account->name);
    auto shown = stored_account(context, account->id);
    if (!shown) return shown.error();
    Answer answer;
    answer.data["account"] = *shown;
    answer.data["can_post"] = !facts->blocked.has_value();
    answer.data["facts"] = adapter::to_json(*facts);
    if (facts->blocked) {
        Finding finding;
        finding.level = Finding::Level::warning;
        finding.code = facts->blocked->code();
        finding.message = facts->blocked->message();
        answer.warnings.push_back(std::move(finding));
    }
    return answer;
}

Result<Answer> run_account_set(Context& context, Request const& request) {
    auto const zone = request.text("zone");
    if (!zone.empty() && !script::is_zone(zone)) {
        Finding finding;
        finding.code = "usage.bad_value";
        finding.path = "/zone";
        finding.message =
            fmt::format("'{}' is no zone of the time zone data, such as Europe/Paris", zone);
        return make_error("usage.bad_value", finding.message).with_at(finding);
    }
    auto changed =
        write_store<json::object>(context, [&](core::Tables& tables) -> Result<json::object> {
            auto account = account_named(tables, request.text("account"));
            if (!account) return account.error();
            if (request.has("zone")) account->zone = zone;
            auto& tags = account->tags;
            for (auto const& tag : request.texts("tag"))
                if (std::find(tags.begin(), tags.end(), tag) == tags.end()) tags.push_back(tag);
            for (auto const& tag : request.texts("untag")) std::erase(tags, tag);
            std::sort(tags.begin(), tags.end());
            if (auto put = tables.put_account(*account); !put) return put.error();
            return shown_account(tables, *account);
        });
    if (!changed) return changed.error();
    return Answer(*changed);
}

Result<Answer> pause_or_resume_account(Context& context, Request const& request, bool paused) {
    auto changed =
        write_store<json::object>(context, [&](core::Tables& tables) -> Result<json::object> {
            auto account = account_named(tables, request.text("account"));
            if (!account) return account.error();
            auto done = core::pause_account(
                tables, account->name, paused, request.text("reason"), context.now());
            if (!done) return done.error();
            auto after = account_named(tables, account->id);
            if (!after) return after.error();
            return shown_account(tables, *after);
        });
    if (!changed) return changed.error();
    return Answer(*changed);
}

Result<Answer> run_account_pause(Context& context, Request const& request) {
    return pause_or_resume_account(context, request, true);
}

Result<Answer> run_account_resume(Context& context, Request const& request) {
    return pause_or_resume_account(context, request, false);
}

#define POSTRIDER_ACCOUNT_INPUT                                                          \
    {                                                                                    \
        .name = "account", .help = "an account, as account list prints them, or its id", \
        .positional = true, .required = true                                             \
    }

constexpr InputSpec account_inputs[] = {POSTRIDER_ACCOUNT_INPUT};
constexpr InputSpec hold_inputs[] = {
    POSTRIDER_ACCOUNT_INPUT,
    {.name = "reason", .help = "why, for those who ask later"},
};
constexpr InputSpec account_set_inputs[] = {
    POSTRIDER_ACCOUNT_INPUT,
    {.name = "zone", .help = "home zone, such as Europe/Paris", .placeholder = "ZONE"},
    {.name = "tag",
     .help = "a word for routes and filters",
     .placeholder = "WORD",
     .repeatable = true},
    {.name = "untag", .help = "take such a word away", .placeholder = "WORD", .repeatable = true},
};
#undef POSTRIDER_ACCOUNT_INPUT
constexpr InputSpec account_list_inputs[] = {
    {.name = "network", .help = "only accounts of this network"},
    {.name = "tag", .help = "only accounts with this tag"},
    {.name = "app", .help = "only accounts under this app"},
};
constexpr std::string_view account_list_examples[] = {"account list",
                                                      "account list --tag launch -o id"};
constexpr std::string_view account_show_examples[] = {"account show network:@handle"};
constexpr std::string_view account_check_examples[] = {"account check network:@handle"};
constexpr std::string_view account_set_examples[] = {
    "account set network:@handle --zone Europe/Paris --tag launch"};
constexpr std::string_view account_pause_examples[] = {
    "account pause network:@handle --reason 'holiday'"};
constexpr std::string_view account_resume_examples[] = {"account resume network:@handle"};

}  // namespace

Result<json::object> shown_account(core::Tables& tables, core::Account const& account) {
    auto object = core::to_json(account);
    auto app = tables.app(account.app_id);
    if (!app) return app.error();
    if (*app)
        object["app"] = (*app)->name;
    else
        object["app"] = nullptr;
    auto tokens = tables.tokens(account.id);
    if (!tokens) return tokens.error();
    object["tokens"] = nullptr;
    if (*tokens) {
        json::object shown;
        shown["issued_at"] = to_rfc3339((*tokens)->access_issued_at);
        shown["expires_at"] = to_rfc3339((*tokens)->access_expires_at);
        if ((*tokens)->refresh_expires_at)
            shown["refresh_expires_at"] = to_rfc3339(*(*tokens)->refresh_expires_at);
        else
            shown["refresh_expires_at"] = nullptr;
        shown["refreshable"] = !(*tokens)->sealed_refresh.empty();
        object["tokens"] = std::move(shown);
    }
    auto circuit = tables.circuit(fmt::format("{}/account/{}", account.network, account.id));
    if (!circuit) return circuit.error();
    object["circuit"] = nullptr;
    if (*circuit) object["circuit"] = circuit_object(**circuit);
    return object;
}

json::object circuit_object(core::CircuitState const& circuit) {
    json::object object;
    object["phase"] = word(circuit.phase);
    object["since"] = to_rfc3339(circuit.opened_at);
    object["until"] = to_rfc3339(circuit.until);
    object["evidence"] = circuit.evidence;
    return object;
}

constinit Operation const account_list_operation{
    .name = "account.list",
    .sentence = "the accounts that are connected",
    .inputs = account_list_inputs,
    .output = "{items: [@shown_account], streamed?: int}",
    .errors = "not_found.app",
    .scope = Scope::read,
    .examples = account_list_examples,
    .view = "items: name app zone tags paused reconnect_needed tokens.expires_at",
    .lists = true,
    .run = run_account_list,
};

constinit Operation const account_show_operation{
    .name = "account.show",
    .sentence = "what is known of one account without asking its network",
    .inputs = account_inputs,
    .output = "@shown_account",
    .errors = "not_found.account",
    .scope = Scope::read,
    .examples = account_show_examples,
    .run = run_account_show,
};

constinit Operation const account_check_operation{
    .name = "account.check",
    .sentence = "ask the network what this account may do now",
    .inputs = account_inputs,
    .output = "{account: @shown_account, can_post: bool, facts: @facts}",
    .errors =
        "not_found.account account.reconnect_needed account.token_held network.unreachable "
        "network.rate_limited",
    .scope = Scope::read,
    .effect = OperationEffect::looks,
    .examples = account_check_examples,
    .run = run_account_check,
};

constinit Operation const account_set_operation{
    .name = "account.set",
    .sentence = "home zone and tags of an account, for campaigns",
    .inputs = account_set_inputs,
    .output = "@shown_account",
    .errors = "not_found.account",
    .scope = Scope::admin,
    .effect = OperationEffect::store,
    .examples = account_set_examples,
    .run = run_account_set,
};

constinit Operation const account_pause_operation{
    .name = "account.pause",
    .sentence = "hold all jobs of an account",
    .inputs = hold_inputs,
    .output = "@shown_account",
    .errors = "not_found.account",
    .scope = Scope::publish,
    .effect = OperationEffect::store,
    .examples = account_pause_examples,
    .run = run_account_pause,
};

constinit Operation const account_resume_operation{
    .name = "account.resume",
    .sentence = "let the jobs of an account go on",
    .inputs = account_inputs,
    .output = "@shown_account",
    .errors = "not_found.account",
    .scope = Scope::publish,
    .effect = OperationEffect::store,
    .examples = account_resume_examples,
    .run = run_account_resume,
};

}  // namespace postrider::cli

// `postrider account connect`: authorises an account, by a sign-in in a browser or with tokens that
// were obtained elsewhere, for the first time or again. Nothing half done is left: an account that
// could not be looked at is not kept.
#include "operations/account/sign_in.hpp"
#include "operations/account/token_answer.hpp"
#include "operations/declared.hpp"
#include "operations/lookup.hpp"

#include <postrider/adapter/adapter.hpp>
#include <postrider/catalogue.hpp>
#include <postrider/core/ids.hpp>
#include <postrider/core/vault.hpp>

#include <boost/json/array.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace postrider::cli {

namespace {

namespace json = boost::json;

/// The account as it will be, and as it was.
struct Connecting {
    core::Account account;
    std::optional<core::Account> before;
    std::optional<core::TokenPair> tokens_before;
    core::App app;
};

// The only app of the network, or the one that was named.
Result<core::App> app_for(core::Tables& tables,
                          std::string const& network,
                          std::string const& named) {
    if (!named.empty()) return app_named(tables, named, network);
    auto apps = tables.apps(network);
    if (!apps) return apps.error();
    if (apps->size() == 1) return apps->front();
    if (apps->empty())
        return make_error("not_found.app",
                          fmt::format("no app of {} is known; register one with app add", network));
    Finding finding;
    finding.code = "usage.missing_input";
    finding.path = "/app";
    finding.message = fmt::format("--app is needed: {} has more than one app", network);
    for (auto const& app : *apps) finding.allowed.emplace_back(app.name);
    return make_error("usage.missing_input", finding.message).with_at(finding);
}

// The app under which the target is authorised, or is to be.
Result<core::App> app_of_target(core::Tables& tables,
                                std::string const& target,
                                std::string const& network,
                                std::string const& app_name) {
    if (target == network || !app_name.empty()) return app_for(tables, network, app_name);
    auto account = account_named(tables, target);
    if (!account) return account.error();
    return app_named(tables, account->app_id, network);
}

Result<Connecting> prepare(Context& context,
                           std::string const& target,
                           std::string const& network,
                           std::string const& app_name,
                           TokenAnswer const& answer) {
    return read_store<Connecting>(context, [&](core::Tables& tables) -> Result<Connecting> {
        Connecting connecting;
        bool const named = target != network;
        if (named) {
            auto account = account_named(tables, target);
            if (!account) return account.error();
            if (!answer.remote_id.empty() && !account->remote_id.empty() &&
                account->remote_id != answer.remote_id)
                return make_error("account.mismatch").with("account", account->name);
            connecting.before = *account;
        }
        auto app = app_of_target(tables, target, network, app_name);
        if (!app) return app.error();
        connecting.app = *app;
        auto accounts = tables.accounts();
        if (!accounts) return accounts.error();
        for (auto const& account : *accounts)
            if (!connecting.before && account.network == network && !answer.remote_id.empty() &&
                account.remote_id == answer.remote_id &&
                (app_name.empty() || account.app_id == app->id))
                connecting.before = account;
        if (connecting.before) {
            auto tokens = tables.tokens(connecting.before->id);
            if (!tokens) return tokens.error();
            connecting.tokens_before = *tokens;
        }
        return connecting;
    });
}

core::TokenPair sealed_tokens(core::Vault const& vault,
                              std::string const& account_id,
                              TokenAnswer const& answer,
                              std::optional<core::TokenPair> const& before,
                              Instant now) {
    core::TokenPair tokens;
    auto const vault_context = "token:" + account_id;
    tokens.account_id = account_id;
    tokens.sealed_access = vault.seal(answer.access, vault_context);
    if (!answer.refresh.empty()) tokens.sealed_refresh = vault.seal(answer.refresh, vault_context);
    tokens.access_issued_at = now;
    tokens.access_expires_at = now + std::chrono::seconds(answer.expires_in);
    if (answer.refresh_expires_in)
        tokens.refresh_expires_at = now + std::chrono::seconds(*answer.refresh_expires_in);
    tokens.generation = before ? before->generation + 1 : 1;
    return tokens;
}

Result<bool> store_pair(Context& context,
                        core::Account const& account,
                        core::TokenPair const& tokens) {
    return write_store<bool>(context, [&](core::Tables& tables) -> Result<bool> {
        if (auto put = tables.put_account(account); !put) return put.error();
        if (auto put = tables.put_tokens(tokens); !put) return put.error();
        return true;
    });
}

// Puts things back as they were; its own failure is less important than the one that led here.
void undo(Context& context, Connecting const& connecting) {
    auto const undone = write_store<bool>(context, [&](core::Tables& tables) -> Result<bool> {
        if (!connecting.before) {
            if (auto gone = tables.remove_account(connecting.account.id); !gone)
                return gone.error();
            return true;
        }
        if (auto put = tables.put_account(*connecting.before); !put) return put.error();
        if (connecting.tokens_before)
            if (auto put = tables.put_tokens(*connecting.tokens_before); !put) return put.error();
        return true;
    });
    static_cast<void>(undone.has_value());
}

// Jobs that waited for this creator may go on.
Result<int> release_jobs(core::Tables& tables, core::Account const& account, Instant now) {
    core::JobFilter filter;
    filter.account = account.name;
    filter.states = {core::JobState::waiting};
    auto jobs = all_jobs(tables, filter);
    if (!jobs) return jobs.error();
    int released = 0;
    for (auto job : *jobs) {
        if (job.waiting != adapter::WaitReason::account) continue;
        job.until = now;
        job.next_at = now;
        job.updated_at = now;
        if (auto put = tables.update_job(job); !put) return put.error();
        ++released;
    }
    return released;
}

Result<core::Account> finish(Context& context,
                             Connecting const& connecting,
                             adapter::CreatorFacts const& facts,
                             int& released) {
    return write_store<core::Account>(context, [&](core::Tables& tables) -> Result<core::Account> {
        auto account = connecting.account;
        account.facts = adapter::to_json(facts);
        if (!facts.remote_id.empty() && account.remote_id.empty())
            account.remote_id = facts.remote_id;
        if (!facts.handle.empty()) account.handle = facts.handle;
        auto const name = account.network + ":" + account.handle;
        auto holder = tables.account(name);
        if (!holder) return holder.error();
        if (*holder && (*holder)->id != account.id)
            return make_error("conflict.name_taken",
                              fmt::format("{} is connected already, as another login", name))
                .with("account", name);
        account.name = name;
        if (auto put = tables.put_account(account); !put) return put.error();
        auto count = release_jobs(tables, account, context.now());
        if (!count) return count.error();
        released = *count;
        json::object data;
        data["account"] = account.name;
        data["account_id"] = account.id;
        data["network"] = account.network;
        if (auto event = tables.add_event("account.connected", std::move(data), context.now());
            !event)
            return event.error();
        return account;
    });
}

Result<TokenAnswer> read_tokens(Context& context,
                                Request const& request,
                                adapter::OAuthShape const& oauth) {
    auto text = context.whole_input(request, "token_stdin");
    if (!text) return text.error();
    return read_token_answer(*text, oauth);
}

Result<TokenAnswer> signed_in(Context& context,
                              Request const& request,
                              std::string const& target,
                              adapter::Descriptor const& descriptor) {
    auto app = read_store<core::App>(context, [&](core::Tables& tables) {
        return app_of_target(tables, target, descriptor.network, request.text("app"));
    });
    if (!app) return app.error();
    auto tokens = sign_in(context, descriptor, *app, !request.flag("no_browser"));
    if (!tokens) return tokens.error();
    return read_token_answer(*tokens, descriptor.oauth);
}

// A creator may grant less than was asked for; what that forbids is told when it is needed.
void warn_of_missing_scopes(Context& context,
                            adapter::OAuthShape const& oauth,
                            std::vector<std::string> const& granted) {
    if (granted.empty()) return;
    std::string missing;
    for (auto const& scope : oauth.scopes)
        if (std::find(granted.begin(), granted.end(), scope) == granted.end())
            missing += (missing.empty() ? "" : ", ") + scope;
    if (missing.empty()) return;
    Finding finding;
    finding.level = Finding::Level::warning;
    finding.code = "account.scope_missing";
    finding.message = fmt::format("The creator did not grant {}.", missing);
    context.warnings.push_back(std::move(finding));
}

Result<Answer> run_connect(Context& context, Request const& request) {
    auto const target = request.text("target");
    auto const network = target.substr(0, target.find(':'));
    auto adapter = context.adapter(network);
    if (!adapter) return adapter.error();
    auto const& descriptor = (*adapter)->descriptor();
    auto answer = request.flag("token_stdin") ? read_tokens(context, request, descriptor.oauth)
                                              : signed_in(context, request, target, descriptor);
    if (!answer) return answer.error();
    auto vault = context.vault();
    if (!vault) return vault.error();
    auto connecting = prepare(context, target, network, request.text("app"), *answer);
    if (!connecting) return connecting.error();

    auto const now = context.now();
    auto& account = connecting->account;
    if (connecting->before) {
        account = *connecting->before;
    } else {
        account.id = core::new_id("acc", now, context.random());
        account.network = network;
        account.handle = answer->remote_id.empty() ? account.id : answer->remote_id;
        account.name = network + ":" + account.handle;
    }
    account.app_id = connecting->app.id;
    if (!answer->remote_id.empty()) account.remote_id = answer->remote_id;
    account.scopes = answer->scopes;
    account.reconnect_needed = false;
    account.reconnect_reason.clear();
    account.connected_at = now;
    auto const tokens = sealed_tokens(**vault, account.id, *answer, connecting->tokens_before, now);
    if (auto stored = store_pair(context, account, tokens); !stored) return stored.error();

    // The network says who this is; until it has, the account is provisional.
    auto facts = context.look_at_creator(account.id);
    if (!facts) {
        undo(context, *connecting);
        return facts.error();
    }
    int released = 0;
    auto connected = finish(context, *connecting, *facts, released);
    if (!connected) {
        undo(context, *connecting);
        return connected.error();
    }
    warn_of_missing_scopes(context, descriptor.oauth, answer->scopes);
    Answer done;
    done.data["account"] = core::to_json(*connected);
    done.data["first"] = !connecting->before.has_value();
    done.data["jobs_released"] = released;
    done.next.push_back(
        {"See what it may post now", "nothing", {"account", "check", connected->name}});
    return done;
}

constexpr InputSpec connect_inputs[] = {
    {.name = "target",
     .help = "a network for a new account, or an account to authorise again",
     .placeholder = "NETWORK|ACCOUNT",
     .positional = true,
     .required = true},
    {.name = "app",
     .help = "the app under which it is authorised; needed when the network has several"},
    {.name = "token_stdin",
     .type = InputType::boolean,
     .help = "read the network's token answer, one JSON object, from standard input",
     .more = "Members: access_token, refresh_token, expires_in, refresh_expires_in, scope, and the "
             "one that names the "
             "login (network show NETWORK, oauth.remote_id_member).",
     .secret = true},
    {.name = "no_browser",
     .type = InputType::boolean,
     .help = "show the address of the network's page, but do not open it"},
};
constexpr std::string_view connect_examples[] = {
    "account connect NETWORK", "account connect NETWORK --app studio --token-stdin < tokens.json"};

}  // namespace

constinit Operation const account_connect_operation{
    .name = "account.connect",
    .sentence = "authorise an account, for the first time or again",
    .inputs = connect_inputs,
    .output = "{account: @account, first: bool, jobs_released: int}",
    .errors =
        "not_found.network not_found.app not_found.account account.mismatch conflict.name_taken "
        "account.reconnect_needed account.sign_in_refused app.misconfigured app.bad_credentials "
        "network.unreachable setup.port_taken wait.timeout",
    .effect = OperationEffect::looks,
    .time_limit = "10m",
    .examples = connect_examples,
    .more =
        "Without --token-stdin the creator signs in on the network's own page. Its address is "
        "printed, and opened in a browser on a terminal. The app's redirect (app set APP "
        "--redirect) says where the browser comes back to: http://127.0.0.1:PORT/PATH (or "
        "localhost; * as port takes any) is answered by this command itself, for any other address "
        "it asks for what the browser shows in its address bar.",
    .run = run_connect,
};

}  // namespace postrider::cli

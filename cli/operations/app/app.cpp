// `postrider app`: developer applications on a network, and the options that their adapter declares
// for them.
#include "operations/app/options.hpp"
#include "operations/declared.hpp"
#include "operations/lookup.hpp"

#include <postrider/adapter/adapter.hpp>
#include <postrider/catalogue.hpp>
#include <postrider/core/ids.hpp>
#include <postrider/core/vault.hpp>
#include <postrider/server_url.hpp>

#include <boost/json/array.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace postrider::cli {

namespace {

namespace json = boost::json;

Error problems_error(std::vector<Finding> const& problems) {
    auto error = make_error(problems.front().code, problems.front().message);
    for (auto const& problem : problems) error = error.with_at(problem);
    return error;
}

// What an app is shown as: options that the descriptor calls secret are hidden.
json::object shown_app(core::App const& app, adapter::Descriptor const* descriptor) {
    auto object = core::to_json(app);
    if (!descriptor) return object;
    for (auto const& spec : descriptor->app_options)
        if (spec.secret && app.options.contains(spec.name))
            object["options"].as_object()[spec.name] = "[redacted]";
    return object;
}

Error unusable(std::string_view input, std::string const& got, std::string message) {
    Finding finding;
    finding.code = "usage.bad_value";
    finding.path = fmt::format("/{}", input);
    finding.message = message;
    finding.got = json::string(got);
    return make_error("usage.bad_value", std::move(message)).with_at(std::move(finding));
}

// Of a desktop app any port of this machine may be registered, which is written `*`. Nothing:
// it is taken back.
bool is_redirect(std::string text) {
    if (text.empty()) return true;
    if (auto const any = text.find(":*"); any != std::string::npos) text.replace(any, 2, ":1");
    return is_server_url(text.substr(0, text.find('?')));
}

// The part that `add` and `set` share: everything but name and network.
Result<core::App> changed_app(Context& context,
                              Request const& request,
                              adapter::Descriptor const& descriptor,
                              core::App app) {
    auto const problems =
        set_app_options(descriptor.app_options, request.texts("option"), app.options);
    if (!problems.empty()) {
        context.suggestions.push_back(
            {"What the options of such an app may be",
             "nothing",
             {"network", "show", descriptor.network, "--section", "options"}});
        return problems_error(problems);
    }
    if (request.has("redirect") && !is_redirect(request.text("redirect")))
        return unusable("redirect",
                        request.text("redirect"),
                        "--redirect is the address that is registered for the app, such as "
                        "https://studio.example/callback or http://127.0.0.1:*/callback/");
    if (request.has("key") && request.text("key").empty())
        return unusable("key", "", "--key must not be empty");
    if (request.has("key")) app.client_id = request.text("key");
    if (request.has("redirect")) app.redirect = request.text("redirect");
    if (request.has("audited")) app.audited = request.text("audited") == "yes";
    if (request.flag("secret_stdin")) {
        auto secret = context.secret(request, "secret_stdin", "Secret of the app: ");
        if (!secret) return secret.error();
        auto vault = context.vault();
        if (!vault) return vault.error();
        app.sealed_secret = (*vault)->seal(*secret, "app:" + app.id);
    }
    return app;
}

Result<Answer> run_app_add(Context& context, Request const& request) {
    auto adapter = context.adapter(request.text("network"));
    if (!adapter) return adapter.error();
    auto const& descriptor = (*adapter)->descriptor();
    core::App app;
    app.created_at = context.now();
    app.id = core::new_id("app", app.created_at, context.random());
    app.network = descriptor.network;
    app.name = request.text("name");
    // Nobody has said that it is not: what only audited apps may do is tried, and a refusal says
    // whose move it is.
    app.audited = true;
    if (!request.has("audited")) {
        Finding unsaid;
        unsaid.level = Finding::Level::warning;
        unsaid.code = "app.not_audited";
        unsaid.path = "/audited";
        unsaid.message =
            "It was not said whether the network has audited this app, so it is taken to be; with "
            "--audited no, posts that "
            "an unaudited app may not make are refused when they are planned.";
        context.warnings.push_back(std::move(unsaid));
    }
    auto filled = changed_app(context, request, descriptor, std::move(app));
    if (!filled) return filled.error();
    auto stored = write_store<bool>(context, [&](core::Tables& tables) -> Result<bool> {
        auto apps = tables.apps(filled->network);
        if (!apps) return apps.error();
        bool const taken = std::any_of(apps->begin(), apps->end(), [&](core::App const& one) {
            return one.name == filled->name;
        });
        if (taken)
            return make_error("conflict.name_taken",
                              fmt::format("there is an app '{}' already", filled->name))
                .with("app", filled->name);
        if (auto put = tables.put_app(*filled); !put) return put.error();
        return true;
    });
    if (!stored) return stored.error();
    Answer answer(shown_app(*filled, &descriptor));
    Next next{"Authorise an account under it",
              "person",
              {"account", "connect", filled->network, "--app", filled->name}};
    // Without an address to come back to there is no sign-in in a browser.
    if (filled->redirect.empty()) next.argv.emplace_back("--token-stdin");
    answer.next.push_back(std::move(next));
    return answer;
}

Result<Answer> run_app_list(Context& context, Request const& request) {
    auto apps = read_store<std::vector<core::App>>(
        context, [&](core::Tables& tables) { return tables.apps(request.text("network")); });
    if (!apps) return apps.error();
    auto paged = page_of(*apps, context.globals(), [](core::App const& app) { return app.id; });
    if (!paged) return paged.error();
    auto& [page, next] = *paged;
    json::array items;
    for (auto const& app : page) {
        auto const adapter = context.adapter(app.network);
        items.push_back(shown_app(app, adapter ? &(*adapter)->descriptor() : nullptr));
    }
    return list_answer(context, std::move(items), next);
}

Result<Answer> run_app_show(Context& context, Request const& request) {
    auto app = read_store<core::App>(
        context, [&](core::Tables& tables) { return app_named(tables, request.text("app"), ""); });
    if (!app) return app.error();
    auto const adapter = context.adapter(app->network);
    return Answer(shown_app(*app, adapter ? &(*adapter)->descriptor() : nullptr));
}

// Posts that waited because the network refused the app may go on.
Result<void> release_jobs(core::Tables& tables, core::App const& app, Instant now) {
    core::JobFilter filter;
    filter.states = {core::JobState::waiting};
    auto jobs = all_jobs(tables, filter);
    if (!jobs) return jobs.error();
    for (auto& job : *jobs) {
        if (job.app_id != app.id || job.waiting != adapter::WaitReason::account) continue;
        if (!job.error || job.error->code() != "app.bad_credentials") continue;
        job.until = now;
        job.next_at = now;
        job.updated_at = now;
        if (auto put = tables.update_job(job); !put) return put.error();
    }
    return {};
}

Result<Answer> run_app_set(Context& context, Request const& request) {
    auto app = read_store<core::App>(
        context, [&](core::Tables& tables) { return app_named(tables, request.text("app"), ""); });
    if (!app) return app.error();
    auto adapter = context.adapter(app->network);
    if (!adapter) return adapter.error();
    auto changed = changed_app(context, request, (*adapter)->descriptor(), *app);
    if (!changed) return changed.error();
    auto stored = write_store<bool>(context, [&](core::Tables& tables) -> Result<bool> {
        if (auto put = tables.put_app(*changed); !put) return put.error();
        if (auto freed = release_jobs(tables, *changed, context.now()); !freed)
            return freed.error();
        return true;
    });
    if (!stored) return stored.error();
    return Answer(shown_app(*changed, &(*adapter)->descriptor()));
}

Result<Answer> run_app_remove(Context& context, Request const& request) {
    auto removed = write_store<core::App>(context, [&](core::Tables& tables) -> Result<core::App> {
        auto app = app_named(tables, request.text("app"), "");
        if (!app) return app.error();
        auto accounts = tables.accounts();
        if (!accounts) return accounts.error();
        for (auto const& account : *accounts)
            if (account.app_id == app->id)
                return make_error("conflict.wrong_state",
                                  fmt::format("{} is authorised under {}", account.name, app->name))
                    .with("account", account.name);
        if (auto gone = tables.remove_app(app->id); !gone) return gone.error();
        return *app;
    });
    if (!removed) return removed.error();
    auto const adapter = context.adapter(removed->network);
    return Answer(shown_app(*removed, adapter ? &(*adapter)->descriptor() : nullptr));
}

#define POSTRIDER_APP_FLAGS                                                                    \
    {.name = "key", .help = "the app's client key or id, as its network gave it"},             \
        {.name = "secret_stdin",                                                               \
         .type = InputType::boolean,                                                           \
         .help = "read the app's secret from the first line of standard input",                \
         .secret = true},                                                                      \
        {.name = "redirect",                                                                   \
         .help = "redirect address that is registered for it",                                 \
         .placeholder = "URL"},                                                                \
        {.name = "audited",                                                                    \
         .type = InputType::choice,                                                            \
         .help = "whether the network has audited it (add: yes unless said)",                  \
         .values = "yes|no"},                                                                  \
    {                                                                                          \
        .name = "option",                                                                      \
        .help = "an option that its network's adapter declares; an empty value takes it back", \
        .placeholder = "NAME=VALUE", .repeatable = true                                        \
    }

constexpr InputSpec app_add_inputs[] = {
    {.name = "network",
     .help = "the network it is registered at",
     .positional = true,
     .required = true},
    {.name = "name", .help = "what it is called here", .positional = true, .required = true},
    POSTRIDER_APP_FLAGS,
};
constexpr InputSpec app_set_inputs[] = {
    {.name = "app", .help = "name, NETWORK/NAME or id", .positional = true, .required = true},
    POSTRIDER_APP_FLAGS,
};
#undef POSTRIDER_APP_FLAGS
constexpr InputSpec app_inputs[] = {
    {.name = "app", .help = "name, NETWORK/NAME or id", .positional = true, .required = true},
};
constexpr InputSpec app_list_inputs[] = {
    {.name = "network", .help = "only apps of this network"},
};
constexpr std::string_view app_add_examples[] = {
    "app add NETWORK studio --key KEY --secret-stdin --option api_base=https://api.example < "
    "secret.txt"};
constexpr std::string_view app_list_examples[] = {"app list"};
constexpr std::string_view app_show_examples[] = {"app show studio"};
constexpr std::string_view app_set_examples[] = {"app set studio --audited yes"};
constexpr std::string_view app_remove_examples[] = {"app remove studio"};

}  // namespace

constinit Operation const app_add_operation{
    .name = "app.add",
    .sentence = "register a developer application of a network",
    .inputs = app_add_inputs,
    .output = "@app",
    .errors =
        "not_found.network conflict.name_taken option.unknown option.wrong_type "
        "option.not_allowed usage.bad_value",
    .scope = Scope::admin,
    .effect = OperationEffect::store,
    .examples = app_add_examples,
    .run = run_app_add,
};

constinit Operation const app_list_operation{
    .name = "app.list",
    .sentence = "the developer applications that are known",
    .inputs = app_list_inputs,
    .output = "{items: [@app], streamed?: int}",
    .scope = Scope::admin,
    .examples = app_list_examples,
    .view = "items: network name client_id audited id",
    .lists = true,
    .run = run_app_list,
};

constinit Operation const app_show_operation{
    .name = "app.show",
    .sentence = "one developer application, without its secret",
    .inputs = app_inputs,
    .output = "@app",
    .errors = "not_found.app",
    .scope = Scope::admin,
    .examples = app_show_examples,
    .run = run_app_show,
};

constinit Operation const app_set_operation{
    .name = "app.set",
    .sentence = "change what is known of a developer application",
    .inputs = app_set_inputs,
    .output = "@app",
    .errors = "not_found.app option.unknown option.wrong_type option.not_allowed usage.bad_value",
    .scope = Scope::admin,
    .effect = OperationEffect::store,
    .examples = app_set_examples,
    .run = run_app_set,
};

constinit Operation const app_remove_operation{
    .name = "app.remove",
    .sentence = "forget a developer application that no account uses",
    .inputs = app_inputs,
    .output = "@app",
    .errors = "not_found.app conflict.wrong_state",
    .scope = Scope::admin,
    .effect = OperationEffect::store,
    .examples = app_remove_examples,
    .run = run_app_remove,
};

}  // namespace postrider::cli

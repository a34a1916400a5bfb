// OAuth 2 with a code, in the dialect that the descriptor declares. State and verifier are new for
// each attempt, and an answer with another state is not ours.
#include "operations/account/sign_in.hpp"

#include "operations/account/loopback.hpp"
#include "terminal/prompt.hpp"

#include <postrider/catalogue.hpp>
#include <postrider/core/canonical_json.hpp>
#include <postrider/core/engine.hpp>
#include <postrider/core/random.hpp>
#include <postrider/core/vault.hpp>

#include <boost/json/parse.hpp>
#include <boost/url/encode.hpp>
#include <boost/url/rfc/unreserved_chars.hpp>

#include <fmt/format.h>

#include <ostream>

#include <fcntl.h>
#include <spawn.h>
#include <unistd.h>

extern char** environ;

namespace postrider::cli {

namespace {

namespace json = boost::json;
using namespace std::chrono_literals;

constexpr Milliseconds sign_in_default{10 * 60'000};

std::string field_text(std::string_view name, std::string_view value) {
    return fmt::format("{}={}", name, boost::urls::encode(value, boost::urls::unreserved_chars));
}

std::string joined_url(std::string base, std::string_view path) {
    while (base.ends_with('/')) base.pop_back();
    return base.append(path);
}

std::string unguessable() {
    core::SystemRandom random;
    std::string text;
    for (int i = 0; i < 4; ++i) text += fmt::format("{:016x}", random.next());
    return text;
}

// RFC 4648, section 5, without padding; from hex digits.
std::string base64url_of_hex(std::string_view hex) {
    static constexpr char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    std::string text;
    unsigned bits = 0;
    unsigned count = 0;
    for (char const c : hex) {
        bits = (bits << 4U) | static_cast<unsigned>(c <= '9' ? c - '0' : c - 'a' + 10);
        count += 4;
        if (count < 6) continue;
        count -= 6;
        text += letters[(bits >> count) & 0x3fU];
    }
    if (count > 0) text += letters[(bits << (6 - count)) & 0x3fU];
    return text;
}

std::string challenge_of(std::string const& verifier, bool hex) {
    auto const digest = core::sha256_text(verifier).substr(std::string_view("sha256:").size());
    return hex ? digest : base64url_of_hex(digest);
}

std::string option_text(adapter::AppView const& app, std::string const& name) {
    auto const* value = app.options.if_contains(name);
    return value && value->is_string() ? std::string(value->get_string()) : std::string();
}

/// What one attempt is known by.
struct Attempted {
    std::string state = unguessable();
    std::string verifier = unguessable();
    std::string redirect;
};

std::string authorize_url(adapter::OAuthShape const& oauth,
                          adapter::AppView const& app,
                          Attempted const& attempt) {
    auto url = joined_url(option_text(app, oauth.authorize_base_option), oauth.authorize_path);
    std::string scopes;
    for (auto const& scope : oauth.scopes)
        scopes += (scopes.empty() ? "" : oauth.scope_separator) + scope;
    url += "?" + field_text(oauth.client_id_param, app.client_id) + "&response_type=code&" +
           field_text("scope", scopes) + "&" + field_text("redirect_uri", attempt.redirect) + "&" +
           field_text("state", attempt.state);
    if (oauth.pkce)
        url += "&" + field_text("code_challenge", challenge_of(attempt.verifier, oauth.pkce_hex)) +
               "&code_challenge_method=S256";
    for (auto const& [name, value] : oauth.authorize_extra) url += "&" + field_text(name, value);
    return url;
}

// Its fate is its own: whoever has no browser opens the address by hand.
void open_browser(std::string const& url) {
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    for (int const fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
        posix_spawn_file_actions_addopen(&actions, fd, "/dev/null", O_RDWR, 0);
    std::string name = "xdg-open";
    auto address = url;
    char* argv[] = {name.data(), address.data(), nullptr};
    pid_t pid = 0;
    static_cast<void>(posix_spawnp(&pid, name.c_str(), &actions, nullptr, argv, environ));
    posix_spawn_file_actions_destroy(&actions);
}

void show_address(Context& context, std::string const& url, bool browser) {
    *context.host().err << (browser ? "Sign in on this page (it is being opened):\n\n  "
                                    : "Sign in on this page:\n\n  ")
                        << url << "\n\n"
                        << std::flush;
    if (browser) open_browser(url);
}

Error refused(QueryFields const& fields) {
    auto const value = [&fields](char const* name) {
        auto const found = fields.find(name);
        return found == fields.end() ? std::string() : found->second;
    };
    auto error = make_error("account.sign_in_refused",
                            fmt::format("The network refused the sign-in: {}.", value("error")))
                     .with("network_code", value("error"));
    if (auto const type = value("error_type"); !type.empty())
        error = error.with("network_error_type", type);
    if (auto const words = value("error_description"); !words.empty())
        error = error.with("network_message", words);
    return error;
}

Error nobody_came() {
    return make_error("wait.timeout", "Nobody finished the sign-in; nothing was changed.");
}

// The address that the browser ended at, typed or pasted by the person.
Result<QueryFields> pasted(Context& context, Attempted const& attempt) {
    auto const line =
        ask_line(context.host(), "Paste the whole address that the browser ends at: ");
    if (!line || line->empty()) return nobody_came();
    auto const mark = line->find('?');
    auto const hash = line->find('#');
    auto const fields = mark == std::string::npos
                            ? QueryFields()
                            : query_fields(line->substr(
                                  mark + 1, hash == std::string::npos ? hash : hash - mark - 1));
    auto const state = fields.find("state");
    if (state == fields.end() || state->second != attempt.state)
        return make_error("usage.bad_value",
                          "This address does not belong to this sign-in: its state is another.");
    return fields;
}

Result<QueryFields> answer_of(Context& context,
                              adapter::OAuthShape const& oauth,
                              adapter::AppView const& app,
                              std::string const& redirect,
                              Attempted& attempt,
                              bool may_open_browser) {
    bool const browser = may_open_browser && context.may_prompt();
    auto const address = loopback_address(redirect);
    if (!address) {
        if (!context.may_prompt())
            return make_error("usage.missing_input",
                              "--token-stdin is needed: the app's redirect is not on this machine, "
                              "and nobody can be asked for the address that the browser ends at");
        attempt.redirect = redirect;
        show_address(context, authorize_url(oauth, app, attempt), browser);
        return pasted(context, attempt);
    }
    auto listener = LoopbackListener::open(*address);
    if (!listener) return listener.error();
    attempt.redirect = listener->redirect();
    show_address(context, authorize_url(oauth, app, attempt), browser);
    auto const end =
        context.clock().monotonic() + context.globals().timeout.value_or(sign_in_default);
    auto fields = listener->wait(
        [&attempt](QueryFields const& found) {
            auto const state = found.find("state");
            return state != found.end() && state->second == attempt.state;
        },
        [&context, end] { return !context.interrupted() && context.clock().monotonic() < end; });
    if (!fields) return nobody_came();
    return *std::move(fields);
}

Result<json::object> exchanged(Context& context,
                               adapter::OAuthShape const& oauth,
                               adapter::AppView const& view,
                               core::App const& app,
                               Attempted const& attempt,
                               std::string const& code) {
    auto vault = context.vault();
    if (!vault) return vault.error();
    auto const secret = (*vault)->open_sealed(app.sealed_secret, "app:" + app.id);
    if (!secret) return secret.error();
    core::OutgoingRequest request;
    request.method = "POST";
    request.url = joined_url(option_text(view, oauth.base_option), oauth.token_path);
    request.headers.emplace_back("Content-Type", "application/x-www-form-urlencoded");
    request.headers.emplace_back("Accept", "application/json");
    auto body = field_text(oauth.client_id_param, app.client_id) + "&" +
                field_text("client_secret", secret->expose()) + "&grant_type=authorization_code&" +
                field_text("code", code) + "&" + field_text("redirect_uri", attempt.redirect);
    if (oauth.pkce) body += "&" + field_text("code_verifier", attempt.verifier);
    request.body = std::move(body);
    request.secret_body = true;
    request.once = true;
    request.deadline = 20s;
    auto reply = context.send(std::move(request));
    if (!reply) return reply.error();
    if (reply->verdict != adapter::Verdict::replied)
        return make_error("network.unreachable",
                          fmt::format("The sign-in could not be finished: {}.", reply->failure));
    json::error_code bad;
    auto const value = json::parse(reply->http.body, bad);
    auto const* object = bad ? nullptr : value.if_object();
    if (object && object->contains("access_token")) return *object;
    QueryFields said;
    if (object)
        for (auto const* name : {"error", "error_description"})
            if (auto const* text = object->if_contains(name); text && text->is_string())
                said[name] = std::string(text->get_string());
    if (said["error"] == "invalid_client" || said["error"] == "unauthorized_client")
        return make_error(
                   "app.bad_credentials",
                   fmt::format("The network refuses the client id or secret of app {}.", app.name))
            .with("network_code", said["error"]);
    if (said["error"].empty()) said["error"] = fmt::format("HTTP {}", reply->http.status);
    return refused(said);
}

}  // namespace

Result<json::object> sign_in(Context& context,
                             adapter::Descriptor const& descriptor,
                             core::App const& app,
                             bool may_open_browser) {
    auto const& oauth = descriptor.oauth;
    if (oauth.authorize_path.empty())
        return make_error(
            "usage.missing_input",
            fmt::format("--token-stdin is needed: {} has no page to sign in on", descriptor.title));
    if (app.redirect.empty())
        return make_error("app.misconfigured",
                          fmt::format("App {} has no redirect address; give it the one that is "
                                      "registered at the network: postrider app set {} --redirect "
                                      "http://127.0.0.1:8765/callback/",
                                      app.name,
                                      app.name))
            .with("app", app.name);
    auto const view = core::app_view(app, descriptor);
    Attempted attempt;
    auto fields = answer_of(context, oauth, view, app.redirect, attempt, may_open_browser);
    if (!fields) return fields.error();
    auto const code = fields->find("code");
    if (code == fields->end() || code->second.empty()) return refused(*fields);
    auto tokens = exchanged(context, oauth, view, app, attempt, code->second);
    if (!tokens) return tokens.error();
    // Some networks tell what was granted in the address alone.
    auto const granted = fields->find(oauth.granted_scopes_plural ? "scopes" : "scope");
    if (granted != fields->end() && !tokens->contains("scope"))
        (*tokens)["scope"] = granted->second;
    return tokens;
}

}  // namespace postrider::cli

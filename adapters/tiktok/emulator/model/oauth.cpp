// The authorize page, the token endpoint and revocation.
#include <fmt/format.h>

#include "tiktok/emulator/model/call.hpp"
#include "tiktok/emulator/model/digest.hpp"
#include "tiktok/emulator/model/text.hpp"

namespace postrider::tiktok::emulator {
namespace {

constexpr std::int64_t reuses_allowed = 1;
constexpr std::string_view bad_pkce = "Code verifier or code challenge is invalid.";

std::string field(Form const& form, std::string_view name) {
    auto const found = form.find(name);
    return found == form.end() ? std::string{} : found->second;
}

bool is_pkce_text(std::string_view text, std::size_t least, std::size_t most) {
    if (text.size() < least || text.size() > most) return false;
    for (char const c : text) {
        bool const alnum =
            (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!alnum && std::string_view{"-._~"}.find(c) == std::string_view::npos) return false;
    }
    return true;
}

bool is_hex_challenge(std::string_view text) {
    if (text.size() != 64) return false;
    return text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

/// `http://127.0.0.1:*/callback/` stands for every port.
bool redirect_matches(std::string_view registered, std::string_view given) {
    auto const star = registered.find(":*");
    if (star == std::string_view::npos) return registered == given;
    std::string_view const head = registered.substr(0, star + 1);
    std::string_view const tail = registered.substr(star + 2);
    if (!given.starts_with(head) || given.size() < head.size() + tail.size()) return false;
    std::string_view const port =
        given.substr(head.size(), given.size() - head.size() - tail.size());
    bool const digits = !port.empty() && port.find_first_not_of("0123456789") == port.npos;
    return digits && given.ends_with(tail);
}

bool redirect_registered(App const& app, std::string_view given) {
    for (std::string const& registered : app.redirect_uris) {
        if (redirect_matches(registered, given)) return true;
    }
    return false;
}

struct Client {
    App* app = nullptr;
    Form form;
    std::optional<Reply> refusal;
};

/// Content type, form and client credentials: the same for token and revoke.
Client read_client(Call& call) {
    Client client;
    auto const type = call.request.header("Content-Type");
    if (!type || media_type(*type) != "application/x-www-form-urlencoded") {
        call.violate("wrong_content_type", type ? std::string(*type) : "none");
        client.refusal = oauth_refusal(
            call, "invalid_request", "Only application/x-www-form-urlencoded is supported.");
        return client;
    }
    auto form = parse_form(call.request.body);
    if (!form) {
        call.violate("bad_request", "malformed form");
        client.refusal = oauth_refusal(call, "invalid_request", "The form is malformed.");
        return client;
    }
    client.form = std::move(*form);
    if (client.form.contains("client_id")) {
        call.violate("client_id_sent", "TikTok's name for it is client_key");
    }
    for (char const* name : {"client_key", "client_secret"}) {
        if (!field(client.form, name).empty()) continue;
        call.violate("bad_request", fmt::format("{} is missing", name));
        client.refusal =
            oauth_refusal(call, "invalid_request", fmt::format("{} is missing.", name));
        return client;
    }
    call.client_key = field(client.form, "client_key");
    auto const app = call.world.apps.find(call.client_key);
    if (app == call.world.apps.end() ||
        app->second.client_secret != field(client.form, "client_secret")) {
        client.refusal =
            oauth_refusal(call, "invalid_client", "Client key or secret is incorrect.");
        return client;
    }
    client.app = &app->second;
    return client;
}

Reply token_reply(Call& call, json::object pair) {
    call.code = "ok";
    pair["token_type"] = "Bearer";
    if (call.world.scenario.switches.refresh_expires_type == "string") {
        pair["refresh_expires_in"] = std::to_string(pair["refresh_expires_in"].as_int64());
    }
    return json_reply(200, pair);
}

Reply missing_field(Call& call, std::string_view name) {
    call.violate("bad_request", fmt::format("{} is missing", name));
    return oauth_refusal(call, "invalid_request", fmt::format("{} is missing.", name));
}

Reply exchange_code(Call& call, Client const& client) {
    World& world = call.world;
    Switches const& switches = world.scenario.switches;
    for (char const* name : {"code", "redirect_uri"}) {
        if (field(client.form, name).empty()) return missing_field(call, name);
    }
    auto const found = world.codes.find(field(client.form, "code"));
    bool const known = found != world.codes.end();
    Grant* grant = known ? &world.grants.find(found->second.grant)->second : nullptr;
    if (!known || found->second.used || found->second.expires <= call.now ||
        grant->client_key != call.client_key) {
        if (known && found->second.used) call.violate("code_reused", "a code works once");
        return oauth_refusal(call, "invalid_grant", "Authorization code is invalid or expired.");
    }
    AuthCode& code = found->second;
    call.creator = grant->creator;
    if (code.redirect_uri != field(client.form, "redirect_uri")) {
        call.violate("bad_request", "redirect_uri differs from the authorize request");
        return oauth_refusal(call, switches.redirect_mismatch, "Redirect_uri is not matched.");
    }
    bool const desktop = client.app->kind == "desktop";
    bool const checked = desktop || (switches.web_pkce == "checked" && !code.challenge.empty());
    std::string const verifier = field(client.form, "code_verifier");
    if (checked) {
        if (verifier.empty()) return missing_field(call, "code_verifier");
        if (!is_pkce_text(verifier, 43, 128) || pkce_challenge(verifier) != code.challenge) {
            call.violate("pkce_wrong",
                         is_hex_challenge(code.challenge)
                             ? "the verifier does not belong to the challenge"
                             : "the challenge was not lower-case hexadecimal SHA-256");
            return oauth_refusal(call, switches.pkce_error, bad_pkce);
        }
    }
    code.used = true;
    return token_reply(call, world.mint(*grant, code.scopes));
}

Reply refresh(Call& call, Client const& client) {
    World& world = call.world;
    Switches const& switches = world.scenario.switches;
    std::string const value = field(client.form, "refresh_token");
    if (value.empty()) return missing_field(call, "refresh_token");
    auto const found = world.refresh_tokens.find(value);
    if (found == world.refresh_tokens.end()) {
        return oauth_refusal(call, "invalid_grant", "Refresh token is invalid or expired.");
    }
    RefreshToken& old = found->second;
    Grant& grant = world.grants.find(old.grant)->second;
    call.creator = grant.creator;
    bool const refused = client.app->sandbox && switches.sandbox_refresh == "refuse";
    if (grant.client_key != call.client_key || old.dead || grant.revoked ||
        old.expires <= call.now || refused) {
        // One try with the old token is right after a lost answer; more are not.
        if (old.dead && ++old.uses_after_death > reuses_allowed) {
            call.violate("refresh_token_reused", "this refresh token was replaced or revoked");
        }
        return oauth_refusal(call, "invalid_grant", "Refresh token is invalid or expired.");
    }
    TimePoint const expires = old.expires;
    std::vector<std::string> const scopes = old.scopes;
    if (switches.refresh_kills_access == "yes") {
        auto const access = world.access_tokens.find(old.access_token);
        if (access != world.access_tokens.end()) access->second.dead = true;
    }
    json::object pair = world.mint(grant, scopes);
    std::string const fresh = pair["refresh_token"].as_string().c_str();
    RefreshToken& renewed = world.refresh_tokens.find(fresh)->second;
    if (switches.refresh_extends == "no") {
        renewed.expires = expires;
        pair["refresh_expires_in"] =
            std::chrono::duration_cast<std::chrono::seconds>(expires - call.now).count() /
            world.time_scale;
    }
    if (switches.refresh_rotation == "keep") {
        old.access_token = renewed.access_token;
        old.expires = renewed.expires;
        world.refresh_tokens.erase(fresh);
        pair["refresh_token"] = value;
    } else {
        old.dead = true;
    }
    return token_reply(call, std::move(pair));
}

Reply client_token(Call& call) {
    World& world = call.world;
    std::int64_t const lives = world.scenario.lifetimes.client_token_sec;
    std::string const value = world.ids.token("clt.emu");
    world.access_tokens[value] =
        AccessToken{"",
                    call.client_key,
                    {},
                    call.now + std::chrono::seconds{lives * world.time_scale},
                    false,
                    {}};
    world.changed();
    call.code = "ok";
    return json_reply(200,
                      {{"access_token", value}, {"expires_in", lives}, {"token_type", "Bearer"}});
}

Reply to_callback(std::string const& redirect_uri, std::string const& query) {
    Reply reply = page(302, "Going back to the app.");
    reply.headers.push_back({"Location", redirect_uri + "?" + query});
    return reply;
}

}  // namespace

Reply token_exchange(Call& call) {
    Client client = read_client(call);
    if (client.refusal) return std::move(*client.refusal);
    std::string const type = field(client.form, "grant_type");
    if (type == "authorization_code") return exchange_code(call, client);
    if (type == "refresh_token") return refresh(call, client);
    if (type == "client_credentials") return client_token(call);
    call.violate("bad_request", "grant_type is unknown");
    return oauth_refusal(call, "unsupported_grant_type", "The grant type is not supported.");
}

Reply token_revoke(Call& call) {
    Client client = read_client(call);
    if (client.refusal) return std::move(*client.refusal);
    auto const found = call.world.access_tokens.find(field(client.form, "token"));
    if (found == call.world.access_tokens.end() || found->second.client_key != call.client_key) {
        return oauth_refusal(call, "invalid_request", "The token is invalid.");
    }
    auto const grant = call.world.grants.find(found->second.grant);
    if (grant != call.world.grants.end()) {
        call.creator = grant->second.creator;
        call.world.revoke(grant->second);
    } else {
        found->second.dead = true;
    }
    call.code = "ok";
    return json_reply(200, {});
}

Reply authorize_page(Call& call) {
    World& world = call.world;
    auto const query = parse_form(call.request.query());
    if (!query) return page(400, "The query is malformed.");
    if (query->contains("client_id")) {
        call.violate("client_id_sent", "TikTok's name for it is client_key");
    }
    call.client_key = field(*query, "client_key");
    auto const app = world.apps.find(call.client_key);
    if (app == world.apps.end()) return page(400, "Something went wrong: client_key");
    bool const desktop = app->second.kind == "desktop";
    std::vector<std::string> needed{"scope", "response_type", "redirect_uri", "state"};
    if (desktop) {
        needed.emplace_back("code_challenge");
        needed.emplace_back("code_challenge_method");
    }
    for (std::string const& name : needed) {
        if (!field(*query, name).empty()) continue;
        call.violate("bad_request", fmt::format("{} is missing", name));
        return page(400, fmt::format("Something went wrong: {}", name));
    }
    std::string const redirect_uri = field(*query, "redirect_uri");
    if (!redirect_registered(app->second, redirect_uri)) {
        call.violate("bad_request", "redirect_uri is not registered");
        return page(400, "Something went wrong: redirect_uri");
    }
    std::string const state = percent_encode(field(*query, "state"));
    auto const refuse = [&](std::string_view error, std::string_view more) {
        call.code = error;
        return to_callback(redirect_uri, fmt::format("error={}{}&state={}", error, more, state));
    };
    if (field(*query, "response_type") != "code") {
        return refuse("unsupported_response_type", "&error_description=response_type");
    }
    std::string const challenge = field(*query, "code_challenge");
    std::string const method = field(*query, "code_challenge_method");
    if (desktop && method != "S256") {
        call.violate("bad_request", "code_challenge_method is not S256");
        return refuse("invalid_request", "&error_description=code_challenge_method");
    }
    // The real page lets a base64url challenge pass; the exchange then refuses it.
    if (!challenge.empty() && !is_hex_challenge(challenge)) {
        call.violate("pkce_not_hex", "the challenge is not 64 lower-case hexadecimal digits");
    }
    std::string const scope = field(*query, "scope");
    if (scope.find(' ') != scope.npos)
        call.violate("scope_separator", "scopes are joined by commas");
    std::vector<std::string> const asked = split(scope, ',');
    for (std::string const& word : asked) {
        if (!contains(app->second.scopes, word)) {
            return refuse("invalid_scope", "&error_description=" + percent_encode(word));
        }
    }
    std::string handle = std::string(bare_handle(field(*query, "emulator_creator")));
    if (handle.empty()) handle = world.scenario.creators.front().handle;
    auto const creator = world.creators.find(handle);
    if (creator == world.creators.end()) return page(400, "There is no such creator: " + handle);
    call.creator = handle;
    if (app->second.sandbox && !contains(app->second.target_users, handle)) {
        return refuse("access_denied", "&error_type=non_sandbox_target");
    }
    if (creator->second.denies) {
        return refuse("access_denied", "&error_description=The%20user%20refused");
    }
    std::vector<std::string> granted;
    for (std::string const& word : asked) {
        if (!creator->second.grants || contains(*creator->second.grants, word)) {
            granted.push_back(word);
        }
    }
    Grant const& grant = world.grant_for(handle, call.client_key);
    std::string const value = world.ids.token("emu") + "*!4242.va";
    world.codes[value] = AuthCode{
        world.grant_key(grant.creator, grant.client_key),
        redirect_uri,
        challenge,
        granted,
        call.now + std::chrono::seconds{world.scenario.lifetimes.code_sec * world.time_scale},
        false};
    world.changed();
    call.code = "ok";
    return to_callback(redirect_uri,
                       fmt::format("code={}&scopes={}&state={}",
                                   percent_encode(value),
                                   percent_encode(join(granted, ",")),
                                   state));
}

}  // namespace postrider::tiktok::emulator

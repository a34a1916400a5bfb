// Replies and the checks that all endpoints share.
#include "tiktok/emulator/model/call.hpp"

#include <fmt/format.h>

#include <boost/json/serialize.hpp>

#include "tiktok/emulator/model/text.hpp"

namespace postrider::tiktok::emulator {
namespace {

// A client may use a token that just died, even from several jobs at once. Much later it should
// have learnt.
constexpr std::chrono::minutes dead_token_grace{1};

std::string_view bearer_of(Request const& request) {
    auto const header = request.header("Authorization");
    if (!header) return {};
    constexpr std::string_view scheme = "bearer ";
    if (header->size() <= scheme.size()) return {};
    if (!equal_ignoring_case(header->substr(0, scheme.size()), scheme)) return {};
    return header->substr(scheme.size());
}

Reply token_refused(Call& call) {
    return api_refusal(call,
                       401,
                       "access_token_invalid",
                       "The access token is invalid or not found in the request.");
}

}  // namespace

void Call::violate(std::string rule, std::string detail) {
    world.violate({.at = now,
                   .rule = std::move(rule),
                   .endpoint = endpoint,
                   .creator = creator,
                   .client_key = client_key,
                   .publish_id = publish_id,
                   .detail = std::move(detail)});
}

Reply json_reply(int status, json::object const& body) {
    Reply reply;
    reply.status = status;
    reply.body = json::serialize(body);
    return reply;
}

Reply page(int status, std::string_view text) {
    Reply reply;
    reply.status = status;
    reply.content_type = "text/html; charset=utf-8";
    reply.body = fmt::format("<!doctype html><title>TikTok emulator</title><p>{}</p>\n", text);
    return reply;
}

Reply api_ok(Call& call, std::optional<json::object> data) {
    call.code = "ok";
    json::object body;
    if (data) body["data"] = std::move(*data);
    body["error"] =
        json::object{{"code", "ok"},
                     {"message", ""},
                     {call.world.scenario.switches.log_id_name, call.world.ids.log_id(call.now)}};
    return json_reply(200, body);
}

Reply api_refusal(Call& call, int status, std::string_view code, std::string_view message) {
    call.code = code;
    json::object body;
    if (call.world.scenario.switches.refusal_data == "empty") body["data"] = json::object{};
    body["error"] =
        json::object{{"code", code},
                     {"message", message},
                     {call.world.scenario.switches.log_id_name, call.world.ids.log_id(call.now)}};
    return json_reply(status, body);
}

Reply invalid_params(Call& call, std::string_view message) {
    call.violate("bad_request", std::string(message));
    return api_refusal(call, 400, call.world.scenario.switches.invalid_params_name, message);
}

Reply oauth_refusal(Call& call, std::string_view error, std::string_view description) {
    call.code = error;
    int status = 200;
    if (call.world.scenario.switches.oauth_error_status == "4xx") {
        status = error == "invalid_client" ? 401 : 400;
    }
    return json_reply(status,
                      {{"error", error},
                       {"error_description", description},
                       {"log_id", call.world.ids.log_id(call.now)}});
}

void look_up_token(Call& call) {
    call.token_text = bearer_of(call.request);
    auto const token = call.world.access_tokens.find(call.token_text);
    if (token == call.world.access_tokens.end()) return;
    call.token = &token->second;
    call.client_key = token->second.client_key;
    auto const app = call.world.apps.find(call.client_key);
    if (app != call.world.apps.end()) call.app = &app->second;
    auto const grant = call.world.grants.find(token->second.grant);
    if (grant == call.world.grants.end()) return;
    call.grant = &grant->second;
    call.creator = grant->second.creator;
}

std::optional<Reply> admit(Call& call, Admission const& admission) {
    World& world = call.world;
    AccessToken* token = call.token;
    if (token == nullptr || call.grant == nullptr || call.app == nullptr)
        return token_refused(call);
    if (token->dead || call.grant->revoked || token->expires <= call.now) {
        if (!token->first_refused) {
            token->first_refused = call.now;
        } else if (*token->first_refused + dead_token_grace < call.now) {
            call.violate("dead_token_used", "this access token was refused before");
        }
        return token_refused(call);
    }
    bool allowed = admission.scopes.empty();
    for (std::string const& scope : admission.scopes) {
        allowed = allowed || contains(token->scopes, scope);
    }
    if (!allowed) {
        return api_refusal(
            call, 401, "scope_not_authorized", "The user did not authorize the scope required.");
    }
    std::string const owner =
        world.scenario.switches.limit_key == "grant" ? token->grant : call.token_text;
    if (!world.take_place(admission.window + " " + owner, admission.limit)) {
        call.violate("rate_limited",
                     fmt::format("more than {} calls of {} in a minute by one token",
                                 admission.limit,
                                 admission.window));
        Reply reply = api_refusal(call,
                                  429,
                                  "rate_limit_exceeded",
                                  "The API rate limit was exceeded. Please try again later.");
        if (world.scenario.switches.retry_after == "yes") {
            reply.headers.push_back({"Retry-After", "60"});
        }
        return reply;
    }
    return std::nullopt;
}

Body read_body(Call& call, bool may_be_empty) {
    Request const& request = call.request;
    if (may_be_empty && request.body.empty()) return {json::object{}, std::nullopt};
    auto const type = request.header("Content-Type");
    if (!type || media_type(*type) != "application/json") {
        call.violate("wrong_content_type", type ? std::string(*type) : "none");
        return {std::nullopt, invalid_params(call, "The content type is not application/json")};
    }
    try {
        return {parse_object(request.body, "The request body"), std::nullopt};
    } catch (SpecError const& error) {
        return {std::nullopt, invalid_params(call, error.what())};
    }
}

void note_unknown(Call& call, Fields const& fields) {
    for (std::string const& name : fields.unknown()) {
        call.violate("unknown_member", fields.path(name));
    }
}

}  // namespace postrider::tiktok::emulator

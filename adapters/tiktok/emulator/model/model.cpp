// The way of a request through the model: route, token, fault script, endpoint, fault script again,
// log.
#include "tiktok/emulator/model/model.hpp"

#include <fmt/format.h>

#include <boost/json/parse.hpp>

#include "tiktok/emulator/model/call.hpp"
#include "tiktok/emulator/model/text.hpp"
#include "tiktok/emulator/model/upload.hpp"

namespace postrider::tiktok::emulator {
namespace {

constexpr std::size_t requests_max = 10'000;
constexpr std::int64_t superseded_bytes_max = 1 << 20;
constexpr std::string_view redirect_target = "/_redirected";

struct Route {
    std::string_view path;
    std::string_view name;
    std::string_view method;
    Reply (*handle)(Call&);
    bool oauth = false;
};

constexpr Route routes[] = {
    {"/v2/post/publish/creator_info/query/", "creator_info", "POST", creator_info},
    {"/v2/post/publish/video/init/", "video_init", "POST", video_init},
    {"/v2/post/publish/inbox/video/init/", "inbox_init", "POST", inbox_init},
    {"/v2/post/publish/content/init/", "photo_init", "POST", photo_init},
    {"/v2/post/publish/status/fetch/", "status", "POST", fetch_status},
    {"/v2/post/publish/cancel/", "cancel", "POST", cancel_publish},
    {"/v2/oauth/token/", "token", "POST", token_exchange, true},
    {"/v2/oauth/revoke/", "revoke", "POST", token_revoke, true},
    {"/v2/auth/authorize/", "authorize", "GET", authorize_page, true},
    {"/v2/user/info/", "user_info", "GET", user_info},
    {"/v2/video/list/", "video_list", "POST", video_list},
    {"/v2/video/query/", "video_query", "POST", video_query},
};

Route const* find_route(std::string_view path) {
    for (Route const& route : routes) {
        if (route.path == path) return &route;
    }
    return nullptr;
}

Reply not_found(Call& call) {
    std::string_view const path = call.request.path();
    if (path == redirect_target) {
        call.violate("redirect_followed", "redirects are not to be followed");
    } else if (find_route(std::string(path) + "/") != nullptr) {
        call.violate("missing_trailing_slash", std::string(path));
    } else {
        call.violate("unknown_path", std::string(path));
    }
    return api_refusal(call, 404, "not_found", "There is nothing at this path.");
}

/// What the fault script may want to know of an API request, without judging it.
struct Peek {
    std::string title;
    std::string publish_id;
};

Peek peek(Call const& call) {
    Peek seen;
    boost::system::error_code error;
    json::value const body = json::parse(call.request.body, error);
    if (error || !body.is_object()) return seen;
    auto const text = [](json::object const& object, char const* name) -> std::string {
        auto const* value = object.if_contains(name);
        return value != nullptr && value->is_string() ? value->get_string().c_str() : "";
    };
    seen.publish_id = text(body.get_object(), "publish_id");
    auto const publish = call.world.publishes.find(seen.publish_id);
    if (publish != call.world.publishes.end()) seen.title = publish->second.title;
    auto const* info = body.get_object().if_contains("post_info");
    if (info != nullptr && info->is_object()) seen.title = text(info->get_object(), "title");
    return seen;
}

void peek_refresh_token(Call& call) {
    auto const form = parse_form(call.request.body);
    if (!form || !form->contains("refresh_token")) return;
    auto const token = call.world.refresh_tokens.find(form->find("refresh_token")->second);
    if (token == call.world.refresh_tokens.end()) return;
    call.grant = &call.world.grants.find(token->second.grant)->second;
    call.creator = call.grant->creator;
}

std::optional<FaultRule> fire_fault(Call& call, bool oauth) {
    if (call.world.faults.rules().empty()) return std::nullopt;
    Peek const seen = oauth ? Peek{} : peek(call);
    if (oauth) peek_refresh_token(call);
    return call.world.faults.fire({call.endpoint, call.creator, seen.title, seen.publish_id});
}

Reply server_error(Call& call, FaultRule const& rule) {
    return api_refusal(call,
                       rule.status != 0 ? rule.status : 500,
                       "internal_error",
                       "Something is wrong. Please try again later.");
}

Reply html_error(FaultRule const& rule) {
    return page(rule.status != 0 ? rule.status : 502, "Bad Gateway");
}

}  // namespace

bool loses_answer(FaultKind kind) {
    switch (kind) {
        case FaultKind::error_after:
        case FaultKind::drop_after:
        case FaultKind::stall:
        case FaultKind::slow_body:
        case FaultKind::truncate_json:
        case FaultKind::cut_body:
        case FaultKind::html_after:
        case FaultKind::range_after:
            return true;
        default:
            return false;
    }
}

std::optional<Reply> fault_before(Call& call, FaultRule const& rule) {
    Reply reply;
    switch (rule.kind) {
        case FaultKind::error_before:
            return server_error(call, rule);
        case FaultKind::drop_before:
            reply.delivery = Delivery::drop;
            reply.hold = Millis{rule.ms};
            return reply;
        case FaultKind::html:
            return html_error(rule);
        case FaultKind::rate_limited:
            return api_refusal(call,
                               429,
                               "rate_limit_exceeded",
                               "The API rate limit was exceeded. Please try again later.");
        case FaultKind::redirect:
            reply = page(302, "Moved");
            reply.headers.push_back(
                {"Location", call.world.base_url + std::string(redirect_target)});
            return reply;
        default:
            return std::nullopt;
    }
}

void fault_after(Call& call, FaultRule const& rule, Reply& reply) {
    switch (rule.kind) {
        case FaultKind::error_after:
            reply = server_error(call, rule);
            break;
        case FaultKind::drop_after:
            reply.delivery = Delivery::drop;
            reply.hold = Millis{rule.ms};
            break;
        case FaultKind::stall:
            reply.hold = Millis{rule.ms};
            break;
        case FaultKind::slow_body:
            reply.spread = Millis{rule.ms};
            break;
        case FaultKind::truncate_json:
            reply.body.resize(reply.body.size() / 2);
            break;
        case FaultKind::cut_body:
            reply.delivery = Delivery::cut;
            break;
        case FaultKind::html_after:
            reply = html_error(rule);
            break;
        case FaultKind::status_word: {
            // The true word is in a body that this file has just written, so a plain search finds
            // it.
            auto const from = reply.body.find("\"status\":\"");
            if (from == reply.body.npos) break;
            auto const start = from + 10;
            reply.body.replace(start, reply.body.find('"', start) - start, rule.value);
            break;
        }
        default:
            break;
    }
}

Model::Model(Scenario scenario, Clock clock)
    : world_(std::make_unique<World>(std::move(scenario), std::move(clock))) {}

Model::~Model() = default;

void Model::set_base_url(std::string url) {
    world_->base_url = std::move(url);
}

void Model::set_time_scale(std::int64_t scale) {
    world_->time_scale = scale;
}

void Model::set_faults(FaultScript faults) {
    world_->faults = std::move(faults);
    world_->changed();
}

void Model::record(Call const& call, Reply const& reply) {
    RequestRecord entry;
    entry.n = ++world_->request_count;
    entry.at = call.now;
    entry.method = call.request.method;
    entry.endpoint = call.endpoint;
    entry.status = reply.delivery == Delivery::drop ? 0 : reply.status;
    entry.code = call.code;
    entry.creator = call.creator;
    entry.client_key = call.client_key;
    entry.publish_id = call.publish_id;
    entry.chunk = call.chunk;
    entry.fault = call.fault;
    world_->requests.push_back(std::move(entry));
    if (world_->requests.size() > requests_max) world_->requests.pop_front();
}

Reply Model::handle(Request const& request) {
    world_->settle();
    if (request.path().starts_with("/_emulator/")) return control(request);
    Route const* route = find_route(request.path());
    Call call(*world_, request, route != nullptr ? std::string(route->name) : "none");
    if (auto const query = parse_form(request.query()); query && query->contains("access_token")) {
        call.violate("token_in_url", "tokens belong into the Authorization header");
    }
    Reply reply;
    if (route == nullptr) {
        reply = not_found(call);
    } else if (request.method != route->method) {
        call.violate("wrong_method",
                     fmt::format("{} instead of {}", request.method, route->method));
        reply = api_refusal(call, 405, "method_not_allowed", "This method is not allowed here.");
        reply.headers.push_back({"Allow", std::string(route->method)});
    } else {
        if (!route->oauth) look_up_token(call);
        auto const fault = fire_fault(call, route->oauth);
        std::optional<Reply> instead;
        if (fault) {
            call.fault = fault->name();
            call.answer_lost = loses_answer(fault->kind);
            if (fault->kind == FaultKind::revoke_token && call.grant != nullptr) {
                world_->revoke(*call.grant);
            }
            if (fault->kind == FaultKind::expire_token && call.token != nullptr) {
                call.token->expires = call.now;
            }
            instead = fault_before(call, *fault);
        }
        reply = instead ? std::move(*instead) : route->handle(call);
        if (fault && !instead) fault_after(call, *fault, reply);
    }
    record(call, reply);
    return reply;
}

bool Model::is_upload(Request const& request) {
    return request.path() == "/video/";
}

PutStart Model::begin_put(Request const& head) {
    world_->settle();
    PutStart start;
    start.ticket = ++last_ticket_;
    OpenPut put;
    put.head = head;
    put.head.body.clear();
    Call call(*world_, put.head, "upload");
    judge_put(call, put, start);
    start.decided = put.decided.has_value();
    if (!start.decided) {
        // The newest connection wins. Whether the older one was merely broken off shows when it
        // goes on or not.
        for (auto& [ticket, other] : puts_) {
            if (other.publish_id == put.publish_id && !other.decided) other.superseded = true;
        }
    }
    puts_.emplace(start.ticket, std::move(put));
    return start;
}

void Model::feed(PutTicket ticket, std::string_view bytes) {
    OpenPut& put = puts_.find(ticket)->second;
    put.received += static_cast<std::int64_t>(bytes.size());
    if (put.superseded) put.received_superseded += static_cast<std::int64_t>(bytes.size());
    if (!put.decided) put.hash.update(bytes);
}

void Model::feed_stand_in(PutTicket ticket, std::int64_t count) {
    OpenPut& put = puts_.find(ticket)->second;
    put.received += count;
    if (put.superseded) put.received_superseded += count;
    if (!put.decided) put.hash.update(fmt::format("{} ", count));
}

Reply Model::finish_put(PutTicket ticket) {
    world_->settle();
    auto const node = puts_.extract(ticket);
    OpenPut& put = node.mapped();
    Call call(*world_, put.head, "upload");
    call.publish_id = put.publish_id;
    call.chunk = put.chunk;
    auto const publish = world_->publishes.find(put.publish_id);
    bool const known = publish != world_->publishes.end();
    if (known) {
        call.creator = publish->second.creator;
        call.client_key = publish->second.client_key;
    }
    if (put.fault) call.fault = put.fault->name();
    Reply reply;
    if (put.decided) {
        reply = std::move(*put.decided);
    } else if (put.superseded) {
        call.violate("parallel_put", "another PUT of this upload ran at the same time");
        reply = upload_reply(*world_, 416, &publish->second, "another request overtook this one");
    } else {
        reply = store_chunk(call, put);
        if (put.fault && put.fault->kind == FaultKind::range_after) {
            reply = upload_reply(*world_, 416, &publish->second, "this chunk is stored already");
        } else if (put.fault) {
            fault_after(call, *put.fault, reply);
        }
    }
    bool const plain = reply.status < 300 && reply.delivery == Delivery::whole;
    if (known && put.last_chunk) publish->second.blind = !plain;
    if (call.code.empty()) call.code = put.code;
    record(call, reply);
    return reply;
}

void Model::abort_put(PutTicket ticket) {
    auto const node = puts_.extract(ticket);
    if (node.empty()) return;
    OpenPut& put = node.mapped();
    Call call(*world_, put.head, "upload");
    call.publish_id = put.publish_id;
    call.chunk = put.chunk;
    if (put.fault) call.fault = put.fault->name();
    auto const publish = world_->publishes.find(put.publish_id);
    if (publish != world_->publishes.end()) {
        call.creator = publish->second.creator;
        call.client_key = publish->second.client_key;
        // A connection that another PUT overtook says nothing about that one.
        if (put.last_chunk && !put.superseded) publish->second.blind = true;
    }
    if (put.received_superseded > superseded_bytes_max) {
        call.violate("parallel_put", "another PUT of this upload ran at the same time");
    }
    call.code = "connection broken";
    Reply nothing;
    nothing.delivery = Delivery::drop;
    record(call, nothing);
}

}  // namespace postrider::tiktok::emulator

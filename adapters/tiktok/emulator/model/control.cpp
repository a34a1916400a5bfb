// The control endpoints `/_emulator/...` and the functions behind them. Tests and demonstrations
// use them; no client of TikTok ever does. The server lets only loopback in.
#include <fmt/format.h>

#include <algorithm>

#include "tiktok/emulator/model/call.hpp"
#include "tiktok/emulator/model/model.hpp"
#include "tiktok/emulator/model/text.hpp"
#include "tiktok/emulator/model/upload.hpp"

namespace postrider::tiktok::emulator {
namespace {

constexpr std::int64_t advance_max_ms = 400LL * 24 * 3'600'000;

Reply complaint(int status, std::string_view words) {
    return json_reply(status, {{"problem", words}});
}

}  // namespace

// --- what tests ask for ---

TimePoint Model::now() const {
    return world_->now();
}

void Model::advance(Millis by) {
    world_->clock_offset += by;
    world_->changed();
    world_->settle();
}

void Model::settle() {
    world_->settle();
}

std::optional<TimePoint> Model::next_event() const {
    return world_->next_event();
}

Ledger const& Model::ledger() const {
    return world_->ledger;
}

std::vector<Violation> const& Model::violations() const {
    return world_->violations;
}

std::deque<RequestRecord> const& Model::requests() const {
    return world_->requests;
}

std::int64_t Model::count_requests(std::string_view endpoint) const {
    return std::count_if(world_->requests.begin(), world_->requests.end(), [&](auto const& record) {
        return record.endpoint == endpoint;
    });
}

json::object Model::violations_json() const {
    json::array list;
    for (Violation const& violation : world_->violations) {
        list.push_back(write_violation(violation));
    }
    return {{"count", world_->violation_count}, {"violations", std::move(list)}};
}

json::object Model::requests_json() const {
    json::array list;
    for (RequestRecord const& record : world_->requests) list.push_back(write_request(record));
    return {{"count", world_->request_count}, {"requests", std::move(list)}};
}

Scenario const& Model::scenario() const {
    return world_->scenario;
}

std::uint64_t Model::revision() const {
    return world_->revision;
}

std::optional<json::object> Model::mint_token(std::string_view creator,
                                              std::string_view client_key,
                                              std::vector<std::string> const& scopes) {
    std::string const handle(bare_handle(creator));
    if (!world_->creators.contains(handle) || !world_->apps.contains(client_key)) {
        return std::nullopt;
    }
    return world_->mint(world_->grant_for(handle, std::string(client_key)), scopes);
}

json::object Model::connect_token(std::string const& creator, std::string const& client_key) {
    std::string const key = world_->grant_key(creator, client_key);
    TimePoint const at = world_->now();
    std::pair<std::string const, RefreshToken> const* newest = nullptr;
    for (auto const& entry : world_->refresh_tokens) {
        RefreshToken const& token = entry.second;
        if (token.grant != key || token.dead || token.expires <= at) continue;
        if (newest == nullptr || newest->second.expires < token.expires) newest = &entry;
    }
    if (newest == nullptr) return *mint_token(creator, client_key, all_scopes());
    auto const left = [&](TimePoint expires) {
        auto const seconds = std::chrono::floor<std::chrono::seconds>(expires - at).count();
        return std::max<std::int64_t>(seconds / world_->time_scale, 0);
    };
    auto const access = world_->access_tokens.find(newest->second.access_token);
    bool const alive = access != world_->access_tokens.end() && !access->second.dead;
    return {{"access_token", newest->second.access_token},
            {"refresh_token", newest->first},
            {"expires_in", alive ? left(access->second.expires) : 0},
            {"refresh_expires_in", left(newest->second.expires)},
            {"open_id", world_->grants.find(key)->second.open_id},
            {"scope", join(newest->second.scopes, ",")}};
}

Creator* Model::creator(std::string_view handle) {
    auto const found = world_->creators.find(bare_handle(handle));
    return found == world_->creators.end() ? nullptr : &found->second;
}

void Model::expire_tokens(std::string_view creator) {
    TimePoint const at = world_->now();
    for (auto& [value, token] : world_->access_tokens) {
        auto const grant = world_->grants.find(token.grant);
        if (grant == world_->grants.end()) continue;
        if (grant->second.creator == bare_handle(creator))
            token.expires = std::min(token.expires, at);
    }
    world_->changed();
}

void Model::revoke(std::string_view creator) {
    for (auto& [key, grant] : world_->grants) {
        if (grant.creator == bare_handle(creator)) world_->revoke(grant);
    }
}

bool Model::post_draft(std::string_view publish_id, std::int64_t posts) {
    auto const found = world_->publishes.find(publish_id);
    if (found == world_->publishes.end() || found->second.phase != Phase::inbox) return false;
    world_->make_posts(found->second, posts, world_->now());
    return true;
}

// --- the endpoints ---

Reply Model::control(Request const& request) {
    std::string_view path = request.path();
    path.remove_prefix(std::string_view{"/_emulator/"}.size());
    if (path.ends_with('/')) path.remove_suffix(1);
    if (request.method == "GET") {
        if (path == "ledger") return json_reply(200, world_->ledger.write());
        if (path == "violations") return json_reply(200, violations_json());
        if (path == "requests") return json_reply(200, requests_json());
        return complaint(404, "GET ledger, violations or requests");
    }
    if (request.method != "POST") return complaint(405, "GET or POST");
    try {
        return control_change(request, path);
    } catch (SpecError const& error) {
        return complaint(400, error.what());
    }
}

Reply Model::control_change(Request const& request, std::string_view path) {
    if (path == "faults") {
        Read<FaultScript> script = read_faults(request.body);
        if (!script) return complaint(400, script.problem);
        std::size_t const count = script.value->rules().size();
        set_faults(std::move(*script.value));
        return json_reply(200, {{"faults", count}});
    }
    json::object const body =
        request.body.empty() ? json::object{} : parse_object(request.body, "the body");
    Fields fields(body, "");
    if (path == "shutdown") {
        fields.done();
        shutdown_asked_ = true;
        return json_reply(200, {{"shutdown", true}});
    }
    if (path == "clock") {
        std::int64_t const by = fields.need_integer("advance_ms", 0, advance_max_ms);
        fields.done();
        advance(Millis{by});
        return json_reply(200, {{"now", iso_time(now())}});
    }
    if (path == "tokens") {
        std::string const creator = fields.need_text("creator");
        std::string const client_key =
            fields.text("client_key").value_or(world_->scenario.apps.front().client_key);
        auto const scope = fields.text("scope");
        fields.done();
        auto pair = mint_token(creator, client_key, scope ? split(*scope, ',') : all_scopes());
        if (!pair) return complaint(404, "there is no such creator or app");
        return json_reply(200, *pair);
    }
    constexpr std::string_view creators = "creators/";
    if (path.starts_with(creators)) return change_creator(path.substr(creators.size()), body);
    return complaint(404, "POST faults, clock, tokens, creators/<handle> or shutdown");
}

Reply Model::change_creator(std::string_view handle, json::object const& body) {
    Creator* target = creator(handle);
    if (target == nullptr) return complaint(404, "there is no such creator");
    Fields fields(body, "");
    Creator changed = *target;
    read_creator_facts(fields, changed);
    bool const expire = fields.flag("expire_tokens").value_or(false);
    bool const remove = fields.flag("revoke").value_or(false);
    std::string draft;
    std::int64_t posts = 1;
    if (json::object const* object = fields.object("post_draft")) {
        Fields inner(*object, "post_draft");
        draft = inner.need_text("publish_id");
        posts = inner.integer("posts", 1, 20).value_or(1);
        inner.done();
    }
    fields.done();
    // Everything has been read: from here on nothing fails half-way, except the draft, which
    // changes nothing.
    if (!draft.empty() && !post_draft(draft, posts)) {
        return complaint(409, "there is no such draft in the inbox");
    }
    *target = changed;
    if (expire) expire_tokens(handle);
    if (remove) revoke(handle);
    world_->changed();
    return json_reply(200, write_creator(*target));
}

}  // namespace postrider::tiktok::emulator

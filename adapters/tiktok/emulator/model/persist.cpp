// The model's state as JSON and back, so that an emulator that was killed goes on where it was.
// Times are milliseconds since 1970 in the model's own clock. Scenario, request log and open PUTs
// are not part of it.
#include <fmt/format.h>

#include "tiktok/emulator/model/call.hpp"
#include "tiktok/emulator/model/model.hpp"
#include "tiktok/emulator/model/text.hpp"
#include "tiktok/emulator/model/upload.hpp"

namespace postrider::tiktok::emulator {
namespace {

constexpr std::int64_t state_version = 1;
constexpr std::size_t text_max = 1 << 20;

std::int64_t ms(TimePoint at) {
    return at.time_since_epoch().count();
}
TimePoint from_ms(std::int64_t value) {
    return TimePoint{Millis{value}};
}

json::value optional_ms(std::optional<TimePoint> const& at) {
    return at ? json::value(ms(*at)) : json::value(nullptr);
}

std::optional<TimePoint> read_optional_ms(Fields& fields, std::string_view name) {
    if (fields.is_null(name)) return std::nullopt;
    return from_ms(fields.need_integer(name));
}

template <class Times>
json::array write_times(Times const& times) {
    json::array out;
    for (TimePoint const at : times) out.push_back(ms(at));
    return out;
}

std::deque<TimePoint> read_times(json::array const* array) {
    std::deque<TimePoint> out;
    if (array == nullptr) return out;
    for (json::value const& value : *array) {
        if (!value.is_int64()) throw SpecError("a list of times is damaged");
        out.push_back(from_ms(value.get_int64()));
    }
    return out;
}

json::array write_texts(std::vector<std::string> const& texts) {
    json::array out;
    for (std::string const& text : texts) out.emplace_back(text);
    return out;
}

std::vector<std::string> need_texts(Fields& fields, std::string_view name) {
    auto texts = fields.texts(name);
    if (!texts) throw SpecError(fmt::format("{} is missing", fields.path(name)));
    return std::move(*texts);
}

json::object write_grant(Grant const& grant) {
    return {{"creator", grant.creator},
            {"client_key", grant.client_key},
            {"open_id", grant.open_id},
            {"revoked", grant.revoked},
            {"looks", write_times(grant.looks)},
            {"stop_seen", optional_ms(grant.stop_seen)}};
}

Grant read_grant(json::value const& value, std::string const& where) {
    Fields fields(value, where);
    Grant grant;
    grant.creator = fields.need_text("creator");
    grant.client_key = fields.need_text("client_key");
    grant.open_id = fields.need_text("open_id");
    grant.revoked = fields.need_flag("revoked");
    grant.looks = read_times(fields.list("looks"));
    grant.stop_seen = read_optional_ms(fields, "stop_seen");
    return grant;
}

json::object write_access(AccessToken const& token) {
    return {{"grant", token.grant},
            {"client_key", token.client_key},
            {"scopes", write_texts(token.scopes)},
            {"expires", ms(token.expires)},
            {"dead", token.dead},
            {"first_refused", optional_ms(token.first_refused)}};
}

AccessToken read_access(json::value const& value, std::string const& where) {
    Fields fields(value, where);
    AccessToken token;
    token.grant = fields.need_text("grant");
    token.client_key = fields.need_text("client_key");
    token.scopes = need_texts(fields, "scopes");
    token.expires = from_ms(fields.need_integer("expires"));
    token.dead = fields.need_flag("dead");
    token.first_refused = read_optional_ms(fields, "first_refused");
    return token;
}

json::object write_refresh(RefreshToken const& token) {
    return {{"grant", token.grant},
            {"access_token", token.access_token},
            {"scopes", write_texts(token.scopes)},
            {"expires", ms(token.expires)},
            {"dead", token.dead},
            {"uses_after_death", token.uses_after_death}};
}

RefreshToken read_refresh(json::value const& value, std::string const& where) {
    Fields fields(value, where);
    RefreshToken token;
    token.grant = fields.need_text("grant");
    token.access_token = fields.need_text("access_token");
    token.scopes = need_texts(fields, "scopes");
    token.expires = from_ms(fields.need_integer("expires"));
    token.dead = fields.need_flag("dead");
    token.uses_after_death = fields.need_integer("uses_after_death");
    return token;
}

json::object write_code(AuthCode const& code) {
    return {{"grant", code.grant},
            {"redirect_uri", code.redirect_uri},
            {"challenge", code.challenge},
            {"scopes", write_texts(code.scopes)},
            {"expires", ms(code.expires)},
            {"used", code.used}};
}

AuthCode read_code(json::value const& value, std::string const& where) {
    Fields fields(value, where);
    AuthCode code;
    code.grant = fields.need_text("grant");
    code.redirect_uri = fields.need_text("redirect_uri");
    code.challenge = fields.need_text("challenge");
    code.scopes = need_texts(fields, "scopes");
    code.expires = from_ms(fields.need_integer("expires"));
    code.used = fields.need_flag("used");
    return code;
}

json::object write_publish(Publish const& publish) {
    json::array ids;
    for (std::int64_t const id : publish.post_ids) ids.push_back(id);
    return {{"creator", publish.creator},
            {"client_key", publish.client_key},
            {"photo", publish.photo},
            {"draft", publish.draft},
            {"pull", publish.pull},
            {"title", publish.title},
            {"privacy_level", publish.privacy_level},
            {"post_info", publish.post_info},
            {"urls", write_texts(publish.urls)},
            {"created", ms(publish.created)},
            {"upload_id", publish.upload_id},
            {"upload_token", publish.upload_token},
            {"size", publish.size},
            {"chunk_size", publish.chunk_size},
            {"chunk_count", publish.chunk_count},
            {"stored", publish.stored},
            {"chunks_stored", publish.chunks_stored},
            {"repeats", publish.repeats},
            {"blind", publish.blind},
            {"hash", publish.hash.save()},
            {"url_expires", ms(publish.url_expires)},
            {"forgotten", publish.forgotten},
            {"phase", static_cast<int>(publish.phase)},
            {"started", ms(publish.started)},
            {"due", optional_ms(publish.due)},
            {"sha256", publish.sha256},
            {"fail_reason", publish.fail_reason},
            {"post_ids", std::move(ids)},
            {"published", ms(publish.published)},
            {"ids_visible", ms(publish.ids_visible)}};
}

Publish read_publish(json::value const& value, std::string const& id) {
    Fields fields(value, id);
    Publish publish;
    publish.id = id;
    publish.creator = fields.need_text("creator");
    publish.client_key = fields.need_text("client_key");
    publish.photo = fields.need_flag("photo");
    publish.draft = fields.need_flag("draft");
    publish.pull = fields.need_flag("pull");
    publish.title = fields.need_text("title", text_max);
    publish.privacy_level = fields.need_text("privacy_level");
    if (auto const* info = fields.object("post_info")) publish.post_info = *info;
    publish.urls = need_texts(fields, "urls");
    publish.created = from_ms(fields.need_integer("created"));
    publish.upload_id = fields.need_text("upload_id");
    publish.upload_token = fields.need_text("upload_token");
    publish.size = fields.need_integer("size", 0);
    publish.chunk_size = fields.need_integer("chunk_size", publish.pull ? 0 : 1);
    publish.chunk_count = fields.need_integer("chunk_count", 0);
    publish.stored = fields.need_integer("stored", 0, publish.size);
    publish.chunks_stored = fields.need_integer("chunks_stored", 0);
    publish.repeats = fields.need_integer("repeats", 0);
    publish.blind = fields.need_flag("blind");
    auto const hash = Sha256::load(fields.need_text("hash"));
    if (!hash) throw SpecError(fmt::format("{}.hash is damaged", id));
    publish.hash = *hash;
    publish.url_expires = from_ms(fields.need_integer("url_expires"));
    publish.forgotten = fields.need_flag("forgotten");
    publish.phase = static_cast<Phase>(
        fields.need_integer("phase", 0, static_cast<std::int64_t>(Phase::failed)));
    publish.started = from_ms(fields.need_integer("started"));
    publish.due = read_optional_ms(fields, "due");
    publish.sha256 = fields.need_text("sha256");
    publish.fail_reason = fields.need_text("fail_reason");
    if (auto const* ids = fields.list("post_ids")) {
        for (json::value const& one : *ids) {
            if (!one.is_int64()) throw SpecError(fmt::format("{}.post_ids is damaged", id));
            publish.post_ids.push_back(one.get_int64());
        }
    }
    publish.published = from_ms(fields.need_integer("published"));
    publish.ids_visible = from_ms(fields.need_integer("ids_visible"));
    return publish;
}

template <class Map, class Write>
json::object write_map(Map const& map, Write write) {
    json::object out;
    for (auto const& [key, value] : map) out[key] = write(value);
    return out;
}

template <class Map, class ReadOne>
void read_map(Fields& fields, std::string_view name, Map& map, ReadOne read) {
    json::object const* object = fields.object(name);
    if (object == nullptr) throw SpecError(fmt::format("{} is missing", name));
    map.clear();
    for (auto const& member : *object) {
        std::string const key(member.key());
        map.emplace(key, read(member.value(), key));
    }
}

/// A state of another scenario would leave grants without creators; say so instead of failing
/// later.
void check_owners(World const& world) {
    auto const need = [&](std::string const& creator, std::string const& client_key) {
        if (!world.creators.contains(creator) || !world.apps.contains(client_key)) {
            throw SpecError(fmt::format(
                "the state belongs to another scenario: it has {} under {}", creator, client_key));
        }
        if (!world.grants.contains(world.grant_key(creator, client_key))) {
            throw SpecError(fmt::format("the state is damaged: no grant for {}", creator));
        }
    };
    for (auto const& [key, grant] : world.grants) need(grant.creator, grant.client_key);
    for (auto const& [id, publish] : world.publishes) need(publish.creator, publish.client_key);
    for (auto const& [value, token] : world.refresh_tokens) {
        if (!world.grants.contains(token.grant)) throw SpecError("a refresh token has no grant");
    }
    for (auto const& [value, code] : world.codes) {
        if (!world.grants.contains(code.grant)) throw SpecError("a code has no grant");
    }
}

}  // namespace

json::object Model::save() const {
    World const& world = *world_;
    json::array violations;
    for (Violation const& violation : world.violations) {
        violations.push_back(write_violation(violation));
    }
    json::object users;
    for (auto const& [app, map] : world.active_users) {
        users[app] = write_map(map, [](TimePoint at) { return ms(at); });
    }
    return {
        {"version", state_version},
        {"now_ms", ms(world.now())},
        {"clock_offset_ms", world.clock_offset.count()},
        {"began_ms", ms(world.began)},
        {"ids", json::array{std::to_string(world.ids.state()), world.ids.count()}},
        {"faults", world.faults.save()},
        {"creators", write_map(world.creators, write_creator)},
        {"grants", write_map(world.grants, write_grant)},
        {"access_tokens", write_map(world.access_tokens, write_access)},
        {"refresh_tokens", write_map(world.refresh_tokens, write_refresh)},
        {"codes", write_map(world.codes, write_code)},
        {"publishes", write_map(world.publishes, write_publish)},
        {"windows", write_map(world.windows, [](auto const& times) { return write_times(times); })},
        {"active_users", std::move(users)},
        {"ledger", world.ledger.save()},
        {"violations", std::move(violations)},
        {"violation_count", world.violation_count},
        {"request_count", world.request_count}};
}

std::string Model::load(json::object const& state) {
    try {
        World& world = *world_;
        Fields fields(state, "");
        if (fields.need_integer("version") != state_version) {
            throw SpecError("the state was written by another version");
        }
        fields.need_integer("now_ms");
        world.clock_offset = Millis{fields.need_integer("clock_offset_ms")};
        world.began = from_ms(fields.need_integer("began_ms"));
        json::array const* ids = fields.list("ids");
        if (ids == nullptr || ids->size() != 2 || !(*ids)[0].is_string() ||
            !(*ids)[1].is_number()) {
            throw SpecError("ids is damaged");
        }
        world.ids.restore(std::stoull((*ids)[0].get_string().c_str()),
                          (*ids)[1].to_number<std::uint64_t>());
        if (auto const* faults = fields.object("faults")) world.faults.load(*faults);
        read_map(fields, "creators", world.creators, [](auto const& value, auto const& key) {
            Fields facts(value, key);
            Creator creator;
            creator.handle = facts.need_text("handle");
            read_creator_facts(facts, creator);
            facts.done();
            return creator;
        });
        read_map(fields, "grants", world.grants, read_grant);
        read_map(fields, "access_tokens", world.access_tokens, read_access);
        read_map(fields, "refresh_tokens", world.refresh_tokens, read_refresh);
        read_map(fields, "codes", world.codes, read_code);
        read_map(fields, "publishes", world.publishes, read_publish);
        read_map(fields, "windows", world.windows, [](auto const& value, auto const&) {
            return read_times(value.if_array());
        });
        read_map(
            fields, "active_users", world.active_users, [](auto const& value, auto const& app) {
                std::map<std::string, TimePoint> users;
                Fields inner(value, app);
                for (auto const& member : value.as_object()) {
                    users.emplace(member.key(), from_ms(inner.need_integer(member.key())));
                }
                return users;
            });
        if (auto const* ledger = fields.list("ledger")) world.ledger.load(*ledger);
        world.violations.clear();
        if (auto const* violations = fields.list("violations")) {
            for (json::value const& value : *violations) {
                world.violations.push_back(read_violation(value));
            }
        }
        world.violation_count = fields.need_integer("violation_count");
        world.request_count = fields.need_integer("request_count");
        fields.done();
        check_owners(world);
        world.uploads.clear();
        world.due.clear();
        for (auto const& [id, publish] : world.publishes) {
            if (!publish.pull) world.uploads[publish.upload_id] = id;
            if (publish.due) world.due.emplace(*publish.due, id);
        }
        return {};
    } catch (std::exception const& error) {
        // Also what Boost.JSON and stoull throw about a damaged file.
        return error.what();
    }
}

}  // namespace postrider::tiktok::emulator

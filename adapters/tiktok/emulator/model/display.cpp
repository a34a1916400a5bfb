// The display endpoints: who the creator is and which public posts they have.
#include <fmt/format.h>

#include <algorithm>

#include "tiktok/emulator/model/call.hpp"
#include "tiktok/emulator/model/text.hpp"

namespace postrider::tiktok::emulator {
namespace {

constexpr std::int64_t page_max = 20;
constexpr std::int64_t page_default = 10;
constexpr std::size_t ids_max = 20;
constexpr std::size_t description_max = 150;

/// The scope that a field of user/info belongs to; empty when there is no such field.
std::string_view scope_of(std::string_view field) {
    static std::map<std::string_view, std::string_view> const table{
        {"open_id", "user.info.basic"},
        {"union_id", "user.info.basic"},
        {"avatar_url", "user.info.basic"},
        {"avatar_url_100", "user.info.basic"},
        {"avatar_large_url", "user.info.basic"},
        {"display_name", "user.info.basic"},
        {"bio_description", "user.info.profile"},
        {"profile_deep_link", "user.info.profile"},
        {"is_verified", "user.info.profile"},
        {"username", "user.info.profile"},
        {"follower_count", "user.info.stats"},
        {"following_count", "user.info.stats"},
        {"likes_count", "user.info.stats"},
        {"video_count", "user.info.stats"}};
    auto const found = table.find(field);
    return found == table.end() ? std::string_view{} : found->second;
}

bool is_public(LedgerEntry const& entry) {
    return entry.from_draft || entry.privacy_level == "PUBLIC_TO_EVERYONE";
}

json::value user_field(Call& call, Creator const& creator, std::string_view field) {
    if (field == "open_id") return json::value(call.grant->open_id);
    if (field == "union_id") return json::value("union-" + creator.handle);
    if (field == "display_name") return json::value(creator.nickname);
    if (field == "username") return json::value(creator.handle);
    if (field == "bio_description") return json::value("");
    if (field == "is_verified") return false;
    if (field == "profile_deep_link") {
        return json::value("https://www.tiktok.com/@" + creator.handle);
    }
    if (field == "video_count") {
        std::int64_t count = 0;
        for (LedgerEntry const& entry : call.world.ledger.entries()) {
            if (entry.creator == creator.handle && is_public(entry)) ++count;
        }
        return count;
    }
    if (field.ends_with("_count")) return 0;
    return json::value(fmt::format("https://avatars.example/{}.jpeg", creator.handle));
}

std::string cut(std::string const& text) {
    if (text.size() <= description_max) return text;
    std::size_t end = description_max;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
    return text.substr(0, end);
}

json::value video_field(LedgerEntry const& entry, std::string_view field) {
    std::string const id = std::to_string(entry.post_id);
    if (field == "id") return json::value(id);
    if (field == "create_time") {
        return std::chrono::floor<std::chrono::seconds>(entry.published_at)
            .time_since_epoch()
            .count();
    }
    if (field == "title" || field == "video_description") return json::value(cut(entry.title));
    if (field == "share_url") {
        return json::value(fmt::format("https://www.tiktok.com/@{}/video/{}", entry.creator, id));
    }
    if (field == "embed_link") {
        return json::value(fmt::format("https://www.tiktok.com/embed/v2/{}", id));
    }
    if (field == "embed_html") return json::value("<blockquote></blockquote>");
    if (field == "cover_image_url") {
        return json::value(fmt::format("https://covers.example/{}.jpeg", id));
    }
    if (field == "height") return 1920;
    if (field == "width") return 1080;
    return 0;  // duration and the counts
}

std::vector<std::string> const& video_fields() {
    static std::vector<std::string> const fields{"id",
                                                 "create_time",
                                                 "cover_image_url",
                                                 "share_url",
                                                 "video_description",
                                                 "duration",
                                                 "height",
                                                 "width",
                                                 "title",
                                                 "embed_html",
                                                 "embed_link",
                                                 "like_count",
                                                 "comment_count",
                                                 "share_count",
                                                 "view_count"};
    return fields;
}

struct Wanted {
    std::vector<std::string> fields;
    std::optional<Reply> refusal;
};

Wanted wanted_fields(Call& call) {
    auto const query = parse_form(call.request.query());
    if (!query || !query->contains("fields")) {
        return {{}, invalid_params(call, "fields is missing")};
    }
    return {split(query->find("fields")->second, ','), std::nullopt};
}

Wanted wanted_video_fields(Call& call) {
    if (auto refusal =
            admit(call, {{"video.list"}, call.endpoint, call.world.scenario.limits.display})) {
        return {{}, std::move(refusal)};
    }
    Wanted wanted = wanted_fields(call);
    for (std::string const& field : wanted.fields) {
        if (!contains(video_fields(), field)) {
            wanted.refusal = invalid_params(call, fmt::format("{} is not a field", field));
        }
    }
    return wanted;
}

json::object write_video(LedgerEntry const& entry, std::vector<std::string> const& fields) {
    json::object video;
    for (std::string const& field : fields) video[field] = video_field(entry, field);
    return video;
}

}  // namespace

Reply user_info(Call& call) {
    if (auto refusal =
            admit(call, {{"user.info.basic"}, "user_info", call.world.scenario.limits.display})) {
        return std::move(*refusal);
    }
    Wanted wanted = wanted_fields(call);
    if (wanted.refusal) return std::move(*wanted.refusal);
    std::string const& lacking = call.world.scenario.switches.missing_field_scope;
    Creator const& creator = call.world.creators.find(call.creator)->second;
    json::object user;
    for (std::string const& field : wanted.fields) {
        std::string_view const scope = scope_of(field);
        if (scope.empty()) return invalid_params(call, fmt::format("{} is not a field", field));
        if (contains(call.token->scopes, scope)) {
            user[field] = user_field(call, creator, field);
        } else if (lacking == "zeros") {
            user[field] = 0;
        } else {
            return api_refusal(call,
                               lacking == "403" ? 403 : 401,
                               "scope_permission_missed",
                               "Some of the fields need scopes that were not granted.");
        }
    }
    return api_ok(call, json::object{{"user", std::move(user)}});
}

Reply video_list(Call& call) {
    Wanted wanted = wanted_video_fields(call);
    if (wanted.refusal) return std::move(*wanted.refusal);
    Body body = read_body(call, true);
    if (body.refusal) return std::move(*body.refusal);
    std::int64_t before = call.now.time_since_epoch().count() + 1;
    std::int64_t most = page_default;
    try {
        Fields fields(*body.object, "");
        before = fields.integer("cursor", 0).value_or(before);
        most = fields.integer("max_count", 1, page_max).value_or(page_default);
        note_unknown(call, fields);
    } catch (SpecError const& error) {
        return invalid_params(call, error.what());
    }
    json::array videos;
    bool more = false;
    std::int64_t cursor = before;
    auto const& entries = call.world.ledger.entries();
    for (auto entry = entries.rbegin(); entry != entries.rend(); ++entry) {
        std::int64_t const at = entry->published_at.time_since_epoch().count();
        if (entry->creator != call.creator || !is_public(*entry) || at >= before) continue;
        if (static_cast<std::int64_t>(videos.size()) == most) {
            more = true;
            break;
        }
        videos.push_back(write_video(*entry, wanted.fields));
        cursor = at;
    }
    return api_ok(
        call, json::object{{"videos", std::move(videos)}, {"cursor", cursor}, {"has_more", more}});
}

Reply video_query(Call& call) {
    Wanted wanted = wanted_video_fields(call);
    if (wanted.refusal) return std::move(*wanted.refusal);
    Body body = read_body(call, false);
    if (body.refusal) return std::move(*body.refusal);
    std::vector<std::string> ids;
    try {
        Fields fields(*body.object, "");
        json::object const* filters = fields.object("filters");
        if (filters == nullptr) return invalid_params(call, "filters is missing");
        Fields inner(*filters, "filters");
        auto given = inner.texts("video_ids", ids_max);
        if (!given || given->empty()) return invalid_params(call, "filters.video_ids is missing");
        ids = std::move(*given);
        note_unknown(call, inner);
        note_unknown(call, fields);
    } catch (SpecError const& error) {
        return invalid_params(call, error.what());
    }
    json::array videos;
    for (LedgerEntry const& entry : call.world.ledger.entries()) {
        if (entry.creator != call.creator || !is_public(entry)) continue;
        if (!contains(ids, std::to_string(entry.post_id))) continue;
        videos.push_back(write_video(entry, wanted.fields));
    }
    return api_ok(call, json::object{{"videos", std::move(videos)}});
}

}  // namespace postrider::tiktok::emulator

// creator_info and the three init endpoints, in the order of checks of the emulator contract:
// token, scope, rate limit, shape, bans and caps, privacy option, audit state, source and chunk
// plan, ownership of URLs.
#include <fmt/format.h>

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include "tiktok/emulator/model/call.hpp"
#include "tiktok/emulator/model/chunk_plan.hpp"
#include "tiktok/emulator/model/text.hpp"

namespace postrider::tiktok::emulator {
namespace {

constexpr std::size_t title_units_max = 2'200;
constexpr std::size_t photo_title_units_max = 90;
constexpr std::size_t photo_description_units_max = 4'000;
constexpr std::size_t photos_max = 35;
constexpr std::size_t text_bytes_max = 64 * 1024;
constexpr std::chrono::hours look_lives{1};
constexpr std::chrono::minutes stop_holds{10};
constexpr std::string_view media_type_invalid = "Invalid media_type or post_mode";

/// What an init request says, whichever of the three it is.
struct Draft {
    Publish publish;
    bool direct = true;
    bool branded = false;
    std::string source;
    ChunkPlan plan;
    bool plan_complete = false;
    std::string video_url;
};

std::int64_t int32_max() {
    return 2'147'483'647;
}

Creator& creator_of(Call& call) {
    return call.world.creators.find(call.creator)->second;
}

std::string init_window(Call& call, std::string const& own) {
    return call.world.scenario.switches.shared_init_bucket == "yes" ? "init" : own;
}

// --- reading ---

std::string need_title(Call& call, Fields& info, std::string_view name, std::size_t units_max) {
    std::string title = info.text(name, text_bytes_max).value_or("");
    auto const units = utf16_units(title);
    if (!units) throw SpecError(fmt::format("{} is not UTF-8", info.path(name)));
    if (*units > units_max) {
        call.violate("text_too_long", fmt::format("{}: {} UTF-16 units", info.path(name), *units));
        if (call.world.scenario.switches.title_too_long == "refuse") {
            throw SpecError(fmt::format("{} is longer than {}", info.path(name), units_max));
        }
    }
    return title;
}

void read_brand_toggles(Call& call, Fields& info, Draft& draft) {
    auto const content = info.flag("brand_content_toggle");
    auto const organic = info.flag("brand_organic_toggle");
    if (!content || !organic) {
        call.violate("brand_toggle_missing", "both toggles have to be sent");
        if (call.world.scenario.switches.brand_toggles == "required") {
            throw SpecError("post_info has no brand_content_toggle or no brand_organic_toggle");
        }
    }
    draft.branded = content.value_or(false);
    if (draft.branded && draft.publish.privacy_level == "SELF_ONLY") {
        call.violate("branded_self_only", "branded content cannot be private");
        if (call.world.scenario.switches.branded_self_only == "refuse") {
            throw SpecError("branded content cannot be SELF_ONLY");
        }
    }
}

void read_video_post_info(Call& call, json::object const& object, Draft& draft) {
    Fields info(object, "post_info");
    draft.publish.title = need_title(call, info, "title", title_units_max);
    draft.publish.privacy_level = info.text("privacy_level").value_or("");
    for (char const* name : {"disable_duet", "disable_stitch", "disable_comment", "is_aigc"}) {
        info.flag(name);
    }
    info.integer("video_cover_timestamp_ms", -int32_max(), int32_max());
    read_brand_toggles(call, info, draft);
    note_unknown(call, info);
    draft.publish.post_info = object;
}

void read_video_source(Call& call, json::object const& object, Draft& draft) {
    Fields source(object, "source_info");
    draft.source = source.need_text("source");
    auto const size = source.integer("video_size");
    auto const chunk = source.integer("chunk_size");
    auto const count = source.integer("total_chunk_count");
    draft.video_url = source.text("video_url").value_or("");
    draft.plan_complete = size && chunk && count;
    if (draft.plan_complete) draft.plan = {*size, *chunk, *count};
    note_unknown(call, source);
}

// --- checks ---

std::optional<Reply> check_caps(Call& call, bool draft) {
    World& world = call.world;
    Creator const& creator = creator_of(call);
    // What creator_info says is about direct posts; an upload to the inbox need not ask it.
    if (!draft && call.grant->stop_seen && *call.grant->stop_seen + stop_holds > call.now) {
        call.violate("stop_ignored", "creator_info had said that this creator cannot post now");
    }
    if (creator.banned) {
        return api_refusal(call,
                           403,
                           "spam_risk_user_banned_from_posting",
                           "The creator is banned from making new posts.");
    }
    if (draft) {
        if (world.pending_drafts(call.creator, call.now) >= creator.pending_drafts_cap) {
            return api_refusal(call,
                               403,
                               "spam_risk_too_many_pending_share",
                               "The creator has too many pending shares.");
        }
        return std::nullopt;
    }
    if (world.posts_in_last_day(call.creator, call.now) + world.posts_under_way(call.creator) >=
        creator.daily_cap) {
        return api_refusal(call,
                           403,
                           "spam_risk_too_many_posts",
                           "The creator has reached the daily cap of posts.");
    }
    if (world.active_user_cap_reached(*call.app, call.creator, call.now)) {
        return api_refusal(call,
                           403,
                           "reached_active_user_cap",
                           "The client has reached its daily cap of active users.");
    }
    return std::nullopt;
}

std::optional<Reply> check_privacy(Call& call, Draft const& draft) {
    Creator const& creator = creator_of(call);
    std::string const& level = draft.publish.privacy_level;
    if (!contains(creator.privacy_options(), level)) {
        call.violate("privacy_level_not_offered", level.empty() ? "none sent" : level);
        return api_refusal(call,
                           403,
                           "privacy_level_option_mismatch",
                           "privacy_level is missing or not among the creator's options.");
    }
    bool const audited = call.app->audited && !call.app->sandbox;
    if (!audited && (!creator.private_account || level != "SELF_ONLY")) {
        return api_refusal(call,
                           403,
                           "unaudited_client_can_only_post_to_private_accounts",
                           "Please review our integration guidelines.");
    }
    return std::nullopt;
}

std::optional<Reply> check_url(Call& call, std::string const& text) {
    auto const parsed = boost::urls::parse_uri(text);
    bool const https = parsed && parsed->scheme() == "https";
    bool const named = parsed && parsed->host_type() == boost::urls::host_type::name;
    if (!https) call.violate("url_not_https", text);
    bool owned = false;
    if (https && named) {
        std::string const host = parsed->host();
        for (std::string const& property : call.app->verified_urls) {
            if (property.starts_with("https://")) {
                owned = owned || text.starts_with(property);
            } else {
                owned = owned || host == property || host.ends_with("." + property);
            }
        }
    }
    if (owned) return std::nullopt;
    return api_refusal(call,
                       403,
                       "url_ownership_unverified",
                       "The URL is not under a verified domain or URL prefix.");
}

std::optional<Reply> check_video_source(Call& call, Draft const& draft) {
    Switches const& switches = call.world.scenario.switches;
    if (draft.source == "PULL_FROM_URL") {
        if (draft.video_url.empty()) return invalid_params(call, source_info_invalid);
        return check_url(call, draft.video_url);
    }
    if (draft.source != "FILE_UPLOAD" || !draft.plan_complete) {
        return invalid_params(call, source_info_invalid);
    }
    std::string_view complaint = judge_chunk_plan(draft.plan, switches.lenient());
    if (complaint.empty() && draft.plan.total_chunk_count > 1 && switches.multi_chunk == "refuse") {
        // The switch stands for refusals nobody could explain, so the client has broken nothing.
        return api_refusal(call, 400, switches.invalid_params_name, chunk_size_invalid);
    }
    if (!complaint.empty()) {
        call.violate("bad_chunk_plan",
                     fmt::format("size {}, chunk {}, count {}",
                                 draft.plan.video_size,
                                 draft.plan.chunk_size,
                                 draft.plan.total_chunk_count));
        return invalid_params(call, complaint);
    }
    return std::nullopt;
}

/// A second init while the first may still become public is how posts are doubled.
void check_reinit(Call& call, Draft const& draft) {
    for (auto const& [at, id] : call.world.due) {
        Publish const& other = call.world.publishes.find(id)->second;
        if (other.creator != call.creator || other.client_key != call.client_key) continue;
        if (other.title != draft.publish.title || other.draft != draft.publish.draft) continue;
        bool const same = other.pull
                              ? draft.source == "PULL_FROM_URL" && other.urls == draft.publish.urls
                              : draft.source == "FILE_UPLOAD" && !other.photo &&
                                    other.size == draft.plan.video_size;
        if (same) {
            call.violate("reinit_while_pending",
                         fmt::format("{} has the same content and may still become public", id));
            return;
        }
    }
}

void check_look(Call& call) {
    auto& looks = call.grant->looks;
    while (!looks.empty() && looks.front() + look_lives <= call.now) looks.pop_front();
    if (looks.empty()) {
        call.violate("creator_info_skipped", "no creator_info answer since the last init");
    }
}

// --- effect ---

Reply accept(Call& call, Draft&& draft) {
    World& world = call.world;
    Publish publish = std::move(draft.publish);
    std::int64_t const number = world.ids.number();
    publish.pull = draft.source == "PULL_FROM_URL";
    char const* form = publish.photo   ? "p_pub_url~v2"
                       : publish.draft ? (publish.pull ? "v_inbox_url~v2" : "v_inbox_file~v2")
                                       : (publish.pull ? "v_pub_url~v2" : "v_pub_file~v2-1");
    publish.id = fmt::format("{}.{}", form, number);
    publish.creator = call.creator;
    publish.client_key = call.client_key;
    publish.created = call.now;
    publish.started = call.now;
    call.publish_id = publish.id;

    json::object data{{"publish_id", publish.id}};
    if (!publish.pull) {
        publish.size = draft.plan.video_size;
        publish.chunk_size = draft.plan.chunk_size;
        publish.chunk_count = draft.plan.total_chunk_count;
        publish.upload_id = std::to_string(number);
        publish.upload_token = world.ids.token("");
        publish.url_expires =
            call.now + std::chrono::seconds{world.scenario.lifetimes.upload_url_sec};
        world.uploads[publish.upload_id] = publish.id;
        data["upload_url"] = fmt::format("{}/video/?upload_id={}&upload_token={}",
                                         world.base_url,
                                         publish.upload_id,
                                         publish.upload_token);
    }
    if (!publish.draft) {
        world.active_users[call.client_key][call.creator] = call.now;
        // A refused init or a lost answer may be followed by another one on the same look.
        auto& looks = call.grant->looks;
        if (!call.answer_lost && !looks.empty()) looks.pop_front();
    }
    Publish& kept = world.publishes.emplace(publish.id, std::move(publish)).first->second;
    if (kept.pull) world.start_processing(kept);
    world.changed();
    return api_ok(call, std::move(data));
}

/// The part after the shape: the same order for all three.
Reply judge(Call& call, Draft&& draft, bool photo) {
    if (draft.direct) check_look(call);
    if (auto refusal = check_caps(call, !draft.direct)) return std::move(*refusal);
    if (draft.direct) {
        if (auto refusal = check_privacy(call, draft)) return std::move(*refusal);
    }
    if (photo) {
        for (std::string const& url : draft.publish.urls) {
            if (auto refusal = check_url(call, url)) return std::move(*refusal);
        }
    } else if (auto refusal = check_video_source(call, draft)) {
        return std::move(*refusal);
    }
    if (!photo && draft.source == "PULL_FROM_URL") draft.publish.urls = {draft.video_url};
    draft.publish.draft = !draft.direct;
    check_reinit(call, draft);
    return accept(call, std::move(draft));
}

void read_photo_post_info(Call& call, json::object const& object, Draft& draft) {
    Fields info(object, "post_info");
    draft.publish.title = need_title(call, info, "title", photo_title_units_max);
    std::string const description =
        need_title(call, info, "description", photo_description_units_max);
    if (draft.publish.title.empty()) draft.publish.title = description;
    draft.publish.privacy_level = info.text("privacy_level").value_or("");
    info.flag("disable_comment");
    info.flag("auto_add_music");
    if (call.world.scenario.switches.photo_aigc == "both") info.flag("is_aigc");
    if (draft.direct) {
        read_brand_toggles(call, info, draft);
    } else {
        info.flag("brand_content_toggle");
        info.flag("brand_organic_toggle");
    }
    note_unknown(call, info);
    draft.publish.post_info = object;
}

}  // namespace

Reply creator_info(Call& call) {
    World& world = call.world;
    if (auto refusal =
            admit(call, {{"video.publish"}, "creator_info", world.scenario.limits.creator_info})) {
        return std::move(*refusal);
    }
    Body body = read_body(call, true);
    if (body.refusal) return std::move(*body.refusal);
    note_unknown(call, Fields(*body.object, ""));

    Creator const& creator = creator_of(call);
    std::string_view stop;
    if (creator.banned) {
        stop = "spam_risk_user_banned_from_posting";
    } else if (world.posts_in_last_day(call.creator, call.now) +
                   world.posts_under_way(call.creator) >=
               creator.daily_cap) {
        stop = "spam_risk_too_many_posts";
    } else if (world.active_user_cap_reached(*call.app, call.creator, call.now)) {
        stop = "reached_active_user_cap";
    }
    if (!stop.empty()) {
        if (!call.answer_lost) call.grant->stop_seen = call.now;
        // On purpose 200: these three are answers about the creator, not failures of the call.
        return api_refusal(call, 200, stop, "Please review our integration guidelines.");
    }
    call.grant->stop_seen.reset();
    if (!call.answer_lost) {
        call.grant->looks.push_back(call.now);
        if (call.grant->looks.size() > 1'000) call.grant->looks.pop_front();
    }
    json::array options;
    for (std::string const& level : creator.privacy_options()) options.emplace_back(level);
    return api_ok(
        call,
        json::object{{"creator_avatar_url",
                      fmt::format("https://avatars.example/{}.jpeg?expires=7200", creator.handle)},
                     {"creator_username", creator.handle},
                     {"creator_nickname", creator.nickname},
                     {"privacy_level_options", std::move(options)},
                     {"comment_disabled", creator.comment_disabled},
                     {"duet_disabled", creator.duet_disabled || creator.private_account},
                     {"stitch_disabled", creator.stitch_disabled || creator.private_account},
                     {"max_video_post_duration_sec", creator.max_video_post_duration_sec}});
}

Reply video_init(Call& call) {
    if (auto refusal = admit(call,
                             {{"video.publish"},
                              init_window(call, "video_init"),
                              call.world.scenario.limits.init})) {
        return std::move(*refusal);
    }
    Body body = read_body(call, false);
    if (body.refusal) return std::move(*body.refusal);
    Draft draft;
    try {
        Fields fields(*body.object, "");
        json::object const* info = fields.object("post_info");
        json::object const* source = fields.object("source_info");
        if (info == nullptr) return invalid_params(call, "The request post info is empty");
        if (source == nullptr) return invalid_params(call, source_info_invalid);
        read_video_post_info(call, *info, draft);
        read_video_source(call, *source, draft);
        note_unknown(call, fields);
    } catch (SpecError const& error) {
        return invalid_params(call, error.what());
    }
    return judge(call, std::move(draft), false);
}

Reply inbox_init(Call& call) {
    if (auto refusal = admit(
            call,
            {{"video.upload"}, init_window(call, "inbox_init"), call.world.scenario.limits.init})) {
        return std::move(*refusal);
    }
    Body body = read_body(call, false);
    if (body.refusal) return std::move(*body.refusal);
    Draft draft;
    draft.direct = false;
    try {
        Fields fields(*body.object, "");
        json::object const* source = fields.object("source_info");
        if (source == nullptr) return invalid_params(call, source_info_invalid);
        if (json::object const* info = fields.object("post_info")) {
            call.violate("post_info_in_inbox", "the draft endpoint takes source_info only");
            if (call.world.scenario.switches.inbox_title == "used") {
                draft.publish.title =
                    Fields(*info, "post_info").text("title", text_bytes_max).value_or("");
            }
        }
        read_video_source(call, *source, draft);
        note_unknown(call, fields);
    } catch (SpecError const& error) {
        return invalid_params(call, error.what());
    }
    return judge(call, std::move(draft), false);
}

Reply photo_init(Call& call) {
    // The scope depends on post_mode, so the mode is looked at before the token is judged.
    Draft draft;
    std::vector<std::string> scopes{"video.publish", "video.upload"};
    Body body = read_body(call, false);
    std::string mode;
    if (body.object) {
        auto const* value = body.object->if_contains("post_mode");
        if (value != nullptr && value->is_string()) mode = value->get_string().c_str();
        if (mode == "DIRECT_POST") scopes = {"video.publish"};
        if (mode == "MEDIA_UPLOAD") scopes = {"video.upload"};
    }
    if (auto refusal = admit(
            call, {scopes, init_window(call, "photo_init"), call.world.scenario.limits.init})) {
        return std::move(*refusal);
    }
    if (body.refusal) return std::move(*body.refusal);
    draft.direct = mode != "MEDIA_UPLOAD";
    draft.publish.photo = true;
    try {
        Fields fields(*body.object, "");
        std::string const kind = fields.text("media_type").value_or("");
        fields.text("post_mode");
        fields.flag("is_aigc");
        if (kind != "PHOTO" || (mode != "DIRECT_POST" && mode != "MEDIA_UPLOAD")) {
            return invalid_params(call, media_type_invalid);
        }
        json::object const* info = fields.object("post_info");
        json::object const* source_info = fields.object("source_info");
        if (info == nullptr && draft.direct) {
            return invalid_params(call, "The request post info is empty");
        }
        if (source_info == nullptr) return invalid_params(call, source_info_invalid);
        if (info != nullptr) read_photo_post_info(call, *info, draft);
        Fields source(*source_info, "source_info");
        draft.source = source.need_text("source");
        auto const images = source.texts("photo_images", 1'000);
        auto const cover = source.integer("photo_cover_index");
        note_unknown(call, source);
        note_unknown(call, fields);
        bool const complete = draft.source == "PULL_FROM_URL" && images && !images->empty() &&
                              images->size() <= photos_max && cover && *cover >= 0 &&
                              *cover < static_cast<std::int64_t>(images->size());
        if (!complete) return invalid_params(call, source_info_invalid);
        draft.publish.urls = *images;
    } catch (SpecError const& error) {
        return invalid_params(call, error.what());
    }
    if (!draft.direct && creator_of(call).old_app) {
        return api_refusal(
            call, 400, "app_version_check_failed", "The user's TikTok app is older than 31.8.");
    }
    return judge(call, std::move(draft), true);
}

}  // namespace postrider::tiktok::emulator

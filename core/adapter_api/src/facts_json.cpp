// JSON forms of what the probe and the network told: MediaFacts and CreatorFacts. For the store and
// for answers.
#include <postrider/adapter/http.hpp>
#include <postrider/adapter/media.hpp>
#include <postrider/adapter/post.hpp>

#include "json_values.hpp"

#include <boost/json/array.hpp>

#include <algorithm>
#include <limits>

namespace postrider::adapter {

namespace {

int small_int_member(boost::json::object const& object, std::string_view name) {
    auto const number = detail::int_member(object, name);
    return static_cast<int>(std::clamp<std::int64_t>(
        number, std::numeric_limits<int>::min(), std::numeric_limits<int>::max()));
}

char lower(char letter) {
    return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
}

}  // namespace

boost::json::object to_json(MediaFacts const& facts) {
    boost::json::object object;
    object["path"] = facts.path;
    object["url"] = facts.url;
    object["sha256"] = facts.sha256;
    object["size_bytes"] = facts.size_bytes;
    object["mtime_ns"] = facts.mtime_ns;
    object["ctime_ns"] = facts.ctime_ns;
    object["inode"] = facts.inode;
    object["device"] = facts.device;
    object["kind"] = facts.kind;
    object["container"] = facts.container;
    object["mime"] = facts.mime;
    object["video_codec"] = facts.video_codec;
    object["audio_codec"] = facts.audio_codec;
    object["width"] = facts.width;
    object["height"] = facts.height;
    object["rotation"] = facts.rotation;
    object["duration_ms"] = facts.duration_ms;
    object["frame_rate"] = detail::finite(facts.frame_rate);
    object["bit_rate"] = facts.bit_rate;
    object["has_sound"] = facts.has_sound;
    object["alt"] = facts.alt;
    object["title"] = facts.title;
    return object;
}

MediaFacts media_facts_from_json(boost::json::object const& object) {
    MediaFacts facts;
    facts.path = detail::text_member(object, "path");
    facts.url = detail::text_member(object, "url");
    facts.sha256 = detail::text_member(object, "sha256");
    facts.size_bytes = detail::uint_member(object, "size_bytes");
    facts.mtime_ns = detail::int_member(object, "mtime_ns");
    facts.ctime_ns = detail::int_member(object, "ctime_ns");
    facts.inode = detail::uint_member(object, "inode");
    facts.device = detail::uint_member(object, "device");
    facts.kind = detail::text_member(object, "kind");
    facts.container = detail::text_member(object, "container");
    facts.mime = detail::text_member(object, "mime");
    facts.video_codec = detail::text_member(object, "video_codec");
    facts.audio_codec = detail::text_member(object, "audio_codec");
    facts.width = small_int_member(object, "width");
    facts.height = small_int_member(object, "height");
    facts.rotation = small_int_member(object, "rotation");
    facts.duration_ms = detail::int_member(object, "duration_ms");
    facts.frame_rate = detail::double_member(object, "frame_rate");
    facts.bit_rate = detail::int_member(object, "bit_rate");
    facts.has_sound = detail::bool_member(object, "has_sound");
    facts.alt = detail::text_member(object, "alt");
    facts.title = detail::text_member(object, "title");
    return facts;
}

boost::json::object to_json(CreatorFacts const& facts) {
    boost::json::object object;
    object["as_of"] = to_rfc3339(facts.as_of);
    object["handle"] = facts.handle;
    object["nickname"] = facts.nickname;
    object["avatar_url"] = facts.avatar_url;
    object["remote_id"] = facts.remote_id;
    boost::json::object offered;
    for (auto const& [option, values] : facts.offered) {
        boost::json::array list;
        for (auto const& value : values) list.emplace_back(value);
        offered[option] = std::move(list);
    }
    object["offered"] = std::move(offered);
    boost::json::object locked;
    for (auto const& [option, why] : facts.locked) locked[option] = why;
    object["locked"] = std::move(locked);
    boost::json::object undeliverable;
    for (auto const& [deliver, why] : facts.undeliverable) undeliverable[deliver] = why;
    object["undeliverable"] = std::move(undeliverable);
    boost::json::object limits;
    for (auto const& [name, limit] : facts.limits) limits[name] = limit;
    object["limits"] = std::move(limits);
    if (facts.blocked)
        object["blocked"] = facts.blocked->to_json();
    else
        object["blocked"] = nullptr;
    return object;
}

CreatorFacts creator_facts_from_json(boost::json::object const& object) {
    CreatorFacts facts;
    facts.as_of = parse_rfc3339(detail::text_member(object, "as_of")).value_or(Instant{});
    facts.handle = detail::text_member(object, "handle");
    facts.nickname = detail::text_member(object, "nickname");
    facts.avatar_url = detail::text_member(object, "avatar_url");
    facts.remote_id = detail::text_member(object, "remote_id");
    if (auto const* offered = object.if_contains("offered"); offered && offered->is_object())
        for (auto const& member : offered->get_object()) {
            // An option that is offered nothing stays in the map: that is not the same as not being
            // named.
            auto& values = facts.offered[std::string{member.key()}];
            if (!member.value().is_array()) continue;
            for (auto const& value : member.value().get_array())
                if (value.is_string()) values.emplace_back(value.get_string().c_str());
        }
    if (auto const* locked = object.if_contains("locked"); locked && locked->is_object())
        for (auto const& member : locked->get_object())
            facts.locked[std::string{member.key()}] =
                detail::text_member(locked->get_object(), member.key());
    if (auto const* closed = object.if_contains("undeliverable"); closed && closed->is_object())
        for (auto const& member : closed->get_object())
            facts.undeliverable[std::string{member.key()}] =
                detail::text_member(closed->get_object(), member.key());
    if (auto const* limits = object.if_contains("limits"); limits && limits->is_object())
        for (auto const& member : limits->get_object())
            facts.limits[std::string{member.key()}] =
                detail::int_member(limits->get_object(), member.key());
    if (auto const* blocked = object.if_contains("blocked"); blocked && blocked->is_object())
        facts.blocked = Error::from_json(*blocked);
    return facts;
}

std::string_view find_header(Headers const& headers, std::string_view name) {
    for (auto const& [candidate, value] : headers) {
        bool const same = std::equal(
            candidate.begin(), candidate.end(), name.begin(), name.end(), [](char a, char b) {
                return lower(a) == lower(b);
            });
        if (same) return value;
    }
    return {};
}

}  // namespace postrider::adapter

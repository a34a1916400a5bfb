// See api.hpp. Nothing here decides anything.
#include "api.hpp"

#include <postrider/text_length.hpp>

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <charconv>

namespace postrider::tiktok {

namespace {

namespace json = boost::json;

std::string text(json::object const& object, std::string_view name) {
    auto const* member = object.if_contains(name);
    if (!member || !member->is_string()) return {};
    return std::string{member->get_string()};
}

bool flag(json::object const& object, std::string_view name) {
    auto const* member = object.if_contains(name);
    return member && member->is_bool() && member->get_bool();
}

// Whole numbers only, also as text. A number beyond 64 bits has become a double on reading and is
// taken for absent: a rounded id or size would be worse than none.
std::optional<std::uint64_t> whole_number(json::value const& value) {
    if (value.is_string()) {
        auto const& digits = value.get_string();
        std::uint64_t number = 0;
        auto const* const end = digits.data() + digits.size();
        auto const read = std::from_chars(digits.data(), end, number);
        if (read.ec == std::errc{} && read.ptr == end) return number;
        return std::nullopt;
    }
    if (value.is_uint64()) return value.get_uint64();
    if (value.is_int64() && value.get_int64() >= 0)
        return static_cast<std::uint64_t>(value.get_int64());
    return std::nullopt;
}

std::optional<std::uint64_t> whole_number(json::object const& object, std::string_view name) {
    auto const* member = object.if_contains(name);
    return member ? whole_number(*member) : std::nullopt;
}

std::string id_text(json::value const& value) {
    if (value.is_string()) return std::string{value.get_string()};
    auto const number = whole_number(value);
    return number && *number > 0 ? std::to_string(*number) : std::string{};
}

// One id, a list of them, or nothing; some answers hold a bare number where the page shows a list.
void add_ids(json::value const* value, std::vector<std::string>& ids) {
    if (!value) return;
    if (value->is_array()) {
        for (auto const& element : value->get_array())
            if (!element.is_array()) add_ids(&element, ids);
        return;
    }
    if (auto id = id_text(*value); !id.empty()) ids.push_back(std::move(id));
}

json::object source_info(Source const& source) {
    if (!source.url.empty()) return {{"source", "PULL_FROM_URL"}, {"video_url", source.url}};
    return {{"source", "FILE_UPLOAD"},
            {"video_size", source.video_size},
            {"chunk_size", source.chunk_size},
            {"total_chunk_count", source.chunk_count}};
}

bool take_number(std::string_view& text, std::uint64_t& number) {
    auto const result = std::from_chars(text.data(), text.data() + text.size(), number);
    if (result.ec != std::errc{}) return false;
    text.remove_prefix(static_cast<std::size_t>(result.ptr - text.data()));
    return true;
}

constexpr std::string_view replacement = "\xEF\xBF\xBD";

std::optional<unsigned> unit_at(std::string_view text) {
    unsigned unit = 0;
    if (text.size() < 6 || text.substr(0, 2) != "\\u") return std::nullopt;
    auto const read = std::from_chars(text.data() + 2, text.data() + 6, unit, 16);
    if (read.ec != std::errc{} || read.ptr != text.data() + 6) return std::nullopt;
    return unit;
}

// The escape sequence at the beginning of the text. Half a pair of UTF-16 is what is left of a name
// that was cut in the middle of a character.
std::size_t repair_escape(std::string_view text, std::string& whole) {
    auto const first = unit_at(text);
    std::size_t length = std::min<std::size_t>(2, text.size());
    if (first) length = 6;
    if (first && *first >= 0xD800 && *first <= 0xDFFF) {
        auto const second = unit_at(text.substr(6));
        if (*first > 0xDBFF || !second || *second < 0xDC00 || *second > 0xDFFF) {
            whole += replacement;
            return length;
        }
        length = 12;
    }
    whole += text.substr(0, length);
    return length;
}

// The same answer with every ill-formed character replaced, and without a byte order mark. Names
// and messages are people's and pass through many hands; a code must not be lost with them.
std::string repaired(std::string_view body) {
    std::string whole;
    whole.reserve(body.size());
    if (body.substr(0, 3) == "\xEF\xBB\xBF") body.remove_prefix(3);
    while (!body.empty()) {
        auto const lead = static_cast<unsigned char>(body.front());
        std::size_t length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
        if (lead == '\\') {
            length = repair_escape(body, whole);
        } else if (is_valid_utf8(body.substr(0, length))) {
            whole += body.substr(0, length);
        } else {
            whole += replacement;
            length = 1;
        }
        body.remove_prefix(std::min(length, body.size()));
    }
    return whole;
}

}  // namespace

Envelope parse_envelope(std::string_view body) {
    Envelope envelope;
    boost::system::error_code failed;
    auto root = json::parse(body, failed);
    if (failed) {
        failed.clear();
        root = json::parse(repaired(body), failed);
    }
    if (failed || !root.is_object()) return envelope;
    auto const* error = root.get_object().if_contains("error");
    if (!error || !error->is_object()) return envelope;

    auto const& fields = error->get_object();
    auto const* code = fields.if_contains("code");
    if (!code) return envelope;
    envelope.code = code->is_string() ? std::string{code->get_string()} : json::serialize(*code);
    envelope.message = text(fields, "message");
    envelope.log_id = text(fields, "log_id");
    if (envelope.log_id.empty()) envelope.log_id = text(fields, "logid");
    if (auto const* data = root.get_object().if_contains("data"); data && data->is_object())
        envelope.data = data->get_object();
    envelope.readable = true;
    return envelope;
}

CreatorInfo parse_creator_info(json::object const& data) {
    CreatorInfo info;
    info.avatar_url = text(data, "creator_avatar_url");
    info.username = text(data, "creator_username");
    info.nickname = text(data, "creator_nickname");
    if (auto const* levels = data.if_contains("privacy_level_options");
        levels && levels->is_array()) {
        info.privacy_levels.emplace();
        for (auto const& level : levels->get_array())
            if (level.is_string()) info.privacy_levels->emplace_back(level.get_string());
    }
    info.comment_disabled = flag(data, "comment_disabled");
    info.duet_disabled = flag(data, "duet_disabled");
    info.stitch_disabled = flag(data, "stitch_disabled");
    // More than a day is no limit that anyone meant; it also keeps the milliseconds from
    // overflowing.
    if (auto const seconds = whole_number(data, "max_video_post_duration_sec");
        seconds && *seconds <= 86'400)
        info.max_duration_s = static_cast<std::int64_t>(*seconds);
    return info;
}

UserInfo parse_user_info(json::object const& data) {
    UserInfo info;
    auto const* user = data.if_contains("user");
    if (!user || !user->is_object()) return info;
    auto const& fields = user->get_object();
    info.open_id = text(fields, "open_id");
    info.username = text(fields, "username");
    info.display_name = text(fields, "display_name");
    info.avatar_url = text(fields, "avatar_url");
    return info;
}

InitAnswer parse_init_answer(json::object const& data) {
    return {text(data, "publish_id"), text(data, "upload_url")};
}

StatusAnswer parse_status_answer(json::object const& data) {
    StatusAnswer answer;
    answer.status = text(data, "status");
    answer.fail_reason = text(data, "fail_reason");
    // The first spelling is TikTok's own.
    add_ids(data.if_contains("publicaly_available_post_id"), answer.post_ids);
    if (answer.post_ids.empty())
        add_ids(data.if_contains("publicly_available_post_id"), answer.post_ids);
    answer.uploaded_bytes = whole_number(data, "uploaded_bytes");
    return answer;
}

std::string write_video_init(VideoInit const& init) {
    json::object root;
    if (init.post_info) {
        auto const& info = *init.post_info;
        json::object post{{"privacy_level", info.privacy_level},
                          {"disable_comment", info.disable_comment},
                          {"disable_duet", info.disable_duet},
                          {"disable_stitch", info.disable_stitch},
                          {"brand_content_toggle", info.brand_content},
                          {"brand_organic_toggle", info.brand_organic}};
        if (!info.title.empty()) post["title"] = info.title;
        if (info.ai_generated) post["is_aigc"] = true;
        if (info.cover_timestamp_ms) post["video_cover_timestamp_ms"] = *info.cover_timestamp_ms;
        root["post_info"] = std::move(post);
    }
    root["source_info"] = source_info(init.source);
    return json::serialize(root);
}

std::string write_photo_init(PhotoInit const& init) {
    json::object post;
    if (!init.title.empty()) post["title"] = init.title;
    if (!init.description.empty()) post["description"] = init.description;
    if (init.direct) {
        post["privacy_level"] = init.privacy_level;
        post["disable_comment"] = init.disable_comment;
        post["auto_add_music"] = init.auto_add_music;
        post["brand_content_toggle"] = init.brand_content;
        post["brand_organic_toggle"] = init.brand_organic;
    }
    json::array images;
    for (auto const& url : init.urls) images.emplace_back(url);
    json::object root{{"media_type", "PHOTO"},
                      {"post_mode", init.direct ? "DIRECT_POST" : "MEDIA_UPLOAD"},
                      {"post_info", std::move(post)},
                      {"source_info",
                       {{"source", "PULL_FROM_URL"},
                        {"photo_images", std::move(images)},
                        {"photo_cover_index", init.cover_index}}}};
    if (init.ai_generated) root["is_aigc"] = true;
    return json::serialize(root);
}

std::string write_status_fetch(std::string_view publish_id) {
    return json::serialize(json::object{{"publish_id", publish_id}});
}

std::optional<UploadProgress> parse_upload_progress(std::string_view content_range) {
    // "bytes 0-N/T" as documented; "bytes=0-N/T" and stray blanks have been seen.
    auto skip_blanks = [&] {
        while (!content_range.empty() && content_range.front() == ' ')
            content_range.remove_prefix(1);
    };
    auto take = [&](char wanted) {
        skip_blanks();
        if (content_range.empty() || content_range.front() != wanted) return false;
        content_range.remove_prefix(1);
        skip_blanks();
        return true;
    };
    skip_blanks();
    if (content_range.substr(0, 5) != "bytes") return std::nullopt;
    content_range.remove_prefix(5);
    take('=');
    skip_blanks();
    UploadProgress progress;
    std::uint64_t first = 0;
    if (!take_number(content_range, first) || first != 0 || !take('-')) return std::nullopt;
    if (!take_number(content_range, progress.last) || !take('/')) return std::nullopt;
    if (!take_number(content_range, progress.total)) return std::nullopt;
    skip_blanks();
    if (!content_range.empty()) return std::nullopt;
    return progress;
}

}  // namespace postrider::tiktok

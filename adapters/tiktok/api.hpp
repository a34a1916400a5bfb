// The shapes of TikTok's Content Posting API v2: plain structs, one read and one write function
// each. Unknown members are ignored, missing ones keep their defaults, large ids are text.
#pragma once

#include <boost/json/object.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postrider::tiktok {

/// What every answer of the API is wrapped in. The `error` object is there on success too.
struct Envelope {
    bool readable = false;  ///< false: not JSON, or not this shape; then nothing else is set
    std::string code;       ///< `ok`, or what was refused; a number is kept as its digits
    std::string message;
    std::string log_id;  ///< TikTok's support asks for it; written `log_id` or `logid`
    boost::json::object data;

    [[nodiscard]] bool ok() const { return readable && code == "ok"; }
};

Envelope parse_envelope(std::string_view body);

/// Answer of creator_info/query.
struct CreatorInfo {
    std::string avatar_url;
    std::string username;
    std::string nickname;
    /// Empty when the member was missing, which says nothing about what is allowed.
    std::optional<std::vector<std::string>> privacy_levels;
    bool comment_disabled = false;
    bool duet_disabled = false;
    bool stitch_disabled = false;
    std::int64_t max_duration_s = 0;  ///< 0 = not told
};

CreatorInfo parse_creator_info(boost::json::object const& data);

/// Answer of user/info, as far as it was asked for.
struct UserInfo {
    std::string open_id;
    std::string username;
    std::string display_name;
    std::string avatar_url;
};

UserInfo parse_user_info(boost::json::object const& data);

/// Answer of the three inits.
struct InitAnswer {
    std::string publish_id;
    std::string upload_url;  ///< only for uploads; a credential
};

InitAnswer parse_init_answer(boost::json::object const& data);

/// Answer of status/fetch.
struct StatusAnswer {
    std::string status;
    std::string fail_reason;
    std::vector<std::string> post_ids;
    std::optional<std::uint64_t> uploaded_bytes;
};

StatusAnswer parse_status_answer(boost::json::object const& data);

/// Where the media comes from: an upload (url empty), or an address that TikTok fetches.
struct Source {
    std::string url;
    std::uint64_t video_size = 0;
    std::uint64_t chunk_size = 0;
    std::uint64_t chunk_count = 0;
};

/// Request of video/init, and without `post_info` of inbox/video/init.
struct VideoInit {
    struct PostInfo {
        std::string title;  ///< the caption; left out when empty
        std::string privacy_level;
        bool disable_comment = true;
        bool disable_duet = true;
        bool disable_stitch = true;
        bool brand_content = false;
        bool brand_organic = false;
        bool ai_generated = false;
        std::optional<std::int64_t> cover_timestamp_ms;
    };
    std::optional<PostInfo> post_info;
    Source source;
};

std::string write_video_init(VideoInit const& init);

/// Request of content/init.
struct PhotoInit {
    bool direct = true;  ///< else a draft, where only title and description have an effect
    std::string title;
    std::string description;
    std::string privacy_level;
    bool disable_comment = true;
    bool auto_add_music = false;
    bool brand_content = false;
    bool brand_organic = false;
    bool ai_generated = false;
    std::vector<std::string> urls;
    std::int64_t cover_index = 0;
};

std::string write_photo_init(PhotoInit const& init);

/// Request of status/fetch.
std::string write_status_fetch(std::string_view publish_id);

/// How much of an upload the `Content-Range` of an answer reports, such as `bytes
/// 0-9999999/50000123`.
struct UploadProgress {
    std::uint64_t last =
        0;  ///< as written: a count or the index of the last byte, nobody knows which
    std::uint64_t total = 0;

    /// True when the number means "everything before `offset` is stored" in either reading.
    [[nodiscard]] bool reaches(std::uint64_t offset) const {
        return last == offset || last + 1 == offset;
    }
};

std::optional<UploadProgress> parse_upload_progress(std::string_view content_range);

}  // namespace postrider::tiktok

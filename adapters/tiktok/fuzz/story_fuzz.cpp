// Whole stories of posts, with TikTok answering anything at all: see
// conformance/fuzz/adapter_story.hpp. The first letter of the input chooses the post: v a video, s
// a small one, u a video by URL, p photos, and the capital the same for the inbox.
#include "adapter_story.hpp"
#include "tiktok/tiktok.hpp"

#include <boost/json/parse.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace {

namespace json = boost::json;
using namespace postrider;
using namespace postrider::adapter;

MediaFacts media_at(std::string path, std::string url, std::uint64_t size, std::string kind) {
    MediaFacts media;
    media.path = std::move(path);
    media.url = std::move(url);
    media.size_bytes = size;
    media.kind = std::move(kind);
    media.container = media.kind == "image" ? "jpeg" : "mp4";
    media.duration_ms = media.kind == "image" ? 0 : 20'000;
    return media;
}

JobView job_of(char choice) {
    JobView job;
    job.job_id = "job_1";
    job.key = "spring/monday/tiktok:@ann";
    bool const inbox = choice >= 'A' && choice <= 'Z';
    char const kind = inbox ? static_cast<char>(choice - 'A' + 'a') : choice;
    if (kind == 'p') {
        job.post.kind = PostKind::photo;
        job.post.media = {media_at("", "https://media.example/a.jpg", 0, "image"),
                          media_at("", "https://media.example/b.jpg", 0, "image")};
    } else if (kind == 'u') {
        job.post.media = {media_at("", "https://media.example/film.mp4", 0, "video")};
    } else {
        job.post.media = {
            media_at("/videos/film.mp4", "", kind == 's' ? 40'000 : 50'000'123, "video")};
    }
    job.post.caption = "Bread #bakery";
    job.post.deliver = inbox ? Deliver::inbox : Deliver::direct_or_inbox;
    if (kind != 'p') job.post.options = {{"allow_duet", false}, {"allow_stitch", false}};
    job.post.options["privacy_level"] = "PUBLIC_TO_EVERYONE";
    job.post.options["allow_comment"] = true;
    job.post.options["disclosure"] = "none";
    job.account.name = "tiktok:@ann";
    job.account.handle = "@ann";
    job.account.scopes = {"user.info.basic", "video.publish", "video.upload"};
    job.app.name = "main";
    job.app.audited = true;
    job.app.options = {{"api_base", "https://open.tiktokapis.com"}, {"chunk_size", 10'000'000}};
    job.now = *parse_rfc3339("2026-11-20T12:00:00Z");
    return job;
}

// Written without the adapter's own reading of URLs.
bool takes_bytes(std::string_view url) {
    constexpr std::string_view scheme = "https://";
    std::string lower(url);
    std::transform(lower.begin(), lower.end(), lower.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    if (!lower.starts_with(scheme)) return false;
    auto host = lower.substr(scheme.size());
    host.resize(std::min(host.find_first_of("/?#\\"), host.size()));
    if (host.find('@') != std::string::npos) return false;
    host.resize(std::min(host.find(':'), host.size()));
    return host.ends_with(".tiktokapis.com");
}

bool says(json::value const& value, std::string_view word) {
    if (auto const* text = value.if_string()) return std::string_view(*text) == word;
    if (auto const* object = value.if_object())
        return std::any_of(object->begin(), object->end(), [word](auto const& member) {
            return says(member.value(), word);
        });
    return false;
}

bool proved(Finish const& end, std::vector<std::string> const& bodies) {
    auto const word = end.handed_off ? "SEND_TO_USER_INBOX" : "PUBLISH_COMPLETE";
    return std::any_of(bodies.begin(), bodies.end(), [word](std::string const& body) {
        boost::system::error_code bad;
        auto const value = json::parse(body, bad);
        return !bad && says(value, word);
    });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    std::string_view text(reinterpret_cast<char const*>(data), size);
    if (text.empty()) return 0;
    conformance::StorySetting setting;
    setting.adapter = tiktok::tiktok_adapter();
    setting.job = job_of(text.front());
    setting.takes_bytes = takes_bytes;
    setting.proved = proved;
    conformance::tell_story(setting, text.substr(1));
    return 0;
}

// Every request of the posting flow, and the effect that each has. Nothing else in the adapter
// sends.
#include "errors.hpp"
#include "options.hpp"
#include "steps.hpp"

#include <postrider/instant.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace postrider::tiktok {

namespace {

using adapter::Effect;
using adapter::JobView;
using adapter::Post;
using adapter::PostKind;
using adapter::Send;

// Choices that belong to a person and must stand in the post as such when it is sent.
std::optional<Error> missing_choice(Post const& post) {
    auto const missing = [](std::string_view name) {
        return tiktok_error(
            "approval.required",
            fmt::format("{} was not chosen by a person, and it has no default.", name));
    };
    for (auto const name : {"privacy_level", "disclosure"})
        if (text_option(post, name).empty()) return missing(name);
    for (auto const name : {"allow_comment", "allow_duet", "allow_stitch"}) {
        if (post.kind == PostKind::photo && std::string_view{name} != "allow_comment") continue;
        auto const* value = post.options.if_contains(name);
        if (!value || !value->is_bool()) return missing(name);
    }
    return std::nullopt;
}

struct Brand {
    bool content = false;
    bool organic = false;
};

Brand brand_of(Post const& post) {
    auto const disclosure = text_option(post, "disclosure");
    return {disclosure == "branded_content" || disclosure == "both",
            disclosure == "your_brand" || disclosure == "both"};
}

// What the server does with this pair is documented nowhere, so it is never sent.
std::optional<Error> private_advertisement(Post const& post) {
    if (text_option(post, "privacy_level") != "SELF_ONLY" || !brand_of(post).content)
        return std::nullopt;
    return tiktok_error("option.excluded", "Branded content visibility cannot be set to private.");
}

VideoInit::PostInfo post_info(Post const& post) {
    VideoInit::PostInfo info;
    info.title = post.caption;
    info.privacy_level = text_option(post, "privacy_level");
    info.disable_comment = !flag_option(post, "allow_comment");
    info.disable_duet = !flag_option(post, "allow_duet");
    info.disable_stitch = !flag_option(post, "allow_stitch");
    info.brand_content = brand_of(post).content;
    info.brand_organic = brand_of(post).organic;
    info.ai_generated = flag_option(post, "ai_generated");
    if (auto const cover = parse_duration(text_option(post, "cover_at")))
        info.cover_timestamp_ms = cover->count();
    return info;
}

Send api_post(Settings const& settings,
              std::string_view step,
              Effect effect,
              std::string_view path) {
    Send send;
    send.step = step;
    send.effect = effect;
    send.request = {"POST", api_url(settings, path)};
    send.request.headers = {{"Content-Type", "application/json; charset=UTF-8"}};
    send.request.credential = adapter::Credential::bearer;
    return send;
}

// Direct posts count towards the creator's day, drafts towards those that wait in the inbox.
std::vector<std::string> init_buckets(bool inbox) {
    return {"init", inbox ? "drafts" : "posts_per_day"};
}

Result<Send> video_init(JobView const& job, State const& state, Settings const& settings) {
    auto const& media = job.post.media.front();
    bool const pull = !media.url.empty();
    VideoInit init;
    if (!state.inbox) init.post_info = post_info(job.post);
    if (pull) {
        init.source.url = media.url;
    } else {
        auto const plan = plan_chunks(media.size_bytes, settings.chunk_size);
        if (!plan)
            return tiktok_error(media.size_bytes == 0 ? "media.empty" : "media.unsupported",
                                media.size_bytes == 0
                                    ? ""
                                    : fmt::format("The file has {} bytes; TikTok takes {} at most.",
                                                  media.size_bytes,
                                                  file_size_max));
        init.source.video_size = plan->size;
        init.source.chunk_size = plan->chunk_size;
        init.source.chunk_count = plan->count;
    }
    auto const name = pull ? (state.inbox ? step::inbox_pull_init : step::pull_init)
                           : (state.inbox ? step::inbox_init : step::init);
    // TikTok begins to fetch, and may publish, on the word of a pull init alone.
    auto send = api_post(
        settings,
        name,
        pull ? Effect::commit_blind : Effect::prepare,
        state.inbox ? "/v2/post/publish/inbox/video/init/" : "/v2/post/publish/video/init/");
    send.request.body = write_video_init(init);
    send.buckets = init_buckets(state.inbox);
    return send;
}

Result<Send> photo_init(JobView const& job, State const& state, Settings const& settings) {
    auto const& post = job.post;
    PhotoInit init;
    init.direct = !state.inbox;
    init.title = post.title;
    init.description = post.caption;
    if (init.direct) {
        init.privacy_level = text_option(post, "privacy_level");
        init.disable_comment = !flag_option(post, "allow_comment");
        init.auto_add_music = flag_option(post, "auto_add_music");
        init.brand_content = brand_of(post).content;
        init.brand_organic = brand_of(post).organic;
    }
    init.ai_generated = flag_option(post, "ai_generated");
    for (auto const& media : post.media) {
        if (media.url.empty())
            return tiktok_error("media.unsupported",
                                "TikTok takes photos only from a public https address.");
        init.urls.push_back(media.url);
    }
    if (auto const* cover = post.options.if_contains("cover_photo"); cover && cover->is_int64())
        init.cover_index = std::clamp<std::int64_t>(
            cover->get_int64() - 1, 0, static_cast<std::int64_t>(init.urls.size()) - 1);
    auto send = api_post(settings,
                         state.inbox ? step::inbox_photo_init : step::photo_init,
                         Effect::commit_blind,
                         "/v2/post/publish/content/init/");
    send.request.body = write_photo_init(init);
    send.buckets = init_buckets(state.inbox);
    return send;
}

std::string upload_type(adapter::MediaFacts const& media) {
    if (media.mime == "video/quicktime" || media.container == "mov") return "video/quicktime";
    if (media.mime == "video/webm" || media.container == "webm") return "video/webm";
    return "video/mp4";
}

}  // namespace

bool fetched_by_network(Post const& post) {
    return post.kind == PostKind::photo || (!post.media.empty() && !post.media.front().url.empty());
}

Result<Send> init_request(JobView const& job, State const& state) {
    auto const& post = job.post;
    if (post.media.empty()) return tiktok_error("media.missing", "The post has no media.");
    if (!state.inbox) {
        if (auto error = missing_choice(post)) return *error;
        if (auto error = private_advertisement(post)) return *error;
    }
    auto const settings = settings_of(job.app);
    if (post.kind == PostKind::photo) return photo_init(job, state, settings);
    if (post.kind == PostKind::video) return video_init(job, state, settings);
    return tiktok_error("media.missing", "TikTok has no posts that are text alone.");
}

Send chunk_request(JobView const& job, State const& state, Chunk const& chunk) {
    Send send;
    send.step = chunk.last ? step::upload_last_chunk : step::upload_chunk;
    send.effect = chunk.last ? Effect::commit_by_handle : Effect::repeat;
    if (chunk.last) send.handle = state.publish_id;
    send.request = {"PUT", state.upload_url};
    // No bearer: the address is the credential, and the host need not be the API's.
    send.request.secret_url = true;
    send.request.headers = {
        {"Content-Type", upload_type(job.post.media.front())},
        {"Content-Range",
         fmt::format("bytes {}-{}/{}", chunk.offset, chunk.offset + chunk.length - 1, state.size)}};
    send.request.body = adapter::FileRange{0, chunk.offset, chunk.length};
    return send;
}

Send status_request(Settings const& settings, std::string_view publish_id) {
    auto send = api_post(settings, step::status, Effect::look, "/v2/post/publish/status/fetch/");
    send.request.body = write_status_fetch(publish_id);
    send.buckets = {"status"};
    return send;
}

}  // namespace postrider::tiktok

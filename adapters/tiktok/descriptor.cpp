// Everything that is declared about TikTok, in one value. Limits name their source; the pages are
// listed in tiktok.cpp.
#include "chunks.hpp"
#include "errors.hpp"
#include "settings.hpp"
#include "steps.hpp"

#include <string>
#include <utility>

namespace postrider::tiktok {

namespace {

using adapter::BucketCounts;
using adapter::BucketScope;
using adapter::BucketSpec;
using adapter::Declaration;
using adapter::Deliver;
using adapter::Descriptor;
using adapter::Effect;
using adapter::MediaRules;
using adapter::OptionSpec;
using adapter::OptionType;
using adapter::PostKind;
using adapter::StepSpec;
using adapter::TextField;

constexpr char const* private_brand = "Branded content visibility cannot be set to private.";

OptionSpec option(std::string name, OptionType type, std::string help) {
    OptionSpec spec;
    spec.name = std::move(name);
    spec.type = type;
    spec.help = std::move(help);
    return spec;
}

// Choices that belong to a person. A draft has none of them: the creator chooses in the app.
OptionSpec reserved(std::string name, OptionType type, std::string help) {
    auto spec = option(std::move(name), type, std::move(help));
    spec.reserved = true;
    spec.deliver = {Deliver::direct};
    return spec;
}

std::vector<OptionSpec> post_options() {
    auto privacy =
        reserved("privacy_level",
                 OptionType::choice,
                 "Who can see the post. Only what TikTok offers this creator now can be chosen.");
    privacy.values = {
        {"PUBLIC_TO_EVERYONE", "Everyone; offered to public accounts."},
        {"MUTUAL_FOLLOW_FRIENDS", "Friends: followers whom the creator follows back."},
        {"FOLLOWER_OF_CREATOR", "Followers; offered to private accounts."},
        {"SELF_ONLY", "The creator alone."}};
    privacy.exclusions = {{"SELF_ONLY", "disclosure", "branded_content", private_brand},
                          {"SELF_ONLY", "disclosure", "both", private_brand}};

    auto comment = reserved("allow_comment", OptionType::boolean, "Let people comment.");
    auto duet =
        reserved("allow_duet", OptionType::boolean, "Let people make duets with the video.");
    auto stitch = reserved("allow_stitch", OptionType::boolean, "Let people stitch the video.");
    duet.kinds = {PostKind::video};
    stitch.kinds = {PostKind::video};

    auto disclosure = reserved("disclosure",
                               OptionType::choice,
                               "Whether the content promotes something: the creator's own "
                               "business, a third party, or both.");
    disclosure.values = {{"none", "It promotes nothing."},
                         {"your_brand", "It promotes the creator's own business."},
                         {"branded_content", "It is a paid partnership with a third party."},
                         {"both", "It promotes the creator's own business and a third party."}};
    disclosure.exclusions = {{"branded_content", "privacy_level", "SELF_ONLY", private_brand},
                             {"both", "privacy_level", "SELF_ONLY", private_brand}};
    disclosure.notices = {
        {"your_brand", "Your photo/video will be labeled as 'Promotional content'."},
        {"branded_content", "Your photo/video will be labeled as 'Paid partnership'."},
        {"both", "Your photo/video will be labeled as 'Paid partnership'."}};

    auto ai_generated =
        option("ai_generated",
               OptionType::boolean,
               "True adds TikTok's label for content made with artificial intelligence.");
    ai_generated.deliver = {Deliver::direct};
    auto cover_at =
        option("cover_at",
               OptionType::duration,
               "The moment of the video that becomes its cover; the first frame if not given.");
    cover_at.kinds = {PostKind::video};
    cover_at.deliver = {Deliver::direct};
    cover_at.integer_max = 600'000;
    auto cover_photo = option("cover_photo",
                              OptionType::integer,
                              "Which photo is the cover, from 1; the first if not given.");
    cover_photo.kinds = {PostKind::photo};
    cover_photo.integer_min = 1;
    cover_photo.integer_max = 35;
    auto music = option("auto_add_music",
                        OptionType::boolean,
                        "Let TikTok choose music for the photos; the creator can change it later.");
    music.kinds = {PostKind::photo};
    music.deliver = {Deliver::direct};
    return {privacy, comment, duet, stitch, disclosure, ai_generated, cover_at, cover_photo, music};
}

std::vector<OptionSpec> app_options() {
    auto api_base = option("api_base", OptionType::url, "Base URL of the API.");
    api_base.default_text = official_api_base;
    auto authorize_base =
        option("authorize_base", OptionType::url, "Base URL of the page where creators connect.");
    authorize_base.default_text = official_authorize_base;
    auto upload_hosts =
        option("upload_hosts",
               OptionType::text,
               "Hosts that videos may be uploaded to, with commas; *. stands for any "
               "subdomain.");
    upload_hosts.default_text = official_upload_hosts;
    auto chunk_size = option("chunk_size",
                             OptionType::integer,
                             "Bytes of one part of an upload, for files above 64,000,000 bytes; "
                             "10,000,000 if not given.");
    chunk_size.integer_min = static_cast<std::int64_t>(chunk_size_min);
    chunk_size.integer_max = static_cast<std::int64_t>(chunk_size_max);
    return {api_base, authorize_base, upload_hosts, chunk_size};
}

TextField text(std::string name, PostKind kind, std::size_t length_max, std::string source) {
    TextField field;
    field.name = std::move(name);
    field.kind = kind;
    field.length_max = length_max;
    field.unit = TextUnit::utf16;
    field.source = std::move(source);
    return field;
}

MediaRules video_rules() {
    MediaRules rules;
    rules.kind = PostKind::video;
    rules.containers = {"mp4", "mov", "webm"};
    rules.video_codecs = {"h264", "hevc", "vp8", "vp9"};
    rules.side_min = 360;
    rules.side_max = 4096;
    rules.frame_rate_min = 23;
    rules.frame_rate_max = 60;
    rules.duration_ms_max = 600'000;
    rules.duration_limit_fact = "video_duration_ms";
    // A draft may have the full ten minutes; where both ways are allowed validate.cpp warns.
    rules.duration_limit_deliver = {Deliver::direct};
    rules.size_bytes_warn = file_size_warn;
    rules.size_bytes_max = file_size_max;
    rules.url_allowed = true;
    rules.source = "Media Transfer Guide, video restrictions";
    return rules;
}

MediaRules photo_rules() {
    MediaRules rules;
    rules.kind = PostKind::photo;
    rules.count_max = 35;
    rules.containers = {"jpeg", "webp"};
    rules.side_max = 1920;
    rules.size_bytes_max = 20'000'000;
    rules.url_only = true;
    rules.url_allowed = true;
    rules.source = "Media Transfer Guide, image restrictions";
    return rules;
}

BucketSpec bucket(
    std::string name, int size, Milliseconds window, std::string source, std::string date) {
    BucketSpec spec;
    spec.name = std::move(name);
    spec.size = size;
    spec.window = window;
    spec.source = std::move(source);
    spec.source_date = std::move(date);
    return spec;
}

std::vector<BucketSpec> buckets() {
    constexpr Milliseconds minute{60'000};
    constexpr Milliseconds day{24 * 3'600'000};
    // Whether the three inits share one limit is not documented; one bucket is right either way.
    auto init = bucket(
        "init", 6, minute, "Direct Post, rate limit; one bucket for all inits", "2026-09-11");
    auto creator =
        bucket("creator_info", 20, minute, "Query Creator Info, rate limit", "2026-08-04");
    auto status = bucket("status",
                         25,
                         minute,
                         "Get Post Status: 30 a minute; 25 are planned, for others' calls",
                         "2026-08-04");
    auto user = bucket("user_info", 600, minute, "Rate Limits", "2026-08-04");
    auto posts = bucket("posts_per_day",
                        15,
                        day,
                        "Content Sharing Guidelines: about 15 a creator and day, over all apps",
                        "2026-09-11");
    posts.counts = BucketCounts::effects;
    posts.reason = adapter::WaitReason::quota;
    posts.deliver = {Deliver::direct, Deliver::direct_or_inbox};
    auto drafts =
        bucket("drafts", 5, day, "Upload: at most 5 pending drafts in any 24 hours", "2026-09-11");
    drafts.counts = BucketCounts::effects;
    drafts.reason = adapter::WaitReason::quota;
    drafts.deliver = {Deliver::inbox};
    return {init, creator, status, user, posts, drafts};
}

std::vector<StepSpec> steps() {
    auto const spec = [](std::string_view name, Effect effect, std::string sentence) {
        return StepSpec{std::string{name}, effect, std::move(sentence)};
    };
    return {
        spec(step::creator_info, Effect::look, "asks what the creator may choose now"),
        spec(step::user_info,
             Effect::look,
             "asks whose account it is, where only drafts are granted"),
        spec(step::init, Effect::prepare, "begins the upload of a direct post"),
        spec(step::inbox_init, Effect::prepare, "begins the upload of a draft"),
        spec(step::pull_init, Effect::commit_blind, "lets TikTok fetch and publish a video"),
        spec(
            step::inbox_pull_init, Effect::commit_blind, "lets TikTok fetch a video for the inbox"),
        spec(step::photo_init, Effect::commit_blind, "lets TikTok fetch and publish photos"),
        spec(
            step::inbox_photo_init, Effect::commit_blind, "lets TikTok fetch photos for the inbox"),
        spec(step::upload_chunk, Effect::repeat, "uploads a part that is not the last"),
        spec(step::upload_last_chunk,
             Effect::commit_by_handle,
             "uploads the last part, on which TikTok publishes"),
        spec(step::status, Effect::look, "asks what became of the post"),
    };
}

adapter::OAuthShape oauth() {
    adapter::OAuthShape shape;
    shape.base_option = "api_base";
    shape.authorize_base_option = "authorize_base";
    shape.authorize_path = "/v2/auth/authorize/";
    shape.token_path = "/v2/oauth/token/";
    shape.revoke_path = "/v2/oauth/revoke/";
    shape.client_id_param = "client_key";
    shape.scope_separator = ",";
    shape.remote_id_member = "open_id";
    shape.pkce = true;
    shape.pkce_hex = true;
    shape.granted_scopes_plural = true;
    shape.scopes = {"user.info.basic", "video.publish", "video.upload"};
    // Without it TikTok connects the account that was connected last, without a question.
    shape.authorize_extra = {{"disable_auto_auth", "1"}};
    return shape;
}

std::vector<Declaration> declarations() {
    std::string const music =
        "https://www.tiktok.com/legal/page/global/music-usage-confirmation/en";
    std::string const brand = "https://www.tiktok.com/legal/page/global/bc-policy/en";
    return {
        {"disclosure",
         {"none", "your_brand"},
         "By posting, you agree to TikTok's Music Usage Confirmation.",
         {music}},
        {"disclosure",
         {"branded_content", "both"},
         "By posting, you agree to TikTok's Branded Content Policy and Music Usage Confirmation.",
         {brand, music}}};
}

Descriptor make_descriptor() {
    Descriptor descriptor;
    descriptor.network = "tiktok";
    descriptor.title = "TikTok";
    descriptor.version = "0.1.0";
    descriptor.sentence =
        "Posts videos and photos to TikTok, or hands them to the creator's inbox as drafts.";
    descriptor.kinds = {PostKind::video, PostKind::photo};
    descriptor.deliver = {Deliver::direct, Deliver::inbox, Deliver::direct_or_inbox};
    descriptor.options = post_options();
    descriptor.app_options = app_options();
    descriptor.text = {text("caption", PostKind::video, 2200, "Direct Post, post_info.title"),
                       text("caption", PostKind::photo, 4000, "Photo, post_info.description"),
                       text("title", PostKind::photo, 90, "Photo, post_info.title")};
    descriptor.media = {video_rules(), photo_rules()};
    descriptor.buckets = buckets();
    descriptor.steps = steps();
    descriptor.oauth = oauth();
    descriptor.declarations = declarations();
    descriptor.consent_needed = true;
    descriptor.errors.assign(own_error_rows().begin(), own_error_rows().end());
    descriptor.consent_notice = {
        "After it is sent, it may take a few minutes for the content to process and be visible on "
        "the "
        "profile."};
    return descriptor;
}

}  // namespace

adapter::Descriptor const& tiktok_descriptor() {
    static Descriptor const descriptor = make_descriptor();
    return descriptor;
}

}  // namespace postrider::tiktok

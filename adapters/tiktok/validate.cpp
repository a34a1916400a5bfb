// What the descriptor's tables cannot say of a post: today's answers about its creator, and rules
// that tie two things together. Findings only; no choice is ever changed here.
#include "errors.hpp"
#include "options.hpp"
#include "steps.hpp"

#include <postrider/instant.hpp>

#include <fmt/format.h>
#include <boost/json/array.hpp>

#include <algorithm>

namespace postrider::tiktok {

namespace {

using adapter::CreatorFacts;
using adapter::Deliver;
using adapter::Post;
using adapter::PostKind;

constexpr std::string_view interactions[] = {"allow_comment", "allow_duet", "allow_stitch"};

std::string option_path(std::string_view name) {
    return fmt::format("/options/tiktok/{}", name);
}

Finding finding(std::string_view code, std::string path, std::string message) {
    Finding result;
    result.code = code;
    result.path = std::move(path);
    result.message = std::move(message);
    return result;
}

// A post that may end in the inbox anyway is not refused for what only a direct one needs.
Finding::Level direct_level(Post const& post) {
    return post.deliver == Deliver::direct_or_inbox ? Finding::Level::warning
                                                    : Finding::Level::error;
}

std::optional<Finding> privacy_not_offered(Post const& post, CreatorFacts const& facts) {
    auto const level = text_option(post, "privacy_level");
    auto const offered = facts.offered.find("privacy_level");
    if (level.empty() || offered == facts.offered.end()) return std::nullopt;
    auto const& levels = offered->second;
    if (std::find(levels.begin(), levels.end(), level) != levels.end()) return std::nullopt;
    auto result =
        finding("tiktok.privacy_level_not_offered",
                option_path("privacy_level"),
                fmt::format("{} is not offered to this creator now: {}.",
                            level,
                            levels.empty() ? "nothing is"
                                           : fmt::format("only {}", fmt::join(levels, ", "))));
    result.got = level;
    for (auto const& candidate : levels) result.allowed.emplace_back(candidate);
    return result;
}

std::vector<Finding> interactions_not_offered(Post const& post, CreatorFacts const& facts) {
    std::vector<Finding> findings;
    for (auto const name : interactions) {
        auto const locked = facts.locked.find(std::string{name});
        // Photos have no duets and stitches to allow.
        if (post.kind == PostKind::photo && name != "allow_comment") continue;
        if (locked == facts.locked.end() || !flag_option(post, name)) continue;
        auto result = finding("tiktok.interaction_not_offered",
                              option_path(name),
                              fmt::format("{} cannot be true now: {}", name, locked->second));
        result.got = true;
        result.allowed.emplace_back(false);
        findings.push_back(std::move(result));
    }
    return findings;
}

std::optional<Finding> too_long(Post const& post, CreatorFacts const& facts) {
    auto const limit = facts.limits.find("video_duration_ms");
    if (post.kind != PostKind::video || post.media.empty() || limit == facts.limits.end())
        return std::nullopt;
    auto const duration = post.media.front().duration_ms;
    if (duration <= limit->second) return std::nullopt;
    auto result =
        finding("media.unsupported",
                "/media/0/duration_ms",
                fmt::format("The video lasts {}; this creator may post {} at most. Shorten it: "
                            "`ffmpeg -i IN -t {} -c copy OUT.mp4`.",
                            to_duration_text(Milliseconds{duration}),
                            to_duration_text(Milliseconds{limit->second}),
                            limit->second / 1'000));
    result.got = duration;
    result.allowed.emplace_back(limit->second);
    return result;
}

// Source: content sharing guidelines. An app that is not audited posts for private accounts only,
// and only so that nobody but the creator sees it.
std::optional<Finding> not_audited(Post const& post,
                                   adapter::AppView const& app,
                                   CreatorFacts const* facts) {
    if (app.audited) return std::nullopt;
    auto const level = text_option(post, "privacy_level");
    if (!level.empty() && level != "SELF_ONLY") {
        auto result =
            finding("app.not_audited",
                    option_path("privacy_level"),
                    fmt::format("The app {} is not audited by TikTok, so privacy_level must be "
                                "SELF_ONLY, and the account must be private.",
                                app.name));
        result.got = level;
        result.allowed.emplace_back("SELF_ONLY");
        return result;
    }
    if (!facts) return std::nullopt;
    auto const offered = facts->offered.find("privacy_level");
    if (offered == facts->offered.end()) return std::nullopt;
    auto const& levels = offered->second;
    // Only public accounts are offered this level.
    if (std::find(levels.begin(), levels.end(), "PUBLIC_TO_EVERYONE") == levels.end())
        return std::nullopt;
    return finding(
        "app.not_audited",
        "",
        fmt::format("The app {} is not audited by TikTok, which takes its posts only while the "
                    "account is private, and {} is public: the creator sets the account to "
                    "private in the TikTok app, or the app passes the audit.",
                    app.name,
                    facts->handle.empty() ? "this account" : facts->handle));
}

// Where both ways are allowed the direct one is left.
std::optional<Finding> drafts_not_granted(Post const& post, CreatorFacts const* facts) {
    if (!facts || post.deliver == Deliver::direct) return std::nullopt;
    auto const inbox = facts->undeliverable.find("inbox");
    if (inbox == facts->undeliverable.end()) return std::nullopt;
    bool const either = post.deliver == Deliver::direct_or_inbox;
    auto result = finding("account.scope_missing",
                          "/deliver",
                          either ? "The creator has granted direct posts only: where a direct post "
                                   "is not possible, the inbox does not take over."
                                 : inbox->second);
    result.level = direct_level(post);
    result.got = word(post.deliver);
    result.allowed.emplace_back("direct");
    return result;
}

void check_cover(Post const& post, std::vector<Finding>& findings) {
    if (post.kind == PostKind::video && !post.media.empty()) {
        auto const cover = parse_duration(text_option(post, "cover_at"));
        auto const duration = post.media.front().duration_ms;
        if (!cover || duration <= 0 || cover->count() <= duration) return;
        auto result =
            finding("tiktok.cover_outside_video",
                    option_path("cover_at"),
                    fmt::format("The cover is asked for at {}, after the video's end at {}.",
                                to_duration_text(*cover),
                                to_duration_text(Milliseconds{duration})));
        result.got = cover->count();
        result.allowed.emplace_back(duration);
        findings.push_back(std::move(result));
    }
    auto const* photo = post.options.if_contains("cover_photo");
    if (post.kind == PostKind::photo && photo && photo->is_int64() &&
        photo->get_int64() > static_cast<std::int64_t>(post.media.size())) {
        auto result = finding("option.not_allowed",
                              option_path("cover_photo"),
                              fmt::format("cover_photo is {}, and the post has {} photos.",
                                          photo->get_int64(),
                                          post.media.size()));
        result.got = *photo;
        findings.push_back(std::move(result));
    }
}

void check_media(Post const& post, std::vector<Finding>& findings) {
    for (std::size_t i = 0; i < post.media.size(); ++i) {
        auto const& media = post.media[i];
        if (!media.url.empty() && media.url.substr(0, 8) != "https://")
            findings.push_back(
                finding("media.unsupported",
                        fmt::format("/media/{}", i),
                        "TikTok fetches media only from https addresses; give such a one, "
                        "or a file."));
    }
}

}  // namespace

std::vector<Finding> check_post(Post const& post,
                                adapter::AppView const& app,
                                CreatorFacts const* facts) {
    std::vector<Finding> findings;
    auto const add_direct = [&](std::optional<Finding> found) {
        if (!found) return;
        found->level = direct_level(post);
        findings.push_back(*std::move(found));
    };

    check_media(post, findings);
    check_cover(post, findings);
    bool const may_be_draft = post.deliver != Deliver::direct;
    if (auto refused = drafts_not_granted(post, facts)) {
        findings.push_back(*std::move(refused));
    } else if (may_be_draft && post.kind == PostKind::video && !post.caption.empty()) {
        auto warning =
            finding("tiktok.caption_not_in_draft",
                    "/caption",
                    "A video in the inbox arrives without its caption; the creator writes one "
                    "in the TikTok app.");
        warning.level = Finding::Level::warning;
        findings.push_back(std::move(warning));
    }
    if (post.deliver == Deliver::inbox) return findings;

    add_direct(not_audited(post, app, facts));
    if (!facts) return findings;
    if (facts->blocked) {
        auto const banned = facts->blocked->code() == "network.account_banned";
        auto blocked = finding(facts->blocked->code(), "", facts->blocked->message());
        // A cap of today is no fault of a plan for tomorrow.
        blocked.level = banned ? Finding::Level::error : Finding::Level::warning;
        findings.push_back(std::move(blocked));
    }
    if (auto const drafts = facts->locked.find("privacy_level"); drafts != facts->locked.end())
        add_direct(finding("account.scope_missing",
                           "/deliver",
                           post.deliver == Deliver::direct_or_inbox
                               ? "The creator has granted drafts only: this goes to the inbox."
                               : drafts->second));
    // These are choices of a person: they are refused even where the inbox would do.
    if (auto found = privacy_not_offered(post, *facts)) findings.push_back(*std::move(found));
    for (auto& found : interactions_not_offered(post, *facts)) findings.push_back(std::move(found));
    // How long a direct post of this creator may be is checked with the media rules; a longer one
    // that may go to the inbox will.
    if (post.deliver == Deliver::direct_or_inbox) add_direct(too_long(post, *facts));
    return findings;
}

std::optional<Error> lapsed(Post const& post,
                            adapter::AppView const& app,
                            CreatorFacts const& facts) {
    auto findings = interactions_not_offered(post, facts);
    if (auto privacy = privacy_not_offered(post, facts))
        findings.insert(findings.begin(), *std::move(privacy));
    if (!findings.empty()) {
        auto error = tiktok_error("approval.lapsed", findings.front().message)
                         .with("reason", findings.front().code);
        for (auto const& found : findings) error = error.with_at(found);
        return error;
    }
    if (auto found = not_audited(post, app, &facts))
        return tiktok_error("app.not_audited", found->message).with_at(*found);
    if (auto found = too_long(post, facts))
        return tiktok_error("media.unsupported", found->message).with_at(*found);
    return std::nullopt;
}

bool only_direct_is_impossible(Post const& post,
                               adapter::AppView const& app,
                               CreatorFacts const& facts) {
    if (privacy_not_offered(post, facts) || !interactions_not_offered(post, facts).empty())
        return false;
    return not_audited(post, app, &facts) || too_long(post, facts);
}

}  // namespace postrider::tiktok

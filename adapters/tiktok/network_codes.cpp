// The words in which TikTok refuses, and the codes that only this adapter has: two tables and
// nothing else. Sources: the error tables of the pages listed in tiktok.cpp.
#include "errors.hpp"

#include <algorithm>
#include <array>

namespace postrider::tiktok {

namespace {

constexpr Milliseconds minute{60'000};
constexpr Milliseconds day{24 * 3'600'000};

using K = ErrorKind;
using O = Owner;
using R = RetryWhen;

Retry const never = Retry::never();
Retry const backoff = Retry::backoff();
Retry const fix_first{RetryWhen::fix_first, {}};
Retry const person_first{RetryWhen::person_first, {}};
Retry const reconcile_first{RetryWhen::reconcile_first, {}};

// clang-format off
NetworkCode const table[] = {
    // --- what the API answers (creator_info, the inits, status, user/info)
    {"access_token_invalid", in_api, "account.token_expired", backoff,
     "TikTok does not take the access token any more; it is refreshed and the same step "
     "repeated."},
    {"scope_not_authorized", in_api, "account.scope_missing", person_first,
     "The creator has not granted a permission that this needs; connect the account again and "
     "grant it.", true},
    {"scope_permission_missed", in_api, "account.scope_missing", person_first,
     "Some of the fields asked for need a permission that the creator has not granted."},
    {"rate_limit_exceeded", in_api, "network.rate_limited", Retry::after(minute),
     "TikTok's limit of calls a minute is reached."},
    {"internal_error", in_api, "network.unavailable", backoff,
     "TikTok answered that something failed on its side."},
    {"invalid_param", in_api, "tiktok.invalid_params", never,
     "TikTok refused the request as malformed."},
    {"invalid_params", in_api, "tiktok.invalid_params", never,
     "TikTok refused the request as malformed."},
    {"app_version_check_failed", in_api, "tiktok.app_version_too_old", person_first,
     "The creator's TikTok app is too old for drafts of photos; it must be 31.8 or newer."},
    {"invalid_file_upload", in_api, "media.unsupported", fix_first,
     "TikTok says that the file does not meet its specification."},
    {"invalid_publish_id", in_api, "tiktok.publish_id_unknown", reconcile_first,
     "TikTok does not know this publish id (any more), so it cannot say what became of the post."},
    {"token_not_authorized_for_specified_publish_id", in_api, "tiktok.publish_id_foreign", person_first,
     "This publish id belongs to another login or another app; only the one that made it may "
     "ask."},
    {"publish_not_cancellable", in_api, "conflict.committed", never,
     "The post is final already and cannot be withdrawn."},
    {"spam_risk_too_many_posts", in_api | in_fail_reason, "network.quota_spent", Retry::after(day),
     "This creator has used up the posts that TikTok allows a day over all apps together.", true},
    {"spam_risk_user_banned_from_posting", in_api | in_fail_reason, "network.account_banned", never,
     "TikTok has banned this creator from posting; the TikTok app tells why."},
    {"spam_risk_too_many_pending_share", in_api, "tiktok.too_many_drafts", Retry::after(day),
     "Too many drafts wait in the creator's inbox; some must be posted or discarded in the "
     "TikTok app."},
    {"reached_active_user_cap", in_api, "network.user_cap", Retry::after(day),
     "The app has posted for as many creators today as TikTok allows it.", true},
    {"unaudited_client_can_only_post_to_private_accounts", in_api, "app.not_audited", person_first,
     "The app is not audited: TikTok takes its posts only while the account itself is private, "
     "and only with privacy_level SELF_ONLY.", true},
    {"url_ownership_unverified", in_api, "network.url_not_verified", person_first,
     "The media's address is under no domain or prefix that is verified for this app; verify it "
     "in the developer portal, or upload the file."},
    {"privacy_level_option_mismatch", in_api, "approval.lapsed", person_first,
     "TikTok does not offer the chosen privacy_level to this creator any more; a person has to "
     "choose again."},

    // --- why a post that was taken has failed
    {"file_format_check_failed", in_fail_reason, "media.unsupported", fix_first,
     "TikTok cannot read the file's format; MP4 with H.264 is the safe choice."},
    {"duration_check_failed", in_fail_reason, "media.unsupported", fix_first,
     "The video is longer or shorter than this creator may post."},
    {"frame_rate_check_failed", in_fail_reason, "media.unsupported", fix_first,
     "The frame rate is outside 23 to 60 frames a second."},
    {"picture_size_check_failed", in_fail_reason, "media.unsupported", fix_first,
     "The frame is outside TikTok's bounds: 360 to 4096 pixels a side for videos, 1080p for "
     "photos."},
    {"internal", in_fail_reason, "tiktok.internal", backoff,
     "TikTok failed to process the post, by a fault of its own; a fresh upload may pass."},
    {"video_pull_failed", in_fail_reason, "tiktok.pull_failed", person_first,
     "TikTok could not fetch the video from its address: unreachable, redirected, or too slow."},
    {"photo_pull_failed", in_fail_reason, "tiktok.pull_failed", person_first,
     "TikTok could not fetch a photo from its address: unreachable, redirected, or too slow."},
    {"publish_cancelled", in_fail_reason, "tiktok.publish_cancelled", person_first,
     "The post was cancelled at TikTok before it was public."},
    {"auth_removed", in_fail_reason, "account.reconnect_needed", never,
     "The creator removed the app while TikTok was processing the post; it is not sent again by "
     "itself."},
    {"spam_risk_text", in_fail_reason, "tiktok.spam_risk_text", fix_first,
     "TikTok takes the caption for spam or for a breach of its rules; the same text will not "
     "pass."},
    {"spam_risk", in_fail_reason, "network.moderation", never,
     "TikTok judged the post risky and refused it; the TikTok app tells the creator more."},

    // --- the token endpoint and the callback
    {"access_denied", in_oauth, "tiktok.access_denied", person_first,
     "The creator, or TikTok for them, declined to connect the account."},
    {"non_sandbox_target", in_oauth, "tiktok.not_a_target_user", person_first,
     "The app is a sandbox, and this account is not among its target users."},
    {"invalid_client", in_oauth, "app.bad_credentials", fix_first,
     "TikTok does not take the app's key and secret, or sandbox and production keys are mixed "
     "up."},
    {"invalid_grant", in_oauth, "account.reconnect_needed", person_first,
     "The authorisation has ended: it expired, was revoked, or was used already."},
    {"invalid_request", in_oauth, "tiktok.oauth_request_refused", never,
     "TikTok refused the authorisation request as malformed."},
    {"invalid_scope", in_oauth, "app.misconfigured", fix_first,
     "The app asks for a permission that TikTok does not know, or has not given to the app."},
    {"unauthorized_client", in_oauth, "app.misconfigured", fix_first,
     "TikTok does not let this app authorise in this way."},
    {"unsupported_grant_type", in_oauth, "tiktok.oauth_request_refused", never,
     "TikTok does not know this kind of token request."},
    {"unsupported_response_type", in_oauth, "tiktok.oauth_request_refused", never,
     "TikTok does not know this kind of authorisation request."},
    {"server_error", in_oauth, "network.unavailable", backoff,
     "TikTok's token endpoint failed on its side."},
    {"temporarily_unavailable", in_oauth, "network.unavailable", backoff,
     "TikTok's token endpoint is busy."},
};

// Sorted by code: the descriptor hands them out as they stand. What happened; what the world looks like
// now; what the owner does.
constexpr ErrorRow own_rows[] = {
    {"tiktok.access_denied", K::denied, O::creator, R::person_first,
     "The creator, or TikTok for them, declined to connect the account.",
     "Nothing is stored.",
     "Run `postrider account connect tiktok` again when they agree."},
    {"tiktok.app_version_too_old", K::rejected, O::creator, R::person_first,
     "The creator's TikTok app is too old to take a draft of photos.",
     "Nothing was posted.",
     "The creator updates the TikTok app; then `postrider job retry`."},
    {"tiktok.caption_not_in_draft", K::invalid, O::you, R::fix_first,
     "A video that goes to the inbox arrives there without its caption.",
     "The video is handed over; the creator writes the caption in the TikTok app.",
     "Give the creator the caption on another way, or deliver directly."},
    {"tiktok.cover_outside_video", K::invalid, O::you, R::fix_first,
     "The cover was asked for at a time after the video's end.",
     "TikTok would take the first frame instead.",
     "Choose a time inside the video."},
    {"tiktok.init_budget_spent", K::unavailable, O::network, R::after,
     "Three uploads of this post were begun within an hour and none could be finished.",
     "Nothing was posted; unfinished uploads end by themselves after an hour.",
     "Nothing: the next upload begins when the hour is over."},
    {"tiktok.interaction_not_offered", K::invalid, O::you, R::fix_first,
     "The creator has switched off an interaction that the post allows.",
     "Nothing was sent.",
     "See `postrider account check`, then choose false, or the creator allows it in the app."},
    {"tiktok.internal", K::unavailable, O::network, R::backoff,
     "TikTok failed to process the post, by a fault of its own.",
     "The post was not published; it is uploaded afresh.",
     "Nothing."},
    {"tiktok.invalid_params", K::rejected, O::postrider, R::never,
     "TikTok refused the request as malformed.",
     "Nothing was posted.",
     "Report it with the log_id; until then try other media or options."},
    {"tiktok.not_a_target_user", K::denied, O::operator_, R::person_first,
     "The app is a sandbox, and this account is not among its target users.",
     "Nothing is stored.",
     "The operator adds the account to the sandbox in the developer portal."},
    {"tiktok.oauth_request_refused", K::internal, O::postrider, R::never,
     "TikTok refused an authorisation request as malformed.",
     "Nothing was posted.",
     "Compare the redirect address with the registered one; else report it."},
    {"tiktok.privacy_level_not_offered", K::invalid, O::you, R::fix_first,
     "The chosen privacy_level is not among those that TikTok offers this creator now.",
     "Nothing was sent; another level is never chosen silently.",
     "See `postrider account check`, let a person choose, then plan again."},
    {"tiktok.publish_cancelled", K::rejected, O::you, R::person_first,
     "The post was cancelled at TikTok before it was public.",
     "The post was not published.",
     "Nothing, or `postrider job retry` if it was a mistake."},
    {"tiktok.publish_id_foreign", K::unknown, O::operator_, R::person_first,
     "The post was begun under another login or app, and only that one may ask for it.",
     "What became of it cannot be seen; nothing is sent again.",
     "Connect the account under the app that began the post, or settle it with `job reconcile "
     "--as`."},
    {"tiktok.publish_id_unknown", K::unknown, O::creator, R::reconcile_first,
     "TikTok does not know the post's publish id any more.",
     "It may be public or not; nothing is sent again.",
     "The creator looks in the TikTok app; then settle it with `postrider job reconcile --as`."},
    {"tiktok.pull_failed", K::rejected, O::you, R::person_first,
     "TikTok could not fetch the media from its address.",
     "The post was not published.",
     "Check that the address answers over https, at once, and without a redirect, then run "
     "`postrider job retry`; or plan the post anew with the file."},
    {"tiktok.spam_risk_text", K::rejected, O::you, R::fix_first,
     "TikTok refuses the caption as spam or as a breach of its rules.",
     "The post was not published.",
     "Write another caption and plan again."},
    {"tiktok.too_many_drafts", K::rate_limited, O::creator, R::after,
     "Five drafts wait in the creator's inbox, and TikTok takes no more.",
     "Nothing was handed over; it is tried again after a day.",
     "The creator posts or discards drafts in the TikTok app."},
    {"tiktok.upload_host_refused", K::denied, O::operator_, R::person_first,
     "TikTok's answer named an upload address that is not on the list of trusted hosts.",
     "No byte was sent there; nothing was posted.",
     "If the host is genuine, the operator adds it to the app's option upload_hosts."},
    {"tiktok.upload_refused", K::rejected, O::postrider, R::never,
     "The upload host refused a part of the file as malformed.",
     "Nothing was posted.",
     "Report it; until then try another chunk_size."},
};
// clang-format on

}  // namespace

std::span<NetworkCode const> network_codes() {
    return table;
}

NetworkCode const* find_network_code(std::string_view word, Place place) {
    auto const* row =
        std::find_if(std::begin(table), std::end(table), [&](NetworkCode const& candidate) {
            return candidate.word == word && (candidate.places & place) != 0;
        });
    return row == std::end(table) ? nullptr : row;
}

std::span<ErrorRow const> own_error_rows() {
    return own_rows;
}

}  // namespace postrider::tiktok

// See errors.hpp. Sources: the error tables of the pages listed in tiktok.cpp.
#include "errors.hpp"

#include <postrider/catalogue.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace postrider::tiktok {

namespace {

constexpr Milliseconds minute{60'000};
constexpr Milliseconds day{24 * 3'600'000};

Retry const never = Retry::never();
Retry const backoff = Retry::backoff();
Retry const fix_first{RetryWhen::fix_first, {}};
Retry const person_first{RetryWhen::person_first, {}};
Retry const reconcile_first{RetryWhen::reconcile_first, {}};

NetworkCode const table[] = {
    // --- what the API answers (creator_info, the inits, status, user/info)
    {"access_token_invalid",
     in_api,
     "account.token_expired",
     backoff,
     "TikTok does not take the access token any more; it is refreshed and the same step repeated."},
    {"scope_not_authorized",
     in_api,
     "account.scope_missing",
     person_first,
     "The creator has not granted a permission that this needs; connect the account again and "
     "grant it.",
     true},
    {"scope_permission_missed",
     in_api,
     "account.scope_missing",
     person_first,
     "Some of the fields asked for need a permission that the creator has not granted."},
    {"rate_limit_exceeded",
     in_api,
     "network.rate_limited",
     Retry::after(minute),
     "TikTok's limit of calls a minute is reached."},
    {"internal_error",
     in_api,
     "network.unavailable",
     backoff,
     "TikTok answered that something failed on its side."},
    {"invalid_param",
     in_api,
     "tiktok.invalid_params",
     never,
     "TikTok refused the request as malformed."},
    {"invalid_params",
     in_api,
     "tiktok.invalid_params",
     never,
     "TikTok refused the request as malformed."},
    {"app_version_check_failed",
     in_api,
     "tiktok.app_version_too_old",
     person_first,
     "The creator's TikTok app is too old for drafts of photos; it must be 31.8 or newer."},
    {"invalid_file_upload",
     in_api,
     "media.unsupported",
     fix_first,
     "TikTok says that the file does not meet its specification."},
    {"invalid_publish_id",
     in_api,
     "tiktok.publish_id_unknown",
     reconcile_first,
     "TikTok does not know this publish id (any more), so it cannot say what became of the post."},
    {"token_not_authorized_for_specified_publish_id",
     in_api,
     "tiktok.publish_id_foreign",
     person_first,
     "This publish id belongs to another login or another app; only the one that made it may ask."},
    {"publish_not_cancellable",
     in_api,
     "conflict.committed",
     never,
     "The post is final already and cannot be withdrawn."},
    {"spam_risk_too_many_posts",
     in_api | in_fail_reason,
     "network.quota_spent",
     Retry::after(day),
     "This creator has used up the posts that TikTok allows a day over all apps together.",
     true},
    {"spam_risk_user_banned_from_posting",
     in_api | in_fail_reason,
     "network.account_banned",
     never,
     "TikTok has banned this creator from posting; the TikTok app tells why."},
    {"spam_risk_too_many_pending_share",
     in_api,
     "tiktok.too_many_drafts",
     Retry::after(day),
     "Too many drafts wait in the creator's inbox; some must be posted or discarded in the TikTok "
     "app."},
    {"reached_active_user_cap",
     in_api,
     "network.user_cap",
     Retry::after(day),
     "The app has posted for as many creators today as TikTok allows it.",
     true},
    {"unaudited_client_can_only_post_to_private_accounts",
     in_api,
     "app.not_audited",
     person_first,
     "The app is not audited: TikTok takes its posts only while the account itself is private, and "
     "only "
     "with privacy_level SELF_ONLY.",
     true},
    {"url_ownership_unverified",
     in_api,
     "network.url_not_verified",
     person_first,
     "The media's address is under no domain or prefix that is verified for this app; verify it in "
     "the "
     "developer portal, or upload the file."},
    {"privacy_level_option_mismatch",
     in_api,
     "approval.lapsed",
     person_first,
     "TikTok does not offer the chosen privacy_level to this creator any more; a person has to "
     "choose "
     "again."},

    // --- why a post that was taken has failed
    {"file_format_check_failed",
     in_fail_reason,
     "media.unsupported",
     fix_first,
     "TikTok cannot read the file's format; MP4 with H.264 is the safe choice."},
    {"duration_check_failed",
     in_fail_reason,
     "media.unsupported",
     fix_first,
     "The video is longer or shorter than this creator may post."},
    {"frame_rate_check_failed",
     in_fail_reason,
     "media.unsupported",
     fix_first,
     "The frame rate is outside 23 to 60 frames a second."},
    {"picture_size_check_failed",
     in_fail_reason,
     "media.unsupported",
     fix_first,
     "The frame is outside TikTok's bounds: 360 to 4096 pixels a side for videos, 1080p for "
     "photos."},
    {"internal",
     in_fail_reason,
     "tiktok.internal",
     backoff,
     "TikTok failed to process the post, by a fault of its own; a fresh upload may pass."},
    {"video_pull_failed",
     in_fail_reason,
     "tiktok.pull_failed",
     fix_first,
     "TikTok could not fetch the video from its address: unreachable, redirected, or too slow."},
    {"photo_pull_failed",
     in_fail_reason,
     "tiktok.pull_failed",
     fix_first,
     "TikTok could not fetch a photo from its address: unreachable, redirected, or too slow."},
    {"publish_cancelled",
     in_fail_reason,
     "tiktok.publish_cancelled",
     never,
     "The post was cancelled at TikTok before it was public."},
    {"auth_removed",
     in_fail_reason,
     "account.reconnect_needed",
     never,
     "The creator removed the app while TikTok was processing the post; it is not sent again by "
     "itself."},
    {"spam_risk_text",
     in_fail_reason,
     "tiktok.spam_risk_text",
     fix_first,
     "TikTok takes the caption for spam or for a breach of its rules; the same text will not "
     "pass."},
    {"spam_risk",
     in_fail_reason,
     "network.moderation",
     never,
     "TikTok judged the post risky and refused it; the TikTok app tells the creator more."},

    // --- the token endpoint and the callback
    {"access_denied",
     in_oauth,
     "tiktok.access_denied",
     person_first,
     "The creator, or TikTok for them, declined to connect the account."},
    {"non_sandbox_target",
     in_oauth,
     "tiktok.not_a_target_user",
     person_first,
     "The app is a sandbox, and this account is not among its target users."},
    {"invalid_client",
     in_oauth,
     "app.bad_credentials",
     fix_first,
     "TikTok does not take the app's key and secret, or sandbox and production keys are mixed up."},
    {"invalid_grant",
     in_oauth,
     "account.reconnect_needed",
     person_first,
     "The authorisation has ended: it expired, was revoked, or was used already."},
    {"invalid_request",
     in_oauth,
     "tiktok.oauth_request_refused",
     never,
     "TikTok refused the authorisation request as malformed."},
    {"invalid_scope",
     in_oauth,
     "app.misconfigured",
     fix_first,
     "The app asks for a permission that TikTok does not know, or has not given to the app."},
    {"unauthorized_client",
     in_oauth,
     "app.misconfigured",
     fix_first,
     "TikTok does not let this app authorise in this way."},
    {"unsupported_grant_type",
     in_oauth,
     "tiktok.oauth_request_refused",
     never,
     "TikTok does not know this kind of token request."},
    {"unsupported_response_type",
     in_oauth,
     "tiktok.oauth_request_refused",
     never,
     "TikTok does not know this kind of authorisation request."},
    {"server_error",
     in_oauth,
     "network.unavailable",
     backoff,
     "TikTok's token endpoint failed on its side."},
    {"temporarily_unavailable",
     in_oauth,
     "network.unavailable",
     backoff,
     "TikTok's token endpoint is busy."},
};

// Sorted by code: the descriptor hands them out as they stand.
constexpr std::array own_rows{
    ErrorRow{"tiktok.access_denied",
             ErrorKind::denied,
             Owner::creator,
             RetryWhen::person_first,
             "The creator, or TikTok for them, declined to connect the account.",
             "Nothing is stored.",
             "Run `postrider account connect tiktok` again when they agree."},
    ErrorRow{"tiktok.app_version_too_old",
             ErrorKind::rejected,
             Owner::creator,
             RetryWhen::person_first,
             "The creator's TikTok app is too old to take a draft of photos.",
             "Nothing was posted.",
             "The creator updates the TikTok app; then `postrider job retry`."},
    ErrorRow{"tiktok.caption_not_in_draft",
             ErrorKind::invalid,
             Owner::you,
             RetryWhen::fix_first,
             "A video that goes to the inbox arrives there without its caption.",
             "The video is handed over; the creator writes the caption in the TikTok app.",
             "Give the creator the caption on another way, or deliver directly."},
    ErrorRow{"tiktok.cover_outside_video",
             ErrorKind::invalid,
             Owner::you,
             RetryWhen::fix_first,
             "The cover was asked for at a time after the video's end.",
             "TikTok would take the first frame instead.",
             "Choose a time inside the video."},
    ErrorRow{"tiktok.init_budget_spent",
             ErrorKind::unavailable,
             Owner::network,
             RetryWhen::after,
             "Three uploads of this post were begun within an hour and none could be finished.",
             "Nothing was posted; unfinished uploads end by themselves after an hour.",
             "Nothing: the next upload begins when the hour is over."},
    ErrorRow{
        "tiktok.interaction_not_offered",
        ErrorKind::invalid,
        Owner::you,
        RetryWhen::fix_first,
        "The creator has switched off an interaction that the post allows.",
        "Nothing was sent.",
        "See `postrider account check`, then choose false, or the creator allows it in the app."},
    ErrorRow{"tiktok.internal",
             ErrorKind::unavailable,
             Owner::network,
             RetryWhen::backoff,
             "TikTok failed to process the post, by a fault of its own.",
             "The post was not published; it is uploaded afresh.",
             "Nothing."},
    ErrorRow{"tiktok.invalid_params",
             ErrorKind::rejected,
             Owner::postrider,
             RetryWhen::never,
             "TikTok refused the request as malformed.",
             "Nothing was posted.",
             "Report it with the log_id; until then try other media or options."},
    ErrorRow{"tiktok.not_a_target_user",
             ErrorKind::denied,
             Owner::operator_,
             RetryWhen::person_first,
             "The app is a sandbox, and this account is not among its target users.",
             "Nothing is stored.",
             "The operator adds the account to the sandbox in the developer portal."},
    ErrorRow{"tiktok.oauth_request_refused",
             ErrorKind::internal,
             Owner::postrider,
             RetryWhen::never,
             "TikTok refused an authorisation request as malformed.",
             "Nothing was posted.",
             "Compare the redirect address with the registered one; else report it."},
    ErrorRow{"tiktok.privacy_level_not_offered",
             ErrorKind::invalid,
             Owner::you,
             RetryWhen::fix_first,
             "The chosen privacy_level is not among those that TikTok offers this creator now.",
             "Nothing was sent; another level is never chosen silently.",
             "See `postrider account check`, let a person choose, then plan again."},
    ErrorRow{"tiktok.publish_cancelled",
             ErrorKind::rejected,
             Owner::you,
             RetryWhen::never,
             "The post was cancelled at TikTok before it was public.",
             "The post was not published.",
             "Nothing, or `postrider job retry` if it was a mistake."},
    ErrorRow{
        "tiktok.publish_id_foreign",
        ErrorKind::unknown,
        Owner::operator_,
        RetryWhen::person_first,
        "The post was begun under another login or app, and only that one may ask for it.",
        "What became of it cannot be seen; nothing is sent again.",
        "Connect the account under the app that began the post, or settle it with `job reconcile "
        "--as`."},
    ErrorRow{
        "tiktok.publish_id_unknown",
        ErrorKind::unknown,
        Owner::creator,
        RetryWhen::reconcile_first,
        "TikTok does not know the post's publish id any more.",
        "It may be public or not; nothing is sent again.",
        "The creator looks in the TikTok app; then settle it with `postrider job reconcile --as`."},
    ErrorRow{
        "tiktok.pull_failed",
        ErrorKind::rejected,
        Owner::you,
        RetryWhen::fix_first,
        "TikTok could not fetch the media from its address.",
        "The post was not published.",
        "Check that the address answers over https, at once, and without a redirect; or upload the "
        "file."},
    ErrorRow{"tiktok.spam_risk_text",
             ErrorKind::rejected,
             Owner::you,
             RetryWhen::fix_first,
             "TikTok refuses the caption as spam or as a breach of its rules.",
             "The post was not published.",
             "Write another caption and plan again."},
    ErrorRow{"tiktok.too_many_drafts",
             ErrorKind::rate_limited,
             Owner::creator,
             RetryWhen::after,
             "Five drafts wait in the creator's inbox, and TikTok takes no more.",
             "Nothing was handed over; it is tried again after a day.",
             "The creator posts or discards drafts in the TikTok app."},
    ErrorRow{"tiktok.upload_host_refused",
             ErrorKind::denied,
             Owner::operator_,
             RetryWhen::person_first,
             "TikTok's answer named an upload address that is not on the list of trusted hosts.",
             "No byte was sent there; nothing was posted.",
             "If the host is genuine, the operator adds it to the app's option upload_hosts."},
    ErrorRow{"tiktok.upload_refused",
             ErrorKind::rejected,
             Owner::postrider,
             RetryWhen::never,
             "The upload host refused a part of the file as malformed.",
             "Nothing was posted.",
             "Report it; until then try another chunk_size."},
};

std::string cut(std::string_view text, std::size_t length) {
    return std::string{text.substr(0, length)};
}

// Words of a fixed vocabulary are kept whole; anything else that arrives in their place is not
// trusted.
std::string raw_word(std::string_view word) {
    return scrub(cut(word, 100));
}

Error from_row(NetworkCode const& row) {
    return tiktok_error(row.code, std::string{row.sentence}).with_retry(row.retry);
}

Error unrecognized(std::string_view what, std::string_view word) {
    return tiktok_error(
        "network.unrecognized",
        fmt::format("TikTok {} \"{}\", which is not known here.", what, raw_word(word)));
}

Error with_reply(Error const& error, adapter::HttpReply const& reply, Envelope const& envelope) {
    return error.with("http_status", std::to_string(reply.status))
        .with("log_id", raw_word(envelope.log_id))
        .with("network_message", scrub(envelope.message));
}

// Answers that are not in the API's shape: pages of a gateway, cut-off bodies. Only the status
// counts.
Error unreadable_error(adapter::HttpReply const& reply) {
    auto const word = fmt::format("http_{}", reply.status);
    if (reply.status == 429)
        return tiktok_error("network.rate_limited")
            .with_retry(Retry::after(minute))
            .with("network_code", word);
    if (reply.status >= 500)
        return tiktok_error("network.unavailable",
                            fmt::format("TikTok answered with HTTP {}.", reply.status))
            .with_retry(backoff)
            .with("network_code", word);
    if (reply.status >= 200 && reply.status < 300)
        return tiktok_error("network.bad_answer", "TikTok's answer could not be read.")
            .with_retry(backoff)
            .with("network_code", word);
    if (reply.status >= 300 && reply.status < 400)
        return tiktok_error("network.redirect").with("network_code", word);
    return unrecognized("answered", word).with("network_code", word);
}

}  // namespace

std::span<NetworkCode const> network_codes() {
    return table;
}

NetworkCode const* find_network_code(std::string_view word, Place place) {
    for (auto const& row : table)
        if (row.word == word && (row.places & place) != 0) return &row;
    return nullptr;
}

std::vector<ErrorRow> own_error_rows() {
    return {own_rows.begin(), own_rows.end()};
}

Error tiktok_error(std::string_view code, std::string message) {
    for (auto const& row : own_rows)
        if (row.code == code) return Error{row, std::move(message)};
    return make_error(code, std::move(message));
}

Error api_error(adapter::HttpReply const& reply, Envelope const& envelope) {
    if (!envelope.readable || envelope.ok())
        return with_reply(unreadable_error(reply), reply, envelope);
    if (auto const* row = find_network_code(envelope.code, in_api))
        return with_reply(
            from_row(*row).with("network_code", std::string{row->word}), reply, envelope);
    auto const error = reply.status >= 500 || reply.status == 429
                           ? unreadable_error(reply)
                           : unrecognized("refused with the code", envelope.code);
    return with_reply(error.with("network_code", raw_word(envelope.code)), reply, envelope);
}

Error failed_post_error(std::string_view fail_reason, std::string_view log_id) {
    auto const* row = find_network_code(fail_reason, in_fail_reason);
    auto const error =
        row ? from_row(*row) : unrecognized("failed the post for the reason", fail_reason);
    return error.with("network_code", row ? std::string{row->word} : raw_word(fail_reason))
        .with("http_status", "200")
        .with("log_id", raw_word(log_id));
}

Error oauth_error(std::string_view word, std::string_view description) {
    auto const* row = find_network_code(word, in_oauth);
    auto const error = row ? from_row(*row) : unrecognized("answered", word);
    return error.with("network_code", row ? std::string{row->word} : raw_word(word))
        .with("network_message", scrub(description));
}

Error upload_error(adapter::HttpReply const& reply) {
    bool const temporary = reply.status >= 500 || reply.status == 429 || reply.status == 408 ||
                           (reply.status >= 300 && reply.status < 400);
    auto const error =
        temporary ? unreadable_error(reply)
        : reply.status == 403 || reply.status == 404
            ? tiktok_error("network.upload_expired")
            : tiktok_error(
                  "tiktok.upload_refused",
                  fmt::format("TikTok's upload host refused a part with HTTP {}.", reply.status));
    return error.with("network_code", fmt::format("http_{}", reply.status))
        .with("http_status", std::to_string(reply.status));
}

bool is_refusal(adapter::HttpReply const& reply, Envelope const& envelope) {
    if (reply.status == 429) return true;
    if (!envelope.readable || envelope.ok() || envelope.code == "internal_error") return false;
    if (reply.status >= 400 && reply.status < 500) return true;
    return reply.status < 300 && find_network_code(envelope.code, in_api) != nullptr;
}

std::string scrub(std::string_view text) {
    // A word this long, or with a token's prefix, or that looks like an address, says nothing to a
    // reader and might be a credential.
    constexpr std::size_t word_max = 70;
    constexpr std::size_t text_max = 200;
    auto suspicious = [](std::string_view word) {
        return word.size() > word_max || word.find("://") != std::string_view::npos ||
               word.find("act.") != std::string_view::npos ||
               word.find("rft.") != std::string_view::npos ||
               word.find("clt.") != std::string_view::npos ||
               word.find('=') != std::string_view::npos;
    };
    std::string clean;
    std::size_t at = 0;
    while (at < text.size() && clean.size() < text_max) {
        if (static_cast<unsigned char>(text[at]) <= ' ' || text[at] == 0x7f) {
            ++at;
            continue;
        }
        auto const end =
            std::find_if(text.begin() + static_cast<std::ptrdiff_t>(at), text.end(), [](char c) {
                return static_cast<unsigned char>(c) <= ' ' || c == 0x7f;
            });
        std::string_view const word{text.data() + at,
                                    static_cast<std::size_t>(end - text.begin()) - at};
        if (!clean.empty()) clean += ' ';
        clean += suspicious(word) ? std::string_view{"[removed]"} : word;
        at += word.size();
    }
    return clean;
}

}  // namespace postrider::tiktok

// The table of refusals: every word of TikTok's pages has a row, and unknown words keep themselves.
#include "test_kit.hpp"

#include <postrider/catalogue.hpp>
#include <postrider/text_length.hpp>

#include <algorithm>

namespace postrider::tiktok::test {

namespace {

struct Row {
    char const* word;
    Place place;
    char const* code;
    RetryWhen retry;
};

constexpr Row rows[] = {
    {"access_token_invalid", in_api, "account.token_expired", RetryWhen::backoff},
    {"scope_not_authorized", in_api, "account.scope_missing", RetryWhen::person_first},
    {"scope_permission_missed", in_api, "account.scope_missing", RetryWhen::person_first},
    {"rate_limit_exceeded", in_api, "network.rate_limited", RetryWhen::after},
    {"internal_error", in_api, "network.unavailable", RetryWhen::backoff},
    {"invalid_param", in_api, "tiktok.invalid_params", RetryWhen::never},
    {"invalid_params", in_api, "tiktok.invalid_params", RetryWhen::never},
    {"app_version_check_failed", in_api, "tiktok.app_version_too_old", RetryWhen::person_first},
    {"invalid_file_upload", in_api, "media.unsupported", RetryWhen::fix_first},
    {"invalid_publish_id", in_api, "tiktok.publish_id_unknown", RetryWhen::reconcile_first},
    {"token_not_authorized_for_specified_publish_id",
     in_api,
     "tiktok.publish_id_foreign",
     RetryWhen::person_first},
    {"publish_not_cancellable", in_api, "conflict.committed", RetryWhen::never},
    {"spam_risk_too_many_posts", in_api, "network.quota_spent", RetryWhen::after},
    {"spam_risk_user_banned_from_posting", in_api, "network.account_banned", RetryWhen::never},
    {"spam_risk_too_many_pending_share", in_api, "tiktok.too_many_drafts", RetryWhen::after},
    {"reached_active_user_cap", in_api, "network.user_cap", RetryWhen::after},
    {"unaudited_client_can_only_post_to_private_accounts",
     in_api,
     "app.not_audited",
     RetryWhen::person_first},
    {"url_ownership_unverified", in_api, "network.url_not_verified", RetryWhen::person_first},
    {"privacy_level_option_mismatch", in_api, "approval.lapsed", RetryWhen::person_first},
    {"file_format_check_failed", in_fail_reason, "media.unsupported", RetryWhen::fix_first},
    {"duration_check_failed", in_fail_reason, "media.unsupported", RetryWhen::fix_first},
    {"frame_rate_check_failed", in_fail_reason, "media.unsupported", RetryWhen::fix_first},
    {"picture_size_check_failed", in_fail_reason, "media.unsupported", RetryWhen::fix_first},
    {"internal", in_fail_reason, "tiktok.internal", RetryWhen::backoff},
    {"video_pull_failed", in_fail_reason, "tiktok.pull_failed", RetryWhen::person_first},
    {"photo_pull_failed", in_fail_reason, "tiktok.pull_failed", RetryWhen::person_first},
    {"publish_cancelled", in_fail_reason, "tiktok.publish_cancelled", RetryWhen::person_first},
    {"auth_removed", in_fail_reason, "account.reconnect_needed", RetryWhen::never},
    {"spam_risk_too_many_posts", in_fail_reason, "network.quota_spent", RetryWhen::after},
    {"spam_risk_user_banned_from_posting",
     in_fail_reason,
     "network.account_banned",
     RetryWhen::never},
    {"spam_risk_text", in_fail_reason, "tiktok.spam_risk_text", RetryWhen::fix_first},
    {"spam_risk", in_fail_reason, "network.moderation", RetryWhen::never},
    {"access_denied", in_oauth, "tiktok.access_denied", RetryWhen::person_first},
    {"non_sandbox_target", in_oauth, "tiktok.not_a_target_user", RetryWhen::person_first},
    {"invalid_client", in_oauth, "app.bad_credentials", RetryWhen::fix_first},
    {"invalid_grant", in_oauth, "account.reconnect_needed", RetryWhen::person_first},
    {"invalid_request", in_oauth, "tiktok.oauth_request_refused", RetryWhen::never},
    {"invalid_scope", in_oauth, "app.misconfigured", RetryWhen::fix_first},
    {"unauthorized_client", in_oauth, "app.misconfigured", RetryWhen::fix_first},
    {"unsupported_grant_type", in_oauth, "tiktok.oauth_request_refused", RetryWhen::never},
    {"unsupported_response_type", in_oauth, "tiktok.oauth_request_refused", RetryWhen::never},
    {"server_error", in_oauth, "network.unavailable", RetryWhen::backoff},
    {"temporarily_unavailable", in_oauth, "network.unavailable", RetryWhen::backoff},
};

HttpReply refused(int status, std::string_view code, std::string_view message = "") {
    return {status,
            boost::json::serialize(boost::json::object{
                {"error", {{"code", code}, {"message", message}, {"log_id", "L1"}}}})};
}

Error error_of(HttpReply const& http) {
    return api_error(http, parse_envelope(http.body));
}

Error error_of(Row const& row) {
    if (row.place == in_fail_reason) return failed_post_error(row.word, "L1");
    if (row.place == in_oauth) return oauth_error(row.word, "");
    return error_of(refused(400, row.word));
}

}  // namespace

TEST(Errors, EveryWordOfThePagesHasItsRow) {
    std::size_t places = 0;
    for (auto const& row : rows) {
        auto const error = error_of(row);

        EXPECT_EQ(error.code(), row.code) << row.word;
        EXPECT_EQ(error.retry().when, row.retry) << row.word;
        EXPECT_EQ(context(error, "network_code"), row.word);
        EXPECT_FALSE(error.message().empty());
    }
    for (auto const& row : network_codes())
        for (auto const place : {in_api, in_fail_reason, in_oauth})
            if ((row.places & place) != 0) places += 1;
    EXPECT_EQ(places, std::size(rows)) << "a row without its line in this test";
}

TEST(Errors, EveryCodeIsInACatalogue) {
    for (auto const& row : network_codes()) {
        bool const ours = row.code.substr(0, 7) == "tiktok.";
        auto const own = own_error_rows();
        bool const known = ours ? std::any_of(own.begin(),
                                              own.end(),
                                              [&](ErrorRow const& o) { return o.code == row.code; })
                                : find_error_row(row.code) != nullptr;
        EXPECT_TRUE(known) << row.code;
    }
}

TEST(Errors, OwnRowsAreSortedAndNeededByTheirName) {
    auto const own = own_error_rows();

    EXPECT_TRUE(std::is_sorted(own.begin(), own.end(), [](ErrorRow const& a, ErrorRow const& b) {
        return a.code < b.code;
    }));
    for (auto const& row : own) {
        EXPECT_EQ(row.code.substr(0, 7), "tiktok.");
        EXPECT_EQ(find_error_row(row.code), nullptr) << row.code;
    }
}

TEST(Errors, AnUnknownWordIsKeptAndRecognisedAsUnknown) {
    auto const error = error_of(refused(403, "brand_new_reason"));

    EXPECT_EQ(error.kind(), ErrorKind::unrecognized);
    EXPECT_EQ(context(error, "network_code"), "brand_new_reason");
    EXPECT_EQ(failed_post_error("moon_in_wrong_phase", "").kind(), ErrorKind::unrecognized);
    EXPECT_EQ(context(failed_post_error("moon_in_wrong_phase", ""), "network_code"),
              "moon_in_wrong_phase");
}

TEST(Errors, WordsAreComparedAsAWhole) {
    EXPECT_EQ(failed_post_error("internal_picture_size", "").kind(), ErrorKind::unrecognized);
    EXPECT_EQ(failed_post_error("spam_risk_new_kind", "").kind(), ErrorKind::unrecognized);
    EXPECT_EQ(error_of(refused(400, "internal")).kind(), ErrorKind::unrecognized);
}

TEST(Errors, AlwaysSayCodeStatusAndLogId) {
    auto const error = error_of(recorded("init/invalid_params"));

    EXPECT_EQ(context(error, "network_code"), "invalid_params");
    EXPECT_EQ(context(error, "http_status"), "400");
    EXPECT_EQ(context(error, "log_id"), "20261120I3");
    EXPECT_EQ(context(error, "network_message"), "The total chunk count is invalid");
}

TEST(Errors, BodiesInAnotherShapeAreJudgedByTheirStatus) {
    auto const page = [](int status) { return error_of(HttpReply{status, "<html>no</html>"}); };

    EXPECT_EQ(page(503).code(), "network.unavailable");
    EXPECT_EQ(page(429).code(), "network.rate_limited");
    EXPECT_EQ(page(302).code(), "network.redirect");
    EXPECT_EQ(page(200).code(), "network.bad_answer");
    EXPECT_EQ(page(403).kind(), ErrorKind::unrecognized);
    EXPECT_EQ(context(page(403), "network_code"), "http_403");
}

TEST(Errors, ARedirectOfTheUploadHostIsTriedAgain) {
    auto const error = upload_error(HttpReply{307, ""});

    EXPECT_EQ(error.code(), "network.unavailable");
    EXPECT_EQ(error.retry().when, RetryWhen::backoff);
    EXPECT_EQ(context(error, "network_code"), "http_307");
}

TEST(Errors, AnUnknownWordIsNotCutInsideACharacter) {
    std::string word = "x";
    for (int i = 0; i < 60; ++i) word += " \xC3\xA9";  // byte 100 is the first half of one

    EXPECT_TRUE(is_valid_utf8(context(error_of(refused(400, word)), "network_code")));
}

TEST(Errors, RateLimitsWaitAMinuteAndQuotasADay) {
    EXPECT_EQ(error_of(recorded("creator_info/rate_limit_exceeded")).retry().delay, 60s);
    EXPECT_EQ(error_of(recorded("creator_info/spam_risk_too_many_posts")).retry().delay, 24h);
}

TEST(Errors, ARefusalIsOnlyWhatProvesThatNothingHappened) {
    auto const refusal = [](HttpReply const& http) {
        return is_refusal(http, parse_envelope(http.body));
    };

    EXPECT_TRUE(refusal(refused(403, "url_ownership_unverified")));
    EXPECT_TRUE(refusal(refused(403, "brand_new_reason")));
    EXPECT_TRUE(refusal(refused(200, "spam_risk_too_many_posts")));
    EXPECT_TRUE(refusal(HttpReply{429, "<html>"}));
    EXPECT_FALSE(refusal(refused(200, "brand_new_reason")));
    EXPECT_FALSE(refusal(refused(500, "internal_error")));
    EXPECT_FALSE(refusal(refused(200, "internal_error")));
    EXPECT_FALSE(refusal(HttpReply{403, "<html>"}));
    EXPECT_FALSE(refusal(HttpReply{502, ""}));
    EXPECT_FALSE(refusal(recorded("init/truncated")));
}

TEST(Scrub, RemovesWhatCouldBeACredential) {
    EXPECT_EQ(scrub("token act.abc123 is  bad\n"), "token [removed] is bad");
    EXPECT_EQ(scrub("see https://open-upload.tiktokapis.com/video/?upload_token=t"),
              "see [removed]");
    EXPECT_EQ(scrub(std::string(100, 'x')), "[removed]");
    EXPECT_LE(scrub(std::string(1000, ' ') + "a b c").size(), 10U);
    EXPECT_EQ(scrub("a\x1b[31mred"), "a [31mred");
}

TEST(Scrub, NoErrorHoldsTheTokenThatAnAnswerEchoes) {
    auto const error =
        error_of(refused(400, "invalid_params", "bad token rft.s3cret and act.s3cret!"));

    EXPECT_EQ(boost::json::serialize(error.to_json()).find("s3cret"), std::string::npos);
}

}  // namespace postrider::tiktok::test

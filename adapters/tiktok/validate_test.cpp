// What is found wrong with a post before anything is sent, and what is known of its creator.
#include "test_kit.hpp"

#include <algorithm>

namespace postrider::tiktok::test {

namespace {

CreatorFacts facts(std::string_view name) {
    auto const job = new_job();
    auto const action =
        tiktok_adapter()->facts(job.account, job.app, job.now, reply(step::creator_info, name));
    if (auto const* found = std::get_if<Facts>(&action)) return found->facts;
    ADD_FAILURE() << "no facts from " << name;
    return {};
}

std::vector<Finding> check(JobView const& job, CreatorFacts const* known) {
    return tiktok_adapter()->validate(job.post, job.app, known);
}

std::vector<std::string> codes(std::vector<Finding> const& findings) {
    std::vector<std::string> result;
    for (auto const& finding : findings) result.push_back(finding.code);
    return result;
}

}  // namespace

TEST(Validate, FindsNothingInAGoodPost) {
    auto const known = facts("creator_info/public_account");

    EXPECT_TRUE(check(new_job(), &known).empty());
    EXPECT_TRUE(check(new_job(), nullptr).empty());
}

TEST(Validate, RefusesAPrivacyLevelThatIsNotOfferedAndNamesTheOthers) {
    auto const known = facts("creator_info/private_account");

    auto const findings = check(new_job(), &known);

    ASSERT_THAT(codes(findings), testing::ElementsAre("tiktok.privacy_level_not_offered"));
    EXPECT_EQ(findings[0].path, "/options/tiktok/privacy_level");
    EXPECT_EQ(findings[0].got.as_string(), "PUBLIC_TO_EVERYONE");
    EXPECT_EQ(findings[0].allowed.size(), 3U);
}

// Conflict C13 of the sources: which levels there are depends on the account.
TEST(Validate, TakesAPrivacyLevelThatOnlyTikTokKnows) {
    auto known = facts("creator_info/public_account");
    known.offered["privacy_level"].push_back("CLOSE_FRIENDS");
    auto job = new_job();
    job.post.options["privacy_level"] = "CLOSE_FRIENDS";

    EXPECT_TRUE(check_options(tiktok_adapter()->descriptor(), job.post, &known).empty());
    EXPECT_TRUE(check(job, &known).empty());
    // Words that TikTok never had are refused by themselves.
    job.post.options["privacy_level"] = "FRIENDS_ONLY";
    EXPECT_THAT(codes(check_options(tiktok_adapter()->descriptor(), job.post)),
                testing::ElementsAre("option.not_allowed"));
}

TEST(Validate, LeavesAChoiceThatAPersonStillMakes) {
    auto const known = facts("creator_info/private_account");
    auto job = new_job();
    job.app.audited = false;
    job.post.options["privacy_level"] = boost::json::object{{"ask", true}};
    job.post.options["allow_stitch"] = boost::json::object{{"ask", true}};

    EXPECT_TRUE(check(job, &known).empty());
}

TEST(Validate, RefusesAnInteractionThatTheCreatorSwitchedOff) {
    auto const known = facts("creator_info/public_account");
    auto job = new_job();
    job.post.options["allow_stitch"] = true;

    EXPECT_THAT(codes(check(job, &known)), testing::ElementsAre("tiktok.interaction_not_offered"));
}

TEST(Validate, UnauditedAppsPostToTheCreatorAlone) {
    auto job = new_job();
    job.app.audited = false;

    EXPECT_THAT(codes(check(job, nullptr)), testing::ElementsAre("app.not_audited"));

    job.post.options["privacy_level"] = "SELF_ONLY";
    EXPECT_TRUE(check(job, nullptr).empty());
}

TEST(Validate, UnauditedAppsNeedAPrivateAccount) {
    auto const open = facts("creator_info/public_account");
    auto const closed = facts("creator_info/private_account");
    auto job = new_job();
    job.app.audited = false;
    job.post.options["privacy_level"] = "SELF_ONLY";

    EXPECT_THAT(codes(check(job, &open)), testing::ElementsAre("app.not_audited"));
    EXPECT_TRUE(check(job, &closed).empty());
}

TEST(Validate, WhatOnlyDirectPostsNeedIsAWarningWhereTheInboxWillDo) {
    auto job = new_job();
    job.app.audited = false;
    job.post.deliver = Deliver::direct_or_inbox;

    auto const findings = check(job, nullptr);

    EXPECT_TRUE(std::all_of(findings.begin(), findings.end(), [](Finding const& finding) {
        return finding.level == Finding::Level::warning;
    }));
    EXPECT_THAT(codes(findings), testing::Contains("app.not_audited"));
}

TEST(Validate, TellsThatADraftLosesItsCaption) {
    auto job = new_job();
    job.post.deliver = Deliver::inbox;

    auto const findings = check(job, nullptr);

    ASSERT_THAT(codes(findings), testing::ElementsAre("tiktok.caption_not_in_draft"));
    EXPECT_EQ(findings[0].level, Finding::Level::warning);
}

TEST(Validate, RefusesACoverAfterTheEndAndAPlainAddress) {
    auto job = pull_job();
    job.post.media.front().url = "http://media.example/film.mp4";
    job.post.options["cover_at"] = "30s";

    EXPECT_THAT(codes(check(job, nullptr)),
                testing::UnorderedElementsAre("media.unsupported", "tiktok.cover_outside_video"));
}

TEST(Validate, ALongVideoMayStillGoToTheInbox) {
    auto const* rules = find_media_rules(tiktok_adapter()->descriptor(), PostKind::video);
    EXPECT_EQ(rules->duration_limit_deliver, std::vector{Deliver::direct});
    auto const known = facts("creator_info/public_account");
    auto job = new_job();
    job.post.media.front().duration_ms = 400'000;
    auto const found = [&](Deliver deliver) {
        job.post.deliver = deliver;
        std::vector<Finding::Level> levels;
        for (auto const& finding : tiktok_adapter()->validate(job.post, job.app, &known))
            if (finding.path == "/media/0/duration_ms") levels.push_back(finding.level);
        return levels;
    };

    EXPECT_EQ(found(Deliver::direct_or_inbox), std::vector{Finding::Level::warning});
    EXPECT_TRUE(found(Deliver::inbox).empty());
    // Direct posts are checked by the rules of the descriptor, not twice.
    EXPECT_TRUE(found(Deliver::direct).empty());
}

TEST(Validate, AnAccountWithDraftsOnlyTakesNoDirectPost) {
    auto job = new_job();
    CreatorFacts known;
    known.locked["privacy_level"] = "drafts only";
    auto const found = [&](Deliver deliver) {
        job.post.deliver = deliver;
        std::vector<Finding::Level> levels;
        for (auto const& finding : tiktok_adapter()->validate(job.post, job.app, &known))
            if (finding.code == "account.scope_missing") levels.push_back(finding.level);
        return levels;
    };

    EXPECT_EQ(found(Deliver::direct), std::vector{Finding::Level::error});
    EXPECT_EQ(found(Deliver::direct_or_inbox), std::vector{Finding::Level::warning});
    EXPECT_TRUE(found(Deliver::inbox).empty());
}

TEST(Validate, AnAccountWithDirectPostsOnlyTakesNoDraft) {
    auto job = new_job();
    CreatorFacts known = facts("creator_info/public_account");
    known.undeliverable["inbox"] = "direct only";
    auto const found = [&](Deliver deliver) {
        job.post.deliver = deliver;
        std::vector<Finding::Level> levels;
        for (auto const& finding : tiktok_adapter()->validate(job.post, job.app, &known))
            if (finding.code == "account.scope_missing") levels.push_back(finding.level);
        return levels;
    };

    EXPECT_EQ(found(Deliver::inbox), std::vector{Finding::Level::error});
    EXPECT_EQ(found(Deliver::direct_or_inbox), std::vector{Finding::Level::warning});
    EXPECT_TRUE(found(Deliver::direct).empty());
}

TEST(CreatorFacts, SayThatTheInboxIsClosedWhereDraftsAreNotGranted) {
    auto job = new_job();
    auto const locked = [&](std::vector<std::string> scopes) {
        job.account.scopes = std::move(scopes);
        auto const told =
            tiktok_adapter()->facts(job.account,
                                    job.app,
                                    job.now,
                                    reply(step::creator_info, "creator_info/public_account"));
        return std::get<Facts>(told).facts.undeliverable.contains("inbox");
    };

    EXPECT_TRUE(locked({"user.info.basic", "video.publish"}));
    EXPECT_FALSE(locked({"user.info.basic", "video.publish", "video.upload"}));
    // Tokens that were brought by hand may come without a word about scopes.
    EXPECT_FALSE(locked({}));
}

TEST(CreatorFacts, ComeFromCreatorInfo) {
    auto const known = facts("creator_info/public_account");

    EXPECT_EQ(known.handle, "@ann");
    EXPECT_EQ(known.nickname, "Ann");
    EXPECT_EQ(known.offered.at("privacy_level").size(), 3U);
    EXPECT_TRUE(known.locked.contains("allow_stitch"));
    EXPECT_FALSE(known.locked.contains("allow_comment"));
    EXPECT_EQ(known.limits.at("video_duration_ms"), 300'000);
    EXPECT_FALSE(known.blocked);
}

TEST(CreatorFacts, ARefusalWithStatus200BlocksTheCreator) {
    EXPECT_EQ(facts("creator_info/spam_risk_too_many_posts").blocked->code(),
              "network.quota_spent");
    EXPECT_EQ(facts("creator_info/spam_risk_user_banned_from_posting").blocked->code(),
              "network.account_banned");
    EXPECT_EQ(facts("creator_info/reached_active_user_cap").blocked->code(), "network.user_cap");
}

TEST(CreatorFacts, OtherRefusalsAreNoFacts) {
    auto const job = new_job();
    auto const refused =
        tiktok_adapter()->facts(job.account,
                                job.app,
                                job.now,
                                reply(step::creator_info, "creator_info/access_token_invalid"));

    ASSERT_TRUE(std::holds_alternative<Fail>(refused));
    EXPECT_EQ(std::get<Fail>(refused).error.code(), "account.token_expired");
}

TEST(CreatorFacts, ComeFromTheProfileWhereOnlyDraftsAreGranted) {
    auto job = new_job();
    job.account.scopes = {"user.info.basic", "video.upload"};

    auto const ask = tiktok_adapter()->facts(job.account, job.app, job.now, Begin{});
    auto const answered = tiktok_adapter()->facts(
        job.account, job.app, job.now, reply(step::user_info, "user_info/basic"));

    ASSERT_TRUE(std::holds_alternative<Send>(ask));
    EXPECT_EQ(std::get<Send>(ask).request.method, "GET");
    EXPECT_EQ(std::get<Send>(ask).request.url,
              "https://open.tiktokapis.com/v2/user/info/?fields=open_id,avatar_url,display_name");
    ASSERT_TRUE(std::holds_alternative<Facts>(answered));
    EXPECT_EQ(std::get<Facts>(answered).facts.remote_id, "o-1");
    EXPECT_EQ(std::get<Facts>(answered).facts.handle, "@ann");
    EXPECT_TRUE(std::get<Facts>(answered).facts.locked.contains("privacy_level"));
}

TEST(Descriptor, HasNoDefaultForWhatAPersonDecides) {
    auto const& descriptor = tiktok_adapter()->descriptor();
    for (auto const* name :
         {"privacy_level", "allow_comment", "allow_duet", "allow_stitch", "disclosure"}) {
        auto const* option = find_option(descriptor, name);
        ASSERT_TRUE(option) << name;
        EXPECT_TRUE(option->reserved) << name;
        EXPECT_TRUE(option->default_text.empty()) << name;
    }
    EXPECT_FALSE(find_option(descriptor, "ai_generated")->reserved);
    EXPECT_FALSE(find_option(descriptor, "cover_at")->reserved);
    EXPECT_TRUE(descriptor.consent_needed);
    EXPECT_TRUE(descriptor.oauth.pkce_hex);
}

TEST(Descriptor, RefusesAPrivateAdvertisement) {
    auto job = new_job();
    job.post.options["privacy_level"] = "SELF_ONLY";
    for (auto const* disclosure : {"branded_content", "both"}) {
        job.post.options["disclosure"] = disclosure;
        EXPECT_THAT(codes(check_options(tiktok_adapter()->descriptor(), job.post)),
                    testing::Contains("option.excluded"));
    }
    job.post.options["disclosure"] = "your_brand";
    EXPECT_TRUE(check_options(tiktok_adapter()->descriptor(), job.post).empty());
}

TEST(Descriptor, ADraftTakesNoneOfTheCreatorsChoices) {
    auto job = new_job();
    job.post.deliver = Deliver::inbox;

    EXPECT_FALSE(check_options(tiktok_adapter()->descriptor(), job.post).empty());

    job.post.options.clear();
    EXPECT_TRUE(check_options(tiktok_adapter()->descriptor(), job.post).empty());
}

TEST(Descriptor, BucketsAreThoseOfThePages) {
    auto const& descriptor = tiktok_adapter()->descriptor();

    EXPECT_EQ(find_bucket(descriptor, "init")->size, 6);
    EXPECT_EQ(find_bucket(descriptor, "creator_info")->size, 20);
    EXPECT_EQ(find_bucket(descriptor, "status")->size, 25);
    EXPECT_EQ(find_bucket(descriptor, "posts_per_day")->size, 15);
    EXPECT_EQ(find_bucket(descriptor, "posts_per_day")->counts, BucketCounts::effects);
    EXPECT_EQ(find_bucket(descriptor, "posts_per_day")->reason, WaitReason::quota);
    for (auto const& bucket : descriptor.buckets) EXPECT_FALSE(bucket.source.empty());
}

}  // namespace postrider::tiktok::test

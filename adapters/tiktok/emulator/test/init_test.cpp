// creator_info and the three init endpoints: shape, order of checks, limits, caps, privacy,
// ownership.
#include "tiktok/emulator/model/chunk_plan.hpp"
#include "tiktok/emulator/test/harness.hpp"

namespace postrider::tiktok::emulator {
namespace {

using testing::Contains;
using testing::IsEmpty;
using testing::Not;

struct PlanRow {
    std::int64_t size, chunk, count;
    std::string_view strict, lenient;
};

TEST(ChunkPlan, FollowsTheWorkedValues) {
    for (auto const& [size, chunk, count, ceiling] : {std::tuple{1L, 1L, 1L, 1L},
                                                      {4'194'304L, 4'194'304L, 1L, 1L},
                                                      {15'000'000L, 15'000'000L, 1L, 1L},
                                                      {50'000'123L, 10'000'000L, 5L, 6L},
                                                      {64'000'000L, 64'000'000L, 1L, 1L},
                                                      {64'000'001L, 10'000'000L, 6L, 7L},
                                                      {158'008'374L, 5'242'880L, 30L, 31L},
                                                      {602'285'541L, 10'000'000L, 60L, 61L},
                                                      {4'294'967'296L, 10'000'000L, 429L, 430L}}) {
        EXPECT_EQ(judge_chunk_plan({size, chunk, count}, false), "") << size;
        if (ceiling != count) {
            EXPECT_EQ(judge_chunk_plan({size, chunk, ceiling}, false), chunk_count_invalid) << size;
        }
    }
}

TEST(ChunkPlan, RefusesInTheWordsOfTheRealServers) {
    PlanRow const rows[] = {
        {0, 0, 0, source_info_invalid, source_info_invalid},
        {4'294'967'297, 10'000'000, 429, source_info_invalid, source_info_invalid},
        {121'000'000, 64'000'000, 1, chunk_size_invalid, chunk_size_invalid},  // R8
        {15'000'000, 10'000'000, 1, chunk_size_invalid, chunk_size_invalid},   // R8
        {70'000'000, 70'000'000, 1, chunk_size_invalid, chunk_size_invalid},   // R6
        {8'000'000, 4'000'000, 2, chunk_size_invalid, chunk_size_invalid},     // R3
        {4'000'000, 2'000'000, 2, chunk_size_invalid, chunk_size_invalid},     // R5
        {1'000, 2'000, 1, chunk_size_invalid, chunk_size_invalid},
        {50'000'123, 10'000'000, 4, chunk_count_invalid, chunk_count_invalid},
        {4'000'000'000, 2'000'000'000, 2, chunk_size_invalid, chunk_size_invalid},
        {127'999'999, 64'000'000, 1, chunk_size_invalid, chunk_size_invalid},
        {64'000'001, 64'000'001, 1, chunk_size_invalid, ""},  // between MB and MiB
        {20'000'000, 5'000'000, 4, chunk_size_invalid, ""},
        {134'217'728, 67'108'864, 2, chunk_size_invalid, ""},
    };
    for (PlanRow const& row : rows) {
        ChunkPlan const plan{row.size, row.chunk, row.count};
        EXPECT_EQ(judge_chunk_plan(plan, false), row.strict) << row.size << " " << row.chunk;
        EXPECT_EQ(judge_chunk_plan(plan, true), row.lenient) << row.size << " " << row.chunk;
    }
}

TEST(ChunkPlan, RefusesMoreThanAThousandChunks) {
    // Within the size limits no legal chunk size reaches a thousand chunks, so this is R3 or R7
    // alike.
    EXPECT_NE(judge_chunk_plan({4'294'967'296, 4'194'304, 1'024}, true), "");
}

TEST(CreatorInfo, TellsTheOptionsOfAPublicAccount) {
    Harness emulator;

    Reply const reply = emulator.look();

    json::object const data = parsed(reply.body).at("data").as_object();
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(data.at("creator_username"), "acmebakery");
    EXPECT_EQ(json::serialize(data.at("privacy_level_options")),
              R"(["PUBLIC_TO_EVERYONE","MUTUAL_FOLLOW_FRIENDS","SELF_ONLY"])");
    EXPECT_THAT(emulator.rules(), IsEmpty());
}

TEST(CreatorInfo, TellsTheOptionsOfAPrivateAccount) {
    Harness emulator;
    emulator.model.creator("acmebakery")->private_account = true;

    json::object const data = parsed(emulator.look().body).at("data").as_object();

    EXPECT_EQ(json::serialize(data.at("privacy_level_options")),
              R"(["FOLLOWER_OF_CREATOR","MUTUAL_FOLLOW_FRIENDS","SELF_ONLY"])");
    EXPECT_TRUE(data.at("duet_disabled").as_bool());
}

TEST(CreatorInfo, TakesNoBodyAndAnEmptyObject) {
    Harness emulator;
    EXPECT_EQ(code_of(emulator.post(creator_info_path, "")), "ok");
    EXPECT_EQ(code_of(emulator.post(creator_info_path, "{}")), "ok");
    EXPECT_EQ(code_of(emulator.post(creator_info_path, "[]")), "invalid_params");
}

TEST(CreatorInfo, SaysWithStatus200ThatTheCreatorCannotPost) {
    Harness emulator;
    emulator.model.creator("acmebakery")->daily_cap = 0;

    Reply const reply = emulator.look();

    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(code_of(reply), "spam_risk_too_many_posts");
}

TEST(Request, NeedsTheTrailingSlash) {
    Harness emulator;
    EXPECT_EQ(emulator.post("/v2/post/publish/creator_info/query", "{}").status, 404);
    EXPECT_THAT(emulator.rules(), Contains("missing_trailing_slash"));
}

TEST(Request, NeedsTheRightMethod) {
    Harness emulator;
    Reply const reply = emulator.get(std::string(status_path));
    EXPECT_EQ(reply.status, 405);
    EXPECT_EQ(header_of(reply, "Allow"), "POST");
    EXPECT_THAT(emulator.rules(), Contains("wrong_method"));
}

TEST(Request, NeedsAJsonContentType) {
    Harness emulator;
    Request request;
    request.method = "POST";
    request.target = video_init_path;
    request.headers = {{"Authorization", "Bearer " + emulator.access},
                       {"Content-Type", "text/plain"}};
    request.body = video_body({});
    EXPECT_EQ(emulator.model.handle(request).status, 400);
    EXPECT_THAT(emulator.rules(), Contains("wrong_content_type"));
}

TEST(Request, KnowsNoOtherPath) {
    Harness emulator;
    EXPECT_EQ(emulator.post("/v2/video/delete/", "{}").status, 404);
    EXPECT_EQ(emulator.post("/v2/oauth/token/refresh/", "{}").status, 404);
    EXPECT_THAT(emulator.rules(), Contains("unknown_path"));
}

TEST(Request, NeedsALivingToken) {
    Harness emulator;
    emulator.wait(std::chrono::seconds{7'201});
    Reply const reply = emulator.look();
    EXPECT_EQ(reply.status, 401);
    EXPECT_EQ(code_of(reply), "access_token_invalid");
    EXPECT_THAT(emulator.rules(), IsEmpty());
}

TEST(Request, ADeadTokenUsedAgainMuchLaterIsAViolation) {
    Harness emulator;
    emulator.wait(std::chrono::seconds{7'201});
    emulator.look();
    emulator.wait(std::chrono::seconds{5});
    emulator.look();
    EXPECT_THAT(emulator.rules(), IsEmpty());
    emulator.wait(std::chrono::minutes{5});
    emulator.look();
    EXPECT_THAT(emulator.rules(), Contains("dead_token_used"));
}

TEST(Request, NeedsTheScope) {
    Harness emulator;
    emulator.access = emulator.mint("acmebakery", {"video.upload"});
    Reply const reply = emulator.look();
    EXPECT_EQ(reply.status, 401);
    EXPECT_EQ(code_of(reply), "scope_not_authorized");
}

TEST(RateLimit, SlidesOverOneMinute) {
    Harness emulator;
    for (int i = 0; i < 6; ++i) {
        EXPECT_EQ(emulator.init({.title = std::to_string(i)}).status, 200);
        emulator.wait(std::chrono::seconds{1});
    }
    emulator.wait(Millis{53'999});  // 59.999 s after the first one

    Reply const early = emulator.init({.title = "early"});
    emulator.wait(Millis{1});
    Reply const in_time = emulator.init({.title = "in time"});

    EXPECT_EQ(early.status, 429);
    EXPECT_EQ(code_of(early), "rate_limit_exceeded");
    EXPECT_EQ(header_of(early, "Retry-After"), "");
    EXPECT_EQ(in_time.status, 200);
    EXPECT_THAT(emulator.rules(), Contains("rate_limited"));
}

TEST(RateLimit, IsCountedForEachTokenAndEndpoint) {
    Harness emulator;
    for (int i = 0; i < 20; ++i) EXPECT_EQ(emulator.look().status, 200);
    EXPECT_EQ(emulator.look().status, 429);
    EXPECT_EQ(emulator.init().status, 200) << "another endpoint";
    emulator.access = emulator.mint("acmebakery");
    EXPECT_EQ(emulator.look().status, 200) << "another token";
}

TEST(RateLimit, TheThreeInitsMayShareOneBucket) {
    for (bool const shared : {false, true}) {
        Scenario world = Scenario::built_in();
        if (shared) world.switches.shared_init_bucket = "yes";
        Harness emulator(world);
        for (int i = 0; i < 6; ++i) emulator.init();
        std::string const draft =
            R"({"source_info":{"source":"FILE_UPLOAD","video_size":9,"chunk_size":9,"total_chunk_count":1}})";
        EXPECT_EQ(emulator.post(inbox_init_path, draft).status, shared ? 429 : 200);
    }
}

TEST(VideoInit, GivesAPublishIdAndAnUploadUrl) {
    Harness emulator;
    json::object const data = parsed(emulator.init().body).at("data").as_object();
    EXPECT_THAT(data.at("publish_id").as_string().c_str(), testing::StartsWith("v_pub_file~v2-1."));
    EXPECT_LE(data.at("publish_id").as_string().size(), 64U);
    EXPECT_LE(data.at("upload_url").as_string().size(), 256U);
    EXPECT_THAT(emulator.rules(), IsEmpty());
}

TEST(VideoInit, RefusesWrongJsonTypes) {
    Harness emulator;
    std::string body = video_body({});
    auto const at = body.find("\"video_size\":1000");
    body.replace(at, 17, "\"video_size\":\"1000\"");
    Reply const reply = emulator.post(video_init_path, body);
    EXPECT_EQ(reply.status, 400);
    EXPECT_EQ(code_of(reply), "invalid_params");
}

TEST(VideoInit, RefusesAWrongPlanWithItsMessage) {
    Harness emulator;
    Reply const reply = emulator.init({.size = 50'000'123, .chunk_size = 10'000'000, .count = 6});
    EXPECT_EQ(reply.status, 400);
    EXPECT_EQ(message_of(reply), "The total chunk count is invalid");
    EXPECT_THAT(emulator.rules(), Contains("bad_chunk_plan"));
}

TEST(VideoInit, AcceptsTheBandBetweenMbAndMibOnlyWhenLenient) {
    Post const band{.size = 20'000'000, .chunk_size = 5'000'000, .count = 4};
    Harness strict;
    Scenario world = Scenario::built_in();
    world.switches.size_bands = "lenient";
    Harness lenient(world);
    EXPECT_EQ(strict.init(band).status, 400);
    EXPECT_EQ(lenient.init(band).status, 200);
}

TEST(VideoInit, MayRefuseEveryPlanOfSeveralChunks) {
    Scenario world = Scenario::built_in();
    world.switches.multi_chunk = "refuse";
    Harness emulator(world);
    Reply const reply = emulator.init({.size = 50'000'123, .chunk_size = 10'000'000, .count = 5});
    EXPECT_EQ(message_of(reply), "The chunk size is invalid");
    EXPECT_THAT(emulator.rules(), IsEmpty());
}

TEST(VideoInit, WantsAPrivacyLevelThatWasOffered) {
    Harness emulator;
    for (std::string const level : {"", "FOLLOWER_OF_CREATOR", "PRIVATE"}) {
        Reply const reply = emulator.init({.privacy_level = level});
        EXPECT_EQ(reply.status, 403) << level;
        EXPECT_EQ(code_of(reply), "privacy_level_option_mismatch") << level;
    }
    EXPECT_THAT(emulator.rules(), Contains("privacy_level_not_offered"));
}

TEST(VideoInit, ChecksTheTokenFirstAndThePlanLast) {
    Harness emulator;
    Creator& creator = *emulator.model.creator("acmebakery");
    Post const wrong{.privacy_level = "PRIVATE", .size = 0};

    creator.banned = true;
    EXPECT_EQ(code_of(emulator.post(video_init_path, video_body(wrong))),
              "spam_risk_user_banned_from_posting");
    creator.banned = false;
    EXPECT_EQ(code_of(emulator.post(video_init_path, video_body(wrong))),
              "privacy_level_option_mismatch");
    Post plan = wrong;
    plan.privacy_level = "SELF_ONLY";
    EXPECT_EQ(code_of(emulator.post(video_init_path, video_body(plan))), "invalid_params");
    emulator.access = "act.nobody";
    EXPECT_EQ(code_of(emulator.post(video_init_path, "nonsense")), "access_token_invalid");
}

TEST(VideoInit, CountsTheCaptionInUtf16Units) {
    Harness emulator;
    std::string bread;  // each loaf takes two units and four bytes
    for (int i = 0; i < 1'100; ++i) bread += "\xF0\x9F\x8D\x9E";
    EXPECT_EQ(emulator.init({.title = bread}).status, 200);
    EXPECT_EQ(emulator.init({.title = bread + "!"}).status, 400);
    EXPECT_THAT(emulator.rules(), Contains("text_too_long"));
}

TEST(VideoInit, ToleratesMissingBrandTogglesButSaysSo) {
    std::string const body =
        R"({"post_info":{"privacy_level":"SELF_ONLY"},"source_info":{"source":"FILE_UPLOAD","video_size":9,"chunk_size":9,"total_chunk_count":1}})";
    Harness emulator;
    EXPECT_EQ(emulator.post(video_init_path, body).status, 200);
    EXPECT_THAT(emulator.rules(), Contains("brand_toggle_missing"));
    Scenario world = Scenario::built_in();
    world.switches.brand_toggles = "required";
    Harness strict(world);
    EXPECT_EQ(strict.post(video_init_path, body).status, 400);
}

TEST(VideoInit, RefusesBrandedContentThatNobodyMaySee) {
    Harness emulator;
    std::string body = video_body({.privacy_level = "SELF_ONLY"});
    std::string const off = "\"brand_content_toggle\":false";
    body.replace(body.find(off), off.size(), "\"brand_content_toggle\":true");
    EXPECT_EQ(emulator.post(video_init_path, body).status, 400);
    EXPECT_THAT(emulator.rules(), Contains("branded_self_only"));
}

TEST(VideoInit, NotesMembersThatTheSchemaDoesNotHave) {
    Harness emulator;
    std::string body = video_body({});
    body.insert(1, R"("post_mode":"DIRECT_POST",)");
    emulator.look();
    EXPECT_EQ(emulator.post(video_init_path, body).status, 200);
    EXPECT_THAT(emulator.rules(), testing::ElementsAre("unknown_member"));
}

TEST(VideoInit, WantsALookBeforeEachInit) {
    Harness emulator;
    emulator.init({.title = "one"});
    emulator.post(video_init_path, video_body({.title = "two"}));
    EXPECT_THAT(emulator.rules(), testing::ElementsAre("creator_info_skipped"));
}

TEST(VideoInit, AnUnauditedAppPostsToPrivateAccountsOnly) {
    Scenario world = Scenario::built_in();
    world.apps.front().audited = false;
    Harness emulator(world);
    std::string const refusal = "unaudited_client_can_only_post_to_private_accounts";
    EXPECT_EQ(code_of(emulator.init()), refusal);
    EXPECT_EQ(code_of(emulator.init({.privacy_level = "SELF_ONLY"})), refusal);
    emulator.model.creator("acmebakery")->private_account = true;
    EXPECT_EQ(code_of(emulator.init({.privacy_level = "FOLLOWER_OF_CREATOR"})), refusal);
    EXPECT_EQ(code_of(emulator.init({.privacy_level = "SELF_ONLY"})), "ok");
}

std::string const draft_body =
    R"({"source_info":{"source":"FILE_UPLOAD","video_size":9,"chunk_size":9,"total_chunk_count":1}})";

TEST(Caps, FifteenPostsADayOverAllApps) {
    Harness emulator;
    for (int i = 0; i < 15; ++i) {
        emulator.publish(fmt::format("post {}", i));
        emulator.wait(std::chrono::seconds{15});
    }
    ASSERT_EQ(emulator.model.ledger().entries().size(), 15U);

    EXPECT_EQ(code_of(emulator.look()), "spam_risk_too_many_posts");
    // An upload to the inbox is no direct post.
    EXPECT_EQ(emulator.post(inbox_init_path, draft_body).status, 200);
    EXPECT_THAT(emulator.rules(), testing::Not(Contains("stop_ignored")));
    Reply const refused = emulator.post(video_init_path, video_body({.title = "one too many"}));
    EXPECT_EQ(refused.status, 403);
    EXPECT_EQ(code_of(refused), "spam_risk_too_many_posts");
    EXPECT_THAT(emulator.rules(), Contains("stop_ignored"));

    emulator.wait(std::chrono::hours{24});
    emulator.access = emulator.mint("acmebakery");
    EXPECT_EQ(code_of(emulator.init({.title = "tomorrow"})), "ok");
}

TEST(Caps, PostsOfOtherClientsCountForADay) {
    Harness emulator;
    emulator.model.creator("acmebakery")->posts_already_today = 15;
    EXPECT_EQ(code_of(emulator.look()), "spam_risk_too_many_posts");
    emulator.wait(std::chrono::hours{24});
    emulator.access = emulator.mint("acmebakery");
    EXPECT_EQ(code_of(emulator.look()), "ok");
}

TEST(Caps, AnUnauditedAppHasFiveUsersADay) {
    std::string creators;
    for (int i = 0; i < 6; ++i) {
        creators +=
            fmt::format(R"({}{{"handle":"user{}","account":"private"}})", i > 0 ? "," : "", i);
    }
    Harness emulator(scenario(
        R"({"apps":[{"client_key":"emu-app","client_secret":"s","audited":false}],"creators":[)" +
        creators + R"(,{"handle":"acmebakery"}]})"));
    for (int i = 0; i < 6; ++i) {
        emulator.access = emulator.mint(fmt::format("user{}", i));
        std::string const code = code_of(emulator.init({.privacy_level = "SELF_ONLY"}));
        EXPECT_EQ(code, i < 5 ? "ok" : "reached_active_user_cap");
    }
    EXPECT_EQ(code_of(emulator.look()), "reached_active_user_cap");
    emulator.access = emulator.mint("user0");
    EXPECT_EQ(code_of(emulator.look()), "ok");
}

TEST(InboxInit, TakesFivePendingDrafts) {
    Harness emulator;
    for (int i = 0; i < 5; ++i) {
        EXPECT_EQ(emulator.post(inbox_init_path, draft_body).status, 200);
    }
    Reply const sixth = emulator.post(inbox_init_path, draft_body);
    EXPECT_EQ(sixth.status, 403);
    EXPECT_EQ(code_of(sixth), "spam_risk_too_many_pending_share");
    emulator.wait(std::chrono::hours{24});
    emulator.access = emulator.mint("acmebakery");
    EXPECT_EQ(emulator.post(inbox_init_path, draft_body).status, 200);
}

TEST(InboxInit, IgnoresPostInfoButSaysSo) {
    Harness emulator;
    std::string body = draft_body;
    body.insert(1, R"("post_info":{"title":"x"},)");
    EXPECT_EQ(emulator.post(inbox_init_path, body).status, 200);
    EXPECT_THAT(emulator.rules(), testing::ElementsAre("post_info_in_inbox"));
}

TEST(Pull, NeedsAVerifiedHttpsName) {
    Harness emulator;
    auto const code = [&](std::string const& url) {
        emulator.look();
        emulator.wait(std::chrono::seconds{20});
        return code_of(emulator.post(video_init_path, pull_body(url, url)));
    };
    EXPECT_EQ(code("https://media.example/a.mp4"), "ok");
    EXPECT_EQ(code("https://cdn.media.example/a.mp4"), "ok");
    EXPECT_EQ(code("https://evilmedia.example/a.mp4"), "url_ownership_unverified");
    EXPECT_EQ(code("https://other.example/a.mp4"), "url_ownership_unverified");
    EXPECT_EQ(code("https://10.0.0.1/a.mp4"), "url_ownership_unverified");
    EXPECT_EQ(code("http://media.example/a.mp4"), "url_ownership_unverified");
    EXPECT_THAT(emulator.rules(), Contains("url_not_https"));
}

std::string photo_body(std::string const& mode, std::string const& source, int count, int cover) {
    json::array images;
    for (int i = 0; i < count; ++i)
        images.emplace_back(fmt::format("https://media.example/{}.webp", i));
    return json::serialize(json::object{
        {"media_type", "PHOTO"},
        {"post_mode", mode},
        {"post_info",
         json::object{{"title", "loaves"},
                      {"privacy_level", "SELF_ONLY"},
                      {"brand_content_toggle", false},
                      {"brand_organic_toggle", false}}},
        {"source_info",
         json::object{
             {"source", source}, {"photo_images", images}, {"photo_cover_index", cover}}}});
}

TEST(PhotoInit, TakesOneToThirtyFiveUrls) {
    Harness emulator;
    auto const message = [&](std::string const& body) {
        emulator.look();
        emulator.wait(std::chrono::seconds{20});
        return message_of(emulator.post(photo_init_path, body));
    };
    EXPECT_EQ(message(photo_body("DIRECT_POST", "PULL_FROM_URL", 35, 34)), "");
    std::string const source = "The request source info is empty or incorrect";
    EXPECT_EQ(message(photo_body("DIRECT_POST", "PULL_FROM_URL", 36, 0)), source);
    EXPECT_EQ(message(photo_body("DIRECT_POST", "PULL_FROM_URL", 0, 0)), source);
    EXPECT_EQ(message(photo_body("DIRECT_POST", "PULL_FROM_URL", 2, 2)), source);
    EXPECT_EQ(message(photo_body("DIRECT_POST", "FILE_UPLOAD", 2, 0)), source);
    EXPECT_EQ(message(photo_body("DIRECT POST", "PULL_FROM_URL", 2, 0)),
              "Invalid media_type or post_mode");
    std::string video = photo_body("DIRECT_POST", "PULL_FROM_URL", 2, 0);
    video.replace(video.find("PHOTO"), 5, "VIDEO");
    EXPECT_EQ(message(video), "Invalid media_type or post_mode");
}

TEST(PhotoInit, TheScopeFollowsTheMode) {
    Harness emulator;
    emulator.access = emulator.mint("acmebakery", {"video.upload"});
    EXPECT_EQ(
        code_of(emulator.post(photo_init_path, photo_body("DIRECT_POST", "PULL_FROM_URL", 1, 0))),
        "scope_not_authorized");
    EXPECT_EQ(
        code_of(emulator.post(photo_init_path, photo_body("MEDIA_UPLOAD", "PULL_FROM_URL", 1, 0))),
        "ok");
    emulator.model.creator("acmebakery")->old_app = true;
    EXPECT_EQ(
        code_of(emulator.post(photo_init_path, photo_body("MEDIA_UPLOAD", "PULL_FROM_URL", 1, 0))),
        "app_version_check_failed");
}

TEST(Reinit, WhileTheSameContentIsUnderWayIsAViolation) {
    Harness emulator;
    emulator.init();
    emulator.put(0, 999, 1'000);

    emulator.init();

    EXPECT_THAT(emulator.rules(), testing::ElementsAre("reinit_while_pending"));
}

TEST(Reinit, AfterAnAbandonedUploadIsFine) {
    Harness emulator;
    emulator.init();
    emulator.init();
    EXPECT_THAT(emulator.rules(), IsEmpty());
}

}  // namespace
}  // namespace postrider::tiktok::emulator

// What becomes of a publish: status words, ids, reasons, drafts, pulls, cancel, the display
// endpoints, the ledger.
#include "tiktok/emulator/test/harness.hpp"

namespace postrider::tiktok::emulator {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;

std::string raw_status(Harness& emulator) {
    return emulator
        .post(status_path, json::serialize(json::object{{"publish_id", emulator.publish_id}}))
        .body;
}

TEST(Status, LeavesOutWhatHasNoValue) {
    Harness emulator;
    emulator.init();
    EXPECT_THAT(raw_status(emulator),
                testing::StartsWith(R"({"data":{"status":"PROCESSING_UPLOAD"},)"));
    emulator.put(0, 999, 1'000);
    EXPECT_THAT(
        raw_status(emulator),
        testing::StartsWith(R"({"data":{"status":"PROCESSING_UPLOAD","uploaded_bytes":1000},)"));
    emulator.wait(Millis{300});
    EXPECT_THAT(raw_status(emulator),
                testing::StartsWith(R"({"data":{"status":"PUBLISH_COMPLETE"},)"));
}

TEST(Status, GivesTheIdLateAndAsABareNumberOfNineteenDigits) {
    Harness emulator;
    emulator.init();
    emulator.put(0, 999, 1'000);
    emulator.wait(Millis{599});
    EXPECT_FALSE(emulator.status().contains("publicaly_available_post_id"));
    emulator.wait(Millis{1});

    std::string const body = raw_status(emulator);

    std::int64_t const id = emulator.model.ledger().entries().front().post_id;
    std::string const digits = std::to_string(id);
    EXPECT_EQ(digits.size(), 19U);
    EXPECT_THAT(body, testing::HasSubstr("\"publicaly_available_post_id\":[" + digits + "]"));
    EXPECT_NE(static_cast<std::int64_t>(static_cast<double>(id)), id)
        << "a double would do as well";
}

TEST(Status, MayShapeTheIdsOtherwise) {
    for (auto const& [shape, start] :
         {std::pair{"scalar", ":7"}, {"strings", ":[\"7"}, {"list", ":[7"}}) {
        Scenario world = Scenario::built_in();
        world.switches.post_id_shape = shape;
        world.switches.post_id_member = "publicly";
        Harness emulator(world);
        emulator.publish("x");
        EXPECT_THAT(raw_status(emulator),
                    testing::HasSubstr(std::string("\"publicly_available_post_id\"") + start));
    }
}

TEST(Status, APrivatePostNeverGetsAnId) {
    Harness emulator;
    emulator.init({.privacy_level = "SELF_ONLY"});
    emulator.put(0, 999, 1'000);
    emulator.wait(std::chrono::hours{1});
    EXPECT_EQ(emulator.status_word(), "PUBLISH_COMPLETE");
    EXPECT_FALSE(emulator.status().contains("publicaly_available_post_id"));
    EXPECT_EQ(emulator.model.ledger().entries().size(), 1U) << "it exists all the same";
}

TEST(Status, KnowsOnlyIdsOfThisCreatorAndApp) {
    Harness emulator;
    emulator.init();
    emulator.access = emulator.mint("nova_fr");
    auto const ask = [&](std::string const& id) {
        return code_of(
            emulator.post(status_path, json::serialize(json::object{{"publish_id", id}})));
    };
    EXPECT_EQ(ask(emulator.publish_id), "token_not_authorized_for_specified_publish_id");
    EXPECT_EQ(ask("v_pub_file~v2-1.1"), "invalid_publish_id");
    EXPECT_EQ(code_of(emulator.post(status_path, R"({"publish_id":7})")), "invalid_params");
}

TEST(Status, HasThirtyCallsAMinute) {
    Harness emulator;
    emulator.init();
    for (int i = 0; i < 30; ++i) EXPECT_EQ(emulator.status_word(), "PROCESSING_UPLOAD");
    EXPECT_EQ(emulator.status_word(), "");
    EXPECT_THAT(emulator.rules(), ElementsAre("rate_limited"));
}

TEST(Outcome, FailsByTitleByHashAndByDuration) {
    std::string const sha = sha256_hex(std::string(1'000, 'q'));
    Harness emulator(scenario(fmt::format(R"({{"outcomes":[
        {{"title":"spam","fail_reason":"spam_risk_text"}},
        {{"sha256":"{}","fail_reason":"picture_size_check_failed"}},
        {{"title":"long","duration_sec":601}}, {{"title":"fits","duration_sec":600}}]}})",
                                          sha)));
    auto const reason = [&](std::string const& title, char letter) -> std::string {
        emulator.publish(title, letter);
        emulator.wait(std::chrono::seconds{15});
        json::object const data = emulator.status();
        return data.contains("fail_reason") ? data.at("fail_reason").as_string().c_str() : "";
    };
    EXPECT_EQ(reason("spam", 'v'), "spam_risk_text");
    EXPECT_EQ(reason("other", 'q'), "picture_size_check_failed");
    EXPECT_EQ(reason("long", 'v'), "duration_check_failed");
    EXPECT_EQ(reason("fits", 'v'), "");
    EXPECT_EQ(emulator.model.ledger().entries().size(), 1U);
}

TEST(Outcome, TheDailyCapIsCheckedAgainAtTheEnd) {
    Harness emulator;
    emulator.init();
    emulator.put(0, 999, 1'000);
    emulator.model.creator("acmebakery")->daily_cap = 0;
    emulator.wait(std::chrono::seconds{1});
    EXPECT_EQ(emulator.status().at("fail_reason"), "spam_risk_too_many_posts");
}

TEST(Outcome, ProcessingGoesOnWithoutAnyRequest) {
    Harness emulator;
    emulator.init();
    emulator.put(0, 999, 1'000);
    ASSERT_TRUE(emulator.model.next_event());
    EXPECT_EQ(*emulator.model.next_event() - emulator.time, Millis{300});
    emulator.wait(Millis{300});
    EXPECT_EQ(emulator.model.ledger().entries().size(), 1U);
    EXPECT_FALSE(emulator.model.next_event());
}

std::string const inbox_body =
    R"({"source_info":{"source":"FILE_UPLOAD","video_size":1000,"chunk_size":1000,"total_chunk_count":1}})";

TEST(Draft, WaitsInTheInboxAndMayBecomeSeveralPosts) {
    Harness emulator;
    emulator.start(emulator.post(inbox_init_path, inbox_body));
    EXPECT_THAT(emulator.publish_id, testing::StartsWith("v_inbox_file~v2."));
    emulator.put(0, 999, 1'000);
    emulator.wait(std::chrono::seconds{1});
    EXPECT_EQ(emulator.status_word(), "SEND_TO_USER_INBOX");
    EXPECT_THAT(emulator.model.ledger().entries(), IsEmpty());

    EXPECT_TRUE(emulator.model.post_draft(emulator.publish_id, 3));
    emulator.wait(std::chrono::seconds{1});

    EXPECT_EQ(emulator.status_word(), "PUBLISH_COMPLETE");
    EXPECT_EQ(emulator.status().at("publicaly_available_post_id").as_array().size(), 3U);
    EXPECT_EQ(emulator.model.ledger().entries().size(), 3U);
    EXPECT_THAT(emulator.model.ledger().doubles(), IsEmpty());
    EXPECT_FALSE(emulator.model.post_draft(emulator.publish_id, 1)) << "only once";
}

TEST(Draft, MayBePostedByTheCreatorWithoutBeingAsked) {
    Scenario world = Scenario::built_in();
    world.switches.drafts = "post";
    Harness emulator(world);
    emulator.start(emulator.post(inbox_init_path, inbox_body));
    emulator.put(0, 999, 1'000);
    emulator.wait(std::chrono::seconds{2});
    EXPECT_EQ(emulator.status_word(), "PUBLISH_COMPLETE");
}

TEST(Pull, DownloadsThenPublishes) {
    Harness emulator;
    emulator.look();
    emulator.start(emulator.post(video_init_path, pull_body("https://media.example/a.mp4")));
    EXPECT_THAT(emulator.publish_id, testing::StartsWith("v_pub_url~v2."));
    EXPECT_EQ(emulator.status_word(), "PROCESSING_DOWNLOAD");
    emulator.wait(Millis{150});
    std::int64_t const half = emulator.status().at("downloaded_bytes").as_int64();
    EXPECT_GT(half, 4'000'000);
    EXPECT_LT(half, 6'000'000);
    emulator.wait(std::chrono::seconds{2});
    EXPECT_EQ(emulator.status_word(), "PUBLISH_COMPLETE");
    EXPECT_EQ(emulator.model.ledger().entries().front().source, "PULL_FROM_URL");
}

TEST(Pull, MayFailOrHangForAnHour) {
    for (auto const& [word, wait] : {std::pair{"fail", Millis{300}}, {"hang", Millis{3'600'000}}}) {
        Scenario world = Scenario::built_in();
        world.switches.pull = word;
        Harness emulator(world);
        emulator.look();
        emulator.start(emulator.post(video_init_path, pull_body("https://media.example/a.mp4")));
        emulator.wait(wait - Millis{1});
        EXPECT_EQ(emulator.status_word(), "PROCESSING_DOWNLOAD");
        emulator.wait(Millis{1});
        EXPECT_EQ(emulator.status().at("fail_reason"), "video_pull_failed");
    }
}

TEST(Pull, IsPublishedTwiceByASecondInit) {
    Harness emulator;
    for (int i = 0; i < 2; ++i) {
        emulator.look();
        emulator.post(video_init_path, pull_body("https://media.example/a.mp4"));
    }
    emulator.wait(std::chrono::seconds{2});
    EXPECT_EQ(emulator.model.ledger().doubles().size(), 1U);
    EXPECT_THAT(emulator.rules(), ElementsAre("reinit_while_pending", "double_publish"));
}

TEST(Cancel, StopsARunningPullAndNothingElse) {
    Harness emulator;
    auto const cancel = [&] {
        return emulator.post(cancel_path,
                             json::serialize(json::object{{"publish_id", emulator.publish_id}}));
    };
    emulator.look();
    emulator.start(emulator.post(video_init_path, pull_body("https://media.example/a.mp4")));
    Reply const done = cancel();
    EXPECT_EQ(code_of(done), "ok");
    EXPECT_FALSE(parsed(done.body).contains("data"));
    EXPECT_EQ(emulator.status().at("fail_reason"), "publish_cancelled");
    EXPECT_EQ(code_of(cancel()), "publish_not_cancellable");
    emulator.init();
    EXPECT_EQ(code_of(cancel()), "publish_not_cancellable");
    emulator.publish_id = "nothing";
    EXPECT_EQ(code_of(cancel()), "invalid_publish_id");
    emulator.wait(std::chrono::seconds{5});
    EXPECT_THAT(emulator.model.ledger().entries(), IsEmpty());
}

TEST(Ledger, CountsPostsAndDoubles) {
    Harness emulator;
    emulator.publish("one");
    emulator.publish("one");
    emulator.publish("one", 'w');
    emulator.access = emulator.mint("nova_fr");
    emulator.publish("one");

    json::object const ledger = emulator.model.ledger().write();

    EXPECT_EQ(ledger.at("count"), 4);
    EXPECT_EQ(json::serialize(ledger.at("counts")), R"({"acmebakery":3,"nova_fr":1})");
    ASSERT_EQ(ledger.at("doubles").as_array().size(), 1U);
    json::object const& twice = ledger.at("doubles").as_array().front().as_object();
    EXPECT_EQ(twice.at("creator"), "acmebakery");
    EXPECT_EQ(twice.at("count"), 2);
    EXPECT_THAT(emulator.rules(), ElementsAre("double_publish"));
    json::object const& entry = ledger.at("posts").as_array().front().as_object();
    EXPECT_EQ(entry.at("published_at"), "2026-11-20T00:00:00.300Z");
    EXPECT_EQ(entry.at("size"), 1'000);
    EXPECT_EQ(entry.at("privacy_level"), "PUBLIC_TO_EVERYONE");
}

TEST(Display, UserInfoGivesOnlyWhatWasAskedAndGranted) {
    Harness emulator;
    json::object const body =
        parsed(emulator.get("/v2/user/info/?fields=open_id,username,video_count").body);
    json::object const& user = body.at("data").at("user").as_object();
    EXPECT_EQ(user.size(), 3U);
    EXPECT_EQ(user.at("username"), "acmebakery");
    EXPECT_EQ(code_of(emulator.get("/v2/user/info/")), "invalid_params");
    emulator.access = emulator.mint("acmebakery", {"user.info.basic"});
    Reply const lacking = emulator.get("/v2/user/info/?fields=username");
    EXPECT_EQ(lacking.status, 401);
    EXPECT_EQ(code_of(lacking), "scope_permission_missed");
}

TEST(Display, VideoListPagesPublicPostsNewestFirst) {
    Harness emulator;
    for (int i = 0; i < 3; ++i) emulator.publish(fmt::format("post {}", i));
    emulator.init({.title = "secret", .privacy_level = "SELF_ONLY"});
    emulator.put(0, 999, 1'000);
    emulator.wait(std::chrono::seconds{1});

    json::object const first =
        parsed(emulator.post("/v2/video/list/?fields=id,title", R"({"max_count":2})").body)
            .at("data")
            .as_object();
    EXPECT_TRUE(first.at("has_more").as_bool());
    EXPECT_EQ(first.at("videos").as_array().front().at("title"), "post 2");
    EXPECT_TRUE(first.at("videos").as_array().front().at("id").is_string());
    json::object const second =
        parsed(emulator
                   .post("/v2/video/list/?fields=id,title",
                         json::serialize(json::object{{"cursor", first.at("cursor")}}))
                   .body)
            .at("data")
            .as_object();
    EXPECT_FALSE(second.at("has_more").as_bool());
    EXPECT_EQ(second.at("videos").as_array().size(), 1U);
    EXPECT_EQ(code_of(emulator.post("/v2/video/list/?fields=id", R"({"max_count":21})")),
              "invalid_params");
}

TEST(Display, VideoQueryLeavesOutWhatItMayNotShow) {
    Harness emulator;
    emulator.publish("mine");
    std::string const id = std::to_string(emulator.model.ledger().entries().front().post_id);
    std::string const body = fmt::format(R"({{"filters":{{"video_ids":["{}","1"]}}}})", id);
    auto const count = [&] {
        return parsed(emulator.post("/v2/video/query/?fields=id,share_url", body).body)
            .at("data")
            .at("videos")
            .as_array()
            .size();
    };
    EXPECT_EQ(count(), 1U);
    emulator.access = emulator.mint("nova_de");
    EXPECT_EQ(count(), 0U);
}

}  // namespace
}  // namespace postrider::tiktok::emulator

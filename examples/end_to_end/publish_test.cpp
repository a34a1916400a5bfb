// From a Lua file to a public post, through the real binary, the real adapter and real HTTP;
// interrupted in every rude way.
#include "rig.hpp"

#include <postrider/test/large_mp4.hpp>

#include <SQLiteCpp/SQLiteCpp.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <thread>

namespace postrider::end_to_end {
namespace {

using testing::Each;
using testing::IsEmpty;
using testing::SizeIs;

constexpr std::uint64_t chunked_size = 66'000'000;  // more than one chunk by TikTok's rules

void add_large_video(Rig& rig) {
    rig.campaign(one_post("large.mp4", "a long one"));
    test::write_large_mp4(
        rig.folder() / "campaign/opening.mp4", rig.folder() / "campaign/large.mp4", chunked_size);
}

void expect_one_post(Rig& rig) {
    EXPECT_THAT(rig.states(), testing::ElementsAre("published"));
    auto const ledger = rig.ledger();
    EXPECT_EQ(ledger.at("count").to_number<int>(), 1);
    EXPECT_THAT(ledger.at("doubles").as_array(), SizeIs(0));
    EXPECT_THAT(rig.violations(), IsEmpty()) << boost::json::serialize(rig.violations());
}

TEST(Publish, OneVideoOnceWithProof) {
    Rig rig;
    rig.set_up();
    rig.campaign(one_post("spring-bread.mp4", "Spring bread. #bakery"));
    rig.approve();

    auto const ran = rig.run_until_idle();

    EXPECT_EQ(ran.exit, 0) << ran.err;
    expect_one_post(rig);
    auto const post = rig.ledger().at("posts").as_array().at(0).as_object();
    EXPECT_EQ(post.at("title").as_string(), "Spring bread. #bakery");
    EXPECT_EQ(post.at("privacy_level").as_string(), "PUBLIC_TO_EVERYONE");
    auto const job = rig.run({"job", "list"});
    EXPECT_THAT(job.text("/data/items/0/receipt/seen/link"),
                testing::EndsWith("/video/" + std::string(post.at("post_id").as_string())));
}

// Whoever looks into the store with a tool of their own may hold it for longer than a write waits.
TEST(Publish, AnEngineOutlastsAProgramThatHoldsTheStore) {
    Rig rig;
    rig.set_up();
    rig.campaign(one_post("spring-bread.mp4"));
    rig.approve();
    SQLite::Database other((rig.folder() / "state/postrider.db").string(), SQLite::OPEN_READWRITE);
    other.exec("begin immediate");

    auto const engine = rig.start({"run", "--until", "idle"});
    // Five seconds is what a write waits.
    std::this_thread::sleep_for(std::chrono::seconds(7));
    other.exec("rollback");

    EXPECT_EQ(engine->wait(std::chrono::seconds(60)), 0);
    expect_one_post(rig);
}

TEST(Publish, ApplyingTwiceAndRunningTwiceChangesNothing) {
    Rig rig;
    rig.set_up();
    rig.campaign(one_post("croissant.mp4"));
    rig.approve();
    rig.run_until_idle();

    auto const again = rig.run({"campaign", "plan", rig.script()});
    EXPECT_EQ(again.at("/data/counts/create").to_number<int>(), 0);
    EXPECT_EQ(again.at("/data/counts/unchanged").to_number<int>(), 1);
    rig.run({"campaign", "apply", rig.script(), "--hash", again.text("/data/plan/plan_hash")});
    rig.run_until_idle();

    expect_one_post(rig);
}

TEST(Publish, NothingIsSentBeforeAPersonHasApproved) {
    Rig rig;
    rig.set_up();
    rig.campaign(one_post("croissant.mp4"));
    auto const planned = rig.run({"campaign", "plan", rig.script()});
    rig.run({"campaign", "apply", rig.script(), "--hash", planned.text("/data/plan/plan_hash")});

    rig.run_until_idle();

    EXPECT_THAT(rig.states(), Each(std::string("awaiting_approval")));
    for (auto const& request : rig.requests())
        EXPECT_NE(request.as_object().at("endpoint").as_string(), "video_init");
}

TEST(Publish, WrongPassphraseApprovesNothing) {
    Rig rig;
    rig.set_up();
    rig.campaign(one_post("croissant.mp4"));
    auto const planned = rig.run({"campaign", "plan", rig.script()});
    auto const hash = planned.text("/data/plan/plan_hash");
    rig.run({"campaign", "apply", rig.script(), "--hash", hash});

    auto const granted =
        rig.run({"approval", "grant", "--person", "maria", "--hash", hash, "--passphrase-stdin"},
                "not it at all\n");

    EXPECT_EQ(granted.text("/error/code"), "person.passphrase_wrong");
    EXPECT_THAT(rig.states(), Each(std::string("awaiting_approval")));
}

TEST(Publish, StaleHashAppliesNothing) {
    Rig rig;
    rig.set_up();
    rig.campaign(one_post("croissant.mp4", "first"));
    auto const planned = rig.run({"campaign", "plan", rig.script()});
    rig.campaign(one_post("croissant.mp4", "second"));

    auto const applied = rig.run(
        {"campaign", "apply", rig.script(), "--hash", planned.text("/data/plan/plan_hash")});

    EXPECT_EQ(applied.exit, 8);
    EXPECT_EQ(applied.text("/error/code"), "conflict.plan_stale");
    EXPECT_THAT(rig.states(), IsEmpty());
}

TEST(Publish, LargeVideoGoesInChunks) {
    Rig rig;
    rig.set_up();
    add_large_video(rig);
    rig.approve();

    rig.run_until_idle();

    expect_one_post(rig);
    EXPECT_EQ(
        rig.ledger().at("posts").as_array().at(0).as_object().at("size").to_number<std::uint64_t>(),
        chunked_size);
}

TEST(Publish, KilledInMidUploadItGoesOnWhereItStoodAndPostsOnce) {
    Rig rig({}, R"([{"on":"upload","match":{"chunk":4},"do":"stall","ms":3000}])");
    rig.set_up();
    add_large_video(rig);
    rig.approve();

    auto running = rig.start({"run", "--until", "idle"});
    ASSERT_TRUE(rig.uploads_seen(3));
    running->signal(SIGKILL);
    running->wait();
    rig.run_until_idle();

    expect_one_post(rig);
    int inits = 0;
    for (auto const& request : rig.requests())
        if (request.as_object().at("endpoint").as_string() == "video_init") ++inits;
    EXPECT_EQ(inits, 1);  // it resumed; it did not begin again
}

TEST(Publish, EmulatorStoppedInMidUploadAndStartedAgainPostsOnce) {
    Rig rig({}, R"([{"on":"upload","match":{"chunk":3},"do":"stall","ms":1500}])");
    rig.set_up();
    add_large_video(rig);
    rig.approve();

    auto running = rig.start({"run", "--until", "idle"});
    ASSERT_TRUE(rig.uploads_seen(2));
    rig.kill_emulator();
    rig.start_emulator();
    EXPECT_EQ(running->wait(std::chrono::seconds(100)), 0);

    EXPECT_THAT(rig.states(), testing::ElementsAre("published"));
    EXPECT_EQ(rig.ledger().at("count").to_number<int>(), 1);
    EXPECT_THAT(rig.ledger().at("doubles").as_array(), SizeIs(0));
}

TEST(Publish, LostAnswerToTheLastChunkIsLookedAtNotSentAgain) {
    Rig rig({}, R"([{"on":"upload","match":{"chunk":"last"},"do":"drop_after"}])");
    rig.set_up();
    rig.campaign(one_post("film-9x16.mp4"));
    rig.approve();

    rig.run_until_idle();

    expect_one_post(rig);
}

TEST(Publish, LostAnswersOfInitAndStatusDoNotDouble) {
    Rig rig(
        {},
        R"([{"on":"video_init","do":"drop_before"},{"on":"status","do":"html"},{"on":"creator_info","match":{"creator":"acmebakery"},"nth":3,"do":"500_before"}])");
    rig.set_up();
    rig.campaign(one_post("film-9x16.mp4"));
    rig.approve();

    rig.run_until_idle();

    expect_one_post(rig);
}

TEST(Publish, TokenThatEndedIsRefreshedOnceAndTheJobGoesOn) {
    Rig rig;
    rig.set_up();
    rig.campaign(one_post("film-9x16.mp4"));
    rig.approve();
    rig.post("/_emulator/creators/acmebakery", R"({"expire_tokens":true})");

    rig.run_until_idle();

    expect_one_post(rig);
    int refreshes = 0;
    for (auto const& request : rig.requests())
        if (request.as_object().at("endpoint").as_string() == "token") ++refreshes;
    EXPECT_EQ(refreshes, 1);
}

TEST(Publish, TwoEnginesOnOneStorePublishEachPostOnce) {
    Rig rig;
    rig.set_up();
    std::string lua = R"lua(
local postrider = require "postrider" { api = 1 }
local posts = {}
for _, name in ipairs { "croissant", "market", "opening" } do
  posts[#posts + 1] = postrider.post {
    key = name, media = name .. ".mp4", when = "asap", caption = name,
    options = { tiktok = { privacy_level = "SELF_ONLY", allow_comment = false, allow_duet = false, allow_stitch = false,
      disclosure = "none" } },
  }
end
return postrider.campaign { name = "both", zone = "Europe/Paris", posts = posts,
  accounts = { "tiktok:@acmebakery", "tiktok:@nova_fr", "tiktok:@nova_de" } }
)lua";
    rig.campaign(lua);
    rig.approve();

    auto one = rig.start({"run", "--until", "idle"});
    auto two = rig.start({"run", "--until", "idle"});
    EXPECT_EQ(one->wait(std::chrono::seconds(100)), 0);
    EXPECT_EQ(two->wait(std::chrono::seconds(100)), 0);

    EXPECT_THAT(rig.states(), testing::AllOf(SizeIs(9), Each(std::string("published"))));
    EXPECT_EQ(rig.ledger().at("count").to_number<int>(), 9);
    EXPECT_THAT(rig.ledger().at("doubles").as_array(), SizeIs(0));
    EXPECT_THAT(rig.violations(), IsEmpty()) << boost::json::serialize(rig.violations());
}

TEST(Publish, PrivacyThatIsNotOfferedAnyMoreGoesBackToAPerson) {
    Rig rig;
    rig.set_up();
    rig.campaign(one_post("croissant.mp4"));
    rig.approve();
    rig.post("/_emulator/creators/acmebakery", R"({"account":"private"})");

    rig.run_until_idle();

    EXPECT_THAT(rig.states(), testing::ElementsAre("awaiting_approval"));
    EXPECT_EQ(rig.ledger().at("count").to_number<int>(), 0);
}

}  // namespace
}  // namespace postrider::end_to_end

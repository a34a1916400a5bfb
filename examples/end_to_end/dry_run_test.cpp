// Dry runs against the emulator: its record of requests shows looks and nothing else.
#include "rig.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace postrider::end_to_end {
namespace {

namespace json = boost::json;

void expect_looks_only(Rig& rig, std::size_t after) {
    auto const requests = rig.requests();
    for (std::size_t i = after; i < requests.size(); ++i)
        EXPECT_EQ(requests.at(i).as_object().at("endpoint").as_string(), "creator_info");
    EXPECT_EQ(rig.ledger().at("count").to_number<int>(), 0);
    EXPECT_EQ(rig.violations().size(), 0U);
}

TEST(DryRun, OfTheEngineShowsTheRequestAndSendsLooksOnly) {
    Rig rig;
    rig.set_up();
    rig.campaign(one_post("croissant.mp4", "dry"));
    rig.approve();
    auto const before = rig.requests().size();

    auto const ran = rig.run({"run", "--dry-run"});

    EXPECT_EQ(ran.exit, 0) << json::serialize(ran.envelope);
    auto const requests = ran.at("/data/requests");
    ASSERT_EQ(requests.as_array().size(), 1U) << json::serialize(requests);
    EXPECT_EQ(ran.text("/data/requests/0/method"), "POST");
    EXPECT_THAT(ran.text("/data/requests/0/url"),
                testing::HasSubstr("/v2/post/publish/video/init/"));
    EXPECT_EQ(ran.text("/data/requests/0/headers/Authorization"), "Bearer {access_token}");
    EXPECT_EQ(ran.text("/data/requests/0/body/post_info/title"), "dry");
    expect_looks_only(rig, before);
    EXPECT_THAT(rig.states(), testing::ElementsAre("scheduled"));

    rig.run_until_idle();
    EXPECT_EQ(rig.ledger().at("count").to_number<int>(), 1);
}

TEST(DryRun, OfApplyingACampaignLeavesNoJobAndNoPlan) {
    Rig rig;
    rig.set_up();
    rig.campaign(one_post("croissant.mp4"));
    auto const hash = rig.run({"campaign", "plan", rig.script()}).text("/data/plan/plan_hash");
    auto const plans = rig.run({"plan", "list"}).at("/data/items").as_array().size();
    auto const before = rig.requests().size();

    auto const ran =
        rig.run({"campaign", "apply", rig.script(), "--hash", hash, "--dry-run", "--wait"});

    EXPECT_EQ(ran.exit, 0) << json::serialize(ran.envelope);
    EXPECT_EQ(ran.at("/data/counts/awaiting_approval").to_number<int>(), 1);
    expect_looks_only(rig, before);
    EXPECT_THAT(rig.states(), testing::IsEmpty());
    EXPECT_EQ(rig.run({"plan", "list"}).at("/data/items").as_array().size(), plans);
    EXPECT_EQ(rig.run({"approval", "list"}).at("/data/items").as_array().size(), 0U);
}

// A refresh uses the refresh token up, so a dry run must not do it.
TEST(DryRun, WithADeadTokenNamesTheRefreshAndDoesNotUseIt) {
    Rig rig;
    rig.set_up();
    rig.campaign(one_post("croissant.mp4"));
    rig.approve();
    rig.post("/_emulator/creators/acmebakery", R"({"expire_tokens":true})");
    auto const before = rig.requests().size();

    auto const ran = rig.run({"run", "--dry-run"});

    auto const requests = json::serialize(ran.at("/data/requests"));
    EXPECT_THAT(requests, testing::HasSubstr("client_secret={client_secret}"));
    EXPECT_THAT(requests, testing::HasSubstr("refresh_token={refresh_token}"));
    EXPECT_THAT(json::serialize(ran.envelope), testing::Not(testing::HasSubstr("emu-secret")));
    expect_looks_only(rig, before);

    rig.run_until_idle();
    EXPECT_EQ(rig.ledger().at("count").to_number<int>(), 1);
}

}  // namespace
}  // namespace postrider::end_to_end

// Hooks: raised with the state, done at least once, and never a danger to the job.
#include <postrider/catalogue.hpp>
#include <postrider/core/hooks.hpp>
#include <postrider/test/engine_bench.hpp>

#include <gtest/gtest.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/json/parse.hpp>

namespace postrider::core {
namespace {

using namespace std::chrono_literals;
using test::EngineBench;
using test::Fault;

boost::json::object notice(std::string_view text, std::string_view channel = "desk") {
    boost::json::object action;
    action["action"] = "notify";
    action["channel"] = channel;
    action["text"] = text;
    return action;
}

boost::json::object holding(std::string_view what) {
    boost::json::object action;
    action["action"] = "hold";
    action["what"] = what;
    return action;
}

void hook(EngineBench& bench,
          std::string const& id,
          std::string const& state,
          boost::json::object action) {
    bench.change(id, [&](Job& job) {
        auto& list = job.spec.hooks[state];
        if (!list.is_array()) list = boost::json::array();
        list.get_array().push_back(action);
    });
}

std::vector<HookRun> runs_of(EngineBench& bench, std::string const& id) {
    return *read_now<std::vector<HookRun>>(bench.store(),
                                           [&](Tables& tables) { return tables.hook_runs(id); });
}

int count_events(EngineBench& bench, std::string const& type) {
    auto events = *read_now<std::vector<Event>>(
        bench.store(), [&](Tables& tables) { return tables.events(0, {type}, 0); });
    return static_cast<int>(events.size());
}

TEST(Hooks, ANoticeSaysWhatHappened) {
    EngineBench bench;
    auto const id = bench.add_job("alpha", "ann", "hello");
    hook(
        bench, id, "published", notice("{post} on {account} is {state}: {link} {{really}} {code}"));

    ASSERT_TRUE(bench.run_until_idle());

    ASSERT_EQ(bench.notices.size(), 1U);
    EXPECT_EQ(bench.notices[0].first, "desk");
    auto const line = boost::json::parse(bench.notices[0].second).as_object();
    EXPECT_EQ(line.at("text").as_string(),
              "hello on alpha:@ann is published: http://fake.invalid/t1 {really} ");
    EXPECT_EQ(line.at("job_id").as_string(), id);
    EXPECT_EQ(line.at("state").as_string(), "published");
    EXPECT_EQ(line.at("account").as_string(), "alpha:@ann");
    EXPECT_TRUE(is_final(bench.job(id).state));
    auto const runs = runs_of(bench, id);
    ASSERT_EQ(runs.size(), 1U);
    EXPECT_EQ(line.at("id").as_string(), runs[0].id);
    EXPECT_TRUE(runs[0].done_at);
    EXPECT_FALSE(runs[0].next_at);
}

TEST(Hooks, EachStateRunsItsOwnActionsOnly) {
    EngineBench bench;
    auto const id = bench.add_job("alpha", "ann", "hello");
    for (auto const* state : {"published", "rejected", "cancelled", "unknown"})
        hook(bench, id, state, notice(state));
    bench.network().fault("publish", 1, Fault::lost_after);

    ASSERT_TRUE(bench.run_until_idle());

    ASSERT_EQ(bench.notices.size(), 2U);
    EXPECT_NE(bench.notices[0].second.find("\"text\":\"unknown\""), std::string::npos);
    EXPECT_NE(bench.notices[1].second.find("\"text\":\"published\""), std::string::npos);
}

TEST(Hooks, ARefusalNamesItsCodeAndOwner) {
    EngineBench bench;
    auto const id = bench.add_job("alpha", "ann", "hello");
    hook(bench, id, "rejected", notice("{code} {owner}: {message}"));
    bench.network().refuse_content = true;

    ASSERT_TRUE(bench.run_until_idle());

    ASSERT_EQ(bench.notices.size(), 1U);
    auto const line = boost::json::parse(bench.notices[0].second).as_object();
    EXPECT_TRUE(std::string(line.at("text").as_string())
                    .starts_with("network.moderation creator: The network refused"))
        << line.at("text").as_string();
}

TEST(Hooks, AChannelThatFailsIsTriedAgainAndTheJobIsUntouched) {
    EngineBench bench;
    auto const id = bench.add_job("alpha", "ann", "hello");
    hook(bench, id, "published", notice("out"));
    int tries = 0;
    bench.channel_says = [&](std::string const&) -> Result<void> {
        if (++tries < 4) return make_error("hook.channel_failed", "no space");
        return {};
    };

    ASSERT_TRUE(bench.run_until_idle());
    EXPECT_EQ(tries, 1);
    auto const failed = runs_of(bench, id).at(0);
    EXPECT_EQ(failed.error, "hook.channel_failed: no space");
    EXPECT_TRUE(failed.next_at);
    EXPECT_EQ(bench.job(id).state, JobState::published);

    for (int i = 0; i < 10; ++i) {
        bench.clock().jump(1h);
        ASSERT_TRUE(bench.run_until_idle());
    }

    EXPECT_EQ(tries, 4);
    EXPECT_EQ(bench.notices.size(), 1U);
    EXPECT_TRUE(runs_of(bench, id).at(0).done_at);
    EXPECT_EQ(count_events(bench, "hook.failed"), 1);
}

TEST(Hooks, OnesThatEndedLongAgoMakeRoomForNewOnes) {
    EngineBench bench;
    auto const publish = [&](char const* key) {
        auto const id = bench.add_job("alpha", "ann", key);
        hook(bench, id, "published", notice("out"));
        EXPECT_TRUE(bench.run_until_idle());
        return id;
    };
    auto const old = publish("old");
    bench.clock().jump(29 * 24h);
    auto const recent = publish("recent");
    ASSERT_EQ(runs_of(bench, old).size(), 1U);

    bench.clock().jump(2 * 24h);
    publish("new");

    EXPECT_TRUE(runs_of(bench, old).empty());
    EXPECT_EQ(runs_of(bench, recent).size(), 1U);
}

TEST(Hooks, FailedOnesAreFoundUntilTheySucceed) {
    EngineBench bench;
    auto const id = bench.add_job("alpha", "ann", "hello");
    hook(bench, id, "published", notice("out"));
    bool full = true;
    bench.channel_says = [&](std::string const&) -> Result<void> {
        if (full) return make_error("hook.channel_failed", "no space");
        return {};
    };
    auto const failed = [&] {
        return read_now<std::vector<HookRun>>(
                   bench.store(), [](Tables& tables) { return tables.failed_hook_runs(10); })
            ->size();
    };

    ASSERT_TRUE(bench.run_until_idle());
    EXPECT_EQ(failed(), 1U);

    full = false;
    bench.clock().jump(1h);
    ASSERT_TRUE(bench.run_until_idle());
    EXPECT_EQ(failed(), 0U);
}

TEST(Hooks, AnUnknownChannelIsGivenUpAfterThreeDays) {
    EngineBench bench;
    auto const id = bench.add_job("alpha", "ann", "hello");
    hook(bench, id, "published", notice("out", "nowhere"));
    bench.channel_says = [](std::string const&) { return make_error("hook.channel_unknown"); };

    for (int i = 0; i < 80; ++i) {
        ASSERT_TRUE(bench.run_until_idle());
        bench.clock().jump(1h);
    }

    auto const run = runs_of(bench, id).at(0);
    EXPECT_FALSE(run.next_at);
    EXPECT_FALSE(run.done_at);
    EXPECT_GT(run.attempts, 50);
    EXPECT_EQ(bench.job(id).state, JobState::published);
}

TEST(Hooks, HoldPausesTheAccountsJobsThatHaveNotBegun) {
    EngineBench bench;
    auto const bad = bench.add_job("alpha", "ann", "bad");
    auto const next = bench.add_job("alpha", "ann", "next", 5min);
    auto const other = bench.add_job("alpha", "eve", "other", 5min);
    hook(bench, bad, "unknown", holding("account"));
    bench.network().fault("publish", 1, Fault::lost_after);

    ASSERT_TRUE(bench.run_until_idle());

    EXPECT_EQ(bench.job(bad).state, JobState::published);
    EXPECT_EQ(bench.job(next).state, JobState::waiting);
    EXPECT_EQ(bench.job(next).waiting, adapter::WaitReason::paused);
    EXPECT_EQ(bench.job(other).state, JobState::published);
    EXPECT_EQ(count_events(bench, "account.paused"), 1);
}

TEST(Ban, PausesTheAccountBeforeItsOtherPostsRunIntoIt) {
    EngineBench bench;
    auto const first = bench.add_job("alpha", "ann", "first");
    auto const next = bench.add_job("alpha", "ann", "next", 5min);
    bench.network().banned = true;

    ASSERT_TRUE(bench.run_until_idle());

    EXPECT_EQ(bench.job(first).state, JobState::rejected);
    EXPECT_EQ(bench.job(next).state, JobState::waiting);
    EXPECT_EQ(bench.job(next).waiting, adapter::WaitReason::paused);
    EXPECT_EQ(count_events(bench, "account.paused"), 1);
    EXPECT_EQ(bench.network().calls("publish"), 1);
}

TEST(Hooks, SurviveADeathBetweenStateAndAction) {
    EngineBench bench;
    auto const id = bench.add_job("alpha", "ann", "hello");
    hook(bench, id, "published", notice("out"));
    // Written with the state, and the process ends before it is done.
    int tries = 0;
    bench.channel_says = [&](std::string const&) -> Result<void> {
        if (++tries == 1) throw std::runtime_error("the process dies here");
        return {};
    };
    EXPECT_ANY_THROW(bench.run_until_idle());
    bench.restart();
    bench.clock().jump(1min);

    ASSERT_TRUE(bench.run_until_idle());

    EXPECT_EQ(bench.notices.size(), 1U);
    EXPECT_EQ(bench.network().posts(), 1);
}

TEST(Hooks, WhatAnotherProcessHasDoneOrTakenMeanwhileIsLeftToIt) {
    EngineBench bench;
    auto const id = bench.add_job("alpha", "ann", "hello");
    for (int i = 0; i < 3; ++i) hook(bench, id, "published", notice("out"));
    auto const untouched = [&] {
        auto runs = runs_of(bench, id);
        std::erase_if(runs, [](HookRun const& run) { return run.attempts > 0; });
        return runs;
    };
    bench.channel_says = [&](std::string const&) -> Result<void> {
        auto others = untouched();
        EXPECT_EQ(others.size(), 2U);
        others.at(0).next_at.reset();
        others.at(1).next_at = bench.clock().now() + 1h;
        EXPECT_TRUE(bench.truth().write([&](Tables& tables) -> Result<void> {
            if (auto put = tables.put_hook_run(others.at(0)); !put) return put;
            return tables.put_hook_run(others.at(1));
        }));
        return {};
    };

    ASSERT_TRUE(bench.run_until_idle());

    EXPECT_EQ(bench.notices.size(), 1U);
    EXPECT_EQ(untouched().size(), 2U);
}

TEST(Hooks, WhatNobodyCanDoIsNotedAndTheJobIsUntouched) {
    EngineBench bench;
    auto const id = bench.add_job("alpha", "ann", "hello");
    boost::json::object nonsense;
    nonsense["action"] = "dance";
    hook(bench, id, "published", nonsense);
    ASSERT_TRUE(bench.run_until_idle());

    EXPECT_TRUE(runs_of(bench, id).at(0).error.starts_with("internal.bug"));
    EXPECT_EQ(count_events(bench, "hook.failed"), 1);
    EXPECT_EQ(bench.job(id).state, JobState::published);
}

TEST(Hooks, WithoutChannelsANoticeWaitsForAProcessThatHasThem) {
    EngineBench bench;
    auto const id = bench.add_job("beta", "ben", "hello");
    hook(bench, id, "published", notice("out"));
    auto const mute = bench.neighbour("mute", [](std::string const&) { return false; });
    auto running = [](Engine* engine) -> boost::asio::awaitable<void> {
        (void)co_await engine->run({});
    };
    auto task = running(mute.get());
    boost::asio::co_spawn(bench.loop(), std::move(task), boost::asio::detached);
    bench.clock().run_until([] { return false; }, 10s);
    EXPECT_TRUE(runs_of(bench, id).at(0).error.starts_with("hook.channel_unknown"));
    EXPECT_TRUE(bench.notices.empty());
    bench.die();

    bench.clock().jump(1h);
    ASSERT_TRUE(bench.run_until_idle());
    EXPECT_EQ(bench.notices.size(), 1U);
    EXPECT_TRUE(runs_of(bench, id).at(0).done_at);
}

TEST(Hooks, APostOfItsOwnHasNoCampaignToHold) {
    EngineBench bench;
    auto const id = bench.add_job("alpha", "ann", "hello");
    hook(bench, id, "published", holding("campaign"));
    ASSERT_TRUE(bench.run_until_idle());

    EXPECT_TRUE(runs_of(bench, id).at(0).done_at);
    EXPECT_EQ(count_events(bench, "campaign.paused"), 0);
    EXPECT_EQ(count_events(bench, "hook.failed"), 0);
}

}  // namespace
}  // namespace postrider::core

// How long a job waits: for a network that names a time, and for other late posts of its account.
#include <postrider/test/engine_bench.hpp>

#include <gtest/gtest.h>

namespace postrider::core {
namespace {

using namespace std::chrono_literals;
using test::EngineBench;
using test::Fault;

TEST(Waits, ALatePostThatCommitsAgainIsNoFurtherLatePost) {
    EngineBench bench;
    std::vector<std::string> ids;
    for (int i = 0; i < 4; ++i)
        ids.push_back(bench.add_job("alpha", "ann", "p" + std::to_string(i)));
    // Refused by rate, which is no effect: the same job commits again.
    for (int i = 1; i <= 4; ++i) bench.network().fault("publish", i, Fault::too_many);

    bench.clock().jump(48h);
    bench.run_until_idle(55min);

    EXPECT_EQ(bench.network().posts(), 4);
    EXPECT_GT(bench.network().calls("publish"), 4);
}

TEST(Waits, RetryAfterOfAFailingNetworkMovesTheNextTry) {
    EngineBench bench;
    auto const id = bench.add_job("alpha", "ann", "hello");
    bench.network().retry_after = "1200";
    bench.network().fault("create", 1, Fault::error_before);

    bench.run_until_idle(1min);
    bench.clock().jump(18min);
    bench.run_until_idle(1min);
    EXPECT_EQ(bench.network().calls("create"), 1);

    // The 20 minutes and up to 10 % more.
    bench.clock().jump(3min);
    ASSERT_TRUE(bench.run_until_idle());
    EXPECT_EQ(bench.network().calls("create"), 2);
    EXPECT_EQ(bench.job(id).state, JobState::published);
}

// An error may come after the effect: each may have left something unfinished at the network.
TEST(Waits, WhatMayHaveBegunAtTheNetworkBeginsThreeTimesAnHourAtMost) {
    EngineBench bench;
    auto const id = bench.add_job("alpha", "ann", "hello");
    for (int nth = 1; nth <= 3; ++nth) bench.network().fault("create", nth, Fault::error_after);

    bench.run_until_idle(10min);
    bench.clock().jump(40min);
    bench.run_until_idle(1min);
    EXPECT_EQ(bench.network().calls("create"), 3);
    EXPECT_EQ(bench.job(id).state, JobState::waiting);

    bench.clock().jump(20min);
    ASSERT_TRUE(bench.run_until_idle());
    EXPECT_EQ(bench.network().calls("create"), 4);
    EXPECT_EQ(bench.job(id).state, JobState::published);
}

TEST(Waits, RetryAfterIsBelievedForADayAtMost) {
    EngineBench bench;
    auto const id = bench.add_job("alpha", "ann", "hello");
    bench.network().retry_after = "99999999";
    bench.network().fault("create", 1, Fault::error_before);

    bench.run_until_idle(1min);

    EXPECT_LE(*bench.job(id).until - bench.clock().now(), 24h);
    EXPECT_GT(*bench.job(id).until - bench.clock().now(), 23h);
}

}  // namespace
}  // namespace postrider::core

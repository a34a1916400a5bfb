// One blind commit in flight per account: what is in doubt must stay the only thing that a find can
// mean.
#include <postrider/core/plan.hpp>
#include <postrider/test/engine_bench.hpp>

#include <gtest/gtest.h>

namespace postrider::core {
namespace {

using namespace std::chrono_literals;
using test::EngineBench;
using test::Fault;

TEST(BlindLock, ASecondBlindCommitWaitsUntilTheFirstIsKnown) {
    EngineBench bench;
    auto const first = bench.add_job("beta", "ben", "first");
    bench.network().fault("send", 1, Fault::lost_before);
    bench.run_until_idle(2s);
    ASSERT_EQ(bench.job(first).state, JobState::unknown);
    auto const second = bench.add_job("beta", "ben", "second");

    bench.run_until_idle(3h);

    auto const waiting = bench.job(second);
    EXPECT_EQ(waiting.state, JobState::waiting);
    EXPECT_EQ(waiting.waiting, adapter::WaitReason::network);
    EXPECT_EQ(waiting.attempt, 1);
    EXPECT_EQ(waiting.failures, 0);
    EXPECT_FALSE(waiting.committed);
    EXPECT_EQ(bench.network().calls("send"), 1);
}

// The visit after a death cannot even begin: what was armed stays in doubt all the same.
TEST(BlindLock, ADoubtThatCannotBeLookedAtIsStillOne) {
    EngineBench bench;
    auto const first = bench.add_job("beta", "ben", "first");
    bench.network().fault("send", 1, Fault::hang);
    bench.run_and_kill(2s);
    ASSERT_EQ(bench.job(first).state, JobState::running);
    ASSERT_EQ(bench.job(first).intent->outcome, "armed");
    auto const app = [&](std::string const& app_id) {
        ASSERT_TRUE(bench.truth().write([&](Tables& tables) -> Result<void> {
            auto account = **tables.account("acc_betaben");
            account.app_id = app_id;
            return tables.put_account(account);
        }));
    };
    app("app_gone");
    bench.run_until_idle(30s);
    EXPECT_EQ(bench.job(first).state, JobState::unknown);
    EXPECT_EQ(bench.job(first).error->code(), "job.outcome_unknown");
    EXPECT_EQ(bench.job(first).error->cause()->code(), "not_found.app");

    app("app_beta");
    auto const second = bench.add_job("beta", "ben", "second");
    bench.run_until_idle(10s);
    EXPECT_EQ(bench.job(second).state, JobState::waiting);
    EXPECT_EQ(bench.network().calls("send"), 1);
}

TEST(BlindLock, IsOverWhenAPersonSettlesTheFirst) {
    EngineBench bench;
    auto const first = bench.add_job("beta", "ben", "first");
    bench.network().fault("send", 1, Fault::lost_before);
    bench.run_until_idle(2s);
    auto const second = bench.add_job("beta", "ben", "second");
    bench.run_until_idle(1min);

    auto settled = write_now<Job>(bench.store(), [&](Tables& tables) {
        return settle_job(tables, first, "published", "", "Ada", bench.clock().now());
    });
    ASSERT_TRUE(settled) << settled.error().message();
    ASSERT_TRUE(bench.run_until_idle(2h));

    EXPECT_EQ(bench.job(second).state, JobState::published);
    EXPECT_EQ(bench.network().calls("send"), 2);
}

TEST(BlindLock, HoldsNeitherOtherAccountsNorCommitsByHandle) {
    EngineBench bench;
    bench.add_job("beta", "ben", "first");
    bench.network().fault("send", 1, Fault::lost_before);
    bench.run_until_idle(2s);
    auto const other = bench.add_job("beta", "eve", "second");
    auto const by_handle = bench.add_job("alpha", "ben", "third");

    bench.run_until_idle(1min);

    EXPECT_EQ(bench.job(other).state, JobState::published);
    EXPECT_EQ(bench.job(by_handle).state, JobState::published);
}

}  // namespace
}  // namespace postrider::core

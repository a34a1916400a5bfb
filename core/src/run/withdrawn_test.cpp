// A person takes a job away while a request of it is under way: the job is theirs at once, and
// nothing of what was sent is forgotten.
#include <postrider/core/plan.hpp>
#include <postrider/test/engine_bench.hpp>

#include <gtest/gtest.h>

#include <algorithm>

namespace postrider::core {
namespace {

using namespace std::chrono_literals;
using test::EngineBench;

class Withdrawn : public testing::Test {
 protected:
    Withdrawn() {
        id = bench.add_job("alpha", "ann", "hello");
        bench.network().round_trip = 10s;
        // The request that makes something at the network is on its way.
        bench.clock().run_until([&] { return bench.job(id).step == "create"; }, 1min);
        bench.engine().on_progress([this](Progress const& progress) {
            if (progress.step == "create" && !asked) {
                asked = true;
                cancelled = bench.store().write([&](Tables& tables) -> Result<void> {
                    auto done = cancel_job(tables, id, "changed my mind", bench.clock().now());
                    if (!done) return done.error();
                    return {};
                });
            }
        });
        bench.run_until_idle(10min);
    }

    EngineBench bench;
    std::string id;
    bool asked = false;
    Result<void> cancelled;
};

TEST_F(Withdrawn, TheJobStaysWithdrawn) {
    EXPECT_TRUE(asked);
    ASSERT_TRUE(cancelled) << cancelled.error().message();
    EXPECT_EQ(bench.job(id).state, JobState::cancelled);
    EXPECT_EQ(bench.network().posts(), 0);
}

TEST_F(Withdrawn, WhatWasSentIsInTheTimeline) {
    auto const steps = bench.steps(id);
    EXPECT_EQ(bench.network().calls("create"), 1);
    EXPECT_TRUE(std::any_of(
        steps.begin(), steps.end(), [](auto const& step) { return step.step == "create"; }));
}

TEST_F(Withdrawn, NoPermitStaysHeld) {
    auto const buckets = read_now<std::vector<BucketState>>(
        bench.store(), [](Tables& tables) { return tables.buckets(); });
    ASSERT_TRUE(buckets);
    int cooling = 0;
    for (auto const& bucket : *buckets)
        for (auto const& slot : bucket.slots) {
            EXPECT_EQ(slot.holder, "") << bucket.key;
            ++cooling;
        }
    EXPECT_GT(cooling, 0);
}

TEST(WithdrawnBetweenSteps, TheNextOneIsNotBegun) {
    EngineBench bench;
    auto const id = bench.add_job("alpha", "ann", "hello");
    bench.network().round_trip = 10s;
    bool asked = false;
    bench.engine().on_progress([&](Progress const& progress) {
        if (progress.step != "whoami" || asked) return;
        asked = true;
        ASSERT_TRUE(bench.store().write([&](Tables& tables) -> Result<void> {
            auto done = cancel_job(tables, id, "changed my mind", bench.clock().now());
            if (!done) return done.error();
            return {};
        }));
    });

    ASSERT_TRUE(bench.run_until_idle(10min));

    EXPECT_EQ(bench.network().calls("whoami"), 1);
    EXPECT_EQ(bench.network().calls("create"), 0);
    EXPECT_EQ(bench.job(id).state, JobState::cancelled);
    auto const steps = bench.steps(id);
    EXPECT_TRUE(std::any_of(
        steps.begin(), steps.end(), [](auto const& step) { return step.step == "whoami"; }));
}

// The engine ends where it cannot write what was sent, as it does where it cannot give a claim
// back.
TEST(HeldPermits, ThatCannotBeGivenBackEndTheEngine) {
    EngineBench bench;
    auto const id = bench.add_job("alpha", "ann", "hello");
    bench.network().round_trip = 10s;
    bool asked = false;
    bench.engine().on_progress([&](Progress const& progress) {
        if (progress.step != "create" || asked) return;
        asked = true;
        ASSERT_TRUE(bench.store().write([&](Tables& tables) -> Result<void> {
            auto done = cancel_job(tables, id, "changed my mind", bench.clock().now());
            if (!done) return done.error();
            return {};
        }));
        // The claim of the permits, the visit's own write, which finds the job gone, and its
        // traces.
        bench.fail_write(3);
    });

    std::string ended_by;
    try {
        bench.run_until_idle(10min);
    } catch (std::runtime_error const& failure) {
        ended_by = failure.what();
    }

    EXPECT_TRUE(ended_by.starts_with("setup.store_unreadable")) << ended_by;
    bench.restart();
    ASSERT_TRUE(bench.run_until_idle(10min));
    auto const buckets = read_now<std::vector<BucketState>>(
        bench.store(), [](Tables& tables) { return tables.buckets(); });
    for (auto const& bucket : *buckets)
        for (auto const& slot : bucket.slots) EXPECT_EQ(slot.holder, "") << bucket.key;
}

TEST(HeldPermits, OfADeadProcessWithoutAJobAreGivenBackAtTheStart) {
    EngineBench bench;
    auto const now = bench.clock().now();
    ASSERT_TRUE(bench.store().write([&](Tables& tables) {
        BucketState bucket;
        bucket.key = "alpha/app_alpha/acc_alphaann/create";
        bucket.size = bucket.declared = 6;
        bucket.window = 24h;
        bucket.slots.push_back({now + 24h + 30s, "ghost/job_1/2", {}});
        return tables.put_bucket(bucket);
    }));
    auto const held = [&] {
        auto buckets = read_now<std::vector<BucketState>>(
            bench.store(), [](Tables& tables) { return tables.buckets(); });
        return buckets->front().slots.front();
    };

    bench.run_until_idle(1min);
    EXPECT_EQ(held().holder, "");
    EXPECT_GE(held().free_at, now + 24h);
    EXPECT_LT(held().free_at, now + 24h + 30s);
}

}  // namespace
}  // namespace postrider::core

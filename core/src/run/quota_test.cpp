// A quota of posts in a day: what we know of it is not asked, and what the network knows better is
// asked now and then.
#include <postrider/catalogue.hpp>
#include <postrider/test/engine_bench.hpp>

#include <gtest/gtest.h>

namespace postrider::core {
namespace {

using namespace std::chrono_literals;
using adapter::WaitReason;
using test::EngineBench;

// Alpha with two posts a day.
class Capped final : public adapter::Adapter {
 public:
    Capped() : descriptor_(test::alpha_adapter().descriptor()) {
        descriptor_.buckets.push_back({"day",
                                       adapter::BucketScope::account,
                                       2,
                                       24h,
                                       adapter::BucketCounts::effects,
                                       WaitReason::quota,
                                       "made up",
                                       "2026-11-26"});
    }
    adapter::Descriptor const& descriptor() const noexcept override { return descriptor_; }
    std::vector<Finding> validate(adapter::Post const& post,
                                  adapter::AppView const& app,
                                  adapter::CreatorFacts const* facts) const override {
        return test::alpha_adapter().validate(post, app, facts);
    }
    adapter::FactsAction facts(adapter::AccountView const& account,
                               adapter::AppView const& app,
                               Instant now,
                               adapter::Answer const& answer) const override {
        return test::alpha_adapter().facts(account, app, now, answer);
    }
    adapter::Action next(adapter::JobView const& job,
                         adapter::Answer const& answer) const override {
        auto const* reply = std::get_if<adapter::Reply>(&answer);
        if (reply && reply->step == "whoami" && refuses)
            return adapter::Fail{make_error("network.quota_spent").with_retry(Retry::after(24h)),
                                 {}};
        auto action = test::alpha_adapter().next(job, answer);
        if (auto* send = std::get_if<adapter::Send>(&action); send && send->step == "create")
            send->buckets.push_back("day");
        return action;
    }
    adapter::Action reconcile(adapter::JobView const& job,
                              adapter::Answer const& answer) const override {
        return test::alpha_adapter().reconcile(job, answer);
    }

    bool refuses = false;  ///< the network says that the day is full

 private:
    adapter::Descriptor descriptor_;
};

class Quota : public ::testing::Test {
 protected:
    Quota() { bench.add_adapter(capped); }

    Capped capped;
    EngineBench bench;
};

TEST_F(Quota, AFullDayIsNotAskedAbout) {
    bench.network().processing = 40min;
    auto const first = bench.add_job("alpha", "ann", "first");
    auto const second = bench.add_job("alpha", "ann", "second");
    bench.run_until_idle(3h);
    ASSERT_EQ(bench.job(second).state, JobState::published);
    auto const seen = bench.clock().now();
    auto const asked = bench.network().calls("whoami");

    auto const third = bench.add_job("alpha", "ann", "third");
    bench.run_until_idle(1min);

    auto const waiting = bench.job(third);
    EXPECT_EQ(waiting.waiting, WaitReason::quota);
    EXPECT_EQ(bench.network().calls("whoami"), asked);
    // The network counts a post from when it is public, which was 40 minutes after it was asked.
    EXPECT_GT(*waiting.until, bench.job(first).intent->armed_at + 24h + 39min);
    EXPECT_LE(*waiting.until, seen + 24h);

    bench.clock().jump(24h);
    bench.run_until_idle(3h);
    EXPECT_EQ(bench.job(third).state, JobState::published);
    EXPECT_EQ(bench.network().posts(), 3);
}

TEST_F(Quota, WhereOthersHaveUsedItUpTheNetworkIsAskedOnceAnHour) {
    capped.refuses = true;
    auto const id = bench.add_job("alpha", "ann", "hello");
    bench.run_until_idle(1min);

    auto const waiting = bench.job(id);
    EXPECT_EQ(waiting.waiting, WaitReason::quota);
    EXPECT_GE(*waiting.until - bench.clock().now(), 58min);
    EXPECT_LE(*waiting.until - bench.clock().now(), 66min);

    capped.refuses = false;
    bench.clock().jump(67min);
    ASSERT_TRUE(bench.run_until_idle());
    EXPECT_EQ(bench.job(id).state, JobState::published);
}

TEST_F(Quota, OurOwnOldestPostMakesRoomFirst) {
    bench.add_job("alpha", "ann", "own");
    ASSERT_TRUE(bench.run_until_idle());
    capped.refuses = true;
    auto const id = bench.add_job("alpha", "ann", "hello");
    bench.run_until_idle(1min);

    EXPECT_EQ(bench.job(id).waiting, WaitReason::quota);
    EXPECT_GT(*bench.job(id).until - bench.clock().now(), 23h + 50min);
    EXPECT_LE(*bench.job(id).until - bench.clock().now(), 24h);
}

}  // namespace
}  // namespace postrider::core

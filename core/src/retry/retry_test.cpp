// Decisions after a failure, by kind, advice and step.
#include <postrider/catalogue.hpp>
#include <postrider/core/retry.hpp>

#include <gtest/gtest.h>

namespace postrider::core {
namespace {

using namespace std::chrono_literals;
using adapter::Effect;
using adapter::WaitReason;

RetryDecision decided(Error const& error, Effect effect = Effect::prepare, int failures = 1) {
    SeededRandom random(1);
    return decide(error, {effect, failures}, RetryPolicy{}, random);
}

TEST(Backoff, IsFullJitterUnderADoublingCeiling) {
    SeededRandom random(3);
    RetryPolicy const policy;
    for (int failures = 1; failures <= 12; ++failures) {
        auto const ceiling =
            std::min<Milliseconds>(policy.cap, policy.base * (1 << (failures - 1)));
        Milliseconds largest{0};
        for (int i = 0; i < 500; ++i) {
            auto const delay = backoff_delay(failures, policy, random);
            EXPECT_GE(delay, 0ms);
            EXPECT_LE(delay, ceiling);
            largest = std::max(largest, delay);
        }
        EXPECT_GT(largest, ceiling * 9 / 10);
    }
}

TEST(Decide, TransientTroubleIsTriedAgain) {
    auto const decision = decided(make_error("network.unreachable"));
    EXPECT_EQ(decision.what, RetryDecision::What::wait);
    EXPECT_EQ(decision.reason, WaitReason::backoff);
    EXPECT_TRUE(decision.counts);
}

TEST(Decide, BudgetEndsInADeadLetterButNotForLooks) {
    auto const spent = decided(make_error("network.unreachable"), Effect::prepare, 8);
    EXPECT_EQ(spent.what, RetryDecision::What::reject);
    EXPECT_TRUE(spent.revivable);
    EXPECT_TRUE(spent.budget_spent);
    EXPECT_EQ(decided(make_error("network.unreachable"), Effect::look, 800).what,
              RetryDecision::What::wait);
}

TEST(Decide, RateWaitsAreSnoozesWithAJitterOfATenth) {
    auto const decision = decided(make_error("network.rate_limited").with_retry(Retry::after(60s)));
    EXPECT_EQ(decision.reason, WaitReason::rate);
    EXPECT_FALSE(decision.counts);
    EXPECT_GE(*decision.delay, 60s);
    EXPECT_LE(*decision.delay, 66s);
}

TEST(Decide, LongWaitsAreQuotas) {
    EXPECT_EQ(decided(make_error("network.quota_spent").with_retry(Retry::after(24h))).reason,
              WaitReason::quota);
}

TEST(Decide, LostAuthorisationWaitsForItsCreator) {
    auto const decision = decided(make_error("account.reconnect_needed"));
    EXPECT_EQ(decision.reason, WaitReason::account);
    EXPECT_FALSE(decision.delay);
}

TEST(Decide, ARefusedAppWaitsForItsOperator) {
    auto const decision = decided(make_error("app.bad_credentials"));
    EXPECT_EQ(decision.what, RetryDecision::What::wait);
    EXPECT_EQ(decision.reason, WaitReason::account);
    EXPECT_TRUE(decision.delay);
    EXPECT_FALSE(decision.counts);
}

TEST(Decide, WhoWaitsForATokenThatAStoppedProcessHoldsSpendsNothing) {
    auto const decision = decided(make_error("account.token_held"), Effect::prepare, 1'000);
    EXPECT_EQ(decision.what, RetryDecision::What::wait);
    EXPECT_EQ(decision.reason, adapter::WaitReason::account);
    EXPECT_EQ(decision.delay, 1min);
    EXPECT_FALSE(decision.counts);
}

TEST(Decide, LapsedConsentGoesBackToAPerson) {
    EXPECT_EQ(decided(make_error("approval.lapsed")).what, RetryDecision::What::ask_person);
}

TEST(Decide, WhatOnlyAChangedPostMendsIsNotRevivable) {
    auto const decision = decided(make_error("media.unsupported"));
    EXPECT_EQ(decision.what, RetryDecision::What::reject);
    EXPECT_FALSE(decision.revivable);
}

TEST(Decide, WhatAPersonMustMendFirstMayBeRevived) {
    auto const decision = decided(make_error("network.redirect"));
    EXPECT_EQ(decision.what, RetryDecision::What::reject);
    EXPECT_TRUE(decision.revivable);
    EXPECT_FALSE(decision.budget_spent);
}

TEST(Decide, DoubtIsBackoffForWhatIsNotACommit) {
    auto const decision = decided(make_error("job.outcome_unknown"));
    EXPECT_EQ(decision.what, RetryDecision::What::wait);
    EXPECT_EQ(decision.reason, WaitReason::backoff);
    EXPECT_TRUE(decided(make_error("job.outcome_unknown"), Effect::prepare, 8).budget_spent);
}

TEST(NextLook, IsQuickAtFirstThenSlowThenNever) {
    EXPECT_LE(*next_look(0, 0s), 5s);
    EXPECT_EQ(*next_look(20, 1h), 5min);
    EXPECT_EQ(*next_look(50, 10h), 30min);
    EXPECT_FALSE(next_look(500, 73h));
}

}  // namespace
}  // namespace postrider::core

// A circuit opens on what a network does wrong, lets single probes through, and comes back in
// steps.
#include <postrider/core/circuit.hpp>

#include <gtest/gtest.h>

namespace postrider::core {
namespace {

using namespace std::chrono_literals;
using Phase = CircuitState::Phase;

constexpr Instant noon{Milliseconds{1'800'000'000'000}};
CircuitPolicy const usual;

CircuitTally seen(int good, int bad, Instant at = noon) {
    CircuitTally result;
    for (int i = 0; i < good; ++i) result = tally(std::move(result), false, at, usual);
    for (int i = 0; i < bad; ++i) result = tally(std::move(result), true, at, usual);
    return result;
}

CircuitState opened() {
    return open_circuit("alpha/create", "10 of 20", noon, usual);
}

CircuitAsker asker(std::string holder, Instant now, bool in_doubt = false) {
    return {std::move(holder), now + 30s, in_doubt};
}

TEST(Circuit, OpensAtHalfOfTwentyRequests) {
    EXPECT_FALSE(trips(seen(0, 19), usual));
    EXPECT_FALSE(trips(seen(11, 9), usual));
    EXPECT_TRUE(trips(seen(10, 10), usual));
}

TEST(Circuit, ForgetsWhatIsOlderThanItsWindow) {
    auto const old = seen(0, 19);
    EXPECT_FALSE(trips(tally(old, true, noon + 31s, usual), usual));
    EXPECT_TRUE(trips(tally(old, true, noon + 29s, usual), usual));
}

TEST(Circuit, OfAnAccountOpensAtFiveRefusalsInARow) {
    CircuitTally refused;
    for (int i = 0; i < 4; ++i) refused = tally_refusal(refused, true);
    EXPECT_FALSE(trips(refused, usual));
    EXPECT_TRUE(trips(tally_refusal(refused, true), usual));
    refused = tally_refusal(refused, false);
    EXPECT_FALSE(trips(tally_refusal(refused, true), usual));
}

TEST(Circuit, LetsNothingPassBeforeItsRestIsOver) {
    auto const denied = pass(opened(), asker("a", noon + 10s, true), noon + 10s, usual);
    EXPECT_FALSE(denied.passes);
    EXPECT_EQ(denied.again_at, noon + 30s);
}

TEST(Circuit, ProbesWithALookAtAJobInDoubtFirst) {
    auto const then = noon + 31s;
    EXPECT_FALSE(pass(opened(), asker("a", then), then, usual).passes);
    EXPECT_TRUE(pass(opened(), asker("b", then, true), then, usual).passes);
    EXPECT_TRUE(pass(opened(), asker("a", noon + 32s), noon + 32s, usual).passes);
}

TEST(Circuit, HasOneProbeAtATimeAndForgetsALostOne) {
    auto const then = noon + 40s;
    auto const first = pass(opened(), asker("a", then), then, usual);
    ASSERT_TRUE(first.passes);
    EXPECT_FALSE(pass(first.state, asker("b", then), then, usual).passes);
    EXPECT_TRUE(pass(first.state, asker("b", then + 31s), then + 31s, usual).passes);
}

TEST(Circuit, RestsTwiceAsLongAfterAProbeThatFailed) {
    auto const then = noon + 40s;
    auto state = pass(opened(), asker("a", then), then, usual).state;
    state = answered(state, "a", true, then, usual);
    EXPECT_EQ(state.phase, Phase::open);
    EXPECT_EQ(state.until, then + 60s);
    EXPECT_EQ(state.evidence, "10 of 20");
}

TEST(Circuit, HearsNothingFromRequestsThatLeftBefore) {
    auto const state = answered(opened(), "old", false, noon + 1s, usual);
    EXPECT_EQ(state.phase, Phase::open);
}

TEST(Circuit, ComesBackInStepsOfOneTwoFourASecond) {
    auto now = noon + 40s;
    auto state = pass(opened(), asker("a", now), now, usual).state;
    state = answered(state, "a", false, now, usual);
    ASSERT_EQ(state.phase, Phase::half_open);

    // Everybody asks each 10 ms; what passes is answered at once.
    std::vector<int> passed;
    while (state.phase != Phase::closed) {
        passed.push_back(0);
        for (int tick = 0; tick < 100 && state.phase != Phase::closed; ++tick, now += 10ms) {
            auto passage = pass(state, asker("x", now), now, usual);
            if (!passage.passes) continue;
            ++passed.back();
            state = answered(std::move(passage.state), "x", false, now, usual);
        }
        ASSERT_LT(passed.size(), 20U);
    }
    // A rate rises with the first good answer after its second is over.
    ASSERT_GE(passed.size(), 6U);
    for (std::size_t i = 0; i < passed.size(); ++i) EXPECT_LE(passed[i], (1 << i) + 1) << i;
    EXPECT_GE(passed[5], 16);
}

TEST(Circuit, FailuresOnTheWayBackOpenItAgain) {
    auto const now = noon + 40s;
    auto state = pass(opened(), asker("a", now), now, usual).state;
    state = answered(state, "a", false, now, usual);
    state = answered(state, "b", true, now + 1s, usual);
    EXPECT_EQ(state.phase, Phase::open);
    EXPECT_EQ(state.until, now + 61s);
}

TEST(RetryBudget, IsSpentByRetriesAndFilledBySuccess) {
    RetryBudget budget;
    int retries = 0;
    budget.free_at = noon + 1h;
    while (pay(budget, RetryBudget::cost_after_timeout, noon)) ++retries;
    EXPECT_EQ(retries, 50);
    give_back(budget, 0);
    EXPECT_EQ(budget.tokens, 1);
    give_back(budget, RetryBudget::cost);
    EXPECT_EQ(budget.tokens, 6);
    EXPECT_TRUE(pay(budget, RetryBudget::cost, noon));
}

TEST(RetryBudget, LetsOneGoFreeNowAndThen) {
    RetryBudget budget;
    budget.tokens = 0;
    EXPECT_TRUE(pay(budget, RetryBudget::cost, noon));
    EXPECT_FALSE(pay(budget, RetryBudget::cost, noon + 9s));
    EXPECT_TRUE(pay(budget, RetryBudget::cost, noon + 10s));
}

// Of an account: one good answer, and it is as if nothing had been.
TEST(Circuit, ThatComesBackAtOnceIsClosedByOneGoodProbe) {
    CircuitPolicy at_once;
    at_once.by_steps = false;
    auto const then = noon + 40s;
    auto state = pass(opened(), asker("a", then), then, at_once).state;
    state = answered(state, "a", false, then, at_once);
    EXPECT_EQ(state.phase, Phase::closed);
    // And what is closed hears nothing and holds nobody.
    EXPECT_EQ(answered(state, "a", true, then, at_once).phase, Phase::closed);
    EXPECT_TRUE(pass(state, asker("b", then), then, at_once).passes);
}

TEST(Circuit, InItsStepsStandsFewFailuresAndNotMany) {
    auto const then = noon + 40s;
    auto state = pass(opened(), asker("a", then), then, usual).state;
    state = answered(state, "a", false, then, usual);
    for (int i = 0; i < 2; ++i) state = answered(state, "a", false, then, usual);
    state = answered(state, "a", true, then, usual);
    EXPECT_EQ(state.phase, Phase::half_open);  // one of four
    EXPECT_EQ(state.failures, 1);
    for (int i = 0; i < 2; ++i) state = answered(state, "a", true, then, usual);
    EXPECT_EQ(state.phase, Phase::open);  // three of six
    EXPECT_EQ(state.until, then + 60s);
}

TEST(Circuit, InItsStepsALookAtAJobInDoubtNeedNotWaitItsTurn) {
    auto const then = noon + 40s;
    auto state = pass(opened(), asker("a", then), then, usual).state;
    state = answered(state, "a", false, then, usual);
    ASSERT_EQ(state.phase, Phase::half_open);
    EXPECT_FALSE(pass(state, asker("b", then), then, usual).passes);
    EXPECT_TRUE(pass(state, asker("b", then, true), then, usual).passes);
}

}  // namespace
}  // namespace postrider::core

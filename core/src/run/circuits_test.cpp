// A network that is down is left alone, costs its jobs nothing, and comes back in steps; an account
// that is refused again and again is left alone too.
#include "run/circuits.hpp"

#include <postrider/test/engine_bench.hpp>
#include <postrider/test/memory_tables.hpp>

#include <gtest/gtest.h>

#include <map>

namespace postrider::core {
namespace {

using namespace std::chrono_literals;
using test::EngineBench;
using test::Fault;

std::vector<CircuitState> circuits_of(EngineBench& bench) {
    return *read_now<std::vector<CircuitState>>(bench.store(),
                                                [](Tables& tables) { return tables.circuits(); });
}

std::vector<std::string> many_accounts(EngineBench& bench, int count) {
    std::vector<std::string> ids;
    for (int i = 0; i < count; ++i)
        ids.push_back(bench.add_job("alpha", "a" + std::to_string(i), "p" + std::to_string(i)));
    return ids;
}

TEST(CircuitsRun, ANetworkThatIsDownIsLeftAloneAndItsJobsLoseNothing) {
    EngineBench bench;
    auto const ids = many_accounts(bench, 60);
    bench.network().down_until = bench.clock().now() + 20min;

    bench.run_until_idle(10min);

    auto const open = circuits_of(bench);
    ASSERT_EQ(open.size(), 1U);
    EXPECT_EQ(open[0].key, "alpha/look");
    EXPECT_NE(open[0].evidence.find("failed within 30 s"), std::string::npos);
    // 60 jobs, each of which would have asked many times in ten minutes.
    EXPECT_LT(bench.network().calls("whoami"), 60);
    int circuit = 0;
    for (auto const& id : ids) {
        auto const job = bench.job(id);
        EXPECT_EQ(job.state, JobState::waiting);
        EXPECT_LE(job.failures, 2);
        EXPECT_LE(job.attempt, 3);
        circuit += job.waiting == adapter::WaitReason::circuit;
    }
    EXPECT_GT(circuit, 50);
}

TEST(CircuitsRun, TrafficComesBackInStepsAndEverythingIsPublishedOnce) {
    EngineBench bench;
    auto const ids = many_accounts(bench, 60);
    bench.network().down_until = bench.clock().now() + 5min;

    ASSERT_TRUE(bench.run_until_idle(2h));

    EXPECT_EQ(bench.network().posts(), 60);
    for (auto const& id : ids) EXPECT_EQ(bench.job(id).state, JobState::published);
    std::map<std::int64_t, int> per_second;
    Instant first{};
    for (auto const& call : bench.network().log()) {
        if (call.step != "whoami" || call.at < *bench.network().down_until) continue;
        if (first == Instant{}) first = call.at;
        ++per_second[(call.at - first) / 1s];
    }
    EXPECT_LE(per_second[0], 2);
    EXPECT_LE(per_second[1] + per_second[2], 6);
    EXPECT_TRUE(circuits_of(bench).empty());
}

TEST(CircuitsRun, ARestartObeysWhatIsOpen) {
    EngineBench bench;
    many_accounts(bench, 40);
    bench.network().down_until = bench.clock().now() + 2h;
    bench.run_and_kill(20s);
    ASSERT_EQ(circuits_of(bench).size(), 1U);
    auto const calls = bench.network().calls("whoami");

    bench.run_and_kill(5s);

    EXPECT_EQ(bench.network().calls("whoami"), calls);
}

TEST(CircuitsRun, AJobInDoubtIsLookedAtFirst) {
    EngineBench bench;
    auto const doubtful = bench.add_job("alpha", "doubt", "in doubt");
    bench.network().fault("publish", 1, Fault::lost_after);
    bench.run_and_kill(1200ms);
    ASSERT_EQ(bench.job(doubtful).state, JobState::unknown);
    many_accounts(bench, 40);
    bench.network().down_until = bench.clock().now() + 25s;

    ASSERT_TRUE(bench.run_until_idle(1h));

    auto const back = *bench.network().down_until;
    std::string first;
    for (auto const& call : bench.network().log())
        if (first.empty() && call.at >= back) first = call.step;
    EXPECT_EQ(first, "state");
    EXPECT_EQ(bench.job(doubtful).state, JobState::published);
    EXPECT_EQ(bench.network().posts(), 41);
}

TEST(CircuitsRun, RefusalsByContentOrRateOpenNothing) {
    EngineBench bench;
    many_accounts(bench, 30);
    bench.network().refuse_content = true;
    for (int nth = 1; nth <= 25; ++nth) bench.network().fault("create", nth, Fault::too_many);

    bench.run_until_idle(30min);

    EXPECT_TRUE(circuits_of(bench).empty());
}

TEST(CircuitsRun, AnAccountRefusedFiveTimesInARowIsLeftAlone) {
    EngineBench bench;
    auto const other = bench.add_job("beta", "ben", "fine");
    for (int i = 0; i < 8; ++i) bench.add_job("alpha", "ann", "refused " + std::to_string(i));
    for (int nth = 1; nth <= 50; ++nth) bench.network().fault("whoami", nth, Fault::token_refused);

    bench.run_until_idle(4min);

    auto const open = circuits_of(bench);
    ASSERT_EQ(open.size(), 1U);
    EXPECT_EQ(open[0].key, "alpha/account/acc_alphaann");
    EXPECT_EQ(bench.job(other).state, JobState::published);
    EXPECT_LE(bench.network().calls("whoami"), 6);
}

// The looks between the refusals are answered well: they say nothing about the step that is
// refused.
TEST(CircuitsRun, AnAccountThatOneStepAlwaysRefusesIsLeftAlone) {
    EngineBench bench;
    auto const id = bench.add_job("alpha", "ann", "refused");
    for (int nth = 1; nth <= 50; ++nth) bench.network().fault("create", nth, Fault::token_refused);

    bench.run_until_idle(4min);

    auto const open = circuits_of(bench);
    ASSERT_EQ(open.size(), 1U);
    EXPECT_EQ(open[0].key, "alpha/account/acc_alphaann");
    EXPECT_LE(bench.network().calls("create"), 6);
    EXPECT_LE(bench.network().refreshes, 6);
    EXPECT_EQ(bench.network().posts(), 0);
    EXPECT_FALSE(is_final(bench.job(id).state));
}

// --- one process's view of them

class CircuitsOfOne : public testing::Test {
 protected:
    CircuitsOfOne() { send.effect = adapter::Effect::look; }
    CircuitUse use_of(std::string holder) {
        auto use = circuit_use("alpha", send, "acc");
        use.asker = {std::move(holder), noon + 30s, false};
        return use;
    }
    CircuitState stored(std::string const& key) { return store.tables().rows.circuits.at(key); }
    void open(std::string const& key, Instant at) {
        ASSERT_TRUE(store.tables().put_circuit(open_circuit(key, "made up", at, {})));
    }
    std::optional<Blocked> enter(CircuitUse const& use, std::vector<CircuitState>& changed) {
        return *circuits.enter(store.tables(), use, noon, changed);
    }

    static constexpr Instant noon{Milliseconds{1'800'000'000'000}};
    adapter::Send send;
    test::MemoryStore store;
    SeededRandom random{7};
    Circuits circuits{random};
};

TEST_F(CircuitsOfOne, APersonWhoWaitsPassesAllOfThemAndPaysNothing) {
    open("alpha/look", noon);
    auto use = use_of("a");
    EXPECT_TRUE(*circuits.look(store, use, noon));
    use.exempt = true;
    use.retry_cost = RetryBudget::cost;
    EXPECT_FALSE(*circuits.look(store, use, noon));
    EXPECT_EQ(use.paid, 0);
    std::vector<CircuitState> changed;
    EXPECT_FALSE(enter(use, changed));
    EXPECT_TRUE(changed.empty());
}

TEST_F(CircuitsOfOne, OfTwoThatBothSawRoomOneIsTheProbe) {
    open("alpha/look", noon - 10min);
    auto first = use_of("a");
    auto second = use_of("b");
    ASSERT_FALSE(*circuits.look(store, first, noon));
    ASSERT_FALSE(*circuits.look(store, second, noon));
    std::vector<CircuitState> changed;
    ASSERT_FALSE(enter(first, changed));
    ASSERT_EQ(changed.size(), 1U);
    ASSERT_TRUE(store.tables().put_circuit(changed[0]));
    changed.clear();
    auto const held = enter(second, changed);
    ASSERT_TRUE(held);
    EXPECT_EQ(held->reason, adapter::WaitReason::circuit);
    EXPECT_TRUE(changed.empty());
}

TEST_F(CircuitsOfOne, RetriesCostUntilNothingIsLeftAndThenOneGoesFreeNowAndThen) {
    auto use = use_of("a");
    use.retry_cost = RetryBudget::cost;
    int passed = 0;
    while (passed < 1000 && !*circuits.look(store, use, noon)) ++passed;
    // All that the budget holds, and the free one.
    EXPECT_EQ(passed, RetryBudget::tokens_max / RetryBudget::cost + 1);
    auto const held = circuits.look(store, use, noon);
    ASSERT_TRUE(*held);
    EXPECT_GE((*held)->until, noon + RetryBudget::free_every);
    // What did not leave after all is given back.
    use.paid = RetryBudget::cost;
    circuits.turn_back(use);
    EXPECT_FALSE(*circuits.look(store, use, noon));
}

TEST_F(CircuitsOfOne, ANetworkThatFailsSaysNothingAboutTheAccount) {
    open("alpha/look", noon - 10min);
    open("alpha/account/acc", noon - 10min);
    auto use = use_of("a");
    ASSERT_FALSE(*circuits.look(store, use, noon));
    std::vector<CircuitState> changed;
    ASSERT_FALSE(enter(use, changed));
    for (auto const& state : changed) ASSERT_TRUE(store.tables().put_circuit(state));
    auto const account = stored("alpha/account/acc");

    TransportReply lost;
    lost.verdict = adapter::Verdict::no_reply;
    ASSERT_TRUE(circuits.leave(use, lost, noon)(store.tables()));
    EXPECT_EQ(stored("alpha/look").until, noon + 60s);
    EXPECT_EQ(stored("alpha/account/acc").until, account.until);
    EXPECT_EQ(stored("alpha/account/acc").prober, "a");
}

}  // namespace
}  // namespace postrider::core

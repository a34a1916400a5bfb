// The engine against a network that fails in every way it can. The sentence that all of this is
// about: no post is published twice, and none is forgotten.
#include <postrider/test/engine_bench.hpp>

#include <gtest/gtest.h>
#include <boost/json/serialize.hpp>

namespace postrider::core {
namespace {

using namespace std::chrono_literals;
using test::EngineBench;
using test::Fault;

TEST(Engine, PublishesWhatIsDue) {
    EngineBench bench;
    auto const id = bench.add_job("alpha", "ann", "hello");

    ASSERT_TRUE(bench.run_until_idle());

    auto const job = bench.job(id);
    EXPECT_EQ(job.state, JobState::published);
    EXPECT_EQ(bench.network().posts(), 1);
    EXPECT_EQ(job.receipt.seen.at("link").as_string(), "http://fake.invalid/t1");
    EXPECT_EQ(job.attempt, 1);
    EXPECT_TRUE(job.lease_owner.empty());
    EXPECT_FALSE(job.next_at);
}

TEST(Engine, LeavesTheFutureAlone) {
    EngineBench bench;
    auto const id = bench.add_job("alpha", "ann", "later", 3h);

    ASSERT_TRUE(bench.run_until_idle());
    EXPECT_EQ(bench.job(id).state, JobState::scheduled);
    EXPECT_EQ(bench.network().log().size(), 0u);

    bench.clock().jump(3h);
    ASSERT_TRUE(bench.run_until_idle());
    EXPECT_EQ(bench.job(id).state, JobState::published);
}

TEST(Engine, TheHandleIsDurableBeforeTheNextRequest) {
    EngineBench bench;
    auto const id = bench.add_job("alpha", "ann", "hello");
    bench.network().fault("put", 1, Fault::lost_before);

    ASSERT_TRUE(bench.run_until_idle());

    // The upload was repeated into the same remote thing: no second create.
    EXPECT_EQ(bench.network().calls("create"), 1);
    EXPECT_EQ(bench.network().calls("put"), 2);
    EXPECT_EQ(bench.job(id).state, JobState::published);
}

TEST(Engine, SecretsOfTheAdapterAreSealedInTheStore) {
    EngineBench bench;
    auto const id = bench.add_job("alpha", "ann", "hello");

    ASSERT_TRUE(bench.run_until_idle());

    auto const stored = bench.job(id).saved.sealed;
    EXPECT_EQ(boost::json::serialize(stored).find("secret-of"), std::string::npos);
    EXPECT_TRUE(stored.contains("box"));
}

// Every fault at every step, once: what must follow for the post, and that nothing is doubled.
struct FaultCase {
    std::string step;
    Fault fault;
};

class EveryFault : public testing::TestWithParam<FaultCase> {};

TEST_P(EveryFault, EndsInExactlyOnePost) {
    EngineBench bench;
    auto const id = bench.add_job("alpha", "ann", "hello");
    bench.network().fault(GetParam().step, 1, GetParam().fault);

    ASSERT_TRUE(bench.run_until_idle());

    EXPECT_EQ(bench.job(id).state, JobState::published);
    EXPECT_EQ(bench.network().posts(), 1);
}

std::vector<FaultCase> every_fault() {
    std::vector<FaultCase> cases;
    for (auto const* step : {"whoami", "create", "put", "publish", "state"})
        for (auto fault : {Fault::not_sent,
                           Fault::lost_before,
                           Fault::lost_after,
                           Fault::error_before,
                           Fault::error_after,
                           Fault::too_many,
                           Fault::token_refused,
                           Fault::hang})
            cases.push_back({step, fault});
    return cases;
}

std::string case_name(testing::TestParamInfo<FaultCase> const& tested) {
    constexpr char const* names[] = {"NotSent",
                                     "LostBefore",
                                     "LostAfter",
                                     "ErrorBefore",
                                     "ErrorAfter",
                                     "TooMany",
                                     "TokenRefused",
                                     "Garbage",
                                     "Hang"};
    return tested.param.step + names[static_cast<int>(tested.param.fault)];
}

INSTANTIATE_TEST_SUITE_P(Alpha, EveryFault, testing::ValuesIn(every_fault()), case_name);

TEST(Engine, LostAnswerToACommitLeadsToALookNotToASecondPost) {
    EngineBench bench;
    auto const id = bench.add_job("alpha", "ann", "hello");
    bench.network().fault("publish", 1, Fault::lost_after);

    ASSERT_TRUE(bench.run_until_idle());

    EXPECT_EQ(bench.network().calls("publish"), 1);
    EXPECT_EQ(bench.network().posts(), 1);
    EXPECT_EQ(bench.job(id).state, JobState::published);
}

TEST(Engine, CommitThatNeverArrivedIsSentAgainOnTheSameHandleOnly) {
    EngineBench bench;
    auto const id = bench.add_job("alpha", "ann", "hello");
    bench.network().fault("publish", 1, Fault::lost_before);

    ASSERT_TRUE(bench.run_until_idle());

    EXPECT_EQ(bench.network().calls("publish"), 2);
    EXPECT_EQ(bench.network().calls("create"), 1);
    EXPECT_EQ(bench.network().posts(), 1);
    EXPECT_EQ(bench.job(id).state, JobState::published);
}

TEST(Engine, BlindCommitIsNeverRepeatedWithoutProof) {
    EngineBench bench;
    auto const id = bench.add_job("beta", "ben", "once");
    bench.network().fault("send", 1, Fault::lost_before);

    for (int i = 0; i < 10; ++i) {
        bench.run_until_idle(1h);
        bench.clock().jump(30min);
    }

    EXPECT_EQ(bench.network().calls("send"), 1);
    EXPECT_EQ(bench.job(id).state, JobState::unknown);
    EXPECT_GT(bench.network().calls("find"), 5);
}

TEST(Engine, UnknownStopsLookingAfterThreeDaysAndStaysUnknown) {
    EngineBench bench;
    auto const id = bench.add_job("beta", "ben", "once");
    bench.network().fault("send", 1, Fault::lost_before);

    for (int i = 0; i < 400 && bench.job(id).next_at; ++i) {
        bench.run_until_idle(1h);
        bench.clock().jump(15min);
    }

    auto const job = bench.job(id);
    EXPECT_EQ(job.state, JobState::unknown);
    EXPECT_FALSE(job.next_at);
    EXPECT_GE(bench.clock().now() - job.intent->armed_at, 72h);
}

TEST(Engine, BlindCommitThatTookEffectIsFound) {
    EngineBench bench;
    auto const id = bench.add_job("beta", "ben", "once");
    bench.network().fault("send", 1, Fault::lost_after);

    ASSERT_TRUE(bench.run_until_idle());

    EXPECT_EQ(bench.job(id).state, JobState::published);
    EXPECT_EQ(bench.network().posts(), 1);
}

TEST(Engine, StaysPublishedWhateverHappensWhileItIsObserved) {
    EngineBench bench;
    auto const id = bench.add_job("alpha", "ann", "hello");
    for (int nth = 1; nth <= 6; ++nth)
        bench.network().fault("state", nth, nth % 2 ? Fault::token_refused : Fault::error_before);

    ASSERT_TRUE(bench.run_until_idle(5h));

    EXPECT_EQ(bench.network().calls("publish"), 1);
    EXPECT_EQ(bench.network().calls("create"), 1);
    EXPECT_EQ(bench.job(id).state, JobState::published);
}

TEST(Engine, RefusalIsRejectedAndNamesItsOwner) {
    EngineBench bench;
    auto const id = bench.add_job("alpha", "ann", "hello");
    bench.network().refuse_content = true;

    ASSERT_TRUE(bench.run_until_idle());

    auto const job = bench.job(id);
    EXPECT_EQ(job.state, JobState::rejected);
    EXPECT_FALSE(job.committed);
    EXPECT_EQ(job.error->owner(), Owner::creator);
    EXPECT_EQ(bench.network().posts(), 0);
}

TEST(Engine, FailuresEndInADeadLetterThatCanBeRevived) {
    EngineBench bench;
    auto const id = bench.add_job("alpha", "ann", "hello");
    for (int nth = 1; nth <= 20; ++nth) bench.network().fault("put", nth, Fault::error_before);

    bench.run_until_idle(10h);

    auto const job = bench.job(id);
    EXPECT_EQ(job.state, JobState::rejected);
    EXPECT_TRUE(job.revivable);
    EXPECT_EQ(job.error->code(), "job.budget_spent");
    ASSERT_NE(job.error->cause(), nullptr);
    EXPECT_EQ(job.error->cause()->code(), "network.unavailable");
}

TEST(Engine, LooksNeverExhaustABudget) {
    EngineBench bench;
    auto const id = bench.add_job("alpha", "ann", "hello");
    for (int nth = 1; nth <= 30; ++nth) bench.network().fault("whoami", nth, Fault::error_before);

    bench.run_until_idle(20h);

    EXPECT_EQ(bench.job(id).state, JobState::published);
}

TEST(Engine, LostPreparesAreBoundedInAnHour) {
    EngineBench bench;
    bench.add_job("alpha", "ann", "hello");
    for (int nth = 1; nth <= 5; ++nth) bench.network().fault("create", nth, Fault::lost_after);

    bench.run_until_idle(50min);

    EXPECT_EQ(bench.network().calls("create"), 3);
}

TEST(Engine, DrawsNoRefusalByRate) {
    EngineBench bench;
    for (int i = 0; i < 20; ++i) bench.add_job("alpha", "ann", "post " + std::to_string(i));

    ASSERT_TRUE(bench.run_until_idle(2h));

    EXPECT_EQ(bench.network().posts(), 20);
    std::vector<Instant> creates;
    for (auto const& call : bench.network().log())
        if (call.step == "create") creates.push_back(call.at);
    ASSERT_EQ(creates.size(), 20u);
    for (std::size_t i = 6; i < creates.size(); ++i) EXPECT_GE(creates[i] - creates[i - 6], 60s);
}

TEST(Engine, RateWaitsCostNoAttempt) {
    EngineBench bench;
    std::vector<std::string> ids;
    for (int i = 0; i < 8; ++i)
        ids.push_back(bench.add_job("alpha", "ann", "post " + std::to_string(i)));

    ASSERT_TRUE(bench.run_until_idle(2h));

    for (auto const& id : ids) EXPECT_EQ(bench.job(id).attempt, 1);
}

TEST(Engine, OneAccountInTroubleDoesNotHoldUpAnother) {
    EngineBench bench;
    for (int i = 0; i < 30; ++i) bench.add_job("alpha", "noisy", "n" + std::to_string(i));
    auto const quiet = bench.add_job("alpha", "quiet", "q");

    bench.run_until_idle(1min);

    EXPECT_EQ(bench.job(quiet).state, JobState::published);
}

TEST(Engine, TokenIsRefreshedBeforeItEnds) {
    EngineBench bench;
    auto const id = bench.add_job("alpha", "ann", "hello", 119min);

    bench.clock().jump(119min);
    ASSERT_TRUE(bench.run_until_idle());

    EXPECT_EQ(bench.job(id).state, JobState::published);
    EXPECT_EQ(bench.network().refreshes, 1);
    for (auto const& call : bench.network().log()) {
        if (call.step == "token") continue;
        EXPECT_EQ(call.token, "Bearer access-2");
    }
}

TEST(Engine, RefreshThatLostItsAnswerIsTriedOnceMoreAndThenAsksForAPerson) {
    EngineBench bench;
    auto const id = bench.add_job("alpha", "ann", "hello", 3h);
    bench.network().fault("token", 1, Fault::lost_after);

    bench.clock().jump(3h);
    ASSERT_TRUE(bench.run_until_idle());

    auto const job = bench.job(id);
    EXPECT_EQ(bench.network().calls("token"), 2);
    EXPECT_EQ(job.state, JobState::waiting);
    EXPECT_EQ(job.waiting, adapter::WaitReason::account);
    EXPECT_EQ(job.error->code(), "account.reconnect_needed");
    EXPECT_EQ(job.error->owner(), Owner::creator);
}

TEST(Engine, RefreshThatNeverArrivedCostsNothing) {
    EngineBench bench;
    auto const id = bench.add_job("alpha", "ann", "hello", 3h);
    bench.network().fault("token", 1, Fault::lost_before);

    bench.clock().jump(3h);
    ASSERT_TRUE(bench.run_until_idle());

    EXPECT_EQ(bench.job(id).state, JobState::published);
}

TEST(Engine, NetworkHiccupsNeverKillAToken) {
    EngineBench bench;
    auto const id = bench.add_job("alpha", "ann", "hello", 3h);
    for (int nth = 1; nth <= 6; ++nth) bench.network().fault("token", nth, Fault::error_before);

    bench.clock().jump(3h);
    ASSERT_TRUE(bench.run_until_idle(3h));

    EXPECT_EQ(bench.job(id).state, JobState::published);
}

TEST(Engine, OneRefreshForManyJobsAtOnce) {
    EngineBench bench;
    for (int i = 0; i < 5; ++i) bench.add_job("alpha", "ann", "p" + std::to_string(i), 3h);

    bench.clock().jump(3h);
    ASSERT_TRUE(bench.run_until_idle());

    EXPECT_EQ(bench.network().refreshes, 1);
    EXPECT_EQ(bench.network().posts(), 5);
}

// Killed at any moment of a post's life, and started again: one post.
class KilledAt : public testing::TestWithParam<int> {};

TEST_P(KilledAt, EndsInExactlyOnePost) {
    EngineBench bench;
    auto const id = bench.add_job("alpha", "ann", "hello");

    bench.run_and_kill(Milliseconds{GetParam()});
    ASSERT_TRUE(bench.run_until_idle());

    EXPECT_EQ(bench.job(id).state, JobState::published);
    EXPECT_EQ(bench.network().posts(), 1);
}

INSTANTIATE_TEST_SUITE_P(EachQuarterSecond, KilledAt, testing::Range(0, 7'500, 250));

TEST(Engine, KilledAgainAndAgainStillPublishesOnce) {
    EngineBench bench;
    auto const id = bench.add_job("alpha", "ann", "hello");

    for (int i = 0; i < 40; ++i) bench.run_and_kill(Milliseconds{130 + 37 * i});
    ASSERT_TRUE(bench.run_until_idle(2h));

    EXPECT_EQ(bench.job(id).state, JobState::published);
    EXPECT_EQ(bench.network().posts(), 1);
}

TEST(Engine, PermitsHeldByTheDeadComeFree) {
    EngineBench bench;
    for (int i = 0; i < 6; ++i) bench.add_job("alpha", "ann", "p" + std::to_string(i));

    for (int i = 0; i < 6; ++i) bench.run_and_kill(500ms);
    ASSERT_TRUE(bench.run_until_idle(2h));

    EXPECT_EQ(bench.network().posts(), 6);
    auto const buckets = read_now<std::vector<BucketState>>(
        bench.store(), [](Tables& tables) { return tables.buckets(); });
    ASSERT_TRUE(buckets);
    for (auto const& bucket : *buckets)
        for (auto const& slot : bucket.slots) EXPECT_TRUE(slot.holder.empty()) << slot.holder;
}

TEST(Engine, WorkerThatLostItsClaimWritesNothing) {
    EngineBench bench;
    auto const id = bench.add_job("alpha", "ann", "hello");
    // In the middle of the visit the job is claimed anew.
    bool taken = false;
    bench.engine().on_progress([&](Progress const& progress) {
        if (taken || progress.step != "put") return;
        taken = true;
        bench.change(id, [](Job& job) { job.fence += 10; });
    });

    bench.run_until_idle(1min);

    auto const job = bench.job(id);
    EXPECT_EQ(job.fence, 11);
    EXPECT_EQ(job.state, JobState::running);
    EXPECT_EQ(bench.network().calls("publish"), 0);
}

TEST(Engine, LatePostsAskAPersonUnderThatPolicy) {
    EngineBench bench;
    auto const id = bench.add_job("alpha", "ann", "hello");
    bench.change(id, [](Job& job) { job.spec.catch_up = "ask"; });

    bench.clock().jump(2h);
    ASSERT_TRUE(bench.run_until_idle());

    EXPECT_EQ(bench.job(id).state, JobState::awaiting_approval);
    EXPECT_EQ(bench.network().log().size(), 0u);
}

TEST(Engine, LatePostsAreSkippedUnderThatPolicy) {
    EngineBench bench;
    auto const id = bench.add_job("alpha", "ann", "hello");
    bench.change(id, [](Job& job) { job.spec.catch_up = "skip"; });

    bench.clock().jump(2h);
    ASSERT_TRUE(bench.run_until_idle());

    EXPECT_EQ(bench.job(id).state, JobState::cancelled);
    EXPECT_EQ(bench.job(id).error->code(), "job.missed");
}

TEST(Engine, OfLatePostsOnlyTheLatestRunsUnderThatPolicy) {
    EngineBench bench;
    auto const first = bench.add_job("alpha", "ann", "first");
    auto const second = bench.add_job("alpha", "ann", "second", 10min);
    for (auto const& id : {first, second})
        bench.change(id, [](Job& job) { job.spec.catch_up = "latest"; });

    bench.clock().jump(5h);
    ASSERT_TRUE(bench.run_until_idle());

    EXPECT_EQ(bench.job(first).state, JobState::cancelled);
    EXPECT_EQ(bench.job(second).state, JobState::published);
}

TEST(Engine, AMachineThatWakesUpAfterAWeekendDoesNotFloodAnAccount) {
    EngineBench bench;
    for (int i = 0; i < 12; ++i) bench.add_job("alpha", "ann", "p" + std::to_string(i));

    bench.clock().jump(48h);
    bench.run_until_idle(55min);

    EXPECT_EQ(bench.network().posts(), 4);
    ASSERT_TRUE(bench.run_until_idle(5h) || bench.run_until_idle(5h));
}

TEST(Engine, NothingGoesOutAfterItsLastMoment) {
    EngineBench bench;
    auto const id = bench.add_job("alpha", "ann", "hello");
    auto const limit = bench.clock().now() + 5min;
    bench.change(id, [limit](Job& job) { job.spec.not_after = limit; });

    bench.clock().jump(6min);
    ASSERT_TRUE(bench.run_until_idle());

    EXPECT_EQ(bench.job(id).state, JobState::cancelled);
    EXPECT_EQ(bench.network().posts(), 0);
}

TEST(Engine, BlackoutHoldsAPostBackAndLetsItGoAfterwards) {
    EngineBench bench;
    auto const id = bench.add_job("alpha", "ann", "hello");
    auto const begins = bench.clock().now() - 1h;
    auto const ends = bench.clock().now() + 5min;
    bench.change(id, [&](Job& job) {
        boost::json::object span;
        span["from"] = to_rfc3339(begins);
        span["to"] = to_rfc3339(ends);
        job.spec.blackout.push_back(span);
    });

    ASSERT_TRUE(bench.run_until_idle());

    EXPECT_EQ(bench.job(id).state, JobState::published);
    EXPECT_GE(bench.network().log().back().at, ends);
}

TEST(Engine, PostThatIsProcessedForEverIsNeverSentAgain) {
    EngineBench bench;
    auto const id = bench.add_job("alpha", "ann", "hello");
    bench.network().never_ends = true;

    bench.run_until_idle(6h);

    EXPECT_EQ(bench.network().calls("publish"), 1);
    EXPECT_EQ(bench.network().calls("create"), 1);
    EXPECT_EQ(bench.job(id).state, JobState::waiting);
}

}  // namespace
}  // namespace postrider::core

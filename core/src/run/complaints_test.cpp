// What people complained about in other engines and publishers, each as a test that would fail here
// if it could happen. The threads that a test stands for are named above it. What is about files
// and processes is in store/complaints_test.cpp, what is about one network's protocol beside its
// adapter.
#include <postrider/catalogue.hpp>
#include <postrider/core/plan.hpp>
#include <postrider/test/engine_bench.hpp>

#include <gtest/gtest.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include <algorithm>

namespace postrider::core {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using test::EngineBench;
using test::Fault;

bool nobody_is_dead(std::string const& /*owner*/) {
    return false;
}
bool everybody_is_dead(std::string const& /*owner*/) {
    return true;
}

/// A second worker that runs beside the bench's own, until this goes.
class Beside {
 public:
    Beside(EngineBench& bench, bool (*is_dead)(std::string const&))
        : bench_(bench), engine_(bench.neighbour("beside" + std::to_string(++count()), is_dead)) {
        auto task = [](Engine* engine, std::shared_ptr<bool> flag) -> asio::awaitable<void> {
            Engine::Until for_ever;
            (void)co_await engine->run(std::move(for_ever));
            *flag = true;
        };
        asio::co_spawn(bench.loop(), task(engine_.get(), ended_), asio::detached);
    }
    Beside(Beside const&) = delete;
    Beside& operator=(Beside const&) = delete;
    ~Beside() {
        engine_->stop();
        bench_.clock().run_until([this] { return *ended_; }, 1min);
    }

 private:
    static int& count() {
        static int started = 0;
        return started;
    }

    EngineBench& bench_;
    std::unique_ptr<Engine> engine_;
    std::shared_ptr<bool> ended_ = std::make_shared<bool>(false);
};

std::vector<Instant> arrivals(EngineBench& bench, std::string_view step) {
    std::vector<Instant> times;
    for (auto const& call : bench.network().log())
        if (call.step == step) times.push_back(call.at);
    return times;
}

void expect_six_a_minute(std::vector<Instant> const& times) {
    for (std::size_t i = 6; i < times.size(); ++i) EXPECT_GE(times[i] - times[i - 6], 60s) << i;
}

// --- Stuck for days because nothing rescues

// River 1258 (5,133 jobs "running", the oldest for 91 days); Graphile 204, 222, 449; pg-boss 208,
// 303, 436; Faktory 453.
TEST(ComplaintStuck, TheJobOfADeadWorkerGoesOnWithinASecond) {
    for (auto const killed_at : {200ms, 500ms, 800ms, 1'100ms}) {
        EngineBench bench;
        auto const id = bench.add_job("alpha", "ann", "hello");
        bench.run_and_kill(killed_at);
        ASSERT_EQ(bench.job(id).state, JobState::running) << killed_at.count();
        ASSERT_EQ(bench.job(id).lease_owner, "worker1");
        auto const died = bench.clock().now();
        auto const before = bench.network().log().size();

        ASSERT_TRUE(bench.run_until_idle());

        ASSERT_GT(bench.network().log().size(), before);
        EXPECT_LE(bench.network().log()[before].at - died, 1s);
        EXPECT_EQ(bench.job(id).state, JobState::published);
    }
}

// Oban 424, 603, 862: a node that was restarted under its old name was taken for alive, and its
// jobs for running.
TEST(ComplaintStuck, ADeathThatIsProvedLateIsStillFollowedByARescue) {
    EngineBench bench;
    auto const id = bench.add_job("alpha", "ann", "hello");
    bench.run_and_kill(500ms);
    static bool proved = false;
    proved = false;
    auto const running = [](std::string const& /*owner*/) { return proved; };
    Beside beside(bench, running);
    bench.clock().run_until([] { return false; }, 1h);
    ASSERT_EQ(bench.job(id).state, JobState::running);

    proved = true;
    bench.clock().run_until([&] { return is_final(bench.job(id).state); }, 1min);

    EXPECT_EQ(bench.job(id).state, JobState::published);
    EXPECT_EQ(bench.network().posts(), 1);
}

// --- Run twice because the rescue was wrong

// Oban 1141, BullMQ 439, 3183, 1497, bull 308, 1416, Hangfire 90, 1197, 1702, 1960,
// Hangfire.PostgreSql 130: a job that ran longer than its lease or time-out was given to a second
// worker while the first was still at it.
TEST(ComplaintTwice, AWorkerThatIsMerelySlowKeepsItsJob) {
    EngineBench bench;
    auto const id = bench.add_job("alpha", "ann", "hello");
    bench.network().round_trip = 1min;  // twice the lease
    Beside one(bench, nobody_is_dead);
    Beside two(bench, nobody_is_dead);

    bench.clock().run_until([&] { return is_final(bench.job(id).state); }, 1h);

    EXPECT_EQ(bench.job(id).state, JobState::published);
    EXPECT_EQ(bench.network().calls("whoami"), 1);
    EXPECT_EQ(bench.network().calls("create"), 1);
    EXPECT_EQ(bench.network().calls("publish"), 1);
    EXPECT_EQ(bench.job(id).attempt, 1);
}

// hexpm PR 1825 (a nightly job two to three times), DBOS Java 226, 477, 488, 491 (recovery at
// start-up ran live work).
TEST(ComplaintTwice, StartingUpTakesNothingFromTheLiving) {
    EngineBench bench;
    auto const id = bench.add_job("alpha", "ann", "hello");
    bench.network().round_trip = 10s;
    std::vector<std::unique_ptr<Beside>> started;
    bench.engine().on_progress([&](Progress const& progress) {
        // Another process starts during each step.
        if (started.size() < 4 && !progress.step.empty())
            started.push_back(std::make_unique<Beside>(bench, nobody_is_dead));
    });

    ASSERT_TRUE(bench.run_until_idle());

    EXPECT_EQ(started.size(), 4U);
    EXPECT_EQ(bench.network().posts(), 1);
    EXPECT_EQ(bench.network().calls("create"), 1);
    EXPECT_EQ(bench.job(id).attempt, 1);
    bench.engine().on_progress({});
}

// --- The rescuer overwrites a finished job

// River 1302, mended by PR 1373: the rescue's update asked for the id alone, not for state and
// attempt.
TEST(ComplaintOverwritten, AMistakenRescueNeitherDoublesNorUndoes) {
    EngineBench bench;
    auto const id = bench.add_job("alpha", "ann", "hello");
    // This one takes the living for dead at any moment: the worst that a rescuer can be.
    Beside beside(bench, everybody_is_dead);

    bench.run_until_idle();
    bench.clock().run_until([&] { return is_final(bench.job(id).state); }, 1h);

    EXPECT_EQ(bench.job(id).state, JobState::published);
    EXPECT_EQ(bench.network().posts(), 1);
}

// The same, as the rescuer of that thread wrote it: from what it had read before the job was done.
TEST(ComplaintOverwritten, AWriteFromBeforeTheEndIsRefused) {
    EngineBench bench;
    auto const id = bench.add_job("alpha", "ann", "hello");
    bench.run_and_kill(500ms);
    auto stale = bench.job(id);
    ASSERT_TRUE(bench.run_until_idle());
    ASSERT_EQ(bench.job(id).state, JobState::published);

    auto const fence = stale.fence;
    stale.state = JobState::rejected;
    auto const written =
        bench.store().write([&](Tables& tables) { return tables.update_job(stale, fence); });

    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().code(), "conflict.lease_lost");
    EXPECT_EQ(bench.job(id).state, JobState::published);
}

// --- The rescuer judges what it cannot know

// River 1105: a rescuer discarded jobs of kinds that its own process did not know.
TEST(ComplaintJudged, AJobWithoutItsAdapterHereIsKeptForOneThatHasIt) {
    EngineBench bench;
    auto const id = bench.add_job("gamma", "ann", "hello");

    bench.run_until_idle(10min);
    bench.clock().jump(72h);
    bench.run_until_idle(10min);

    auto const job = bench.job(id);
    EXPECT_EQ(job.state, JobState::waiting);
    EXPECT_TRUE(job.next_at);
    EXPECT_FALSE(job.revivable);
    EXPECT_EQ(job.error->code(), "not_found.network");
}

// Faktory 409: a job whose worker died went to the dead set with retries left.
TEST(ComplaintJudged, TheDeathOfAWorkerIsNoFailureOfItsJob) {
    EngineBench bench;
    auto const id = bench.add_job("alpha", "ann", "hello");
    for (int i = 0; i < 50; ++i) {
        bench.run_and_kill(200ms);  // always in the first request
        EXPECT_EQ(bench.job(id).failures, 0);
    }

    ASSERT_TRUE(bench.run_until_idle());

    EXPECT_EQ(bench.job(id).state, JobState::published);
}

// --- A limiter that does not hold, or that starves others

// BullMQ 667: the limit held within each worker, and all of them together went beyond it.
TEST(ComplaintLimit, HoldsOverWorkersAndTheirDeaths) {
    EngineBench bench;
    for (int i = 0; i < 15; ++i) bench.add_job("alpha", "ann", "post " + std::to_string(i));
    for (int i = 0; i < 8; ++i) bench.run_and_kill(Milliseconds{300 + 170 * i});
    auto const dead_by_now = [](std::string const& owner) { return owner.starts_with("worker"); };
    Beside one(bench, dead_by_now);
    Beside two(bench, dead_by_now);

    bench.clock().run_until([&] { return bench.network().posts() == 15; }, 5h);

    EXPECT_EQ(bench.network().posts(), 15);
    EXPECT_GE(bench.network().calls("create"), 15);
    expect_six_a_minute(arrivals(bench, "create"));
}

// Elixir forum 53388: jobs that wait for a limit sat on the workers, and nothing else ran.
TEST(ComplaintLimit, AJobThatWaitsForItHoldsNoWorker) {
    EngineBench bench;
    for (int account = 0; account < 20; ++account)
        for (int i = 0; i < 10; ++i)
            bench.add_job("alpha", "busy" + std::to_string(account), "n" + std::to_string(i));
    bench.run_until_idle(30s);  // by now each of the twenty has spent its minute
    auto const quiet = bench.add_job("alpha", "quiet", "q");
    auto const due = bench.clock().now();

    bench.clock().run_until([&] { return is_final(bench.job(quiet).state); }, 1h);

    EXPECT_LE(bench.clock().now() - due, 20s);
    EXPECT_EQ(bench.job(quiet).state, JobState::published);
}

// The same, for the cost of waiting: it grows with the limit, not with the jobs that wait for it.
TEST(ComplaintLimit, AMountainOfJobsThatWaitIsNotTurnedOverAgainAndAgain) {
    EngineBench bench;
    std::vector<std::string> ids;
    for (int i = 0; i < 200; ++i) ids.push_back(bench.add_job("alpha", "ann", std::to_string(i)));

    bench.run_until_idle(10min);

    std::int64_t claims = 0;
    int published = 0;
    for (auto const& id : ids) {
        claims += bench.job(id).fence;
        published += bench.job(id).state == JobState::published ? 1 : 0;
    }
    EXPECT_LT(claims, 800);
    // Nor does what is out wait to be seen through until all others have begun.
    EXPECT_GE(bench.network().posts(), 20);
    EXPECT_GE(published, bench.network().posts() - 5);
}

// Elixir forum 64201: a limit on jobs is none on requests, when a job makes several of them.
TEST(ComplaintLimit, CountsRequestsAndNotJobs) {
    EngineBench bench;
    for (int i = 0; i < 6; ++i) bench.add_job("alpha", "ann", "post " + std::to_string(i));
    // What is lost is tried again before others begin: no job may lose three in the hour.
    for (int nth : {1, 4, 6, 9}) bench.network().fault("create", nth, Fault::lost_after);

    ASSERT_TRUE(bench.run_until_idle(5h));

    EXPECT_EQ(bench.network().posts(), 6);
    EXPECT_EQ(bench.network().calls("create"), 10);
    expect_six_a_minute(arrivals(bench, "create"));
}

// --- Publishing twice

// Postiz 1321 and PR 1323: an error after the post (of a streak timer) failed the whole activity,
// which ran again.
TEST(ComplaintPublishedTwice, WhatFailsAfterThePostDoesNotRepeatIt) {
    EngineBench bench;
    auto const id = bench.add_job("alpha", "ann", "hello");
    bench.change(id, [](Job& job) {
        boost::json::object notice;
        notice["action"] = "notify";
        notice["channel"] = "desk";
        notice["text"] = "live";
        job.spec.hooks["published"] = boost::json::array{notice};
    });
    bench.channel_says = [](std::string const&) -> Result<void> {
        return make_error("hook.channel_failed", "The streak timer is broken.");
    };

    bench.run_until_idle(5h);

    EXPECT_EQ(bench.network().calls("publish"), 1);
    EXPECT_EQ(bench.network().calls("create"), 1);
    EXPECT_EQ(bench.job(id).state, JobState::published);
}

// Postiz PR 1682 and PR 1741: the access token ended while the status was polled, the refresh ran
// the activity anew, and the init was made twice.
TEST(ComplaintPublishedTwice, ATokenThatEndsDuringPollingLeadsToAnotherLookOnly) {
    EngineBench bench;
    auto const id = bench.add_job("alpha", "ann", "hello");
    bench.network().processing = 3h;  // the token lives two
    bench.network().fault("state", 2, Fault::token_refused);
    bench.network().fault("state", 5, Fault::token_refused);

    for (int hours = 0; hours < 3; ++hours) {
        bench.run_until_idle(1min);
        bench.clock().jump(1h);
    }
    ASSERT_TRUE(bench.run_until_idle());

    EXPECT_GE(bench.network().refreshes, 2);
    EXPECT_EQ(bench.network().calls("create"), 1);
    EXPECT_EQ(bench.network().calls("publish"), 1);
    EXPECT_EQ(bench.job(id).state, JobState::published);
}

// Postiz PR 1813 (and, named with it, PR 1996): a failure of the publishing activity that was no
// time-out, such as a reset or the death of the worker, was retried up to five times.
TEST(ComplaintPublishedTwice, NoKindOfLostAnswerIsRetriedBlindly) {
    for (auto const fault : {Fault::lost_before,
                             Fault::lost_after,
                             Fault::error_before,
                             Fault::error_after,
                             Fault::hang}) {
        EngineBench bench;
        auto const id = bench.add_job("beta", "ben", "once");
        bench.network().fault("send", 1, fault);
        bench.run_until_idle(6h);
        bool const arrived = fault != Fault::lost_before && fault != Fault::error_before;
        EXPECT_EQ(bench.network().calls("send"), 1);
        EXPECT_EQ(bench.job(id).state, arrived ? JobState::published : JobState::unknown);
    }
    for (auto const killed_at : {10ms, 100ms, 200ms, 290ms}) {
        EngineBench bench;
        bench.add_job("beta", "ben", "once");
        bench.run_and_kill(killed_at);
        bench.run_until_idle(6h);
        EXPECT_EQ(bench.network().calls("send"), 1) << killed_at.count();
        EXPECT_LE(bench.network().posts(), 1) << killed_at.count();
    }
}

// Postiz PR 1681: "blocked your request" was shown for a post that was public, and people sent it
// again.
TEST(ComplaintPublishedTwice, AnErrorOfTheCommitIsNoProofThatNothingHappened) {
    EngineBench bench;
    auto const id = bench.add_job("alpha", "ann", "hello");
    bench.network().fault("publish", 1, Fault::error_after);
    for (int nth = 1; nth <= 5; ++nth) bench.network().fault("state", nth, Fault::error_before);

    bench.run_until_idle(3s);
    ASSERT_EQ(bench.job(id).state, JobState::unknown);
    // Nor does a person get it sent again before it is known.
    auto const retried = write_now<Job>(bench.store(), [&](Tables& tables) {
        return revive_job(tables, id, "Ada", bench.clock().now());
    });
    EXPECT_FALSE(retried);
    ASSERT_TRUE(bench.run_until_idle(5h));

    EXPECT_EQ(bench.job(id).state, JobState::published);
    EXPECT_EQ(bench.network().posts(), 1);
}

// AiToEarn 586, TryPost PR 281: the id of the remote object was not kept before the upload, so a
// retry made a second.
TEST(ComplaintPublishedTwice, TheHandleIsKeptBeforeAnythingIsDoneWithIt) {
    for (auto killed_at = 610ms; killed_at < 1'300ms; killed_at += 30ms) {
        EngineBench bench;
        bench.add_job("alpha", "ann", "hello");
        bench.run_and_kill(killed_at);
        ASSERT_TRUE(bench.run_until_idle());
        EXPECT_EQ(bench.network().calls("create"), 1) << killed_at.count();
        EXPECT_EQ(bench.network().posts(), 1) << killed_at.count();
    }
}

// --- Publishing and never knowing

// Postiz PR 1883: the network says "processing" for the whole poll of 30 minutes and never ends.
TEST(ComplaintNeverKnowing, AProcessingWithoutEndIsWatchedAndSaidAndNotRepeated) {
    EngineBench bench;
    auto const id = bench.add_job("alpha", "ann", "hello");
    bench.network().never_ends = true;
    for (int hours = 0; hours < 24; ++hours) {
        bench.run_until_idle(10s);
        bench.clock().jump(1h);
    }
    bench.clock().run_until([&] { return bench.job(id).state == JobState::waiting; }, 1min);
    auto const job = bench.job(id);
    EXPECT_EQ(job.state, JobState::waiting);
    EXPECT_EQ(job.waiting, adapter::WaitReason::network);
    EXPECT_EQ(job.wait_owner, Owner::network);
    EXPECT_EQ(bench.network().calls("publish"), 1);

    bench.network().never_ends = false;  // and when it does end, that is seen
    ASSERT_TRUE(bench.run_until_idle(2h));

    EXPECT_EQ(bench.job(id).state, JobState::published);
    EXPECT_EQ(bench.network().calls("publish"), 1);
}

// --- Tokens

// Two refreshes with one refresh token lose the account, when the network rotates it.
TEST(ComplaintToken, TwoWorkersRefreshOnce) {
    EngineBench bench;
    auto const id = bench.add_job("alpha", "ann", "hello", 3h);
    auto const other = bench.neighbour("other", nobody_is_dead);
    bench.clock().jump(3h);
    std::shared_ptr<std::optional<bool>> looked = std::make_shared<std::optional<bool>>();
    auto task = [](Engine* engine,
                   std::shared_ptr<std::optional<bool>> slot) -> asio::awaitable<void> {
        auto facts = co_await engine->look_at_creator("acc_alphaann");
        slot->emplace(facts.has_value());
    };
    asio::co_spawn(bench.loop(), task(other.get(), looked), asio::detached);

    Beside beside(bench, nobody_is_dead);
    bench.clock().run_until([&] { return looked->has_value() && is_final(bench.job(id).state); },
                            10min);

    EXPECT_EQ(bench.network().calls("token"), 1);
    EXPECT_EQ(bench.network().refreshes, 1);
    EXPECT_TRUE(looked->value_or(false));
    EXPECT_EQ(bench.job(id).state, JobState::published);
}

// The refresh token that came with the last refresh was not kept, and the next one was refused.
TEST(ComplaintToken, TheRotatedTokenIsTheNextOne) {
    EngineBench bench;
    std::vector<std::string> ids;
    for (int i = 1; i <= 4; ++i)
        ids.push_back(bench.add_job("alpha", "ann", "post " + std::to_string(i), i * 3h));

    for (int i = 0; i < 4; ++i) {
        bench.clock().jump(3h);
        bench.run_until_idle();
    }

    EXPECT_EQ(bench.network().refreshes, 4);
    EXPECT_EQ(bench.network().calls("token"), 4);
    for (auto const& id : ids) EXPECT_EQ(bench.job(id).state, JobState::published);
}

}  // namespace
}  // namespace postrider::core

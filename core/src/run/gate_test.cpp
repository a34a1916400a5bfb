// What keeps a due job from going out, one reason at a time.
#include "run/gate.hpp"

#include <postrider/test/memory_tables.hpp>

#include <gtest/gtest.h>

namespace postrider::core {
namespace {

using namespace std::chrono_literals;
using adapter::WaitReason;
using What = GateStop::What;

constexpr Instant noon{Milliseconds{1'800'000'000'000}};

class Gate : public testing::Test {
 protected:
    Gate() { descriptor.account_burst = 4; }

    Job make(std::string id, Milliseconds late, std::string catch_up = "all") {
        Job job;
        job.id = std::move(id);
        job.account_id = "acc_1";
        job.hash = "sha256:1";
        job.spec.key = job.id;
        job.spec.campaign = "spring";
        job.spec.account = "alpha:@ann";
        job.spec.catch_up = std::move(catch_up);
        job.spec.catch_up_within = 15min;
        job.spec.due_at = noon - late;
        job.state = JobState::running;
        return job;
    }
    Job stored(Job job) {
        EXPECT_TRUE(tables.insert_job(job));
        return job;
    }
    std::optional<GateStop> gate(Job const& job) {
        return *check_gate(tables, job, descriptor, noon);
    }

    test::MemoryTables tables;
    adapter::Descriptor descriptor;
};

template <class From, class To>
boost::json::object span(From from, To to) {
    boost::json::object span;
    span["from"] = from;
    span["to"] = to;
    return span;
}

TEST_F(Gate, IsOpenForAJobInTime) {
    EXPECT_FALSE(gate(make("a", 1min)));
}

TEST_F(Gate, AJobForNowIsNeverLate) {
    auto job = make("a", 5h, "skip");
    job.spec.asap = true;
    EXPECT_FALSE(gate(job));
}

TEST_F(Gate, AsksWhereNobodyHasSaidYes) {
    auto job = make("a", 1min);
    job.plan_id = "pln_1";
    job.needs_approval = true;
    auto const stop = gate(job);
    ASSERT_TRUE(stop);
    EXPECT_EQ(stop->what, What::ask_person);
    EXPECT_EQ(stop->error.code(), "approval.required");
}

TEST_F(Gate, LastMomentIsStillInTime) {
    auto job = make("a", 1min);
    job.spec.not_after = noon;
    EXPECT_FALSE(gate(job));
    job.spec.not_after = noon - 1ms;
    EXPECT_EQ(gate(job)->what, What::cancel);
}

TEST_F(Gate, ABlackoutHoldsFromItsBeginUntilItsEnd) {
    auto job = make("a", 1min);
    job.spec.blackout = {span(to_rfc3339(noon), to_rfc3339(noon + 1h))};
    auto const stop = gate(job);
    ASSERT_TRUE(stop);
    EXPECT_EQ(stop->what, What::snooze);
    EXPECT_EQ(stop->reason, WaitReason::blackout);
    EXPECT_EQ(stop->until, noon + 1h);

    job.spec.blackout = {span(to_rfc3339(noon + 1ms), to_rfc3339(noon + 1h)),
                         span(to_rfc3339(noon - 1h), to_rfc3339(noon))};
    EXPECT_FALSE(gate(job));
}

TEST_F(Gate, ABlackoutThatCannotBeReadHidesNoneThatCan) {
    auto job = make("a", 1min);
    boost::json::object no_end;
    no_end["from"] = to_rfc3339(noon);
    boost::json::object no_begin;
    no_begin["to"] = to_rfc3339(noon + 1h);
    job.spec.blackout = {"always",
                         no_end,
                         no_begin,
                         span(7, to_rfc3339(noon + 1h)),
                         span(to_rfc3339(noon), 7),
                         span("soon", to_rfc3339(noon + 1h)),
                         span(to_rfc3339(noon), "later")};
    EXPECT_FALSE(gate(job));
    job.spec.blackout.push_back(span(to_rfc3339(noon - 1h), to_rfc3339(noon + 2h)));
    ASSERT_TRUE(gate(job));
    EXPECT_EQ(gate(job)->until, noon + 2h);
}

TEST_F(Gate, OfLateOnesOnlyTheLastRuns) {
    auto const first = stored(make("first", 3h, "latest"));
    auto const second = stored(make("second", 2h, "latest"));
    stored(make("in-time", 5min, "latest"));
    EXPECT_EQ(gate(first)->what, What::cancel);
    EXPECT_EQ(gate(first)->error.code(), "job.missed");
    EXPECT_FALSE(gate(second));
}

// Found by failing the store: the first was held up, and the second went out meanwhile.
TEST_F(Gate, ALateOneIsNotRunAfterALaterOneThatWentOutLate) {
    auto const first = stored(make("first", 3h, "latest"));
    auto second = make("second", 2h, "latest");
    second.state = JobState::published;
    second.committed = true;
    second.intent.emplace();
    second.intent->armed_at = second.spec.due_at + 1min;
    auto const in_time = second;
    second.intent->armed_at = noon - 1min;

    stored(in_time);
    EXPECT_FALSE(gate(first));
    tables.rows.jobs["second"] = second;
    EXPECT_EQ(gate(first)->what, What::cancel);
    // One that was settled by a person, say, and of whose commit nothing is known.
    second.intent.reset();
    tables.rows.jobs["second"] = second;
    EXPECT_EQ(gate(first)->what, What::cancel);
}

TEST_F(Gate, LateOnesLetGoAreCountedByTheHour) {
    for (int i = 0; i < 4; ++i)
        ASSERT_TRUE(tables.note_late_commit("acc_1", std::to_string(i), noon - 50min + i * 1min));
    auto const stop = gate(make("a", 3h));
    ASSERT_TRUE(stop);
    EXPECT_EQ(stop->reason, WaitReason::quota);
    EXPECT_EQ(stop->until, noon + 10min);
    EXPECT_FALSE(gate(make("b", 1min)));
    descriptor.account_burst = 5;
    EXPECT_FALSE(gate(make("a", 3h)));
}

TEST_F(Gate, LateOnesKeepTheirDistance) {
    auto job = make("a", 3h);
    job.spec.catch_up_spacing = 10min;
    EXPECT_FALSE(gate(job));
    ASSERT_TRUE(tables.note_late_commit("acc_1", "other", noon - 4min));
    auto const stop = gate(job);
    ASSERT_TRUE(stop);
    EXPECT_EQ(stop->until, noon + 6min);
    job.spec.catch_up_spacing = 4min;
    EXPECT_FALSE(gate(job));
}

class BlindGate : public Gate {
 protected:
    Job doubtful(std::string id, adapter::Effect effect, std::string outcome) {
        auto job = make(std::move(id), 1min);
        job.state = JobState::unknown;
        job.intent.emplace();
        job.intent->effect = effect;
        job.intent->outcome = std::move(outcome);
        return job;
    }
};

TEST_F(BlindGate, OnlyABlindCommitThatNobodyKnowsOfHoldsAnother) {
    auto const job = stored(make("a", 1min));
    stored(doubtful("b", adapter::Effect::commit_by_handle, "armed"));
    stored(doubtful("c", adapter::Effect::commit_blind, "confirmed"));
    auto no_intent = make("d", 1min);
    no_intent.state = JobState::unknown;
    stored(no_intent);
    EXPECT_FALSE(*check_blind_lock(tables, job, noon));

    auto other = doubtful("e", adapter::Effect::commit_blind, "armed");
    other.next_at = noon - 1h;
    stored(other);
    auto const stop = *check_blind_lock(tables, job, noon);
    ASSERT_TRUE(stop);
    EXPECT_EQ(stop->reason, WaitReason::network);
    EXPECT_EQ(stop->until, noon + 1s);
    EXPECT_FALSE(*check_blind_lock(tables, other, noon));
}

}  // namespace
}  // namespace postrider::core

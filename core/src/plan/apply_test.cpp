// Applying plans: once, twice, stale, and in the presence of what has moved on.
#include "plan/plan_fixture.hpp"

#include <algorithm>

namespace postrider::core {
namespace {

class Apply : public PlanTest {};

TEST_F(Apply, ScheduledJobIsDueAtItsTime) {
    auto const outcome = plan_and_apply({spec("a")});

    ASSERT_EQ(outcome.jobs.size(), 1U);
    EXPECT_EQ(outcome.counts.at("create"), 1);
    auto const made = job("a");
    EXPECT_EQ(made.state, JobState::scheduled);
    EXPECT_EQ(made.next_at, made.spec.due_at);
    EXPECT_EQ(made.account_id, "acc_@ada");
    EXPECT_EQ(made.app_id, "app_1");
    EXPECT_TRUE(made.approval_id.empty());
    EXPECT_EQ(event_types(), (std::vector<std::string>{"job.scheduled", "plan.applied"}));
    EXPECT_EQ(tables.rows.campaigns.at("spring").file, "/campaigns/spring.lua");
}

TEST_F(Apply, AsSoonAsPossibleIsNow) {
    auto wanted = spec("a");
    wanted.asap = true;
    auto const made = plan({wanted});
    now += Milliseconds{3'600'000};

    ASSERT_TRUE(apply(*made));

    EXPECT_EQ(job("a").spec.due_at, now);
    EXPECT_EQ(plan({wanted})->counts().at("unchanged"), 1);
}

TEST_F(Apply, SecondTimeIsAReplayWithTheSameJobs) {
    auto const made = plan({spec("a"), spec("b")});
    auto const first = apply(*made);
    auto const events = tables.rows.events.size();

    auto const second = apply(*made);

    ASSERT_TRUE(second);
    EXPECT_TRUE(second->replayed);
    EXPECT_EQ(second->counts, first->counts);
    ASSERT_EQ(second->jobs.size(), 2U);
    EXPECT_EQ(second->jobs[0].id, first->jobs[0].id);
    EXPECT_EQ(tables.rows.jobs.size(), 2U);
    EXPECT_EQ(tables.rows.events.size(), events);
}

TEST_F(Apply, CampaignTwiceIsAPlanWithoutChanges) {
    plan_and_apply({spec("a"), asking("b")});
    auto const again = plan({spec("a"), asking("b")});
    EXPECT_EQ(again->counts().at("unchanged"), 2);
    EXPECT_EQ(again->hash, plan_hash({}));
}

TEST_F(Apply, PlannedTwiceIsOnePlanUntilItIsApplied) {
    auto const first = plan({spec("a")});
    now += Milliseconds{60'000};
    auto const second = plan({spec("a")});
    EXPECT_EQ(second->id, first->id);
    EXPECT_EQ(second->valid_until, now + (first->valid_until - first->created_at));
    EXPECT_NE(plan({spec("a"), spec("b")})->id, first->id);

    ASSERT_TRUE(apply(*second));

    EXPECT_EQ(tables.rows.plans.at(first->id).state, "applied");
    auto const third = plan({spec("a")});
    EXPECT_NE(third->id, first->id);
    EXPECT_EQ(plan({spec("a")})->id, third->id);
}

TEST_F(Apply, ChangedJobBeginsAnewAndItsHolderLosesIt) {
    plan_and_apply({spec("a")});
    auto running = job("a");
    running.state = JobState::running;
    running.lease_owner = "host/1";
    running.fence = 3;
    running.step = "upload";
    running.saved.open["handle"] = "h1";
    force(running);
    auto changed = spec("a");
    changed.post.caption = "bye";

    plan_and_apply({changed});

    auto const made = job("a");
    EXPECT_EQ(made.id, running.id);
    EXPECT_EQ(made.state, JobState::scheduled);
    EXPECT_EQ(made.spec.post.caption, "bye");
    EXPECT_TRUE(made.saved.open.empty());
    EXPECT_TRUE(made.lease_owner.empty());
    auto const late = tables.update_job(running, 3);
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().code(), "conflict.lease_lost");
}

TEST_F(Apply, CommitThatSlippedInMakesThePlanStale) {
    plan_and_apply({spec("a"), spec("b")});
    auto changed = spec("a");
    changed.post.caption = "bye";
    auto const change = plan({changed, spec("b")});
    auto const cancel = plan({spec("b")});
    auto sent = job("a");
    sent.state = JobState::running;
    sent.committed = true;
    force(sent);

    for (auto const& made : {change, cancel}) {
        auto const applied = apply(*made);
        ASSERT_FALSE(applied);
        EXPECT_EQ(applied.error().code(), "conflict.plan_stale");
    }
    EXPECT_EQ(job("a").spec.post.caption, "hello");
}

TEST_F(Apply, PlanIsStaleWhenAnotherOneWasFirst) {
    auto const one = plan({spec("a")});
    auto const other = plan({spec("a"), spec("b")});
    ASSERT_TRUE(apply(*one));

    auto const applied = apply(*other);

    ASSERT_FALSE(applied);
    EXPECT_EQ(applied.error().code(), "conflict.plan_stale");
    EXPECT_EQ(tables.rows.jobs.size(), 1U);
}

TEST_F(Apply, WrongHashOldPlanAndTamperedPlanAreRefused) {
    auto const made = plan({spec("a")});
    EXPECT_EQ(apply_plan(tables, made->id, "sha256:0", false, now, random).error().code(),
              "conflict.plan_stale");
    EXPECT_EQ(apply_plan(tables, "pln_x", made->hash, false, now, random).error().code(),
              "not_found.plan");
    EXPECT_EQ(
        apply_plan(tables, made->id, made->hash, false, made->valid_until + Milliseconds{1}, random)
            .error()
            .code(),
        "plan.expired");
    auto& body = tables.rows.plans.at(made->id).body;
    body["jobs"].at(0).at("spec").at("post").as_object()["caption"] = "something else";
    EXPECT_EQ(apply(*made).error().code(), "plan.stored_invalid");
}

TEST_F(Apply, CancelledByAPlanComesBackAsItWas) {
    plan_and_apply({spec("a"), spec("b")});
    plan_and_apply({spec("b")});
    EXPECT_EQ(job("a").state, JobState::cancelled);
    auto const id = job("a").id;

    auto const outcome = plan_and_apply({spec("a"), spec("b")});

    EXPECT_EQ(outcome.counts.at("change"), 1);
    EXPECT_EQ(job("a").state, JobState::scheduled);
    EXPECT_EQ(job("a").id, id);
    EXPECT_FALSE(job("a").error);
}

TEST_F(Apply, CancelledByAPersonStaysSo) {
    plan_and_apply({spec("a")});
    ASSERT_TRUE(cancel_job(tables, job("a").id, "wrong film", now));
    auto changed = spec("a");
    changed.post.caption = "bye";

    auto const made = plan({changed});

    EXPECT_EQ(made->jobs[0].action, PlanAction::unchanged);
    EXPECT_TRUE(made->jobs[0].frozen);
    EXPECT_EQ(made->jobs[0].differs, std::vector<std::string>{"caption"});
    EXPECT_EQ(plan({})->counts().at("cancel"), 0);
}

TEST_F(Apply, RejectedAndChangedIsReopenedNotDoubled) {
    plan_and_apply({spec("a")});
    auto rejected = job("a");
    rejected.state = JobState::rejected;
    rejected.error = make_error("media.unsupported");
    rejected.next_at.reset();
    force(rejected);
    auto changed = spec("a");
    changed.post.caption = "bye";

    plan_and_apply({changed});

    EXPECT_EQ(tables.rows.jobs.size(), 1U);
    EXPECT_EQ(job("a").id, rejected.id);
    EXPECT_EQ(job("a").state, JobState::scheduled);
    EXPECT_FALSE(job("a").error);
}

TEST_F(Apply, IntoAPausedCampaignTheJobsWait) {
    plan_and_apply({spec("a")});
    ASSERT_TRUE(pause_campaign(tables, "spring", true, "storm", now));

    plan_and_apply({spec("a"), spec("b")});

    for (char const* key : {"a", "b"}) {
        EXPECT_EQ(job(key).state, JobState::waiting) << key;
        EXPECT_EQ(job(key).waiting, adapter::WaitReason::paused) << key;
        EXPECT_FALSE(job(key).next_at) << key;
    }
    ASSERT_TRUE(pause_campaign(tables, "spring", false, "", now));
    EXPECT_EQ(job("a").state, JobState::scheduled);
    EXPECT_EQ(job("b").next_at, job("b").spec.due_at);
}

TEST_F(Apply, EveryMoveIsInTheTable) {
    plan_and_apply({spec("a"), asking("b")});
    plan_and_apply({spec("b")});
    plan_and_apply({spec("a"), asking("b")});
    for (auto const& [id, from, to] : tables.rows.moves) EXPECT_TRUE(may_become(from, to));
    EXPECT_FALSE(tables.rows.moves.empty());
}

}  // namespace
}  // namespace postrider::core

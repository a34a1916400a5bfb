// What people and programs do to jobs.
#include "plan/plan_fixture.hpp"

#include <algorithm>

namespace postrider::core {
namespace {

class Control : public PlanTest {
 protected:
    Job with_state(JobState state) {
        plan_and_apply({spec("a")});
        auto changed = job("a");
        changed.state = state;
        if (state == JobState::waiting) changed.waiting = adapter::WaitReason::backoff;
        changed.next_at.reset();
        force(changed);
        return changed;
    }
};

TEST_F(Control, CancelTakesTheJobFromItsHolder) {
    auto running = with_state(JobState::running);
    running.lease_owner = "host/1";
    running.fence = 7;
    force(running);

    auto const cancelled = cancel_job(tables, running.id, "wrong film", now);

    ASSERT_TRUE(cancelled);
    EXPECT_EQ(cancelled->state, JobState::cancelled);
    EXPECT_EQ(cancelled->error->code(), "job.cancelled");
    EXPECT_EQ(tables.update_job(running, 7).error().code(), "conflict.lease_lost");
    EXPECT_EQ(event_types().back(), "job.cancelled");
}

TEST_F(Control, CancelTwiceIsOnce) {
    auto const id = with_state(JobState::scheduled).id;
    ASSERT_TRUE(cancel_job(tables, id, "", now));
    auto const events = tables.rows.events.size();
    EXPECT_TRUE(cancel_job(tables, id, "", now));
    EXPECT_EQ(tables.rows.events.size(), events);
}

TEST_F(Control, CancelAfterACommitIsRefused) {
    auto sent = with_state(JobState::scheduled);
    sent.committed = true;
    for (auto const state : {JobState::waiting,
                             JobState::running,
                             JobState::unknown,
                             JobState::published,
                             JobState::handed_off}) {
        sent.state = state;
        if (state == JobState::waiting) sent.waiting = adapter::WaitReason::network;
        force(sent);
        auto const cancelled = cancel_job(tables, sent.id, "", now);
        ASSERT_FALSE(cancelled) << word(state);
        EXPECT_EQ(cancelled.error().code(), "conflict.committed");
    }
    sent.state = JobState::rejected;
    force(sent);
    EXPECT_EQ(cancel_job(tables, sent.id, "", now).error().code(), "conflict.wrong_state");
}

TEST_F(Control, ReviveIsForDeadLettersAndWhatWasWithdrawn) {
    auto rejected = with_state(JobState::rejected);
    EXPECT_EQ(revive_job(tables, rejected.id, "", now).error().code(), "job.not_revivable");
    rejected.revivable = true;
    rejected.failures = 9;
    rejected.error = make_error("job.budget_spent");
    force(rejected);

    auto const revived = revive_job(tables, rejected.id, "network is back", now);

    ASSERT_TRUE(revived);
    EXPECT_EQ(revived->state, JobState::scheduled);
    EXPECT_EQ(revived->failures, 0);
    EXPECT_EQ(revived->next_at, revived->spec.due_at);
    EXPECT_EQ(tables.rows.steps.back().note, "network is back");
}

TEST_F(Control, ReviveIsRefusedForUnknown) {
    auto const doubtful = with_state(JobState::unknown);
    auto const revived = revive_job(tables, doubtful.id, "", now);
    ASSERT_FALSE(revived);
    EXPECT_EQ(revived.error().code(), "conflict.wrong_state");
    EXPECT_NE(revived.error().hint().find("job reconcile"), std::string::npos);
}

TEST_F(Control, ReviveNeverGoesRoundAPersonsYes) {
    small.descriptor_.consent_needed = true;
    plan_and_apply({spec("a")});
    ASSERT_TRUE(cancel_job(tables, job("a").id, "", now));
    // As the engine leaves it when a choice has lapsed.
    auto lapsed = job("a");
    lapsed.approval_id.clear();
    force(lapsed);

    auto const revived = revive_job(tables, lapsed.id, "", now);

    ASSERT_TRUE(revived);
    EXPECT_EQ(revived->state, JobState::awaiting_approval);
    EXPECT_FALSE(revived->next_at);
    auto const asked = request_approval(tables, revived->plan_id, "", now, random);
    ASSERT_TRUE(asked);
    ASSERT_EQ(asked->size(), 1U);
    EXPECT_EQ(job("a").approval_id, asked->front().id);
}

TEST_F(Control, SettleIsForUnknownOnly) {
    auto const id = with_state(JobState::scheduled).id;
    EXPECT_EQ(settle_job(tables, id, "published", "", "Mara", now).error().code(),
              "conflict.wrong_state");
}

TEST_F(Control, SettledAsPublishedKeepsTheLinkAndWhoSaidIt) {
    auto doubtful = with_state(JobState::unknown);
    doubtful.committed = true;
    doubtful.intent.emplace();
    doubtful.error = make_error("job.outcome_unknown");
    force(doubtful);
    EXPECT_EQ(settle_job(tables, doubtful.id, "gone", "", "Mara", now).error().code(),
              "usage.bad_value");

    auto const settled =
        settle_job(tables, doubtful.id, "published", "https://small.example/1", "Mara", now);

    ASSERT_TRUE(settled);
    EXPECT_EQ(settled->state, JobState::published);
    EXPECT_EQ(settled->intent->outcome, "confirmed");
    EXPECT_EQ(settled->receipt.seen.at("link"), boost::json::value("https://small.example/1"));
    EXPECT_FALSE(settled->error);
    EXPECT_EQ(tables.rows.steps.back().note, "Mara says: published");
    EXPECT_EQ(tables.rows.events.back().data.at("link"),
              boost::json::value("https://small.example/1"));
}

TEST_F(Control, SettledAsAbsentIsTriedAgainFromNothing) {
    auto doubtful = with_state(JobState::unknown);
    doubtful.committed = true;
    doubtful.intent.emplace();
    doubtful.saved.open["handle"] = "h1";
    force(doubtful);

    auto const settled = settle_job(tables, doubtful.id, "absent", "", "Mara", now);

    ASSERT_TRUE(settled);
    EXPECT_EQ(settled->state, JobState::scheduled);
    EXPECT_FALSE(settled->committed);
    EXPECT_EQ(settled->intent->outcome, "proved_absent");
    EXPECT_TRUE(settled->saved.open.empty());
    EXPECT_EQ(settled->spec.key, doubtful.spec.key);
}

TEST_F(Control, PauseHoldsWhatHasNotLeftAndNothingElse) {
    plan_and_apply({spec("a"), spec("b"), spec("c"), spec("d"), spec("a", "small:@bob")});
    auto sent = job("b");
    sent.state = JobState::waiting;
    sent.waiting = adapter::WaitReason::network;
    sent.committed = true;
    force(sent);
    auto backing_off = job("c");
    backing_off.state = JobState::waiting;
    backing_off.waiting = adapter::WaitReason::backoff;
    force(backing_off);
    publish("d");

    ASSERT_TRUE(pause_account(tables, "small:@ada", true, "holiday", now));

    EXPECT_EQ(job("a").waiting, adapter::WaitReason::paused);
    EXPECT_EQ(job("a").wait_owner, Owner::you);
    EXPECT_EQ(job("b").waiting, adapter::WaitReason::network);
    EXPECT_EQ(job("c").waiting, adapter::WaitReason::paused);
    EXPECT_EQ(job("d").state, JobState::published);
    EXPECT_EQ(job("a", "small:@bob").state, JobState::scheduled);
    EXPECT_EQ(tables.rows.accounts.at("acc_@ada").pause_reason, "holiday");
}

TEST_F(Control, ResumeWaitsForTheOtherPause) {
    plan_and_apply({spec("a")});
    ASSERT_TRUE(pause_account(tables, "small:@ada", true, "", now));
    ASSERT_TRUE(pause_campaign(tables, "spring", true, "", now));

    ASSERT_TRUE(pause_account(tables, "small:@ada", false, "", now));
    EXPECT_EQ(job("a").waiting, adapter::WaitReason::paused);
    ASSERT_TRUE(pause_campaign(tables, "spring", false, "", now));

    EXPECT_EQ(job("a").state, JobState::scheduled);
    auto const types = event_types();
    EXPECT_EQ(std::count(types.begin(), types.end(), "account.paused"), 1);
    EXPECT_EQ(std::count(types.begin(), types.end(), "account.resumed"), 1);
}

TEST_F(Control, WhatIsNotThereIsSaidSo) {
    EXPECT_EQ(cancel_job(tables, "job_x", "", now).error().code(), "not_found.job");
    EXPECT_EQ(pause_account(tables, "small:@x", true, "", now).error().code(), "not_found.account");
    EXPECT_EQ(pause_campaign(tables, "x", true, "", now).error().code(), "not_found.campaign");
}

}  // namespace
}  // namespace postrider::core

// Approvals: when they are needed, how a plan is cut, what a yes binds, and what takes it away
// again.
#include "plan/plan_fixture.hpp"

#include <algorithm>

namespace postrider::core {
namespace {

class Approvals : public PlanTest {
 protected:
    static boost::json::object answer(std::string const& key,
                                      boost::json::value value,
                                      std::string const& account = "small:@ada") {
        return {{idempotency_key("spring", key, account), {{"privacy", std::move(value)}}}};
    }

    Approval only_one(std::string_view state = "pending") {
        auto found = tables.approvals("", state);
        EXPECT_TRUE(found);
        EXPECT_EQ(found->size(), 1U);
        return found->front();
    }

    Result<Approval> grant(std::string const& id, Decision decision) {
        return grant_approval(tables, id, std::move(decision), now, random);
    }

    bool approved(Job const& job) {
        auto result = is_approved(tables, job);
        EXPECT_TRUE(result);
        return *result;
    }
};

TEST_F(Approvals, AreNeededForConsentAsksAndByWish) {
    EXPECT_FALSE(plan({spec("a")})->jobs[0].needs_approval);
    EXPECT_TRUE(plan({asking("a")})->jobs[0].needs_approval);
    EXPECT_EQ(plan({asking("a")})->jobs[0].asks, std::vector<std::string>{"privacy"});
    auto wished = spec("a");
    wished.approval = "plan";
    EXPECT_TRUE(plan({wished})->jobs[0].needs_approval);

    small.descriptor_.consent_needed = true;
    EXPECT_TRUE(plan({spec("a")})->jobs[0].needs_approval);
    auto inbox = spec("a");
    inbox.post.deliver = adapter::Deliver::inbox;
    EXPECT_FALSE(plan({inbox})->jobs[0].needs_approval);
    auto either = spec("a");
    either.post.deliver = adapter::Deliver::direct_or_inbox;
    small.descriptor_.deliver.push_back(adapter::Deliver::direct_or_inbox);
    EXPECT_TRUE(plan({either})->jobs[0].needs_approval);
}

TEST_F(Approvals, HoldTheirJobsAndLetTheOthersGo) {
    auto const outcome = plan_and_apply({asking("a"), spec("b")});

    ASSERT_EQ(outcome.approvals.size(), 1U);
    EXPECT_EQ(job("a").state, JobState::awaiting_approval);
    EXPECT_FALSE(job("a").next_at);
    EXPECT_EQ(job("a").approval_id, outcome.approvals[0].id);
    EXPECT_EQ(job("b").state, JobState::scheduled);
    EXPECT_FALSE(approved(job("a")));
    EXPECT_TRUE(approved(job("b")));
    EXPECT_EQ(event_types()[0], "approval.requested");
}

TEST_F(Approvals, AreCutAsTheScriptSays) {
    for (auto const& [cut, count] : std::vector<std::pair<std::string, std::size_t>>{
             {"plan", 1}, {"account", 2}, {"post", 3}}) {
        tables.rows.jobs.clear();
        tables.rows.job_ids_by_key.clear();
        std::vector<JobSpec> wanted;
        for (char const* key : {"a", "b", "c"})
            for (char const* account : {"small:@ada", "small:@bob"}) {
                wanted.push_back(spec(key, account));
                wanted.back().approval = cut;
            }
        EXPECT_EQ(plan_and_apply(wanted).approvals.size(), count) << cut;
    }
}

TEST_F(Approvals, AnswersAreFilledInAndBound) {
    plan_and_apply({asking("a")});
    auto const planned_hash = job("a").hash;
    auto const pending = only_one();

    auto const granted = grant(pending.id, yes(answer("a", "self")));

    ASSERT_TRUE(granted) << granted.error().message();
    EXPECT_EQ(granted->state, "granted");
    EXPECT_EQ(granted->person, "Mara");
    auto const released = job("a");
    EXPECT_EQ(released.state, JobState::scheduled);
    EXPECT_EQ(released.next_at, released.spec.due_at);
    EXPECT_EQ(released.spec.post.options.at("privacy"), boost::json::value("self"));
    EXPECT_EQ(released.hash, planned_hash);  // what the script says has not changed
    EXPECT_TRUE(approved(released));
    EXPECT_EQ(plan({asking("a")})->counts().at("unchanged"), 1);
}

TEST_F(Approvals, CoverWhatWillBeSentAndNothingElse) {
    plan_and_apply({asking("a")});
    auto const granted = grant(only_one().id, yes(answer("a", "self")));
    ASSERT_TRUE(granted);

    auto other_choice = job("a");
    other_choice.spec.post.options["privacy"] = "everyone";
    EXPECT_FALSE(approved(other_choice));
    auto other_text = job("a");
    other_text.spec.post.caption = "bye";
    EXPECT_FALSE(approved(other_text));
    auto later = job("a");
    later.spec.due_at += Milliseconds{1};
    EXPECT_TRUE(approved(later));

    // What the job was let go with is bound to the approval's hash.
    auto& record = tables.rows.approvals.at(granted->id);
    auto const hash = std::exchange(record.approved_hash, "another");
    EXPECT_FALSE(approved(job("a")));
    record.approved_hash = hash;
    auto& kept = tables.rows.approved_jobs.begin()->second;
    auto const bound = std::exchange(kept.bound, "another");
    EXPECT_FALSE(approved(job("a")));
    kept.bound = bound;
    EXPECT_TRUE(approved(job("a")));
}

TEST_F(Approvals, GrantedByAnOlderVersionAreReadWhole) {
    plan_and_apply({asking("a")});
    auto const granted = grant(only_one().id, yes(answer("a", "self")));
    tables.rows.approved_jobs.clear();
    EXPECT_TRUE(approved(job("a")));

    auto& record = tables.rows.approvals.at(granted->id);
    record.body["answers"].as_object().begin()->value() = {{"privacy", "everyone"}};
    EXPECT_FALSE(approved(job("a")));
}

TEST_F(Approvals, ACommitReadsNeitherThePlanNorTheWholeApproval) {
    plan_and_apply({spec("free"), asking("asks")});
    auto const granted = grant(only_one().id, yes(answer("asks", "self")));
    ASSERT_TRUE(granted);
    for (auto& [id, stored] : tables.rows.plans) stored.body.clear();
    for (auto& [id, approval] : tables.rows.approvals) approval.body.clear();

    EXPECT_TRUE(approved(job("free")));
    EXPECT_TRUE(approved(job("asks")));
}

TEST_F(Approvals, WhatAnOlderVersionAppliedAsksItsPlan) {
    plan_and_apply({spec("free")});
    auto old = job("free");
    old.needs_approval.reset();
    EXPECT_TRUE(approved(old));
    for (auto& [id, stored] : tables.rows.plans) stored.body.clear();
    EXPECT_FALSE(approved(old));
}

TEST_F(Approvals, OpenChoiceIsNeverGuessed) {
    plan_and_apply({asking("a")});
    auto const id = only_one().id;
    EXPECT_EQ(grant(id, yes()).error().code(), "approval.open_choice");
    EXPECT_EQ(grant(id, yes(answer("a", {{"ask", true}}))).error().code(), "approval.open_choice");
    EXPECT_EQ(job("a").state, JobState::awaiting_approval);
}

TEST_F(Approvals, AnswersAreCheckedByTheRulesOfTheNetwork) {
    auto wanted = asking("a");
    wanted.post.options["paid"] = true;
    plan_and_apply({wanted});
    auto const id = only_one().id;

    EXPECT_EQ(grant(id, yes(answer("a", "public"))).error().code(), "option.not_allowed");
    EXPECT_EQ(grant(id, yes(answer("a", 7))).error().code(), "option.wrong_type");
    EXPECT_EQ(grant(id, yes(answer("a", "self"))).error().code(), "option.excluded");
    auto meddling = answer("a", "friends");
    meddling.begin()->value().as_object()["paid"] = false;
    EXPECT_EQ(grant(id, yes(meddling)).error().code(), "usage.unknown_field");
    EXPECT_EQ(grant(id, yes(answer("zzz", "friends"))).error().code(), "usage.unknown_field");
    EXPECT_TRUE(grant(id, yes(answer("a", "friends"))));
}

TEST_F(Approvals, AnswersAreCheckedByWhatIsOfferedToday) {
    plan_and_apply({asking("a")});
    auto const id = only_one().id;
    adapter::CreatorFacts facts;
    facts.offered["privacy"] = {"friends", "self"};
    facts.locked["paid"] = "switched off";
    auto decision = yes(answer("a", "everyone"));
    decision.facts["small:@ada"] = adapter::to_json(facts);

    auto const refused = grant(id, decision);

    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), "approval.lapsed");
    ASSERT_EQ(refused.error().at().size(), 1U);
    EXPECT_EQ(refused.error().at()[0].allowed, (boost::json::array{"friends", "self"}));

    facts.blocked = make_error("network.account_banned");
    decision.answers = answer("a", "self");
    decision.facts["small:@ada"] = adapter::to_json(facts);
    EXPECT_EQ(grant(id, decision).error().code(), "network.account_banned");
}

TEST_F(Approvals, AWordThatTheNetworkOffersTodayIsAnAnswer) {
    plan_and_apply({asking("a")});
    auto const id = only_one().id;
    EXPECT_EQ(grant(id, yes(answer("a", "neighbours"))).error().code(), "option.not_allowed");
    adapter::CreatorFacts facts;
    facts.offered["privacy"] = {"neighbours", "self"};
    auto decision = yes(answer("a", "neighbours"));
    decision.facts["small:@ada"] = adapter::to_json(facts);

    ASSERT_TRUE(grant(id, decision));

    EXPECT_EQ(job("a").spec.post.options.at("privacy"), boost::json::value("neighbours"));
}

TEST_F(Approvals, GivenBeforeApplyOnlyRecordsAndThenCounts) {
    auto const made = plan({asking("a"), spec("b")});
    EXPECT_EQ(apply(*made, true).error().code(), "approval.required");
    EXPECT_TRUE(tables.rows.jobs.empty());
    auto const asked = request_approval(tables, made->id, "please", now, random);
    ASSERT_TRUE(asked);
    ASSERT_EQ(asked->size(), 1U);
    EXPECT_EQ(request_approval(tables, made->id, "", now, random)->front().id, asked->front().id);
    ASSERT_TRUE(grant(asked->front().id, yes(answer("a", "friends"))));
    EXPECT_TRUE(tables.rows.jobs.empty());

    auto const applied = apply(*made, true);

    ASSERT_TRUE(applied) << applied.error().message();
    EXPECT_TRUE(applied->approvals.empty());
    EXPECT_EQ(job("a").state, JobState::scheduled);
    EXPECT_EQ(job("a").spec.post.options.at("privacy"), boost::json::value("friends"));
    EXPECT_TRUE(approved(job("a")));
}

TEST_F(Approvals, ChangedJobLosesItsYesAndItsNeighboursKeepTheirs) {
    small.descriptor_.consent_needed = true;
    plan_and_apply({spec("a"), spec("b")});
    ASSERT_TRUE(grant(only_one().id, yes()));
    auto const old = only_one("granted").id;
    auto changed = spec("a");
    changed.post.caption = "bye";

    plan_and_apply({changed, spec("b")});

    EXPECT_EQ(job("a").state, JobState::awaiting_approval);
    EXPECT_FALSE(approved(job("a")));
    EXPECT_EQ(job("b").state, JobState::scheduled);
    EXPECT_EQ(job("b").approval_id, old);
    EXPECT_TRUE(approved(job("b")));
    ASSERT_TRUE(grant(only_one().id, yes()));
    EXPECT_TRUE(approved(job("a")));
    EXPECT_TRUE(approved(job("b")));
}

TEST_F(Approvals, PendingOneForgetsWhatChangedAndIsSupersededWhenNothingIsLeft) {
    small.descriptor_.consent_needed = true;
    plan_and_apply({spec("a"), spec("b")});
    auto const first = only_one();
    auto changed = spec("a");
    changed.post.caption = "bye";
    plan_and_apply({changed, spec("b")});
    ASSERT_TRUE(grant(first.id, yes()));
    EXPECT_EQ(job("a").state, JobState::awaiting_approval);
    EXPECT_EQ(job("b").state, JobState::scheduled);
    auto const second = only_one();

    changed.post.caption = "ciao";
    plan_and_apply({changed, spec("b")});

    EXPECT_EQ(tables.rows.approvals.at(second.id).state, "superseded");
    EXPECT_EQ(grant(second.id, yes()).error().code(), "approval.superseded");
}

TEST_F(Approvals, PlanThatIsAppliedSupersedesTheQuestionsOfOthers) {
    auto const one = plan({asking("a")});
    ASSERT_TRUE(request_approval(tables, one->id, "", now, random));
    auto const asked = only_one();

    plan_and_apply({spec("a")});

    EXPECT_EQ(tables.rows.approvals.at(asked.id).state, "superseded");
}

TEST_F(Approvals, DecliningCancelsTheJobsAndKeepsTheNote) {
    plan_and_apply({asking("a"), spec("b")});
    auto decision = yes();
    decision.note = "not this film";

    ASSERT_TRUE(decline_approval(tables, only_one().id, decision, now));

    EXPECT_EQ(job("a").state, JobState::cancelled);
    EXPECT_EQ(job("a").error->code(), "approval.declined");
    EXPECT_EQ(only_one("declined").note, "not this film");
    EXPECT_EQ(job("b").state, JobState::scheduled);
    EXPECT_EQ(plan({asking("a"), spec("b")})->counts().at("unchanged"), 2);
    auto changed = asking("a");
    changed.post.caption = "bye";
    plan_and_apply({changed, spec("b")});
    EXPECT_EQ(job("a").state, JobState::awaiting_approval);
}

TEST_F(Approvals, DeclinedPlanIsNotApplied) {
    auto const made = plan({asking("a")});
    auto const asked = request_approval(tables, made->id, "", now, random);
    ASSERT_TRUE(decline_approval(tables, asked->front().id, yes(), now));
    EXPECT_EQ(apply(*made).error().code(), "approval.declined");
}

TEST_F(Approvals, DecidedOrExpiredOneIsNotDecidedAgain) {
    plan_and_apply({asking("a")});
    auto const pending = only_one();
    auto const in_time = now;
    now = pending.expires_at;
    EXPECT_EQ(grant(pending.id, yes(answer("a", "self"))).error().code(), "approval.expired");
    auto const asked = request_approval(tables, pending.plan_id, "", now, random);
    ASSERT_TRUE(asked);
    ASSERT_EQ(asked->size(), 1U);
    EXPECT_EQ(tables.rows.approvals.at(pending.id).state, "expired");
    EXPECT_EQ(job("a").approval_id, asked->front().id);
    now = in_time;
    ASSERT_TRUE(grant(asked->front().id, yes(answer("a", "self"))));
    EXPECT_EQ(grant(asked->front().id, yes()).error().code(), "conflict.wrong_state");
    EXPECT_EQ(grant("apr_x", yes()).error().code(), "not_found.approval");
}

TEST_F(Approvals, NewPlanCanAskAgainForAJobThatIsUnchanged) {
    plan_and_apply({asking("a")});
    tables.rows.approvals.begin()->second.state = "expired";
    auto const made = plan({asking("a")});
    ASSERT_EQ(made->counts().at("unchanged"), 1);

    auto const asked = request_approval(tables, made->id, "", now, random);

    ASSERT_TRUE(asked);
    ASSERT_EQ(asked->size(), 1U);
    ASSERT_TRUE(grant(asked->front().id, yes(answer("a", "self"))));
    EXPECT_EQ(job("a").state, JobState::scheduled);
    EXPECT_TRUE(approved(job("a")));
}

TEST_F(Approvals, LateJobGoesOutNowOrWhenThePersonSays) {
    plan_and_apply({asking("a"), asking("b"), asking("c")});
    now = job("a").spec.due_at + Milliseconds{3'600'000};
    auto answers = answer("a", "self");
    for (char const* key : {"b", "c"})
        for (auto const& [name, value] : answer(key, "self")) answers[name] = value;
    auto& c = answers.at(idempotency_key("spring", "c", "small:@ada")).as_object();
    c["when"] = "yesterday";
    auto const id = only_one().id;
    EXPECT_EQ(grant(id, yes(answers)).error().code(), "usage.bad_value");
    c["when"] = to_rfc3339(now + Milliseconds{60'000});

    ASSERT_TRUE(grant(id, yes(answers)));

    EXPECT_EQ(job("a").spec.due_at, now);
    EXPECT_EQ(job("c").next_at, now + Milliseconds{60'000});
    EXPECT_TRUE(approved(job("c")));
    auto const types = event_types();
    EXPECT_EQ(std::count(types.begin(), types.end(), "job.moved"), 3);
}

TEST_F(Approvals, CancelledByAPlanAndWantedAgainKeepsItsYes) {
    plan_and_apply({asking("a"), spec("b")});
    ASSERT_TRUE(grant(only_one().id, yes(answer("a", "self"))));
    plan_and_apply({spec("b")});

    auto const outcome = plan_and_apply({asking("a"), spec("b")});

    EXPECT_TRUE(outcome.approvals.empty());
    EXPECT_EQ(job("a").state, JobState::scheduled);
    EXPECT_EQ(job("a").spec.post.options.at("privacy"), boost::json::value("self"));
    EXPECT_TRUE(approved(job("a")));
}

TEST_F(Approvals, CancelledJobIsNoLongerAskedFor) {
    plan_and_apply({asking("a")});
    auto const id = only_one().id;
    ASSERT_TRUE(cancel_job(tables, job("a").id, "", now));
    EXPECT_EQ(tables.rows.approvals.at(id).state, "superseded");
}

TEST_F(Approvals, RecordShowsWhatWasBound) {
    plan_and_apply({asking("a")});
    auto decision = yes(answer("a", "self"));
    decision.words = consent_words(small.descriptor(), spec("a"));
    auto const granted = grant(only_one().id, decision);
    ASSERT_TRUE(granted);

    auto const shown = to_json(*granted);

    EXPECT_EQ(shown.at("how"), boost::json::value("terminal"));
    EXPECT_EQ(shown.at("words").get_array().size(), 2U);
    EXPECT_EQ(shown.at("jobs").get_object().size(), 1U);
    EXPECT_EQ(shown.at("approved_hash").get_string().size(), 71U);
}

}  // namespace
}  // namespace postrider::core

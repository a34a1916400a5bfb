// Everything that an adapter may ask for, and what it must not: what becomes of the job, and how
// often the commit left.
#include <postrider/catalogue.hpp>
#include <postrider/test/engine_bench.hpp>
#include <postrider/test/scripted_adapter.hpp>

#include <gtest/gtest.h>

namespace postrider::core {
namespace {

using namespace std::chrono_literals;
using adapter::Action;
using adapter::Answer;
using adapter::Effect;
using adapter::JobView;
using test::EngineBench;
using test::Fault;
using test::ScriptedAdapter;

adapter::Reply const* reply_to(Answer const& answer, std::string_view step) {
    auto const* reply = std::get_if<adapter::Reply>(&answer);
    return reply && reply->step == step ? reply : nullptr;
}

adapter::SavedState phase(std::string_view name) {
    adapter::SavedState state;
    state.open["phase"] = name;
    return state;
}

bool is_in(JobView const& job, std::string_view name) {
    auto const* found = job.state.open.if_contains("phase");
    return found && found->as_string() == name;
}

class Actions : public testing::Test {
 protected:
    Actions() {
        bench.add_adapter(script);
        id = bench.add_job("gamma", "ann", "hello");
    }
    int commits() { return bench.network().calls("go"); }
    Job job() { return bench.job(id); }
    std::vector<Event> events(std::string const& type) {
        return *read_now<std::vector<Event>>(
            bench.store(), [&](Tables& tables) { return tables.events(0, {type}, 0); });
    }
    // The job is in doubt: its commit left, and the answer was lost.
    void put_in_doubt() {
        bench.network().fault("go", 1, Fault::lost_after);
        bench.run_until_idle(500ms);
        ASSERT_EQ(job().state, JobState::unknown);
    }

    ScriptedAdapter script;
    EngineBench bench;
    std::string id;
};

// --- next()

TEST_F(Actions, DoubtAfterAnAnsweredCommitIsKeptUntilItIsLookedAt) {
    script.next_is = [](JobView const&, Answer const& answer) -> Action {
        if (reply_to(answer, "go"))
            return adapter::Doubt{make_error("network.bad_answer", "Half of it."), 7s};
        return ScriptedAdapter::commit();
    };
    script.reconcile_is = [](JobView const&, Answer const&) -> Action {
        return ScriptedAdapter::done();
    };
    bench.run_until_idle(2s);

    EXPECT_EQ(job().state, JobState::unknown);
    EXPECT_TRUE(job().committed);
    EXPECT_EQ(job().intent->outcome, "armed");
    EXPECT_EQ(job().error->code(), "job.outcome_unknown");
    ASSERT_NE(job().error->cause(), nullptr);
    EXPECT_EQ(job().error->cause()->code(), "network.bad_answer");
    EXPECT_EQ(job().error->side_effects(), SideEffects::possible);

    ASSERT_TRUE(bench.run_until_idle());
    EXPECT_EQ(job().state, JobState::published);
    EXPECT_EQ(commits(), 1);
}

TEST_F(Actions, DoubtBeforeAnyCommitIsDoubtAllTheSame) {
    script.next_is = [](JobView const&, Answer const&) -> Action {
        return adapter::Doubt{make_error("job.outcome_unknown"), 1min};
    };
    bench.run_until_idle(2s);

    EXPECT_EQ(job().state, JobState::unknown);
    EXPECT_FALSE(job().intent);
    EXPECT_EQ(job().error->cause(), nullptr);
    EXPECT_EQ(job().next_at, job().updated_at + 1min);
    bench.run_until_idle(5min);
    EXPECT_EQ(job().state, JobState::unknown);
    EXPECT_GT(job().looks, 0);
    EXPECT_EQ(commits(), 0);
}

TEST_F(Actions, ToResumeOutsideReconcileIsABug) {
    script.next_is = [](JobView const&, Answer const&) -> Action {
        return adapter::Resume{phase("made"), "no reason", true};
    };
    bench.run_until_idle();

    EXPECT_EQ(job().state, JobState::rejected);
    EXPECT_EQ(job().error->code(), "internal.bug");
    EXPECT_EQ(commits(), 0);
}

// One job, one live commit: whatever the adapter asks for while it lives, none leaves.
TEST_F(Actions, NeitherASecondCommitNorAPrepareLeavesWhileACommitIsLive) {
    for (auto const effect : {Effect::commit_by_handle, Effect::commit_blind, Effect::prepare}) {
        SCOPED_TRACE(word(effect));
        EngineBench other;
        ScriptedAdapter twice;
        twice.next_is = [&](JobView const&, Answer const& answer) -> Action {
            if (reply_to(answer, "go")) return ScriptedAdapter::request("again", effect);
            return ScriptedAdapter::commit();
        };
        other.add_adapter(twice);
        auto const second = other.add_job("gamma", "ann", "hello");
        other.run_until_idle(1min);

        EXPECT_EQ(other.job(second).state, JobState::unknown);
        EXPECT_TRUE(other.job(second).committed);
        EXPECT_EQ(other.network().calls("go"), 1);
        EXPECT_EQ(other.network().calls("again"), 0);
    }
}

TEST_F(Actions, AnAnswerThatIsFollowedByALookIsDurableBeforeIt) {
    std::optional<Job> at_the_look;
    script.next_is = [](JobView const&, Answer const& answer) -> Action {
        if (reply_to(answer, "go")) return ScriptedAdapter::request("state", Effect::look);
        if (reply_to(answer, "state")) return ScriptedAdapter::done();
        return ScriptedAdapter::commit();
    };
    bench.network().arrives = [&](OutgoingRequest const& request) {
        if (request.url.ends_with("/state")) at_the_look = bench.job(id);
    };
    ASSERT_TRUE(bench.run_until_idle());

    ASSERT_TRUE(at_the_look);
    EXPECT_EQ(at_the_look->intent->outcome, "confirmed");
    EXPECT_EQ(job().state, JobState::published);
    EXPECT_TRUE(job().receipt.sent.contains("request"));
}

TEST_F(Actions, AWriteThatFailsAfterAnAnsweredCommitEndsTheVisitBeforeTheNextRequest) {
    script.next_is = [](JobView const& view, Answer const& answer) -> Action {
        if (reply_to(answer, "state")) return ScriptedAdapter::done();
        if (view.intent) return ScriptedAdapter::request("state", Effect::look);
        return ScriptedAdapter::commit();
    };
    script.reconcile_is = [](JobView const&, Answer const&) -> Action {
        return adapter::Resume{phase("sent"), "it is there", true};
    };
    bench.network().arrives = [&](OutgoingRequest const& request) {
        if (request.url.ends_with("/go")) bench.fail_write(1);
    };
    EXPECT_ANY_THROW(bench.run_until_idle());
    EXPECT_EQ(bench.network().calls("state"), 0);
    bench.die();
    ASSERT_TRUE(bench.run_until_idle());

    EXPECT_EQ(job().state, JobState::published);
    EXPECT_EQ(commits(), 1);
}

TEST_F(Actions, ACommitThatIsAcceptedAndWorkedOnWaitsForTheNetwork) {
    script.next_is = [](JobView const& view, Answer const& answer) -> Action {
        if (reply_to(answer, "state")) return ScriptedAdapter::done();
        if (reply_to(answer, "go")) return adapter::Wait{30s, adapter::WaitReason::network};
        if (view.intent) return ScriptedAdapter::request("state", Effect::look);
        return ScriptedAdapter::commit();
    };
    bench.run_until_idle(5s);
    EXPECT_EQ(job().state, JobState::waiting);
    EXPECT_EQ(job().wait_owner, Owner::network);
    EXPECT_EQ(job().intent->outcome, "confirmed");
    ASSERT_TRUE(bench.run_until_idle());

    EXPECT_EQ(job().state, JobState::published);
    EXPECT_EQ(commits(), 1);
}

TEST_F(Actions, APersonIsAskedWhereTheNetworkWantsAnotherYes) {
    script.next_is = [](JobView const&, Answer const&) -> Action {
        return adapter::Fail{make_error("approval.lapsed"), {}};
    };
    bench.run_until_idle();

    EXPECT_EQ(job().state, JobState::awaiting_approval);
    EXPECT_FALSE(job().next_at);
    EXPECT_EQ(events("job.awaiting_approval").size(), 1U);
}

TEST_F(Actions, APrepareThatNeedsAPersonFirstWaitsWithoutAnEnd) {
    script.next_is = [](JobView const&, Answer const& answer) -> Action {
        if (reply_to(answer, "make"))
            return adapter::Fail{make_error("account.reconnect_needed"), {}};
        return ScriptedAdapter::request("make", Effect::prepare);
    };
    bench.run_until_idle();

    EXPECT_EQ(job().state, JobState::waiting);
    EXPECT_EQ(job().waiting, adapter::WaitReason::account);
    EXPECT_FALSE(job().until);
    EXPECT_FALSE(job().next_at);
}

// --- failures after the commit

class AfterCommit : public Actions {
 protected:
    // Commits, then makes a step of this effect, of which `fail` is said.
    void then(Effect effect, adapter::Fail fail) {
        script.next_is = [=](JobView const& view, Answer const& answer) -> Action {
            if (is_in(view, "anew")) return adapter::Fail{make_error("network.moderation"), {}};
            if (reply_to(answer, "then")) return fail;
            if (view.intent || reply_to(answer, "go"))
                return ScriptedAdapter::request("then", effect);
            return ScriptedAdapter::commit();
        };
    }
};

TEST_F(AfterCommit, AFailedLookSaysNothingOfThePost) {
    then(Effect::look, {make_error("network.unavailable"), {}});
    bench.run_until_idle(10min);

    EXPECT_FALSE(is_final(job().state));
    EXPECT_TRUE(job().committed);
    EXPECT_EQ(job().intent->outcome, "confirmed");
    EXPECT_GT(bench.network().calls("then"), 1);
    EXPECT_EQ(commits(), 1);
}

TEST_F(AfterCommit, WhatIsFinalEndsThePost) {
    for (auto const* code : {"network.moderation", "media.unsupported"}) {
        SCOPED_TRACE(code);
        EngineBench other;
        then(Effect::look, {make_error(code), {}});
        other.add_adapter(script);
        auto const second = other.add_job("gamma", "ann", "hello");
        other.run_until_idle(10min);

        EXPECT_EQ(other.job(second).state, JobState::rejected);
        EXPECT_EQ(other.job(second).intent->outcome, "refused");
        EXPECT_FALSE(other.job(second).committed);
    }
}

TEST_F(AfterCommit, AStepThatIsNoLookLeavesTheCommitAlive) {
    then(Effect::repeat, {make_error("network.moderation"), {}});
    bench.run_until_idle(10min);

    EXPECT_EQ(job().state, JobState::rejected);
    EXPECT_TRUE(job().committed);
    EXPECT_EQ(commits(), 1);
}

TEST_F(AfterCommit, ANewBeginningIsProofThatTheOldEffectIsDead) {
    then(Effect::look,
         {make_error("network.bad_answer").with_retry(Retry::backoff()), phase("anew")});
    bench.run_until_idle(1h);

    EXPECT_EQ(job().intent->outcome, "refused");
    EXPECT_FALSE(job().committed);
    EXPECT_EQ(job().state, JobState::rejected);
    EXPECT_EQ(commits(), 1);
}

TEST_F(Actions, ANewBeginningBeforeAnyCommitIsOneOfThePreparations) {
    script.next_is = [](JobView const& view, Answer const&) -> Action {
        if (is_in(view, "anew")) return adapter::Fail{make_error("network.moderation"), {}};
        return adapter::Fail{make_error("network.bad_answer").with_retry(Retry::backoff()),
                             phase("anew")};
    };
    bench.run_until_idle(1h);

    EXPECT_EQ(job().state, JobState::rejected);
    EXPECT_FALSE(job().intent);
}

// --- what is known late

TEST_F(Actions, AReceiptIsCompletedLaterAndTheOutcomeStays) {
    script.next_is = [](JobView const&, Answer const& answer) -> Action {
        if (!reply_to(answer, "go")) return ScriptedAdapter::commit();
        adapter::Finish bare;
        bare.look_again = 1min;
        bare.state = phase("out");
        return bare;
    };
    int turn = 0;
    script.reconcile_is = [&](JobView const& view, Answer const&) -> Action {
        EXPECT_TRUE(is_in(view, "out"));
        auto done = ScriptedAdapter::done();
        done.look_again = 1min;
        switch (++turn) {
            case 1:
                return adapter::Fail{make_error("network.moderation"), {}};
            case 2:
                return adapter::Finish{false, {}, 1min, {}};
            case 3:
                return done;
            case 4:
            case 5:
                done.receipt.link = "http://fake.invalid/g1";
                return done;
            default:
                break;
        }
        done.receipt.link = "http://fake.invalid/g1";
        done.receipt.visibility = "everyone";
        done.look_again.reset();
        return done;
    };
    bench.run_until_idle(20s);
    EXPECT_EQ(job().state, JobState::published);
    EXPECT_TRUE(job().receipt.seen.at("link").is_null());
    EXPECT_TRUE(job().receipt.seen.at("remote_ids").is_null());
    auto const at = job().receipt.seen.at("at");
    EXPECT_TRUE(job().next_at);

    for (int i = 0; i < 20; ++i) {
        bench.run_until_idle(10min);
        EXPECT_EQ(job().state, JobState::published);
    }
    EXPECT_EQ(turn, 6);
    EXPECT_FALSE(job().next_at);
    EXPECT_EQ(job().receipt.seen.at("link").as_string(), "http://fake.invalid/g1");
    EXPECT_EQ(job().receipt.seen.at("at"), at);
    EXPECT_EQ(events("job.published").size(), 1U);
    EXPECT_EQ(events("job.link_known").size(), 1U);
    EXPECT_EQ(events("job.seen_changed").size(), 2U);
    EXPECT_EQ(commits(), 1);
}

TEST_F(Actions, WhatWasHandedOffMayBePublishedLater) {
    int looks = 0;
    script.next_is = [](JobView const&, Answer const& answer) -> Action {
        if (!reply_to(answer, "go")) return ScriptedAdapter::commit();
        auto done = ScriptedAdapter::done();
        done.handed_off = true;
        done.look_again = 1min;
        return done;
    };
    script.reconcile_is = [&](JobView const&, Answer const&) -> Action {
        auto done = ScriptedAdapter::done();
        done.handed_off = ++looks == 1;
        if (looks == 1) done.look_again = 1min;
        return done;
    };
    bench.run_until_idle(20s);
    EXPECT_EQ(job().state, JobState::handed_off);
    ASSERT_TRUE(bench.run_until_idle());

    EXPECT_EQ(looks, 2);
    EXPECT_EQ(job().state, JobState::published);
    EXPECT_EQ(events("job.handed_off").size(), 1U);
    EXPECT_EQ(commits(), 1);
}

TEST_F(Actions, WhatIsOutStaysOutWhenItsLookCannotBegin) {
    script.next_is = [](JobView const&, Answer const& answer) -> Action {
        if (!reply_to(answer, "go")) return ScriptedAdapter::commit();
        auto done = ScriptedAdapter::done();
        done.look_again = 1min;
        return done;
    };
    script.reconcile_is = [](JobView const&, Answer const&) -> Action {
        return ScriptedAdapter::done();
    };
    bench.run_until_idle(20s);
    auto const sealed = job().saved.sealed;
    bench.change(id, [](Job& stored) { stored.saved.sealed["box"] = "no box of ours"; });
    bench.run_until_idle(3min);
    EXPECT_EQ(job().state, JobState::published);
    ASSERT_TRUE(job().error);

    bench.change(id, [&](Job& stored) { stored.saved.sealed = sealed; });
    ASSERT_TRUE(bench.run_until_idle());
    EXPECT_EQ(job().state, JobState::published);
    EXPECT_FALSE(job().error);
    EXPECT_FALSE(job().next_at);
}

TEST_F(Actions, AFinishWithoutACommitNeedsNone) {
    script.next_is = [](JobView const&, Answer const&) -> Action {
        return ScriptedAdapter::done();
    };
    ASSERT_TRUE(bench.run_until_idle());

    EXPECT_EQ(job().state, JobState::published);
    EXPECT_FALSE(job().intent);
    EXPECT_TRUE(bench.network().log().empty());
}

}  // namespace
}  // namespace postrider::core

// What an adapter may say of a commit in doubt, and what it must not do about it.
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

class Reconcile : public testing::Test {
 protected:
    Reconcile() {
        bench.add_adapter(script);
        id = bench.add_job("gamma", "ann", "hello");
        bench.network().fault("go", 1, Fault::lost_after);
    }
    Job job() { return bench.job(id); }
    int commits() { return bench.network().calls("go"); }
    // The adapter looks once, then says this.
    void after_a_look(std::function<Action(adapter::Reply const&)> says) {
        script.reconcile_is = [says](JobView const&, Answer const& answer) -> Action {
            if (auto const* reply = std::get_if<adapter::Reply>(&answer)) return says(*reply);
            return ScriptedAdapter::request("find", Effect::look);
        };
    }
    void expect_still_in_doubt() {
        EXPECT_EQ(job().state, JobState::unknown);
        EXPECT_TRUE(job().committed);
        EXPECT_EQ(job().intent->outcome, "armed");
        EXPECT_TRUE(job().next_at);
        EXPECT_EQ(commits(), 1);
    }

    ScriptedAdapter script;
    EngineBench bench;
    std::string id;
};

TEST_F(Reconcile, LooksThatFailAreNoVerdict) {
    for (auto const& error : {make_error("network.unavailable"),
                              make_error("network.rate_limited").with_retry(Retry::after(5min)),
                              make_error("account.token_expired")}) {
        SCOPED_TRACE(error.code());
        after_a_look([&](adapter::Reply const&) { return adapter::Fail{error, {}}; });
        bench.run_until_idle(20min);
        expect_still_in_doubt();
    }
    EXPECT_GT(bench.network().calls("find"), 3);
}

TEST_F(Reconcile, ATokenThatTheNetworkRefusesIsRefreshedOnceAVisit) {
    after_a_look([&](adapter::Reply const&) {
        return adapter::Fail{make_error("account.token_expired"), {}};
    });
    bench.run_until_idle(3s);

    EXPECT_EQ(bench.network().refreshes, bench.network().calls("find") / 2);
    EXPECT_GE(bench.network().refreshes, 1);
    expect_still_in_doubt();
}

TEST_F(Reconcile, ARefusedLookIsMadeAgainWithANewToken) {
    bench.network().good_tokens = {"access-1"};
    bench.network().fault("find", 1, Fault::token_refused);
    after_a_look([](adapter::Reply const& reply) -> Action {
        EXPECT_EQ(reply.http.status, 200);
        return ScriptedAdapter::done();
    });
    ASSERT_TRUE(bench.run_until_idle());

    EXPECT_EQ(bench.network().calls("find"), 2);
    EXPECT_EQ(bench.network().refreshes, 1);
    EXPECT_EQ(job().state, JobState::published);
    EXPECT_EQ(commits(), 1);
}

TEST_F(Reconcile, ASecondRefusalIsTheAdaptersToJudge) {
    for (int nth = 1; nth <= 2; ++nth) bench.network().fault("find", nth, Fault::token_refused);
    int seen = 0;
    after_a_look([&](adapter::Reply const& reply) -> Action {
        seen = reply.http.status;
        return adapter::Wait{1min, adapter::WaitReason::network};
    });
    bench.run_until_idle(4s);

    EXPECT_EQ(seen, 401);
    EXPECT_EQ(bench.network().calls("find"), 2);
    expect_still_in_doubt();
}

TEST_F(Reconcile, ProofThatItWasRefusedEndsIt) {
    after_a_look([](adapter::Reply const&) {
        return adapter::Fail{make_error("network.moderation"), {}};
    });
    bench.run_until_idle();

    EXPECT_EQ(job().state, JobState::rejected);
    EXPECT_FALSE(job().committed);
    EXPECT_EQ(job().intent->outcome, "refused");
    EXPECT_EQ(commits(), 1);
}

TEST_F(Reconcile, ProofThatItNeverCameToBeBeginsAnew) {
    after_a_look([](adapter::Reply const&) {
        adapter::SavedState anew;
        anew.open["phase"] = "anew";
        return adapter::Fail{make_error("network.unavailable"), anew};
    });
    ASSERT_TRUE(bench.run_until_idle());

    EXPECT_EQ(job().state, JobState::published);
    EXPECT_EQ(job().saved.open.at("phase").as_string(), "anew");
    EXPECT_EQ(commits(), 2);  // and the first is proved to be dead
}

TEST_F(Reconcile, MayKeepWhatItFindsOnTheWay) {
    script.reconcile_is = [](JobView const& view, Answer const& answer) -> Action {
        if (std::holds_alternative<adapter::Saved>(answer)) {
            EXPECT_EQ(view.state.open.at("page").as_int64(), 2);
            return ScriptedAdapter::done();
        }
        adapter::Save save;
        save.state.open["page"] = 2;
        return save;
    };
    ASSERT_TRUE(bench.run_until_idle());
    EXPECT_EQ(job().state, JobState::published);
    EXPECT_EQ(commits(), 1);
}

TEST_F(Reconcile, AWriteThatFailsOnTheWayDecidesNothing) {
    script.reconcile_is = [&](JobView const&, Answer const& answer) -> Action {
        if (std::holds_alternative<adapter::Saved>(answer)) return ScriptedAdapter::done();
        adapter::Save save;
        save.state.open["page"] = 2;
        if (bench.network().calls("go") == 1 && !bench.faults().struck())
            bench.faults().fail_operation(1);
        return save;
    };
    EXPECT_ANY_THROW(bench.run_until_idle());
    EXPECT_EQ(job().state, JobState::unknown);
    bench.die();
    ASSERT_TRUE(bench.run_until_idle());
    EXPECT_EQ(job().state, JobState::published);
    EXPECT_EQ(commits(), 1);
}

TEST_F(Reconcile, DoubtIsNothingNew) {
    after_a_look([](adapter::Reply const&) {
        return adapter::Doubt{make_error("network.bad_answer"), 1s};
    });
    bench.run_until_idle(10min);
    EXPECT_GT(job().looks, 3);
    expect_still_in_doubt();
}

TEST_F(Reconcile, NeverWrites) {
    for (auto const effect : {Effect::repeat, Effect::prepare, Effect::commit_blind}) {
        SCOPED_TRACE(word(effect));
        script.reconcile_is = [effect](JobView const&, Answer const&) -> Action {
            return ScriptedAdapter::request("write", effect);
        };
        bench.run_until_idle(3h);
        EXPECT_EQ(bench.network().calls("write"), 0);
        EXPECT_EQ(job().error->code(), "internal.bug");
        expect_still_in_doubt();
    }
}

TEST_F(Reconcile, ALookWithoutAPermitIsMadeWhenThereIsOne) {
    script.reconcile_is = [](JobView const&, Answer const& answer) -> Action {
        if (std::holds_alternative<adapter::Reply>(answer))
            return adapter::Wait{1s, adapter::WaitReason::network};
        auto send = ScriptedAdapter::request("find", Effect::look);
        send.buckets = {"posts"};
        return send;
    };
    bench.run_until_idle(10min);

    std::vector<Instant> looks;
    for (auto const& call : bench.network().log())
        if (call.step == "find") looks.push_back(call.at);
    ASSERT_GT(looks.size(), 2U);
    for (std::size_t i = 1; i < looks.size(); ++i) EXPECT_GE(looks[i] - looks[i - 1], 60s);
    expect_still_in_doubt();
}

TEST_F(Reconcile, WithoutAnIntentTheAgeOfTheJobCounts) {
    bench.run_until_idle(500ms);
    bench.change(id, [](Job& stored) { stored.intent.reset(); });
    bench.run_until_idle(1min);
    EXPECT_EQ(job().state, JobState::unknown);
    EXPECT_TRUE(job().next_at);

    bench.clock().jump(73h);
    bench.run_until_idle(1h);
    EXPECT_FALSE(job().next_at);
    EXPECT_EQ(job().state, JobState::unknown);
}

TEST_F(Reconcile, WithoutAnIntentItMayGoOnAllTheSame) {
    bench.run_until_idle(500ms);
    bench.change(id, [](Job& stored) { stored.intent.reset(); });
    script.reconcile_is = [](JobView const&, Answer const&) -> Action {
        return adapter::Resume{{}, "it is not there", false};
    };
    ASSERT_TRUE(bench.run_until_idle());
    EXPECT_EQ(job().state, JobState::published);
    auto const steps = bench.steps(id);
    EXPECT_TRUE(std::any_of(steps.begin(), steps.end(), [](StepRecord const& step) {
        return step.step == "reconcile" && step.note == "it is not there";
    }));
}

}  // namespace
}  // namespace postrider::core

// What somebody asks for and waits for: a look at a creator, a look at a job in doubt, and runs
// that end when they are told to.
#include <postrider/catalogue.hpp>
#include <postrider/test/engine_bench.hpp>
#include <postrider/test/scripted_adapter.hpp>

#include <gtest/gtest.h>
#include <boost/asio/co_spawn.hpp>

#include <memory>
#include <set>

namespace postrider::core {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using adapter::Answer;
using adapter::Effect;
using test::EngineBench;
using test::Failing;
using test::Fault;
using test::ScriptedAdapter;

// Runs one of the engine's tasks to its end, in virtual time.
template <class T>
Result<T> finish(EngineBench& bench, asio::awaitable<Result<T>> task, Milliseconds limit = 10min) {
    auto outcome = std::make_shared<std::optional<Result<T>>>();
    auto run = [](asio::awaitable<Result<T>> asked,
                  std::shared_ptr<std::optional<Result<T>>> slot) -> asio::awaitable<void> {
        auto result = co_await std::move(asked);
        slot->emplace(std::move(result));
    };
    auto running = run(std::move(task), outcome);
    asio::co_spawn(bench.loop(), std::move(running), [](std::exception_ptr failure) {
        if (failure) std::rethrow_exception(failure);
    });
    if (!bench.clock().run_until([&] { return outcome->has_value(); }, limit))
        return make_error("internal.bug", "It did not end in time.");
    return **outcome;
}

class Creator : public testing::Test {
 protected:
    Creator() {
        bench.add_adapter(script);
        bench.add_job("gamma", "ann", "hello", 3h);
        look_once([](adapter::Reply const& reply) -> adapter::FactsAction {
            adapter::Facts facts;
            facts.facts.handle = reply.http.body;
            return facts;
        });
        bench.network().says = [this](OutgoingRequest const& request) {
            std::optional<TransportReply> said;
            if (!request.url.ends_with("/whoami")) return said;
            ++asked;
            said.emplace();
            said->verdict = adapter::Verdict::replied;
            said->http = adapter::HttpReply(200, "@ann");
            if (answers) answers(*said);
            return said;
        };
    }
    void look_once(std::function<adapter::FactsAction(adapter::Reply const&)> says,
                   adapter::Send send = ScriptedAdapter::request("whoami", Effect::look)) {
        script.facts_are = [=](Answer const& answer) -> adapter::FactsAction {
            if (auto const* reply = std::get_if<adapter::Reply>(&answer)) return says(*reply);
            return send;
        };
    }
    Result<adapter::CreatorFacts> look(std::string const& account = "acc_gammaann",
                                       Milliseconds limit = 10min) {
        return finish(bench, bench.engine().look_at_creator(account), limit);
    }
    std::string failure(std::string const& account = "acc_gammaann") {
        auto seen = look(account);
        return seen ? "none" : seen.error().code();
    }
    Account account() {
        return **read_now<std::optional<Account>>(
            bench.truth(), [](Tables& tables) { return tables.account("acc_gammaann"); });
    }
    void change_account(std::function<void(Account&)> const& edit) {
        auto changed = account();
        edit(changed);
        ASSERT_TRUE(
            bench.truth().write([&](Tables& tables) { return tables.put_account(changed); }));
    }

    ScriptedAdapter script;
    EngineBench bench;
    int asked = 0;
    std::function<void(TransportReply&)> answers;
};

TEST_F(Creator, IsAskedAboutNowAndTheAnswerIsKept) {
    auto const seen = look();
    ASSERT_TRUE(seen) << seen.error().message();
    EXPECT_EQ(seen->handle, "@ann");
    EXPECT_EQ(account().facts.at("handle").as_string(), "@ann");
    EXPECT_EQ(asked, 1);
}

TEST_F(Creator, MustBeThereWithItsAppAndItsNetwork) {
    EXPECT_EQ(failure("acc_nobody"), "not_found.account");
    change_account([](Account& changed) { changed.network = "nowhere"; });
    EXPECT_EQ(failure(), "not_found.network");
    change_account([](Account& changed) { changed.app_id = "app_gone"; });
    EXPECT_EQ(failure(), "not_found.app");
    EXPECT_EQ(asked, 0);
}

TEST_F(Creator, IsNeverWrittenToByALook) {
    look_once([](adapter::Reply const&) { return adapter::Facts{}; },
              ScriptedAdapter::request("whoami", Effect::prepare));
    EXPECT_EQ(failure(), "internal.bug");
    EXPECT_EQ(asked, 0);
}

TEST_F(Creator, IsLookedAtForTwentyTurnsAtMost) {
    look_once(
        [](adapter::Reply const&) { return ScriptedAdapter::request("whoami", Effect::look); });
    EXPECT_EQ(failure(), "internal.bug");
    EXPECT_EQ(asked, 20);
}

TEST_F(Creator, TroubleIsCalledByItsName) {
    answers = [](TransportReply& reply) { reply.http.status = 503; };
    auto const down = look();
    ASSERT_FALSE(down);
    EXPECT_EQ(down.error().code(), "network.unavailable");
    EXPECT_EQ(down.error().operation(), "gamma.whoami");
    answers = [](TransportReply& reply) { reply.verdict = adapter::Verdict::no_reply; };
    EXPECT_EQ(failure(), "network.unreachable");
    look_once([](adapter::Reply const&) {
        return adapter::Fail{make_error("network.moderation"), {}};
    });
    answers = {};
    EXPECT_EQ(failure(), "network.moderation");
    EXPECT_TRUE(account().facts.empty());
}

TEST_F(Creator, ARefusedTokenIsRefreshedOnce) {
    int refused = 0;
    look_once([&](adapter::Reply const&) -> adapter::FactsAction {
        if (++refused == 1) return adapter::Fail{make_error("account.token_expired"), {}};
        return adapter::Facts{};
    });
    EXPECT_TRUE(look());
    EXPECT_EQ(bench.network().refreshes, 1);

    refused = 0;
    look_once([&](adapter::Reply const&) -> adapter::FactsAction {
        ++refused;
        return adapter::Fail{make_error("account.token_expired"), {}};
    });
    EXPECT_EQ(failure(), "account.token_expired");
    EXPECT_EQ(refused, 2);
    EXPECT_EQ(bench.network().refreshes, 2);
}

TEST_F(Creator, WithoutATokenMustBeConnected) {
    ASSERT_TRUE(
        bench.truth().write([](Tables& tables) { return tables.remove_tokens("acc_gammaann"); }));
    EXPECT_EQ(failure(), "account.reconnect_needed");
    auto send = ScriptedAdapter::request("whoami", Effect::look);
    send.request.credential = adapter::Credential::none;
    look_once(
        [](adapter::Reply const&) {
            return adapter::Fail{make_error("account.token_expired"), {}};
        },
        send);
    EXPECT_EQ(failure(), "account.token_expired");
    EXPECT_EQ(bench.network().refreshes, 0);
}

TEST_F(Creator, APermitThatIsSoonFreeIsWaitedForAndALongWaitIsTold) {
    auto send = ScriptedAdapter::request("whoami", Effect::look);
    send.buckets = {"posts"};
    look_once([](adapter::Reply const&) { return adapter::Facts{}; }, send);
    auto const begun = bench.clock().now();
    EXPECT_TRUE(look());
    EXPECT_TRUE(look());
    EXPECT_GE(bench.clock().now() - begun, 60s);
    EXPECT_EQ(asked, 2);

    answers = [](TransportReply& reply) {
        reply.http.status = 429;
        reply.http.headers = {{"Retry-After", "3600"}};
    };
    EXPECT_TRUE(look());
    auto const held = look();
    ASSERT_FALSE(held);
    EXPECT_EQ(held.error().code(), "network.rate_limited");
    EXPECT_GE(held.error().retry().delay, 59min);
    EXPECT_EQ(asked, 3);
}

// A person who waits is no part of the traffic that a circuit holds up.
TEST_F(Creator, IsLookedAtThroughAnOpenCircuit) {
    auto circuit = open_circuit("gamma/look", "made up", bench.clock().now(), CircuitPolicy{});
    ASSERT_TRUE(bench.truth().write([&](Tables& tables) { return tables.put_circuit(circuit); }));
    EXPECT_TRUE(look());
    EXPECT_EQ(asked, 1);
}

TEST_F(Creator, WhatTheStoreRefusesIsNoFact) {
    auto send = ScriptedAdapter::request("whoami", Effect::look);
    send.buckets = {"posts"};
    bool refuse = true;  // the token, at first
    look_once(
        [&](adapter::Reply const& reply) -> adapter::FactsAction {
            if (std::exchange(refuse, false))
                return adapter::Fail{make_error("account.token_expired"), {}};
            adapter::Facts facts;
            facts.facts.handle = reply.http.body;
            return facts;
        },
        send);
    int failures = 0;
    int told = 0;
    for (int nth = 1;; ++nth) {
        SCOPED_TRACE(nth);
        bench.clock().jump(2min);
        refuse = true;
        change_account([](Account& changed) { changed.facts = {}; });
        bench.faults().fail_operation(nth);
        auto const seen = look();
        bench.faults().heal();
        if (!bench.faults().struck()) break;
        ++failures;
        // Some of the refresh is tried again; what could not be, is told.
        EXPECT_EQ(account().facts.empty(), !seen);
        if (!seen) {
            ++told;
            EXPECT_EQ(seen.error().code(), "setup.store_unreadable");
        }
    }
    EXPECT_GT(told, 20);
    EXPECT_GT(failures, told);
    EXPECT_EQ(account().facts.at("handle").as_string(), "@ann");
}

TEST_F(Creator, ThatIsRemovedMeanwhileIsNotMadeAnew) {
    EngineBench other;
    other.add_adapter(script);
    Account lonely;
    lonely.id = lonely.name = "acc_lonely";
    lonely.network = "gamma";
    lonely.app_id = "app_lonely";
    App app;
    app.id = lonely.app_id;
    app.network = app.name = "gamma";
    ASSERT_TRUE(other.truth().write([&](Tables& tables) -> Result<void> {
        if (auto put = tables.put_app(app); !put) return put;
        return tables.put_account(lonely);
    }));
    auto send = ScriptedAdapter::request("whoami", Effect::look);
    send.request.credential = adapter::Credential::none;
    look_once([](adapter::Reply const&) { return adapter::Facts{}; }, send);
    other.network().arrives = [&](OutgoingRequest const&) {
        EXPECT_TRUE(other.truth().write(
            [](Tables& tables) { return tables.remove_account("acc_lonely"); }));
    };
    EXPECT_TRUE(finish(other, other.engine().look_at_creator("acc_lonely")));
    EXPECT_FALSE(*read_now<std::optional<Account>>(
        other.truth(), [](Tables& tables) { return tables.account("acc_lonely"); }));
}

// --- a job in doubt

class DoubtfulJob : public testing::Test {
 protected:
    DoubtfulJob() {
        id = bench.add_job("alpha", "ann", "hello");
        bench.network().fault("publish", 1, Fault::lost_after);
        bench.network().processing = 0ms;
        for (int i = 0; i < 50 && bench.job(id).state != JobState::unknown; ++i)
            bench.run_until_idle(100ms);
        EXPECT_EQ(bench.job(id).state, JobState::unknown);
        bench.die();
    }
    Result<Job> look() { return finish(bench, bench.engine().reconcile_now(id)); }

    EngineBench bench;
    std::string id;
};

TEST_F(DoubtfulJob, IsLookedAtNow) {
    auto const found = look();
    ASSERT_TRUE(found) << found.error().message();
    EXPECT_EQ(found->state, JobState::published);
    EXPECT_TRUE(found->lease_owner.empty());
    EXPECT_EQ(bench.network().calls("publish"), 1);
}

TEST_F(DoubtfulJob, MustExistBeInDoubtAndFree) {
    auto const missing = finish(bench, bench.engine().reconcile_now("job_none"));
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().code(), "not_found.job");

    bench.change(id, [](Job& job) { job.lease_owner = "somebody"; });
    auto const held = look();
    ASSERT_FALSE(held);
    EXPECT_EQ(held.error().code(), "conflict.wrong_state");
    EXPECT_EQ(bench.job(id).lease_owner, "somebody");

    bench.change(id, [](Job& job) { job.lease_owner.clear(); });
    ASSERT_TRUE(look());
    auto const known = look();
    ASSERT_FALSE(known);
    EXPECT_EQ(known.error().code(), "conflict.wrong_state");
}

TEST_F(DoubtfulJob, AFirstAttemptIsCountedWhereNoneWas) {
    bench.change(id, [](Job& job) { job.attempt = 0; });
    EXPECT_EQ(look()->attempt, 1);
}

TEST_F(DoubtfulJob, AStoreThatFailsDecidesNothing) {
    int failures = 0;
    for (int nth = 1;; ++nth) {
        SCOPED_TRACE(nth);
        bench.faults().fail_operation(nth);
        auto const found = look();
        bench.faults().heal();
        if (!bench.faults().struck()) break;
        ++failures;
        bench.die();  // and the next one frees what this one held
        auto const job = bench.job(id);
        EXPECT_TRUE(job.state == JobState::unknown || job.state == JobState::published);
        EXPECT_TRUE(job.committed);
        if (job.state == JobState::published) break;
        bench.change(id, [](Job& stored) { stored.lease_owner.clear(); });
    }
    EXPECT_GT(failures, 10);
    EXPECT_EQ(bench.network().calls("publish"), 1);
}

// --- runs with an end

class Ends : public testing::Test {
 protected:
    Result<void> run(Engine::Until until) {
        return finish(bench, bench.engine().run(std::move(until)), 3h);
    }
    EngineBench bench;
};

TEST_F(Ends, OnceDoesWhatIsDueNowAndNothingElse) {
    bench.network().processing = 0ms;
    auto const due = bench.add_job("beta", "ben", "now");
    auto const later = bench.add_job("beta", "ben", "later", 5min);
    Engine::Until once;
    once.once = true;
    ASSERT_TRUE(run(once));
    EXPECT_EQ(bench.job(due).state, JobState::published);
    EXPECT_EQ(bench.job(later).state, JobState::scheduled);
    ASSERT_TRUE(run(once));  // with nothing to do
    EXPECT_EQ(bench.network().posts(), 1);
}

TEST_F(Ends, AtAnInstant) {
    auto const begun = bench.clock().now();
    Engine::Until at;
    at.at = begun + 7s;
    ASSERT_TRUE(run(at));
    EXPECT_GE(bench.clock().now(), begun + 7s);
    EXPECT_LT(bench.clock().now(), begun + 15s);
}

TEST_F(Ends, WhenSomebodyIsSettled) {
    auto const id = bench.add_job("beta", "ben", "now");
    Engine::Until until;
    until.settled = [&] { return bench.job(id).state == JobState::published; };
    ASSERT_TRUE(run(until));
    EXPECT_EQ(bench.job(id).state, JobState::published);
}

TEST_F(Ends, IdleWaitsForWhatOthersHold) {
    auto const id = bench.add_job("beta", "ben", "now");
    bench.change(id, [](Job& job) {
        job.fence = 1;
        job.lease_owner = "another";
    });
    auto const patient = bench.neighbour("patient", {});
    Engine::Until idle;
    idle.idle = true;
    auto const begun = bench.clock().now();
    bool freed = false;
    idle.settled = [&] {
        if (bench.clock().now() - begun > 1min && !freed) {
            freed = true;
            bench.change(id, [](Job& job) { job.lease_owner.clear(); });
        }
        return false;
    };
    ASSERT_TRUE(finish(bench, patient->run(idle), 3h));
    EXPECT_TRUE(freed);
    EXPECT_EQ(bench.job(id).state, JobState::published);
    EXPECT_EQ(bench.network().posts(), 1);
}

TEST_F(Ends, StopLeavesAtOnceAndTheWorkForAnother) {
    auto const id = bench.add_job("alpha", "ann", "hello");
    bench.engine().on_progress([&](Progress const& progress) {
        if (progress.step == "put") bench.engine().stop();
    });
    ASSERT_TRUE(run({}));
    EXPECT_FALSE(is_final(bench.job(id).state));
    bench.die();
    ASSERT_TRUE(bench.run_until_idle());
    EXPECT_EQ(bench.job(id).state, JobState::published);
    EXPECT_EQ(bench.network().posts(), 1);
}

TEST(AppView, HasTheDefaultsAndThenWhatIsSet) {
    ScriptedAdapter script;
    adapter::OptionSpec silent;
    silent.name = "silent";
    script.described.app_options.push_back(silent);
    App app;
    app.client_id = "client";
    EXPECT_EQ(app_view(app, script.described).options.at("base").as_string(),
              "http://fake.invalid");
    EXPECT_FALSE(app_view(app, script.described).options.contains("silent"));
    app.options["base"] = "http://other.invalid";
    EXPECT_EQ(app_view(app, script.described).options.at("base").as_string(),
              "http://other.invalid");
}

}  // namespace
}  // namespace postrider::core

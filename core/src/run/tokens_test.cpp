// Tokens before they are needed: refreshed ahead, and told of where a person has to act.
#include <postrider/core/reconnect.hpp>
#include <postrider/test/engine_bench.hpp>

#include <gtest/gtest.h>

#include <array>

namespace postrider::core {
namespace {

using namespace std::chrono_literals;
using test::EngineBench;
using test::VirtualClock;

std::vector<Event> told(EngineBench& bench, std::string const& type) {
    return *read_now<std::vector<Event>>(
        bench.store(), [&](Tables& tables) { return tables.events(0, {type}, 0); });
}

std::vector<Reconnect> to_reconnect(EngineBench& bench) {
    return *read_now<std::vector<Reconnect>>(bench.store(), [&](Tables& tables) {
        return accounts_to_reconnect(tables, bench.clock().now());
    });
}

void refresh_ends(EngineBench& bench, std::string const& account_id, Milliseconds in) {
    auto done = bench.store().write([&](Tables& tables) -> Result<void> {
        auto tokens = **tables.tokens(account_id);
        tokens.refresh_expires_at = bench.clock().now() + in;
        return tables.put_tokens(tokens);
    });
    ASSERT_TRUE(done);
}

TEST(TokensAhead, AreRefreshedBeforeTheNextPostIsDue) {
    EngineBench bench;
    auto const id = bench.add_job("alpha", "ann", "hello", 3h);
    auto const due = bench.job(id).spec.due_at;
    bench.clock().jump(2h + 51min);

    ASSERT_TRUE(bench.run_until_idle());

    EXPECT_EQ(bench.job(id).state, JobState::published);
    EXPECT_EQ(bench.network().refreshes, 1);
    ASSERT_EQ(bench.network().log().front().step, "token");
    EXPECT_LE(bench.network().log().front().at, due - 8min);
}

TEST(TokensAhead, ALostAuthorisationShowsBeforeThePostsTime) {
    EngineBench bench;
    bench.add_job("alpha", "ann", "hello", 3h);
    bench.network().refuse_refresh = true;
    bench.clock().jump(2h + 51min);

    bench.run_until_idle(1min);

    EXPECT_EQ(told(bench, "account.reconnect_needed").size(), 1U);
    auto const found = to_reconnect(bench);
    ASSERT_EQ(found.size(), 1U);
    EXPECT_TRUE(found[0].refused);
}

TEST(TokensAhead, AreLeftAloneWhereNothingIsDueSoon) {
    EngineBench bench;
    bench.add_job("alpha", "ann", "hello", 30h);
    bench.clock().jump(5h);

    ASSERT_TRUE(bench.run_until_idle());

    EXPECT_EQ(bench.network().refreshes, 0);
}

// The network has given a new pair and ended the old one: the write that keeps it is worth
// repeating.
TEST(TokensAhead, APairThatCouldNotBeWrittenAtOnceIsNotLost) {
    for (int times = 1; times <= 4; ++times) {
        EngineBench bench;
        auto const id = bench.add_job("alpha", "ann", "hello", 3h);
        bench.clock().jump(3h);
        auto const refused = std::make_shared<int>(0);
        bench.network().says = [&bench, refused, times](OutgoingRequest const& request) {
            if (request.url.ends_with("/token") && *refused == 0) {
                *refused = times;
                bench.faults().fail_write(1, times);
            }
            return std::optional<TransportReply>();
        };

        ASSERT_TRUE(bench.run_until_idle());

        EXPECT_EQ(*refused, times);
        EXPECT_EQ(bench.job(id).state, JobState::published);
        EXPECT_EQ(bench.network().refreshes, 1);
        EXPECT_TRUE(told(bench, "account.reconnect_needed").empty());
    }
}

TEST(RefusedApp, APostThatIsOutStaysCommittedUntilItCanBeAskedFor) {
    EngineBench bench;
    bench.network().processing = 3h;
    auto const id = bench.add_job("alpha", "ann", "hello");
    bench.run_until_idle(1min);
    ASSERT_TRUE(bench.job(id).committed);
    bench.network().good_tokens.clear();
    bench.network().refuse_app = true;
    bench.clock().jump(3h);

    bench.run_until_idle(30min);

    auto const waits = bench.job(id);
    EXPECT_EQ(waits.state, JobState::waiting);
    EXPECT_TRUE(waits.committed);
    ASSERT_TRUE(waits.error);
    EXPECT_EQ(waits.error->code(), "app.bad_credentials");

    bench.network().refuse_app = false;
    bench.clock().jump(1h);
    bench.run_until_idle(1h);

    EXPECT_EQ(bench.job(id).state, JobState::published);
    EXPECT_EQ(bench.network().posts(), 1);
}

TEST(RefusedApp, APostThatIsNotOutIsPublishedOnceItIsMended) {
    EngineBench bench;
    auto const id = bench.add_job("alpha", "ann", "hello");
    bench.network().good_tokens.clear();
    bench.network().refuse_app = true;
    bench.run_until_idle(5min);
    ASSERT_EQ(bench.job(id).state, JobState::waiting);
    EXPECT_EQ(bench.job(id).waiting, adapter::WaitReason::account);

    bench.network().refuse_app = false;
    bench.clock().jump(1h);
    bench.run_until_idle(1h);

    EXPECT_EQ(bench.job(id).state, JobState::published);
    EXPECT_EQ(bench.network().posts(), 1);
}

TEST(Reconnects, NameAccountsWhoseAuthorisationEndsBeforeAPost) {
    EngineBench bench;
    bench.add_job("alpha", "soon", "hello", 24h * 20);
    bench.add_job("alpha", "enough", "hello", 24h * 20);
    bench.add_job("alpha", "later", "hello", 24h * 60);
    bench.add_job("alpha", "asks", "hello", 24h * 20);
    auto const waits = bench.add_job("alpha", "asks", "question", 24h * 40);
    bench.change(waits, [](Job& job) {
        job.state = JobState::awaiting_approval;
        job.next_at.reset();
    });
    refresh_ends(bench, "acc_alphasoon", 24h * 5);
    refresh_ends(bench, "acc_alphaenough", 24h * 30);
    refresh_ends(bench, "acc_alphalater", 24h * 50);
    refresh_ends(bench, "acc_alphaasks", 24h * 30);

    auto const found = to_reconnect(bench);

    ASSERT_EQ(found.size(), 3U);
    EXPECT_EQ(found[0].account, "alpha:@soon");
    EXPECT_EQ(found[0].by, bench.clock().now() + 24h * 5);
    EXPECT_EQ(found[0].due_at, bench.clock().now() + 24h * 20);
    EXPECT_EQ(found[1].account, "alpha:@asks");
    EXPECT_EQ(found[2].account, "alpha:@later");
}

TEST(Reconnects, AreToldOnceAWeekAhead) {
    EngineBench bench;
    bench.add_job("alpha", "ann", "hello", 24h * 40);
    refresh_ends(bench, "acc_alphaann", 24h * 30);

    ASSERT_TRUE(bench.run_until_idle());
    EXPECT_TRUE(told(bench, "account.token_expiring").empty());
    bench.clock().jump(24h * 24);
    ASSERT_TRUE(bench.run_until_idle());
    ASSERT_TRUE(bench.run_until_idle());

    auto const events = told(bench, "account.token_expiring");
    ASSERT_EQ(events.size(), 1U);
    EXPECT_EQ(events[0].data.at("account").as_string(), "alpha:@ann");
    EXPECT_EQ(events[0].data.at("owner").as_string(), "creator");
}

// A process stands still in the middle of a refresh: the network has replaced the pair, and the new
// one is in the hands of who does not move. Another looks at the account meanwhile.
class StandsStill : public testing::Test {
 protected:
    StandsStill() {
        bench.add_job("alpha", "ann", "hello", 3h);
        bench.clock().jump(3h);
        bench.network().fault("token", 1, test::Fault::held);
        auto const is_dead = [this](std::string const& owner) { return owner == dead; };
        one = bench.neighbour("one", is_dead);
        other = bench.neighbour("other", is_dead);
        look(one);
    }
    ~StandsStill() override { bench.die(); }

    void look(std::unique_ptr<Engine> const& engine) {
        look(engine, engine == one ? said_to_one : said_to_other);
    }
    void look(std::unique_ptr<Engine> const& engine, std::string& said) {
        auto task = [](Engine* asked, std::string* answer) -> boost::asio::awaitable<void> {
            auto facts = co_await asked->look_at_creator("acc_alphaann");
            *answer = facts ? "seen" : facts.error().code();
        };
        said.clear();
        boost::asio::co_spawn(bench.loop(), task(engine.get(), &said), boost::asio::detached);
    }
    void pass(Milliseconds time) {
        auto asleep = [](VirtualClock* clock,
                         Milliseconds how_long,
                         bool* over) -> boost::asio::awaitable<void> {
            co_await clock->sleep(how_long);
            *over = true;
        };
        bool over = false;
        boost::asio::co_spawn(
            bench.loop(), asleep(&bench.clock(), time, &over), boost::asio::detached);
        ASSERT_TRUE(bench.clock().run_until([&over] { return over; }, time));
    }
    Account account() {
        return **read_now<std::optional<Account>>(
            bench.truth(), [](Tables& tables) { return tables.account("acc_alphaann"); });
    }
    TokenPair pair() {
        return **read_now<std::optional<TokenPair>>(
            bench.truth(), [](Tables& tables) { return tables.tokens("acc_alphaann"); });
    }

    EngineBench bench;
    std::string dead;
    std::string said_to_one;
    std::string said_to_other;
    std::unique_ptr<Engine> one;
    std::unique_ptr<Engine> other;
};

TEST_F(StandsStill, ARefusalProvesNothingWhileItMayHoldTheNewPair) {
    pass(1min);
    look(other);
    pass(1min);
    EXPECT_EQ(said_to_other, "account.token_held");
    EXPECT_FALSE(account().reconnect_needed);

    pass(2min);  // it moves again
    EXPECT_EQ(said_to_one, "seen");
    look(other);
    pass(10s);
    EXPECT_EQ(said_to_other, "seen");
    EXPECT_EQ(bench.network().refreshes, 1);
}

TEST_F(StandsStill, ItsDeathMakesTheRefusalProof) {
    pass(2min);
    look(other);
    pass(5s);
    EXPECT_EQ(said_to_other, "account.token_held");

    dead = "one";
    look(other);
    pass(5s);

    EXPECT_EQ(said_to_other, "account.reconnect_needed");
    EXPECT_TRUE(account().reconnect_needed);
    EXPECT_EQ(told(bench, "account.reconnect_needed").size(), 1U);
}

TEST_F(StandsStill, ItIsRememberedAlsoWhereWhoTookOverDies) {
    pass(2min);
    bench.network().fault("token", 2, test::Fault::held);
    look(other);
    pass(5s);
    ASSERT_EQ(bench.network().calls("token"), 2);
    dead = "other";
    auto const third =
        bench.neighbour("third", [this](auto const& owner) { return owner == dead; });
    std::string said;
    look(third, said);
    pass(5s);

    EXPECT_EQ(said, "account.token_held");
    EXPECT_FALSE(account().reconnect_needed);
    pass(1min);
    EXPECT_EQ(said_to_one, "seen");
}

TEST_F(StandsStill, ManyOfOneProcessAtOnceTakeNoneOfThemForProof) {
    pass(2min);
    std::array<std::string, 5> said;
    for (auto& each : said) look(other, each);
    pass(30s);

    for (auto const& each : said) EXPECT_EQ(each, "account.token_held");
    EXPECT_FALSE(account().reconnect_needed);
}

TEST_F(StandsStill, APersonsNewAuthorisationIsNotOverwritten) {
    pass(1min);
    ASSERT_TRUE(bench.store().write([&](Tables& tables) -> Result<void> {
        auto tokens = **tables.tokens("acc_alphaann");
        ++tokens.generation;
        tokens.access_issued_at = bench.clock().now();
        tokens.access_expires_at = bench.clock().now() + 24h;
        tokens.refresher.clear();
        tokens.refresher_until.reset();
        return tables.put_tokens(tokens);
    }));
    auto const connected = pair();

    pass(5min);

    EXPECT_EQ(pair().sealed_access, connected.sealed_access);
    EXPECT_EQ(pair().access_expires_at, connected.access_expires_at);
    EXPECT_EQ(pair().generation, connected.generation);
}

}  // namespace
}  // namespace postrider::core

// Tokens before they are needed: refreshed ahead, and told of where a person has to act.
#include <postrider/core/reconnect.hpp>
#include <postrider/test/engine_bench.hpp>

#include <gtest/gtest.h>

namespace postrider::core {
namespace {

using namespace std::chrono_literals;
using test::EngineBench;

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

}  // namespace
}  // namespace postrider::core

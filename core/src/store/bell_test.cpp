// Who is woken by what: added work rings, also from another store on the same file; a worker's own
// writes do not.
#include <postrider/core/bell.hpp>
#include <postrider/core/ids.hpp>
#include <postrider/core/sqlite_store.hpp>
#include <postrider/test/process.hpp>

#include <gtest/gtest.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

namespace postrider::core {
namespace {

using namespace std::chrono_literals;

constexpr Instant morning{Milliseconds{1'800'000'000'000}};

class TheBell : public ::testing::Test {
 protected:
    std::unique_ptr<Store> open() {
        StoreOptions options;
        options.create = true;
        return *open_store(folder_ / "store.db", options);
    }

    /// True when the wait ended before its time.
    bool rings_after(std::function<void()> const& what, Milliseconds at_most) {
        boost::asio::io_context loop(1);
        auto bell = store_bell(loop.get_executor(), folder_ / "store.db");
        EXPECT_TRUE(bell);
        what();
        bool rang = false;
        auto const began = std::chrono::steady_clock::now();
        auto wait = [&]() -> boost::asio::awaitable<void> {
            co_await (*bell)->wait(at_most);
            rang = std::chrono::steady_clock::now() - began < at_most;
        };
        boost::asio::co_spawn(loop, wait, boost::asio::detached);
        loop.run();
        return rang;
    }

    Job job(std::string const& id) {
        Job made;
        made.id = made.spec.key = id;
        made.spec.account = "n:@a";
        made.account_id = "acc_a";
        made.hash = "h";
        made.next_at = made.spec.due_at = made.created_at = made.updated_at = morning;
        return made;
    }

    test::TempFolder folder_;
};

constexpr auto long_time = 10min;  // a test that waits it out has failed
constexpr auto short_time = 20ms;

TEST_F(TheBell, RingsForAJobThatAnotherStoreOnTheFileAdds) {
    auto const mine = open();
    auto const other = open();

    EXPECT_TRUE(rings_after(
        [&] {
            ASSERT_TRUE(
                other->write([&](Tables& tables) { return tables.insert_job(job("job_1")); }));
        },
        long_time));
}

TEST_F(TheBell, RingsForAJobThatAPersonLetsGo) {
    auto const store = open();
    auto held = job("job_1");
    held.state = JobState::awaiting_approval;
    held.next_at.reset();
    ASSERT_TRUE(store->write([&](Tables& tables) { return tables.insert_job(held); }));

    EXPECT_TRUE(rings_after(
        [&] {
            held.state = JobState::scheduled;
            held.next_at = morning;
            ASSERT_TRUE(store->write([&](Tables& tables) { return tables.update_job(held); }));
        },
        long_time));
}

TEST_F(TheBell, IsSilentWhenNothingWasAddedOrAWorkerWritesItsOwnJob) {
    auto const store = open();
    auto mine = job("job_1");
    ASSERT_TRUE(store->write([&](Tables& tables) { return tables.insert_job(mine); }));

    EXPECT_FALSE(rings_after(
        [&] {
            mine.next_at = morning + 5min;
            ASSERT_TRUE(
                store->write([&](Tables& tables) { return tables.update_job(mine, mine.fence); }));
        },
        short_time));
}

TEST_F(TheBell, ForgetsTheRingsOfTheWaitThatTheyEnded) {
    auto const store = open();
    boost::asio::io_context loop(1);
    auto bell = store_bell(loop.get_executor(), folder_ / "store.db");
    ASSERT_TRUE(bell);
    ASSERT_TRUE(store->write([&](Tables& tables) { return tables.insert_job(job("job_1")); }));
    ASSERT_TRUE(store->write([&](Tables& tables) { return tables.insert_job(job("job_2")); }));

    bool second_was_whole = false;
    auto waits = [&]() -> boost::asio::awaitable<void> {
        co_await (*bell)->wait(long_time);
        auto const began = std::chrono::steady_clock::now();
        co_await (*bell)->wait(short_time);
        second_was_whole = std::chrono::steady_clock::now() - began >= short_time;
    };
    boost::asio::co_spawn(loop, waits, boost::asio::detached);
    loop.run();

    EXPECT_TRUE(second_was_whole);
}

TEST_F(TheBell, SaysWhereThereIsNoStoreToWatch) {
    boost::asio::io_context loop(1);

    auto const bell = store_bell(loop.get_executor(), folder_ / "none.db");

    ASSERT_FALSE(bell);
    EXPECT_EQ(bell.error().code(), "setup.store_unreadable");
}

}  // namespace
}  // namespace postrider::core

// What people complained about in other engines, as far as it is about tables, files and processes.
// The threads that a test stands for are named above it; run/complaints_test.cpp has the others.
#include "store/sqlite_tables.hpp"

#include <postrider/core/ids.hpp>
#include <postrider/core/owner_lock.hpp>
#include <postrider/core/sqlite_store.hpp>
#include <postrider/test/process.hpp>

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <thread>

namespace postrider::core {
namespace {

constexpr Instant monday_noon{Milliseconds{1'800'000'000'000}};

Job waiting_job(Random& random, std::string const& account, Instant due) {
    Job job;
    job.id = new_id("job", monday_noon, random);
    job.spec.key = job.id;
    job.spec.account = account;
    job.spec.network = "alpha";
    job.account_id = "acc_" + account;
    job.spec.due_at = due;
    job.next_at = due;
    job.hash = "h";
    job.created_at = job.updated_at = monday_noon;
    return job;
}

std::unique_ptr<Store> new_store(std::filesystem::path const& path) {
    StoreOptions options;
    options.create = true;
    return *open_store(path, options);
}

// --- Slow with a big table

/// Steps of SQLite's machine that a claim of ten jobs takes, with so many waiting.
std::int64_t steps_of_a_claim(int jobs_an_account) {
    test::TempFolder folder;
    auto const path = folder / "s.db";
    auto store = new_store(path);
    SeededRandom random(5);
    auto filled = store->write([&](Tables& tables) -> Result<void> {
        for (int account = 0; account < 10; ++account)
            for (int i = 0; i < jobs_an_account; ++i) {
                auto const job = waiting_job(
                    random, "a" + std::to_string(account), monday_noon + std::chrono::seconds(i));
                if (auto put = tables.insert_job(job); !put) return put;
            }
        return {};
    });
    EXPECT_TRUE(filled);
    store.reset();

    SQLite::Database database(path.string(), SQLite::OPEN_READWRITE);
    detail::SqliteTables tables(database);
    std::int64_t steps = 0;
    auto const count = [](void* counter) {
        ++*static_cast<std::int64_t*>(counter);
        return 0;
    };
    SQLite::Transaction transaction(database, SQLite::TransactionBehavior::IMMEDIATE);
    sqlite3_progress_handler(database.getHandle(), 1, count, &steps);
    auto taken = tables.take_turns(monday_noon + std::chrono::hours(24), 10);
    EXPECT_TRUE(taken);
    if (!taken) return 0;
    EXPECT_EQ(taken->size(), 10U);
    for (auto job : *taken) {
        job.state = JobState::running;
        job.lease_owner = "me";
        ++job.fence;
        EXPECT_TRUE(tables.update_job(job, std::nullopt));
    }
    sqlite3_progress_handler(database.getHandle(), 0, nullptr, nullptr);
    return steps;
}

// Graphile PR 274 (up to 20 times faster after it), Spoke 1250, pg-boss 202 (9.5 million waiting,
// and it stopped).
TEST(ComplaintSlow, AClaimCostsNoMoreWithAHundredTimesTheJobs) {
    auto const few = steps_of_a_claim(10);
    auto const many = steps_of_a_claim(1'000);

    EXPECT_GT(few, 0);
    EXPECT_LE(many, few + few / 5);
}

// --- SQLite used without care

/// Writes events as fast as it can; gives how many of them failed.
int write_events(std::filesystem::path const& path, int count) {
    auto opened = open_store(path);
    if (!opened) return count;
    int failures = 0;
    for (int i = 0; i < count; ++i) {
        auto done = (*opened)->write([&](Tables& tables) -> Result<void> {
            // A read before the write: the upgrade of a read lock is what the busy handler cannot
            // help.
            if (auto seen = tables.events(0, {}, 1); !seen) return seen.error();
            return tables.add_event("test.child", {{"n", i}}, monday_noon);
        });
        if (!done) ++failures;
    }
    return failures;
}

pid_t in_a_process(std::filesystem::path const& path, int count) {
    pid_t const pid = ::fork();
    if (pid == 0) ::_exit(write_events(path, count) == 0 ? 0 : 1);
    return pid;
}

// Solid Queue 133, 309, 385: "database is locked" on a heartbeat, as soon as there were several
// processes.
TEST(ComplaintSqlite, SeveralProcessesAreNeverToldThatItIsBusy) {
    test::TempFolder folder;
    auto const path = folder / "s.db";
    new_store(path).reset();

    std::vector<pid_t> children;
    for (int i = 0; i < 6; ++i) children.push_back(in_a_process(path, 60));

    for (auto const pid : children) {
        int status = -1;
        ::waitpid(pid, &status, 0);
        EXPECT_EQ(status, 0);
    }
    auto store = *open_store(path);
    auto const events = *read_now<std::vector<Event>>(
        *store, [](Tables& tables) { return tables.events(0, {}, 0); });
    EXPECT_EQ(events.size(), 360U);
}

// Solid Queue 324 (a file that was corrupt after processes had died); openai/codex PR 24664 and the
// others of the WAL-reset bug.
TEST(ComplaintSqlite, ProcessesThatAreKilledLeaveASoundFile) {
    test::TempFolder folder;
    auto const path = folder / "s.db";
    new_store(path).reset();
    for (int round = 0; round < 5; ++round) {
        std::vector<pid_t> children;
        for (int i = 0; i < 3; ++i) children.push_back(in_a_process(path, 1'000'000));
        // Killed in the middle of their work, which is known by what they have written so far.
        auto watched = *open_store(path);
        auto const rows = [&] {
            return read_now<std::vector<Event>>(
                       *watched, [](Tables& tables) { return tables.events(0, {}, 0); })
                ->size();
        };
        auto const before = rows();
        while (rows() < before + 30) std::this_thread::yield();
        for (auto const pid : children) ::kill(pid, SIGKILL);
        for (auto const pid : children) ::waitpid(pid, nullptr, 0);
        watched.reset();

        SQLite::Database database(path.string(), SQLite::OPEN_READWRITE);
        EXPECT_EQ(database.execAndGet("pragma integrity_check").getString(), "ok");
        // Numbers without a gap: nothing that was acknowledged is gone, and nothing is half there.
        EXPECT_EQ(database.execAndGet("select count(*) from events").getInt64(),
                  database.execAndGet("select max(seq) from events").getInt64());
    }
    EXPECT_EQ(write_events(path, 10), 0);
}

// --- Stuck, and run twice: the proof that both hang on

// Oban 424, 603, 862 (the same node name after a restart counted as the old, living one), and Oban
// 1141, BullMQ 3183 (a worker that was stopped or slow counted as dead).
TEST(ComplaintProofOfDeath, ANameThatIsUsedAgainIsAliveOnlyWhileItsProcessIs) {
    test::TempFolder folder;
    int ready[2];
    ASSERT_EQ(::pipe(ready), 0);
    auto const start = [&] {
        pid_t const pid = ::fork();
        if (pid == 0) {
            auto lock = OwnerLock::take(folder.path(), "node.1");
            char const told = lock ? 'y' : 'n';
            if (::write(ready[1], &told, 1) != 1) ::_exit(1);
            for (;;) ::pause();
        }
        char told = 0;
        EXPECT_EQ(::read(ready[0], &told, 1), 1);
        EXPECT_EQ(told, 'y');
        return pid;
    };

    for (int life = 0; life < 2; ++life) {
        pid_t const pid = start();
        EXPECT_FALSE(owner_is_dead(folder.path(), "node.1"));
        ::kill(pid, SIGSTOP);
        EXPECT_FALSE(owner_is_dead(folder.path(), "node.1"));
        ::kill(pid, SIGKILL);
        ::waitpid(pid, nullptr, 0);
        // The second life takes the name while the first one's file is still there.
    }
    EXPECT_TRUE(owner_is_dead(folder.path(), "node.1"));
    ::close(ready[0]);
    ::close(ready[1]);
}

}  // namespace
}  // namespace postrider::core

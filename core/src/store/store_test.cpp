// The store: transactions, claims, several processes, files that are not what they should be.
#include <postrider/catalogue.hpp>
#include <postrider/core/canonical_json.hpp>
#include <postrider/core/ids.hpp>
#include <postrider/core/owner_lock.hpp>
#include <postrider/core/sqlite_store.hpp>
#include <postrider/test/process.hpp>

#include <SQLiteCpp/SQLiteCpp.h>
#include <gtest/gtest.h>

#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <latch>
#include <thread>

namespace postrider::core {
namespace {

using namespace std::chrono_literals;

constexpr Instant start{Milliseconds{1'800'000'000'000}};

Job job_of(std::string const& account, std::string const& key, Instant due) {
    static SeededRandom random(5);
    Job job;
    job.id = new_id("job", start, random);
    job.spec.key = key;
    job.spec.account = account;
    job.spec.network = "alpha";
    job.spec.campaign = "c";
    job.spec.post_key = key;
    job.spec.due_at = due;
    job.account_id = "acc_" + account;
    job.state = JobState::scheduled;
    job.next_at = due;
    job.hash = "h";
    job.created_at = job.updated_at = start;
    return job;
}

class OnDisk : public testing::Test {
 protected:
    OnDisk() {
        StoreOptions options;
        options.create = true;
        auto opened = open_store(folder / "s.db", options);
        EXPECT_TRUE(opened);
        store = *std::move(opened);
    }
    void insert(Job const& job) {
        auto done = store->write([&](Tables& tables) { return tables.insert_job(job); });
        ASSERT_TRUE(done) << done.error().message();
    }
    std::vector<Job> due(Instant now, int limit = 100) {
        return *read_now<std::vector<Job>>(
            *store, [&](Tables& tables) { return tables.due_jobs(now, limit); });
    }
    test::TempFolder folder;
    std::unique_ptr<Store> store;
};

TEST_F(OnDisk, KeepsAJobWhole) {
    auto job = job_of("alpha:@a", "k", start);
    job.waiting = adapter::WaitReason::quota;
    job.state = JobState::waiting;
    job.until = start + 5s;
    job.saved.open["x"] = 1;
    job.saved.sealed["box"] = "v1.abc";
    job.intent = IntentRecord{"publish",
                              adapter::Effect::commit_by_handle,
                              "h1",
                              "sha256:0",
                              start,
                              start + 1s,
                              3,
                              "armed"};
    job.receipt.seen["link"] = "http://x";
    job.error = make_error("network.unreachable", "no");
    job.fence = 7;
    job.committed = true;
    insert(job);

    auto const back =
        **read_now<std::optional<Job>>(*store, [&](Tables& tables) { return tables.job(job.id); });

    EXPECT_EQ(back.waiting, job.waiting);
    EXPECT_EQ(back.until, job.until);
    EXPECT_EQ(back.saved.open, job.saved.open);
    EXPECT_EQ(back.saved.sealed, job.saved.sealed);
    EXPECT_EQ(back.intent->handle, "h1");
    EXPECT_EQ(back.intent->attempt, 3);
    EXPECT_EQ(back.receipt.seen, job.receipt.seen);
    EXPECT_EQ(back.error->code(), "network.unreachable");
    EXPECT_EQ(back.spec.key, "k");
    EXPECT_TRUE(back.committed);
}

TEST_F(OnDisk, OnePieceThatFailsLeavesTheOthersAlone) {
    insert(job_of("alpha:@a", "one", start));
    std::latch done(3);
    std::atomic<int> failed = 0;
    auto submit = [&](std::string key) {
        store->submit(
            [key](Tables& tables) -> Result<void> {
                if (auto put = tables.put_setting("s-" + key, "x"); !put) return put;
                return tables.insert_job(job_of("alpha:@a", key, start));
            },
            [&](Result<void> result) {
                if (!result) ++failed;
                done.count_down();
            });
    };
    submit("two");
    submit("one");  // its key is taken
    submit("three");
    done.wait();

    EXPECT_EQ(failed, 1);
    auto const setting = [&](std::string name) {
        return *read_now<std::optional<std::string>>(
            *store, [&](Tables& tables) { return tables.setting(name); });
    };
    EXPECT_TRUE(setting("s-two"));
    EXPECT_TRUE(setting("s-three"));
    EXPECT_FALSE(setting("s-one"));  // what the failed piece had written before is gone too
}

TEST_F(OnDisk, ClaimsOneJobAnAccountAndNoneOfABusyOne) {
    for (int i = 0; i < 3; ++i) {
        insert(job_of("alpha:@a", "a" + std::to_string(i), start + std::chrono::seconds(i)));
        insert(job_of("alpha:@b", "b" + std::to_string(i), start + std::chrono::seconds(i)));
    }
    auto first = due(start + 10s);
    ASSERT_EQ(first.size(), 2u);
    EXPECT_EQ(first[0].spec.key, "a0");

    auto held = first[0];
    held.lease_owner = "me";
    held.state = JobState::running;
    held.fence = 1;
    ASSERT_TRUE(store->write([&](Tables& tables) { return tables.update_job(held); }));

    auto const second = due(start + 10s);
    ASSERT_EQ(second.size(), 1u);
    EXPECT_EQ(second[0].spec.account, "alpha:@b");
}

TEST_F(OnDisk, RefusesAWriteUnderAnOldFence) {
    auto job = job_of("alpha:@a", "k", start);
    insert(job);
    job.fence = 2;
    ASSERT_TRUE(store->write([&](Tables& tables) { return tables.update_job(job); }));
    auto const late = store->write([&](Tables& tables) { return tables.update_job(job, 1); });
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().code(), "conflict.lease_lost");
}

TEST_F(OnDisk, RefusesATransitionThatIsNotInTheTable) {
    auto job = job_of("alpha:@a", "k", start);
    job.state = JobState::published;
    insert(job);
    job.state = JobState::scheduled;
    EXPECT_FALSE(store->write([&](Tables& tables) { return tables.update_job(job); }));
}

TEST_F(OnDisk, ManyThreadsWriteInFewTransactions) {
    std::vector<std::thread> threads;
    for (int t = 0; t < 8; ++t)
        threads.emplace_back([&, t] {
            for (int i = 0; i < 50; ++i)
                EXPECT_TRUE(store->write([&](Tables& tables) {
                    return tables.add_event("test.event", {{"n", t * 50 + i}}, start);
                }));
        });
    for (auto& thread : threads) thread.join();
    auto const events = *read_now<std::vector<Event>>(
        *store, [](Tables& tables) { return tables.events(0, {}, 0); });
    EXPECT_EQ(events.size(), 400u);
    for (std::size_t i = 1; i < events.size(); ++i) EXPECT_EQ(events[i].seq, events[i - 1].seq + 1);
}

TEST_F(OnDisk, SeveralProcessesShareItFairly) {
    store.reset();
    auto const path = folder / "s.db";
    std::vector<pid_t> children;
    for (int child = 0; child < 4; ++child) {
        pid_t const pid = ::fork();
        if (pid == 0) {
            auto opened = open_store(path);
            int failures = 0;
            for (int i = 0; i < 100; ++i)
                if (!(*opened)->write([&](Tables& tables) {
                        return tables.add_event("test.child", {{"c", child}}, start);
                    }))
                    ++failures;
            ::_exit(failures);
        }
        children.push_back(pid);
    }
    for (auto pid : children) {
        int status = 0;
        ::waitpid(pid, &status, 0);
        EXPECT_EQ(status, 0);
    }
    store = *open_store(path);
    auto const events = *read_now<std::vector<Event>>(
        *store, [](Tables& tables) { return tables.events(0, {}, 0); });
    EXPECT_EQ(events.size(), 400u);
}

TEST(OpenStore, SaysWhenThereIsNone) {
    test::TempFolder folder;
    auto const opened = open_store(folder / "nothing.db");
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code(), "setup.not_initialised");
    EXPECT_FALSE(std::filesystem::exists(folder / "nothing.db"));
}

TEST(OpenStore, RefusesAFileOfALaterVersion) {
    test::TempFolder folder;
    {
        StoreOptions options;
        options.create = true;
        ASSERT_TRUE(open_store(folder / "s.db", options));
    }
    {
        SQLite::Database database((folder / "s.db").string(), SQLite::OPEN_READWRITE);
        database.exec("pragma user_version = 9999");
    }
    auto const opened = open_store(folder / "s.db");
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code(), "setup.store_newer");
}

TEST(OpenStore, BringsAnOlderFileUpToDateOnlyWhenAsked) {
    test::TempFolder folder;
    auto const path = folder / "s.db";
    {
        SQLite::Database database(path.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
        database.exec("pragma application_id = 1886548529");
    }
    auto const opened = open_store(path);
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code(), "setup.store_older");
    EXPECT_EQ(*schema_of_store(path), 0);

    StoreOptions options;
    options.migrate = true;
    ASSERT_TRUE(open_store(path, options));
    EXPECT_EQ(*schema_of_store(path), schema_number());
    EXPECT_TRUE(open_store(path));
}

TEST(OpenStore, AnEmptyFileIsNoStore) {
    test::TempFolder folder;
    test::write_file(folder / "s.db", "");
    auto const opened = open_store(folder / "s.db");
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code(), "setup.store_unreadable");
}

TEST_F(OnDisk, ACopyIsWholeAndNeedsNoOtherFile) {
    insert(job_of("anna", "k1", start));
    auto const to = folder / "copy.db";

    auto const copied = copy_store(folder / "s.db", to);

    ASSERT_TRUE(copied) << copied.error().message();
    EXPECT_EQ(copied->size_bytes, std::filesystem::file_size(to));
    EXPECT_EQ(copied->sha256, sha256_text(test::read_file(to)));
    insert(job_of("bert", "k2", start));
    auto const copy = *open_store(to);
    auto const jobs =
        *read_now<std::vector<Job>>(*copy, [](Tables& tables) { return tables.jobs({}); });
    ASSERT_EQ(jobs.size(), 1u);
    EXPECT_EQ(jobs.front().spec.key, "k1");
}

TEST_F(OnDisk, ACopyNeverTakesThePlaceOfAFile) {
    test::write_file(folder / "copy.db", "mine");

    auto const copied = copy_store(folder / "s.db", folder / "copy.db");

    ASSERT_FALSE(copied);
    EXPECT_EQ(copied.error().code(), "conflict.file_exists");
    EXPECT_EQ(test::read_file(folder / "copy.db"), "mine");
}

TEST(OpenStore, RefusesWhatIsNoStore) {
    test::TempFolder folder;
    test::write_file(folder / "s.db", std::string(5000, 'x'));
    auto const opened = open_store(folder / "s.db");
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code(), "setup.store_unreadable");
}

TEST(OwnerLock, TellsTheLivingFromTheDead) {
    test::TempFolder folder;
    {
        auto const lock = OwnerLock::take(folder.path(), "w1");
        ASSERT_TRUE(lock);
        EXPECT_FALSE(owner_is_dead(folder.path(), "w1"));
    }
    EXPECT_TRUE(owner_is_dead(folder.path(), "w1"));
}

TEST(OwnerLock, AStoppedProcessIsNotDeadAndAKilledOneIs) {
    test::TempFolder folder;
    int ready[2];
    ASSERT_EQ(::pipe(ready), 0);
    pid_t const pid = ::fork();
    if (pid == 0) {
        auto lock = OwnerLock::take(folder.path(), "w1");
        char const byte = lock ? '1' : '0';
        if (::write(ready[1], &byte, 1) == 1) ::pause();
        ::_exit(0);
    }
    char byte = 0;
    ASSERT_EQ(::read(ready[0], &byte, 1), 1);
    ASSERT_EQ(byte, '1');
    ::kill(pid, SIGSTOP);
    int status = 0;
    ::waitpid(pid, &status, WUNTRACED);
    EXPECT_FALSE(owner_is_dead(folder.path(), "w1"));
    ::kill(pid, SIGKILL);
    ::waitpid(pid, &status, 0);
    EXPECT_TRUE(owner_is_dead(folder.path(), "w1"));
}

// Hooks of one instant are due in the order of their ids, so a run that is to repeat needs the
// same.
TEST(StoreIds, AreThoseOfTheRandomThatIsGiven) {
    auto const ids = [] {
        SeededRandom random(7);
        StoreOptions options;
        options.in_memory = options.inline_writes = true;
        options.random = &random;
        auto const store = *open_store("", options);
        std::vector<std::string> given;
        auto done = store->write([&](Tables& tables) -> Result<void> {
            for (auto const* job : {"job_1", "job_2", "job_3"}) {
                HookRun run;
                run.job_id = job;
                run.raised_at = Instant{Milliseconds{1'800'000'000'000}};
                run.next_at = run.raised_at;
                if (auto put = tables.add_hook_run(run); !put) return put;
            }
            auto due = tables.due_hook_runs(Instant{Milliseconds{1'800'000'000'000}}, 10);
            if (!due) return due.error();
            for (auto const& run : *due) given.push_back(run.id + " " + run.job_id);
            return {};
        });
        EXPECT_TRUE(done);
        return given;
    };

    auto const first = ids();

    EXPECT_EQ(first.size(), 3U);
    EXPECT_EQ(ids(), first);
}

}  // namespace
}  // namespace postrider::core

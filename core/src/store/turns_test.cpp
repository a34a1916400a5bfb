// Whose turn it is: equal accounts get equal shares, and one with a mountain of work delays nobody
// else.
#include <postrider/core/ids.hpp>
#include <postrider/core/sqlite_store.hpp>
#include <postrider/test/process.hpp>

#include <SQLiteCpp/SQLiteCpp.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <deque>
#include <map>

namespace postrider::core {
namespace {

using namespace std::chrono_literals;

constexpr Instant monday{Milliseconds{1'800'000'000'000}};

// Accounts with jobs that each take some time, served by a few hands on a clock of our own.
class Office {
 public:
    Office() {
        StoreOptions options;
        options.in_memory = options.inline_writes = true;
        store_ = *open_store("", options);
    }

    void add(std::string const& account, int count, Instant due = monday) {
        auto done = store_->write([&](Tables& tables) -> Result<void> {
            for (int i = 0; i < count; ++i) {
                Job job;
                job.id = new_id("job", monday, random_);
                job.spec.key = job.id;
                job.spec.account = account;
                job.account_id = "acc_" + account;
                job.spec.due_at = due;
                job.next_at = due;
                job.hash = "h";
                job.created_at = job.updated_at = monday;
                if (auto put = tables.insert_job(job); !put) return put;
            }
            return {};
        });
        ASSERT_TRUE(done) << done.error().message();
    }

    /// One tick: what is done is released, what is free is claimed.
    void tick(Instant now, int hands, int ticks_a_job) {
        auto done = store_->write([&](Tables& tables) -> Result<void> {
            while (!held_.empty() && held_.front().second <= tick_) {
                auto job = held_.front().first;
                held_.pop_front();
                job.state = JobState::published;
                job.lease_owner.clear();
                job.next_at.reset();
                if (auto put = tables.update_job(job); !put) return put;
            }
            auto taken = tables.take_turns(now, hands - static_cast<int>(held_.size()));
            if (!taken) return taken.error();
            for (auto& job : *taken) {
                job.lease_owner = "me";
                ++job.fence;
                job.state = JobState::running;
                if (auto put = tables.update_job(job); !put) return put;
                ++claims[job.spec.account];
                delays[job.spec.account].push_back(now - job.spec.due_at);
                held_.emplace_back(job, tick_ + ticks_a_job);
            }
            ++tick_;
            return {};
        });
        ASSERT_TRUE(done) << done.error().message();
    }

    [[nodiscard]] bool busy() const { return !held_.empty(); }
    Store& store() { return *store_; }

    std::map<std::string, int> claims;
    std::map<std::string, std::vector<Milliseconds>> delays;

 private:
    std::unique_ptr<Store> store_;
    SeededRandom random_{3};
    std::deque<std::pair<Job, int>> held_;
    int tick_ = 0;
};

TEST(Turns, AThousandEqualAccountsGetEqualShares) {
    Office office;
    for (int i = 0; i < 1'000; ++i) office.add("a" + std::to_string(i), 8);

    // Stopped in the middle, where an unfair order would show.
    for (int tick = 0; tick < 250; ++tick) office.tick(monday + tick * 10ms, 16, 1);

    double sum = 0;
    double squares = 0;
    for (int i = 0; i < 1'000; ++i) {
        double const share = office.claims["a" + std::to_string(i)];
        sum += share;
        squares += share * share;
    }
    EXPECT_EQ(sum, 4'000);
    EXPECT_GE(sum * sum / (1'000 * squares), 0.99);
}

Milliseconds late_at_p99(bool with_neighbour) {
    Office office;
    if (with_neighbour) office.add("noisy", 20'000, monday - 1h);
    for (int i = 0; i < 200; ++i)
        for (int post = 0; post < 5; ++post)
            office.add("q" + std::to_string(i), 1, monday + i * 37ms + post * 10s);
    for (int tick = 0; tick < 6'500; ++tick) office.tick(monday + tick * 10ms, 8, 5);
    std::vector<Milliseconds> late;
    for (auto const& [account, delays] : office.delays)
        if (account != "noisy") late.insert(late.end(), delays.begin(), delays.end());
    EXPECT_EQ(late.size(), 1'000U);
    std::sort(late.begin(), late.end());
    return late[late.size() * 99 / 100];
}

TEST(Turns, AnAccountWithAMountainOfWorkDelaysNobodyElse) {
    auto const alone = late_at_p99(false);
    auto const beside = late_at_p99(true);
    // Within a tenth, or within the clock's own tick.
    EXPECT_LE(beside, std::max<Milliseconds>(alone * 11 / 10, alone + 10ms));
}

TEST(Turns, IdlingSavesNothingUp) {
    Office office;
    office.add("busy", 50);
    for (int tick = 0; tick < 30; ++tick) office.tick(monday + tick * 1s, 1, 1);
    office.add("idle", 50, monday);
    for (int tick = 30; tick < 50; ++tick) office.tick(monday + tick * 1s, 1, 1);
    EXPECT_GE(office.claims["busy"], 39);
    EXPECT_GE(office.claims["idle"], 9);
}

TEST(Turns, OfOneAccountTheJobDueFirstComesFirst) {
    Office office;
    office.add("a", 1, monday + 2s);
    office.add("a", 1, monday + 1s);
    office.tick(monday + 5s, 1, 1);
    ASSERT_EQ(office.delays["a"].size(), 1U);
    EXPECT_EQ(office.delays["a"][0], 4s);
}

// A store as the first schema left it, with work in it.
void go_back_to_the_first_schema(std::filesystem::path const& path) {
    SQLite::Database database(path.string(), SQLite::OPEN_READWRITE);
    database.exec(
        "drop table circuits; drop table turns; drop table approved_jobs; drop table hook_runs;"
        "drop index jobs_in_doubt; drop index jobs_begun; alter table jobs drop column "
        "needs_approval; drop table ready;"
        "create table ready(account_id text primary key, next_at integer not null) strict, "
        "without rowid; create index ready_by_time on ready(next_at);"
        "insert into ready select account_id, min(next_at) from jobs where lease_owner = '' group "
        "by account_id; pragma user_version = 1");
}

TEST(Turns, AreThereForTheWorkOfAnOlderStore) {
    test::TempFolder const folder;
    auto const path = folder / "s.db";
    StoreOptions options;
    options.create = true;
    SeededRandom random(9);
    {
        auto const store = *open_store(path, options);
        auto done = store->write([&](Tables& tables) -> Result<void> {
            for (auto const* account : {"free", "held"}) {
                Job job;
                job.id = new_id("job", monday, random);
                job.spec.key = job.id;
                job.spec.account = account;
                job.account_id = std::string("acc_") + account;
                job.spec.due_at = monday;
                job.next_at = monday;
                job.hash = "h";
                if (job.account_id == "acc_held") job.lease_owner = "somebody";
                if (auto put = tables.insert_job(job); !put) return put;
            }
            return {};
        });
        ASSERT_TRUE(done);
    }
    go_back_to_the_first_schema(path);
    options.migrate = true;

    auto const store = open_store(path, options);

    ASSERT_TRUE(store) << store.error().message();
    auto const taken = write_now<std::vector<Job>>(
        **store, [](Tables& tables) { return tables.take_turns(monday, 10); });
    ASSERT_TRUE(taken) << taken.error().message();
    ASSERT_EQ(taken->size(), 1U);
    EXPECT_EQ(taken->front().account_id, "acc_free");
    EXPECT_FALSE(taken->front().needs_approval);
}

}  // namespace
}  // namespace postrider::core

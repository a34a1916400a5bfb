// Permit slots: what the server counts in any window never exceeds the limit, and hardly a slot is
// wasted.
#include <postrider/core/random.hpp>
#include <postrider/core/rate.hpp>
#include <postrider/core/sqlite_store.hpp>
#include <postrider/test/faulty_store.hpp>
#include <postrider/test/memory_tables.hpp>

#include <gtest/gtest.h>

#include <cmath>
#include <queue>

namespace postrider::core {
namespace {

using namespace std::chrono_literals;

constexpr Instant start{Milliseconds{1'800'000'000'000}};

BucketState bucket_of(int size, Milliseconds window) {
    BucketState bucket;
    bucket.key = "k";
    bucket.size = bucket.declared = size;
    bucket.window = window;
    return bucket;
}

TEST(PermitSlots, AreFreeUntilTheyAreUsed) {
    auto bucket = bucket_of(2, 60s);
    EXPECT_EQ(permit_free_at(bucket, start), start);
    take_permit(bucket, "a", start, start + 30s);
    EXPECT_EQ(permit_free_at(bucket, start), start);
    take_permit(bucket, "b", start, start + 30s);
    EXPECT_EQ(permit_free_at(bucket, start), start + 90s);
}

TEST(PermitSlots, ComeFreeAWindowAfterTheAnswer) {
    auto bucket = bucket_of(1, 60s);
    take_permit(bucket, "a", start, start + 30s);
    settle_permit(bucket, "a", start + 200ms);
    EXPECT_EQ(permit_free_at(bucket, start + 1s), start + 60'200ms);
    EXPECT_EQ(permit_free_at(bucket, start + 60'200ms), start + 60'200ms);
}

TEST(PermitSlots, AreGivenBackWhenNothingWasSent) {
    auto bucket = bucket_of(1, 60s);
    take_permit(bucket, "a", start, start + 30s);
    refund_permit(bucket, "a");
    EXPECT_EQ(permit_free_at(bucket, start), start);
}

TEST(PermitSlots, RefusalNarrowsAndHoldsEverythingBack) {
    auto bucket = bucket_of(6, 60s);
    take_permit(bucket, "a", start, start + 30s);
    learn_refusal(bucket, start, start + 60s, "HTTP 429");
    EXPECT_EQ(bucket.size, 5);
    EXPECT_EQ(bucket.source, "learned");
    EXPECT_GE(permit_free_at(bucket, start), start + 60s);
}

TEST(PermitSlots, NeverNarrowBelowOne) {
    auto bucket = bucket_of(2, 60s);
    for (int i = 0; i < 5; ++i) learn_refusal(bucket, start, start + 60s, "");
    EXPECT_EQ(bucket.size, 1);
}

// A client that always has work, a server with a sliding window and a round trip that varies: what
// engine.md 3.2 measured.
struct Simulated {
    int admitted = 0;
    int refused = 0;
};

Simulated simulate(int size, Milliseconds window, Milliseconds span) {
    SeededRandom random(7);
    auto bucket = bucket_of(size, window);
    auto trip = [&random] {
        // Log-normal about 0.3 s, by the sum of uniform numbers.
        double sum = 0;
        for (int i = 0; i < 12; ++i) sum += random.unit();
        return Milliseconds{static_cast<int>(270 * std::exp(0.45 * (sum - 6)))};
    };
    struct Arrival {
        Instant at;
        Instant replied;
        int id;
        bool operator>(Arrival const& other) const { return at > other.at; }
    };
    struct Answer {
        Instant at;
        int id;
        bool operator>(Answer const& other) const { return at > other.at; }
    };
    std::priority_queue<Arrival, std::vector<Arrival>, std::greater<>> arrivals;
    std::priority_queue<Answer, std::vector<Answer>, std::greater<>> answers;
    std::vector<Instant> counted;
    Simulated result;
    Instant now = start;
    int id = 0;
    while (now < start + span) {
        while (permit_free_at(bucket, now) <= now) {
            take_permit(bucket, std::to_string(++id), now, now + 30s);
            auto const whole = trip();
            arrivals.push({now + whole / 2, now + whole, id});
        }
        Instant next = permit_free_at(bucket, now);
        if (!arrivals.empty()) next = std::min(next, arrivals.top().at);
        if (!answers.empty()) next = std::min(next, answers.top().at);
        now = std::max(next, now + 1ms);
        while (!arrivals.empty() && arrivals.top().at <= now) {
            auto const arrival = arrivals.top();
            arrivals.pop();
            std::erase_if(counted, [&](Instant at) { return at <= arrival.at - window; });
            if (static_cast<int>(counted.size()) >= size)
                ++result.refused;
            else
                ++result.admitted;
            counted.push_back(arrival.at);
            answers.push({arrival.replied, arrival.id});
        }
        while (!answers.empty() && answers.top().at <= now) {
            settle_permit(bucket, std::to_string(answers.top().id), answers.top().at);
            answers.pop();
        }
    }
    return result;
}

class Efficiency : public testing::TestWithParam<int> {};

TEST_P(Efficiency, UsesNearlyEverySlotAndIsNeverRefused) {
    // As many permits for each size, so that the large one does not take for ever.
    auto const minutes = 6'000 / GetParam();
    auto const result = simulate(GetParam(), 60s, std::chrono::minutes(minutes));
    EXPECT_EQ(result.refused, 0);
    EXPECT_GE(result.admitted, 0.99 * GetParam() * minutes);
}

INSTANTIATE_TEST_SUITE_P(PerMinute, Efficiency, testing::Values(6, 30, 600));

class Registry : public testing::Test {
 protected:
    Registry() {
        StoreOptions options;
        options.in_memory = true;
        options.inline_writes = true;
        store = *open_store("", options);
        descriptor.network = "alpha";
        descriptor.buckets.push_back({"minute",
                                      adapter::BucketScope::account,
                                      2,
                                      60s,
                                      adapter::BucketCounts::requests,
                                      adapter::WaitReason::rate,
                                      "",
                                      ""});
        descriptor.buckets.push_back({"day",
                                      adapter::BucketScope::account,
                                      1,
                                      24h,
                                      adapter::BucketCounts::effects,
                                      adapter::WaitReason::quota,
                                      "",
                                      ""});
        descriptor.buckets.push_back({"app",
                                      adapter::BucketScope::app,
                                      3,
                                      60s,
                                      adapter::BucketCounts::requests,
                                      adapter::WaitReason::rate,
                                      "",
                                      ""});
    }
    std::optional<Blocked> acquire(std::vector<std::string> names,
                                   std::string account,
                                   std::string holder,
                                   Instant now) {
        auto const uses = bucket_uses(descriptor, names, "app_1", account);
        return *write_now<std::optional<Blocked>>(*store, [&](Tables& tables) {
            return acquire_permits(tables, uses, holder, now, now + 30s);
        });
    }
    void end(std::vector<std::string> names,
             std::string account,
             std::string holder,
             PermitEnd how,
             Instant at) {
        auto const uses = bucket_uses(descriptor, names, "app_1", account);
        ASSERT_TRUE(store->write(
            [&](Tables& tables) { return end_permits(tables, uses, holder, how, at); }));
    }
    std::unique_ptr<Store> store;
    adapter::Descriptor descriptor;
};

TEST_F(Registry, CountsAnEffectFromWhenItWasSeen) {
    EXPECT_FALSE(acquire({"minute", "day"}, "acc", "worker/job_1/7", start));
    end({"minute", "day"}, "acc", "worker/job_1/7", PermitEnd::replied, start + 1s);
    EXPECT_EQ(acquire({"day"}, "acc", "worker/job_2/1", start + 1min)->until, start + 1s + 24h);

    auto const uses = bucket_uses(descriptor, std::vector<std::string>{"day"}, "app_1", "acc");
    ASSERT_TRUE(store->write([&](Tables& tables) {
        if (auto other = count_effect(tables, uses, "job_2", start + 1h); !other) return other;
        return count_effect(tables, uses, "job_1", start + 10min);
    }));

    EXPECT_EQ(acquire({"day"}, "acc", "worker/job_2/1", start + 24h)->until, start + 10min + 24h);
    // It is seen once; a link that comes hours later counts nothing anew.
    ASSERT_TRUE(store->write(
        [&](Tables& tables) { return count_effect(tables, uses, "job_1", start + 5h); }));
    EXPECT_FALSE(acquire({"day"}, "acc", "worker/job_2/1", start + 10min + 24h));
}

TEST_F(Registry, GivesAllOrNone) {
    EXPECT_FALSE(acquire({"minute", "day"}, "acc", "a", start));
    auto const blocked = acquire({"minute", "day"}, "acc", "b", start);
    ASSERT_TRUE(blocked);
    EXPECT_EQ(blocked->reason, adapter::WaitReason::quota);
    // The minute's second permit was not taken by the one that failed.
    EXPECT_FALSE(acquire({"minute"}, "acc", "c", start));
    EXPECT_TRUE(acquire({"minute"}, "acc", "d", start));
}

TEST_F(Registry, KeepsAccountsApartAndAppsTogether) {
    for (int i = 0; i < 3; ++i)
        EXPECT_FALSE(acquire({"app"}, "acc" + std::to_string(i), std::to_string(i), start));
    EXPECT_TRUE(acquire({"app"}, "acc9", "9", start));
    EXPECT_FALSE(acquire({"minute"}, "acc9", "9", start));
}

TEST_F(Registry, RefusedRequestGivesBackWhatCountsEffects) {
    EXPECT_FALSE(acquire({"day"}, "acc", "a", start));
    end({"day"}, "acc", "a", PermitEnd::refused, start + 1s);
    EXPECT_FALSE(acquire({"day"}, "acc", "b", start + 1s));
    end({"day"}, "acc", "b", PermitEnd::replied, start + 2s);
    EXPECT_TRUE(acquire({"day"}, "acc", "c", start + 3s));
}

// A lost request cools from an instant that has not come yet; other permits are not free by then.
TEST_F(Registry, ALostAnswerFreesNoPermitOfAnotherEarly) {
    EXPECT_FALSE(acquire({"minute"}, "acc", "a", start));
    end({"minute"}, "acc", "a", PermitEnd::replied, start + 1s);
    EXPECT_FALSE(acquire({"minute"}, "acc", "b", start + 57s));
    end({"minute"}, "acc", "b", PermitEnd::lost, start + 57s + 5s);

    auto const blocked = acquire({"minute"}, "acc", "c", start + 58s);
    ASSERT_TRUE(blocked);
    EXPECT_EQ(blocked->until, start + 61s);
    EXPECT_FALSE(acquire({"minute"}, "acc", "c", start + 61s));
    EXPECT_EQ(acquire({"minute"}, "acc", "d", start + 62s)->until, start + 122s);
}

TEST_F(Registry, RowsGoWhenTheyMeanNothing) {
    EXPECT_FALSE(acquire({"minute"}, "acc", "a", start));
    end({"minute"}, "acc", "a", PermitEnd::not_sent, start);
    auto const rows =
        read_now<std::vector<BucketState>>(*store, [](Tables& tables) { return tables.buckets(); });
    EXPECT_TRUE(rows->empty());
}

TEST_F(Registry, SlotsOfTheDeadCoolFromTheirDeath) {
    EXPECT_FALSE(acquire({"minute"}, "acc", "dead/1", start));
    EXPECT_FALSE(acquire({"minute"}, "acc", "dead/2", start));
    ASSERT_TRUE(
        store->write([](Tables& tables) { return abandon_permits(tables, "dead/", start + 5s); }));
    auto const blocked = acquire({"minute"}, "acc", "b", start + 6s);
    ASSERT_TRUE(blocked);
    EXPECT_EQ(blocked->until, start + 65s);
}

TEST_F(Registry, NamesOfBucketsThatTheNetworkDoesNotHaveMeanNothing) {
    EXPECT_TRUE(
        bucket_uses(descriptor, std::vector<std::string>{"nowhere"}, "app_1", "acc").empty());
}

TEST_F(Registry, TheLongestWaitOfAllIsTold) {
    EXPECT_FALSE(acquire({"day"}, "acc", "a", start));
    EXPECT_FALSE(acquire({"minute"}, "acc", "b", start));
    EXPECT_FALSE(acquire({"minute"}, "acc", "c", start));
    for (auto const& order : {std::vector<std::string>{"minute", "day"}, {"day", "minute"}}) {
        auto const blocked = acquire(order, "acc", "d", start + 1s);
        ASSERT_TRUE(blocked);
        EXPECT_EQ(blocked->until, start + 30s + 24h);
    }
}

TEST_F(Registry, OnlySlotsOfTheDeadCool) {
    EXPECT_FALSE(acquire({"minute"}, "acc", "dead/1", start));
    EXPECT_FALSE(acquire({"minute"}, "acc", "alive/1", start));
    ASSERT_TRUE(
        store->write([](Tables& tables) { return abandon_permits(tables, "dead/", start + 5s); }));
    auto const rows = *read_now<std::vector<BucketState>>(
        *store, [](Tables& tables) { return tables.buckets(); });
    ASSERT_EQ(rows.size(), 1U);
    ASSERT_EQ(rows[0].slots.size(), 2U);
    for (auto const& slot : rows[0].slots)
        EXPECT_EQ(slot.free_at, slot.holder.empty() ? start + 65s : start + 90s) << slot.holder;
}

TEST(PermitSlots, ThatNobodyHoldsAreNotSettled) {
    auto bucket = bucket_of(1, 60s);
    take_permit(bucket, "a", start, start + 30s);
    settle_permit(bucket, "b", start + 1s);
    EXPECT_EQ(bucket.slots.at(0).holder, "a");
    EXPECT_EQ(bucket.slots.at(0).free_at, start + 90s);
}

TEST_F(Registry, ALearnedSizeGrowsBackToWhatIsDeclaredAndNotBeyond) {
    BucketState narrow;
    narrow.key = "alpha/app_1/acc/minute";
    narrow.size = 1;
    narrow.declared = 2;
    narrow.window = 60s;
    narrow.source = "learned";
    narrow.learned_at = start;
    narrow.evidence = "HTTP 429";
    ASSERT_TRUE(store->write([&](Tables& tables) { return tables.put_bucket(narrow); }));
    EXPECT_FALSE(acquire({"minute"}, "acc", "a", start + 9min));
    EXPECT_TRUE(acquire({"minute"}, "acc", "b", start + 9min));
    auto const state = [&] {
        return **read_now<std::optional<BucketState>>(
            *store, [&](Tables& tables) { return tables.bucket(narrow.key); });
    };
    EXPECT_EQ(state().source, "learned");
    EXPECT_FALSE(acquire({"minute"}, "acc", "b", start + 50min));
    EXPECT_EQ(state().size, 2);
    EXPECT_EQ(state().source, "declared");
    EXPECT_EQ(state().evidence, "");
}

TEST_F(Registry, ASizeThatAPersonSetStays) {
    BucketState set;
    set.key = "alpha/app_1/acc/minute";
    set.size = 1;
    set.source = "set";
    ASSERT_TRUE(store->write([&](Tables& tables) { return tables.put_bucket(set); }));
    EXPECT_FALSE(acquire({"minute"}, "acc", "a", start + 5h));
    EXPECT_TRUE(acquire({"minute"}, "acc", "b", start + 5h));
    // So does one that was learned nobody knows when.
    set.source = "learned";
    ASSERT_TRUE(store->write([&](Tables& tables) { return tables.put_bucket(set); }));
    EXPECT_FALSE(acquire({"minute"}, "acc", "a", start + 5h));
    EXPECT_TRUE(acquire({"minute"}, "acc", "b", start + 5h));
    // One without a size is as good as none.
    set.key = "alpha/app_1/eve/minute";
    set.size = 0;
    ASSERT_TRUE(store->write([&](Tables& tables) { return tables.put_bucket(set); }));
    EXPECT_FALSE(acquire({"minute"}, "eve", "a", start));
    EXPECT_FALSE(acquire({"minute"}, "eve", "b", start));
}

// Whatever fails on the way, the buckets are as they were.
TEST_F(Registry, AStoreThatFailsTakesAndFreesNothing) {
    test::MemoryStore inner;
    test::FaultyStore faulty(inner);
    std::vector<std::string> const names{"minute", "day", "app"};
    auto const uses = bucket_uses(descriptor, names, "app_1", "acc");
    auto const slots = [&] {
        std::string all;
        for (auto const& [key, bucket] : inner.tables().rows.buckets)
            for (auto const& slot : bucket.slots)
                all += key + slot.holder + to_rfc3339(slot.free_at) + "\n";
        return all;
    };
    auto const fail_each = [&](Store::Work const& work) {
        auto const before = slots();
        int nth = 1;
        for (faulty.fail_operation(nth); !faulty.write(work); faulty.fail_operation(++nth))
            EXPECT_EQ(slots(), before) << nth;
        EXPECT_NE(slots(), before);
        return nth - 1;
    };
    EXPECT_EQ(fail_each([&](Tables& tables) -> Result<void> {
                  auto taken = acquire_permits(tables, uses, "dead/1", start, start + 30s);
                  return taken ? Result<void>() : Result<void>(taken.error());
              }),
              7);
    EXPECT_EQ(
        fail_each([&](Tables& tables) { return abandon_permits(tables, "dead/", start + 1s); }), 5);
    auto const later = start + 48h;
    EXPECT_EQ(fail_each([&](Tables& tables) -> Result<void> {
                  auto taken = acquire_permits(tables, uses, "a", later, later + 30s);
                  return taken ? Result<void>() : Result<void>(taken.error());
              }),
              7);
    EXPECT_EQ(fail_each([&](Tables& tables) {
                  return end_permits(tables, uses, "a", PermitEnd::replied, later + 1s);
              }),
              7);
}

}  // namespace
}  // namespace postrider::core

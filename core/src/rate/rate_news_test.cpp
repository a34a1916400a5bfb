// What replies say about limits, read with care: believed where it tightens.
#include <postrider/core/rate_news.hpp>
#include <postrider/core/sqlite_store.hpp>
#include <postrider/test/faulty_store.hpp>
#include <postrider/test/memory_tables.hpp>

#include <gtest/gtest.h>

namespace postrider::core {
namespace {

using namespace std::chrono_literals;

Instant const then = *parse_rfc3339("2027-03-01T12:00:00Z");

RateNews read(adapter::Headers headers, std::string_view bucket = "posts") {
    return read_rate_news(headers, bucket, then);
}

BucketState sixty() {
    BucketState bucket;
    bucket.key = "k";
    bucket.size = bucket.declared = 60;
    bucket.window = 60s;
    return bucket;
}

TEST(RateNews, ReadsRetryAfterInSecondsAndAsADate) {
    EXPECT_EQ(read({{"retry-after", "120"}}).retry_after, 120s);
    EXPECT_EQ(read({{"Retry-After", "Mon, 01 Mar 2027 12:02:30 GMT"}}).retry_after, 150s);
    // Measured by the server's clock, not ours.
    EXPECT_EQ(read({{"Date", "Mon, 01 Mar 2027 12:02:00 GMT"},
                    {"Retry-After", "Mon, 01 Mar 2027 12:02:30 GMT"}})
                  .retry_after,
              30s);
    EXPECT_EQ(read({{"Retry-After", "Mon, 01 Mar 2027 11:00:00 GMT"}}).retry_after, 0s);
    EXPECT_EQ(read({{"Retry-After", "99999999"}}).retry_after, 24h);
    for (auto const* bad : {"soon", "-5", "", "Mon, 01 Foo 2027 12:02:30 GMT"})
        EXPECT_FALSE(read({{"Retry-After", bad}}).retry_after) << bad;
}

TEST(RateNews, ReadsTheFieldsOfTheIetfDraft) {
    auto const news = read({{"RateLimit-Policy", R"("burst";q=10;w=1, "posts";q=100;w=60)"},
                            {"RateLimit", R"("burst";r=9;t=1, "posts";r=5;t=30)"}});
    EXPECT_EQ(news.limit, 100);
    EXPECT_EQ(news.window, 60s);
    EXPECT_EQ(news.remaining, 5);
    EXPECT_EQ(news.reset, 30s);
    EXPECT_NE(news.evidence.find("\"posts\";r=5"), std::string::npos);
}

TEST(RateNews, OfPoliciesWithOtherNamesTheOneWithTheLeastLeftCounts) {
    auto const news = read({{"RateLimit", R"("a";r=50;t=10, "b";r=2;t=20, "c,;";r=7;t=1)"}});
    EXPECT_EQ(news.remaining, 2);
    EXPECT_EQ(news.reset, 20s);
}

TEST(RateNews, ReadsOlderShapes) {
    auto news = read({{"RateLimit", "limit=100, remaining=50, reset=5"}});
    EXPECT_EQ(news.limit, 100);
    EXPECT_EQ(news.remaining, 50);
    EXPECT_EQ(news.reset, 5s);
    news = read({{"RateLimit-Limit", "10, 10;w=1, 50;w=60"},
                 {"RateLimit-Remaining", "9"},
                 {"RateLimit-Reset", "1"}});
    EXPECT_EQ(news.limit, 10);
    EXPECT_EQ(news.remaining, 9);
    EXPECT_EQ(news.reset, 1s);
}

TEST(RateNews, TellsBothMeaningsOfResetApart) {
    auto const at = then.time_since_epoch() / 1s + 90;
    EXPECT_EQ(read({{"X-RateLimit-Remaining", "3"}, {"X-RateLimit-Reset", "90"}}).reset, 90s);
    EXPECT_EQ(
        read({{"X-RateLimit-Remaining", "3"}, {"X-RateLimit-Reset", std::to_string(at)}}).reset,
        90s);
    EXPECT_EQ(
        read({{"X-RateLimit-Remaining", "3"}, {"X-RateLimit-Reset", std::to_string(at) + "000"}})
            .reset,
        90s);
}

TEST(RateNews, TakesNonsenseAsSilence) {
    std::string const many(5'000, ',');
    for (auto const& bad : {std::string("\"a\";r=;t="),
                            std::string("\"unfinished"),
                            std::string(";;;===,,,"),
                            many,
                            std::string("\"a\";r=99999999999999999999;t=-1")}) {
        auto const news = read({{"RateLimit", bad}, {"RateLimit-Policy", bad}});
        EXPECT_FALSE(news.remaining) << bad.substr(0, 40);
        EXPECT_FALSE(news.limit) << bad.substr(0, 40);
    }
    EXPECT_LE(read({{"RateLimit", std::string(900, 'x')}}).evidence.size(), 200U);
}

TEST(RateNews, WhatTheServerHasCountedBeyondUsIsUsed) {
    auto bucket = sixty();
    RateNews news;
    news.remaining = 3;
    news.reset = 40s;
    EXPECT_FALSE(learn_news(bucket, news, then));
    EXPECT_EQ(bucket.size, 60);
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(permit_free_at(bucket, then), then);
        take_permit(bucket, "h", then, then + 30s);
    }
    EXPECT_EQ(permit_free_at(bucket, then), then + 40s);
}

TEST(RateNews, MoreThanWeThinkIsNotBelieved) {
    auto bucket = sixty();
    for (int i = 0; i < 60; ++i) take_permit(bucket, "h", then, then + 30s);
    RateNews news;
    news.remaining = 50;
    news.limit = 600;
    EXPECT_FALSE(learn_news(bucket, news, then));
    EXPECT_EQ(bucket.size, 60);
    EXPECT_EQ(bucket.slots.size(), 60U);
}

TEST(RateNews, ALowerLimitHoldsAtOnceAndAsLongAsItIsSaid) {
    auto bucket = sixty();
    RateNews news;
    news.limit = 20;
    news.evidence = "X-RateLimit-Limit: 20";
    EXPECT_TRUE(learn_news(bucket, news, then));
    EXPECT_EQ(bucket.size, 20);
    EXPECT_EQ(bucket.source, "learned");
    EXPECT_EQ(bucket.evidence, "X-RateLimit-Limit: 20");
    EXPECT_FALSE(learn_news(bucket, news, then + 1h));
    EXPECT_EQ(bucket.learned_at, then + 1h);
    // Another window is another limit.
    news.limit = 5;
    news.window = 1s;
    EXPECT_FALSE(learn_news(bucket, news, then));
}

TEST(RateNews, IsKeptWithItsEvidenceAndLoosenedOneByOne) {
    StoreOptions options;
    options.in_memory = options.inline_writes = true;
    auto const store = *open_store("", options);
    adapter::BucketSpec spec;
    spec.name = "posts";
    spec.size = 60;
    spec.window = 60s;
    BucketUse const use{"alpha/app/acc/posts", &spec};
    auto const state = [&] {
        return **read_now<std::optional<BucketState>>(
            *store, [&](Tables& tables) { return tables.bucket(use.key); });
    };
    auto const learn = [&](RateNews const& news, bool too_many, Instant now) {
        auto done = store->write(
            [&](Tables& tables) { return learn_from_reply(tables, use, news, too_many, now); });
        ASSERT_TRUE(done) << done.error().message();
    };
    RateNews news;
    news.limit = 50;
    news.evidence = "RateLimit-Limit: 50";
    learn(news, false, then);
    learn(news, false, then + 1s);
    EXPECT_EQ(state().evidence, "RateLimit-Limit: 50");
    RateNews pause;
    pause.retry_after = 90s;
    pause.evidence = "Retry-After: 90";
    learn(pause, true, then + 2s);
    EXPECT_EQ(state().size, 45);
    EXPECT_EQ(permit_free_at(state(), then + 2s), then + 92s);
    EXPECT_NE(state().evidence.find("Retry-After: 90"), std::string::npos);
    auto const events = *read_now<std::vector<Event>>(
        *store, [](Tables& tables) { return tables.events(0, {"bucket.learned"}, 0); });
    EXPECT_EQ(events.size(), 2U);

    std::vector<BucketUse> const uses{use};
    auto const later = then + 2s + 25min;  // two times ten windows
    auto done = store->write([&](Tables& tables) -> Result<void> {
        auto taken = acquire_permits(tables, uses, "h", later, later + 30s);
        return taken ? Result<void>() : Result<void>(taken.error());
    });
    ASSERT_TRUE(done);
    EXPECT_EQ(state().size, 47);
}

TEST(RateNews, SpacesAroundValuesMeanNothing) {
    EXPECT_EQ(read({{"Retry-After", " \t120 \t"}}).retry_after, 120s);
    EXPECT_EQ(read({{"RateLimit", "\"posts\" ;\tr=5\t; t=30 "}}).remaining, 5);
}

TEST(RateNews, WhatOnlyLooksLikeADateIsNone) {
    for (auto const* bad : {"Mon, 01 Mar 2027 12:02:30 CET", "Mon. 01 Mar 2027 12:02:30 GMT"})
        EXPECT_FALSE(read({{"Retry-After", bad}}).retry_after) << bad;
}

TEST(RateNews, NumbersBeyondAllSenseAreSilence) {
    EXPECT_FALSE(read({{"X-RateLimit-Reset", "1000000000000001"}}).reset);
    EXPECT_FALSE(read({{"X-RateLimit-Limit", "1000000001"}}).limit);
    EXPECT_EQ(read({{"X-RateLimit-Limit", "1000000000"}}).limit, 1'000'000'000);
}

TEST(RateNews, EvidenceIsCutAndNoMoreIsAddedToIt) {
    auto const news = read({{"Retry-After", "1" + std::string(150, 'x')},
                            {"RateLimit", "nothing" + std::string(150, 'y')},
                            {"X-RateLimit-Limit", "10"}});
    EXPECT_EQ(news.evidence.size(), 200U);
    EXPECT_EQ(news.evidence.find("X-RateLimit"), std::string::npos);
    EXPECT_EQ(news.limit, 10);  // though it is read
}

TEST(RateNews, APlainShapeNeedNotSayEverything) {
    auto const left = read({{"RateLimit", "remaining=3"}});
    EXPECT_EQ(left.remaining, 3);
    EXPECT_FALSE(left.limit);
    auto const reset = read({{"RateLimit", "reset=9"}});
    EXPECT_FALSE(reset.says_something());  // when what ends?
}

TEST(RateNews, ALimitWithoutWhatIsLeftCountsAsMuch) {
    EXPECT_EQ(read({{"RateLimit", R"("a";q=5, "b";q=3, "c";r=4)"}}).limit, 3);
    EXPECT_EQ(read({{"RateLimit", R"("a";q=5, "b";r=7)"}}).limit, 5);
}

TEST(RateNews, OfManyPoliciesTheFirstThirtyTwoAreRead) {
    std::string many;
    for (int i = 0; i < 40; ++i)
        many += "\"p" + std::to_string(i) + "\";r=" + std::to_string(99 - i) + ",";
    EXPECT_EQ(read({{"RateLimit", many}}).remaining, 99 - 31);
}

TEST(RateNews, ASizeThatWouldLoosenOrStopIsNotLearned) {
    auto bucket = sixty();
    bucket.size = 20;
    RateNews news;
    news.limit = 0;
    EXPECT_FALSE(learn_news(bucket, news, then));
    news.limit = 30;  // less than is declared, but more than was learned
    EXPECT_FALSE(learn_news(bucket, news, then));
    EXPECT_EQ(bucket.size, 20);
    news.limit = 10;
    news.window = 60s;
    EXPECT_TRUE(learn_news(bucket, news, then));
    EXPECT_EQ(bucket.size, 10);
}

TEST(RateNews, SlotsThatAreFreeAgainAreNotCountedAsOurs) {
    auto bucket = sixty();
    bucket.slots.push_back({then - 1s, {}});
    bucket.slots.push_back({then + 10s, {}});
    RateNews news;
    news.remaining = 58;
    EXPECT_FALSE(learn_news(bucket, news, then));
    EXPECT_EQ(bucket.slots.size(), 3U);
    EXPECT_EQ(bucket.slots.back().free_at, then + 60s);
}

TEST(RateNews, AStoreThatFailsLearnsNothing) {
    test::MemoryStore inner;
    test::FaultyStore store(inner);
    adapter::BucketSpec spec;
    spec.name = "posts";
    spec.size = 60;
    spec.window = 60s;
    BucketUse const use{"alpha/app/acc/posts", &spec};
    auto const learn = [&](Tables& tables) {
        return learn_from_reply(tables, use, RateNews{}, true, then);
    };
    int nth = 1;
    for (store.fail_operation(nth); !store.write(learn); store.fail_operation(++nth)) {
        EXPECT_TRUE(inner.tables().rows.buckets.empty());
        EXPECT_TRUE(inner.tables().rows.events.empty());
    }
    store.heal();
    EXPECT_EQ(nth, 5);
    EXPECT_EQ(inner.tables().rows.buckets.at(use.key).size, 54);
    ASSERT_TRUE(store.write(
        [&](Tables& tables) { return learn_from_reply(tables, use, RateNews{}, false, then); }));
    EXPECT_EQ(inner.tables().rows.events.size(), 1U);
}

}  // namespace
}  // namespace postrider::core

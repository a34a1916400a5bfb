// When to look again.
#include "polling.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace postrider::tiktok {

namespace {

using namespace std::chrono_literals;

// The instants of all looks, each made exactly when the one before said.
std::vector<Milliseconds> looks_until(Milliseconds end) {
    std::vector<Milliseconds> looks;
    for (Milliseconds now{0}; now < end;) {
        now += next_status_delay(now);
        looks.push_back(now);
    }
    return looks;
}

}  // namespace

TEST(StatusPolling, BeginsAfterFiveSecondsAndGrowsByHalf) {
    auto const looks = looks_until(60s);

    ASSERT_GE(looks.size(), 4U);
    EXPECT_EQ(looks[0], 5s);
    EXPECT_EQ(looks[1] - looks[0], 7500ms);
    EXPECT_EQ(looks[2] - looks[1], 11250ms);
}

TEST(StatusPolling, SettlesAtAMinuteThenFiveThenThirty) {
    EXPECT_EQ(next_status_delay(15min), 5min);
    EXPECT_EQ(next_status_delay(2h), 30min);
    EXPECT_EQ(next_status_delay(30h), 30min);
    auto const looks = looks_until(14min);
    EXPECT_EQ(looks.back() - looks[looks.size() - 2], 60s);
}

TEST(StatusPolling, NeverLooksTwiceWithinASecond) {
    for (Milliseconds elapsed{0}; elapsed < 20min; elapsed += 137ms) {
        EXPECT_GE(next_status_delay(elapsed), 1s) << elapsed.count();
        EXPECT_LE(next_status_delay(elapsed), 5min) << elapsed.count();
    }
}

TEST(StatusPolling, AClockThatJumpsBackDoesNoHarm) {
    EXPECT_EQ(next_status_delay(-10min), 5s);
    EXPECT_EQ(*next_id_delay(-10min), 5s);
}

TEST(IdPolling, AsksAfterFiveTenTwentyFortySecondsThenEveryFiveMinutes) {
    std::vector<Milliseconds> delays;
    Milliseconds now{0};
    for (int i = 0; i < 6; ++i) {
        delays.push_back(*next_id_delay(now));
        now += delays.back();
    }

    EXPECT_EQ(delays, (std::vector<Milliseconds>{5s, 10s, 20s, 40s, 5min, 5min}));
}

TEST(IdPolling, GivesUpAfterSixHours) {
    EXPECT_TRUE(next_id_delay(6h - 1s));
    EXPECT_FALSE(next_id_delay(6h));
}

}  // namespace postrider::tiktok

// Plans against rolling windows: what fits, what does not, and what stands in the way.
#include "plan/reservations.hpp"
#include "plan/plan_fixture.hpp"

namespace postrider::core {
namespace {

using namespace std::chrono_literals;
using detail::Calendar;

constexpr Instant midnight{Milliseconds{1'800'000'000'000}};

TEST(Calendar, HoldsAtMostItsSizeInAnyWindow) {
    Calendar calendar(3, 24h);
    for (auto const at : {0h, 5h, 10h}) calendar.take({midnight + at, "x"});
    EXPECT_EQ(calendar.clash(midnight + 23h).size(), 3U);
    EXPECT_EQ(calendar.clash(midnight + 3h).size(), 3U);
    EXPECT_TRUE(calendar.clash(midnight + 24h).empty());
    // Before them too: this one and the three would share a window.
    EXPECT_EQ(calendar.clash(midnight - 13h).size(), 3U);
    EXPECT_TRUE(calendar.clash(midnight - 14h).empty());
}

TEST(Calendar, FindsTheNextTimeThatIsFree) {
    Calendar calendar(2, 24h);
    for (auto const at : {0h, 6h, 30h}) calendar.take({midnight + at, "x"});
    EXPECT_EQ(calendar.free_from(midnight + 1h), midnight + 24h);
    // Between 24 h and 30 h one more would make three with those at 6 h and 30 h.
    EXPECT_EQ(calendar.free_from(midnight + 24h), midnight + 24h);
    calendar.take({midnight + 24h, "x"});
    EXPECT_EQ(calendar.free_from(midnight + 24h), midnight + 48h);
    EXPECT_EQ(calendar.free_from(midnight + 60h), midnight + 60h);
}

class Reservations : public PlanTest {
 protected:
    Reservations() {
        small.descriptor_.buckets[1].size = 3;
        small.descriptor_.buckets[1].window = 24h;
    }
    JobSpec at(std::string key, Milliseconds in, std::string account = "small:@ada") {
        auto made = spec(std::move(key), std::move(account));
        made.due_at = start + in;
        return made;
    }
};

TEST_F(Reservations, APostThatCannotFitNamesTheOthersAndTheNextFreeTime) {
    auto const made = plan({at("a", 48h), at("b", 50h), at("c", 52h), at("d", 53h), at("e", 80h)});

    auto const errors = made->errors();
    ASSERT_EQ(errors.size(), 4U);
    EXPECT_EQ(errors[0].code, "schedule.impossible");
    EXPECT_EQ(errors[0].got, boost::json::value(to_rfc3339(start + 53h)));
    EXPECT_EQ(errors[0].allowed, (boost::json::array{to_rfc3339(start + 72h)}));
    EXPECT_NE(errors[1].message.find("a (this plan)"), std::string::npos);
    EXPECT_NE(errors[3].message.find("c (this plan)"), std::string::npos);
    EXPECT_TRUE(made->hash.empty());
}

TEST_F(Reservations, OtherAccountsHaveTheirOwn) {
    auto const made = plan({at("a", 48h),
                            at("b", 48h),
                            at("c", 48h),
                            at("a", 48h, "small:@bob"),
                            at("b", 48h, "small:@bob")});
    EXPECT_TRUE(made->errors().empty());
    EXPECT_EQ(made->reserves.size(), 2U);
}

TEST_F(Reservations, WhatIsAppliedAlreadyCounts) {
    plan_and_apply({at("a", 48h), at("b", 49h), at("c", 50h)});
    auto wanted = at("single", 51h);

    auto const made = plan_single(wanted);

    ASSERT_TRUE(made);
    ASSERT_FALSE(made->errors().empty());
    EXPECT_NE(made->errors()[1].message.find("job job_"), std::string::npos);
}

TEST_F(Reservations, AJobThatMovesLeavesItsOldTime) {
    plan_and_apply({at("a", 48h), at("b", 49h), at("c", 50h)});
    auto moved = at("c", 51h);
    moved.wall = "2027-03-03 15:00";
    auto const made = plan({at("a", 48h), at("b", 49h), moved});
    EXPECT_TRUE(made->errors().empty());
}

TEST_F(Reservations, WhatTheNetworkHasCountedCounts) {
    BucketState bucket;
    bucket.key = "small/app_1/acc_@ada/posts_a_day";
    bucket.size = bucket.declared = 3;
    bucket.window = 24h;
    for (int i = 0; i < 3; ++i) bucket.slots.push_back({now + 20h, {}});
    ASSERT_TRUE(tables.put_bucket(bucket));

    EXPECT_FALSE(plan({at("a", 10h)})->errors().empty());
    EXPECT_TRUE(plan({at("a", 21h)})->errors().empty());
}

TEST_F(Reservations, AsSoonAsPossibleIsWarnedOnly) {
    plan_and_apply({at("a", 1h), at("b", 2h), at("c", 3h)});
    auto soon = at("now", 0h);
    soon.asap = true;
    auto const made = plan_single(soon);
    EXPECT_TRUE(made->errors().empty());
    ASSERT_FALSE(made->jobs[0].findings.empty());
    EXPECT_EQ(made->jobs[0].findings[0].level, Finding::Level::warning);
}

TEST_F(Reservations, OtherDeliveriesFillOtherQuotas) {
    small.descriptor_.buckets[1].deliver = {adapter::Deliver::inbox};
    auto const made = plan({at("a", 48h), at("b", 48h), at("c", 48h), at("d", 48h)});
    EXPECT_TRUE(made->errors().empty());
    EXPECT_TRUE(made->reserves.empty());
}

}  // namespace
}  // namespace postrider::core

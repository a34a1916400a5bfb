// Instants and durations: what is read, what is refused, what is written.
#include <postrider/instant.hpp>

#include <gtest/gtest.h>

#include <limits>

namespace postrider {
namespace {

std::string again(std::string_view text) {
    auto const instant = parse_rfc3339(text);
    return instant ? to_rfc3339(*instant) : "refused";
}

TEST(Instant, IsWrittenInUtcWithMilliseconds) {
    EXPECT_EQ(to_rfc3339(Instant{}), "1970-01-01T00:00:00.000Z");
    EXPECT_EQ(to_rfc3339(Instant{Milliseconds{1'803'920'400'007}}), "2027-03-01T17:00:00.007Z");
    EXPECT_EQ(to_rfc3339(Instant{Milliseconds{-1}}), "1969-12-31T23:59:59.999Z");
}

TEST(Instant, OffsetsAreTakenAway) {
    EXPECT_EQ(again("2027-03-01T18:00:00+01:00"), "2027-03-01T17:00:00.000Z");
    EXPECT_EQ(again("2027-03-01T00:30:00+05:45"), "2027-02-28T18:45:00.000Z");
    EXPECT_EQ(again("2027-12-31T23:30:00-01:00"), "2028-01-01T00:30:00.000Z");
    EXPECT_EQ(again("2027-03-01t17:00:00z"), "2027-03-01T17:00:00.000Z");
}

TEST(Instant, FractionsBeyondMillisecondsAreCut) {
    EXPECT_EQ(again("2027-03-01T17:00:00.9999999Z"), "2027-03-01T17:00:00.999Z");
    EXPECT_EQ(again("2027-03-01T17:00:00.5Z"), "2027-03-01T17:00:00.500Z");
}

TEST(Instant, LeapYearsAndLeapSeconds) {
    EXPECT_EQ(again("2028-02-29T00:00:00Z"), "2028-02-29T00:00:00.000Z");
    EXPECT_EQ(again("2027-02-29T00:00:00Z"), "refused");
    EXPECT_EQ(again("2016-12-31T23:59:60Z"), "2017-01-01T00:00:00.000Z");
}

// Found by core/fuzz/instant: what no four digits can write came out of these.
TEST(Instant, NoneLiesOutsideTheYearsThatCanBeWritten) {
    EXPECT_FALSE(parse_rfc3339("9999-12-31T23:59:60Z"));
    EXPECT_FALSE(parse_rfc3339("9999-12-31T23:59:59-00:01"));
    EXPECT_FALSE(parse_rfc3339("0000-01-01T00:00:00+00:01"));
    EXPECT_TRUE(parse_rfc3339("9999-12-31T23:59:59.999Z"));
    EXPECT_TRUE(parse_rfc3339("0000-01-01T00:00:00Z"));
}

TEST(Instant, AnythingElseIsRefused) {
    for (auto const* text : {"",
                             "tomorrow",
                             "2027-03-01",
                             "2027-03-01 17:00:00Z",
                             "2027-03-01T17:00Z",
                             "2027-03-01T17:00:00",
                             "2027-03-01T17:00:00.Z",
                             "2027-03-01T17:00:00+0100",
                             "2027-03-01T17:00:00+24:00",
                             "2027-03-01T24:00:00Z",
                             "2027-13-01T17:00:00Z",
                             "2027-03-32T17:00:00Z",
                             "+027-03-01T17:00:00Z",
                             "2027-03-01T17:00:00Zx"})
        EXPECT_FALSE(parse_rfc3339(text)) << text;
}

TEST(Duration, ReadsThePartsInOrder) {
    EXPECT_EQ(parse_duration("45s"), Milliseconds{45'000});
    EXPECT_EQ(parse_duration("1h30m"), Milliseconds{5'400'000});
    EXPECT_EQ(parse_duration("3d"), Milliseconds{259'200'000});
    EXPECT_EQ(parse_duration("250ms"), Milliseconds{250});
    EXPECT_EQ(parse_duration("1d2h3m4s5ms"), Milliseconds{93'784'005});
    EXPECT_EQ(parse_duration("0s"), Milliseconds{0});
}

TEST(Duration, AnythingElseIsRefused) {
    for (auto const* text : {"",
                             "5",
                             "s",
                             "-5s",
                             "1.5h",
                             "30m1h",
                             "1h1h",
                             "1 h",
                             "1w",
                             "1H",
                             "1h30",
                             "99999999999999999999d",
                             "9223372036854775807s"})
        EXPECT_FALSE(parse_duration(text)) << text;
}

TEST(Duration, IsWrittenInTheFormsThatAreRead) {
    EXPECT_EQ(to_duration_text(Milliseconds{0}), "0s");
    EXPECT_EQ(to_duration_text(Milliseconds{5'400'000}), "1h30m");
    EXPECT_EQ(to_duration_text(Milliseconds{90'061'001}), "1d1h1m1s1ms");
    EXPECT_EQ(to_duration_text(Milliseconds{-1'500}), "-1s500ms");
    for (std::int64_t const count : std::initializer_list<std::int64_t>{
             1, 999, 1'000, 86'399'999, std::numeric_limits<std::int64_t>::max()})
        EXPECT_EQ(parse_duration(to_duration_text(Milliseconds{count})), Milliseconds{count});
}

}  // namespace
}  // namespace postrider

// Canonical JSON against the examples of RFC 8785, ids and random numbers.
#include <postrider/core/canonical_json.hpp>
#include <postrider/core/ids.hpp>
#include <postrider/core/random.hpp>

#include <boost/json/parse.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <limits>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace postrider::core {
namespace {

std::string canonical(std::string_view text) {
    return canonical_json(boost::json::parse(text));
}

TEST(CanonicalJson, WritesTheExampleOfTheRfc) {
    auto value = boost::json::parse(R"({
        "numbers": null,
        "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
        "literals": [null, true, false]})");
    // Not parsed: Boost 1.81 reads some fractions one step beside the nearest double. Nothing that
    // we hash has fractions.
    value.get_object()["numbers"] = {333333333.33333329, 1E30, 4.50, 2e-3, 1e-27};

    EXPECT_EQ(canonical_json(value),
              "{\"literals\":[null,true,false],"
              "\"numbers\":[333333333.3333333,1e+30,4.5,0.002,1e-27],"
              "\"string\":\"\xE2\x82\xAC$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}");
}

TEST(CanonicalJson, SortsMembersByUtf16) {
    EXPECT_EQ(
        canonical(R"({"\u20ac":1,"\r":2,"\ufb33":3,"1":4,"\ud83d\ude00":5,"\u0080":6,"\u00f6":7})"),
        "{\"\\r\":2,\"1\":4,\"\xC2\x80\":6,\"\xC3\xB6\":7,\"\xE2\x82\xAC\":1,"
        "\"\xF0\x9F\x98\x80\":5,\"\xEF\xAC\xB3\":3}");
}

TEST(CanonicalJson, WritesNumbersAsEcmaScriptDoes) {
    // Appendix B of the RFC: the bits of a double and its text.
    std::vector<std::pair<std::uint64_t, std::string>> const rows = {
        {0x0000000000000000, "0"},
        {0x8000000000000000, "0"},
        {0x0000000000000001, "5e-324"},
        {0x8000000000000001, "-5e-324"},
        {0x7fefffffffffffff, "1.7976931348623157e+308"},
        {0xffefffffffffffff, "-1.7976931348623157e+308"},
        {0x4340000000000000, "9007199254740992"},
        {0xc340000000000000, "-9007199254740992"},
        {0x4430000000000000, "295147905179352830000"},
        {0x44b52d02c7e14af5, "9.999999999999997e+22"},
        {0x44b52d02c7e14af6, "1e+23"},
        {0x44b52d02c7e14af7, "1.0000000000000001e+23"},
        {0x444b1ae4d6e2ef4e, "999999999999999700000"},
        {0x444b1ae4d6e2ef4f, "999999999999999900000"},
        {0x444b1ae4d6e2ef50, "1e+21"},
        {0x3eb0c6f7a0b5ed8c, "9.999999999999997e-7"},
        {0x3eb0c6f7a0b5ed8d, "0.000001"},
        {0x41b3de4355555553, "333333333.3333332"},
        {0x41b3de4355555554, "333333333.33333325"},
        {0x41b3de4355555555, "333333333.3333333"},
        {0x41b3de4355555556, "333333333.3333334"},
        {0x41b3de4355555557, "333333333.33333343"},
        {0xbecbf647612f3696, "-0.0000033333333333333333"},
        {0x43143ff3c1cb0959, "1424953923781206.2"},
    };
    for (auto const& [bits, text] : rows)
        EXPECT_EQ(canonical_json(std::bit_cast<double>(bits)), text);
    EXPECT_EQ(canonical_json(1.0), canonical_json(1));
    EXPECT_EQ(canonical_json(30.0), "30");
    EXPECT_EQ(canonical_json(29.97), "29.97");
}

TEST(CanonicalJson, KeepsWholeNumbersExactAndNeverWritesInfinity) {
    EXPECT_EQ(canonical("[9223372036854775807,18446744073709551615,-9223372036854775808]"),
              "[9223372036854775807,18446744073709551615,-9223372036854775808]");
    EXPECT_EQ(canonical_json(std::numeric_limits<double>::infinity()), "null");
    EXPECT_EQ(canonical_json(std::numeric_limits<double>::quiet_NaN()), "null");
}

TEST(CanonicalJson, WritesEmptyThings) {
    EXPECT_EQ(canonical(R"({"b":{},"a":[],"":""})"), R"({"":"","a":[],"b":{}})");
}

TEST(Sha256, IsTheKnownOne) {
    EXPECT_EQ(sha256_text("abc"),
              "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Ids, HaveTheirFormAndSortByTime) {
    SeededRandom random(7);
    Instant const now{Milliseconds{1'800'000'000'000}};

    auto const earlier = new_id("job", now, random);
    auto const later = new_id("job", now + Milliseconds{1}, random);

    EXPECT_TRUE(is_id(earlier, "job")) << earlier;
    EXPECT_LT(earlier, later);
    EXPECT_FALSE(is_id(earlier, "pln"));
    EXPECT_FALSE(is_id("job_01KAH6M4ZQ8V3R2T5W7X9Y0B1", "job"));
    EXPECT_FALSE(is_id("job_01KAH6M4ZQ8V3R2T5W7X9Y0BIL", "job"));
    EXPECT_FALSE(is_id("job_81KAH6M4ZQ8V3R2T5W7X9Y0B1C", "job"));
    EXPECT_TRUE(is_id("job_01KAH6M4ZQ8V3R2T5W7X9Y0B1C", "job"));
}

TEST(Ids, OfOneInstantDiffer) {
    SystemRandom random;
    std::set<std::string> ids;
    for (int i = 0; i < 1000; ++i) ids.insert(new_id("evt", Instant{}, random));
    EXPECT_EQ(ids.size(), 1000U);
}

TEST(Random, SeedGivesTheSameNumbersEverywhere) {
    SeededRandom random(1234567);
    EXPECT_EQ(random.next(), 6457827717110365317ULL);
    EXPECT_EQ(random.next(), 3203168211198807973ULL);
}

TEST(Random, StaysBelowItsBound) {
    SeededRandom random(1);
    std::vector<int> seen(7);
    for (int i = 0; i < 7000; ++i) ++seen.at(random.below(7));
    for (int const count : seen) EXPECT_NEAR(count, 1000, 150);
    EXPECT_EQ(random.below(0), 0U);
    EXPECT_EQ(random.below(1), 0U);
    for (int i = 0; i < 1000; ++i) {
        auto const unit = random.unit();
        EXPECT_GE(unit, 0.0);
        EXPECT_LT(unit, 1.0);
    }
}

}  // namespace
}  // namespace postrider::core

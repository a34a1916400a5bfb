// Numbers that Boost.JSON's own reading misses by a step, found by core/fuzz/canonical_json.
#include "job/exact_json.hpp"

#include <postrider/core/canonical_json.hpp>

#include <gtest/gtest.h>
#include <boost/json/serialize.hpp>

namespace postrider::core {
namespace {

TEST(ExactJson, ANumberReadsBackAsItWasWritten) {
    for (double const number : {1.8447643372036857e40,
                                0.1 + 0.2,
                                1.7976931348623157e308,
                                5e-324,
                                -29.97,
                                1e22,
                                123456789.125e-7}) {
        auto const text = boost::json::serialize(boost::json::value(number));
        EXPECT_EQ(detail::parse_exactly(text).get_double(), number) << text;
    }
}

TEST(ExactJson, AHashSurvivesTheStore) {
    boost::json::object options{{"volume", 0.1 + 0.2}, {"far", 1.8447643372036857e40}};
    auto const stored = detail::parse_exactly(boost::json::serialize(options));

    EXPECT_EQ(canonical_json(stored), canonical_json(options));
}

TEST(ExactJson, ReadsAllThatJsonHas) {
    auto const text =
        R"({"a":[1,-2,18446744073709551615,null,true,false,"\u20ac\n"],"":{"b":[]},"c":1.5E0})";
    EXPECT_EQ(boost::json::serialize(detail::parse_exactly(text)),
              R"({"a":[1,-2,18446744073709551615,null,true,false,"€\n"],"":{"b":[]},"c":1.5E0})");
}

TEST(ExactJson, RefusesWhatIsNone) {
    for (auto const* text : {"", "{", "[1,]", "nul", "1 2", "{\"a\":1}x", "\"\\ud800\""}) {
        boost::system::error_code failed;
        EXPECT_TRUE(detail::parse_exactly(text, failed).is_null()) << text;
        EXPECT_TRUE(failed) << text;
        EXPECT_THROW(detail::parse_exactly(text), boost::system::system_error) << text;
    }
}

}  // namespace
}  // namespace postrider::core

// Numbers that Boost.JSON's own reading misses by a step, found by core/fuzz/canonical_json.
#include "job/exact_json.hpp"

#include <postrider/core/canonical_json.hpp>
#include <postrider/core/foreign_json.hpp>
#include <postrider/core/job.hpp>

#include <gtest/gtest.h>
#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
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

TEST(ExactJson, RefusesANumberThatNoDoubleHolds) {
    for (auto const* text : {"1.1e3085", "[-1e400]", "{\"a\":8888809888E+8888}", "1e2147483650"}) {
        boost::system::error_code failed;
        EXPECT_TRUE(detail::parse_exactly(text, failed).is_null()) << text;
        EXPECT_TRUE(failed) << text;
    }
    EXPECT_EQ(detail::parse_exactly("1e-400").get_double(), 0);
}

TEST(ExactJson, AJobReadFromABrokenRowIsWrittenSoThatItReadsBack) {
    auto const row = boost::json::parse(R"({"post":{"options":{"cover_at":1.1e3085}},"key":"k"})");

    auto const spec = job_spec_from_json(row.as_object());

    auto const text = boost::json::serialize(to_json(spec));
    EXPECT_EQ(boost::json::serialize(
                  to_json(job_spec_from_json(detail::parse_exactly(text).as_object()))),
              text);
}

TEST(ForeignJson, NamesTheMemberAndTheNumberThatIsTooFarOut) {
    auto const read = read_foreign_json(R"({"a":[1,{"b/c":true},"x",{"d":[0.5,-1.1e3085]}]})");

    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code(), "usage.bad_value");
    EXPECT_EQ(read.error().message(), "-1.1e3085 at /a/3/d/1 is beyond what a number can hold");
    EXPECT_EQ(read.error().at().front().path, "/a/3/d/1");
    EXPECT_EQ(read_foreign_json(R"({"a":{"b":1},"b/c":1e999})").error().at().front().path, "/b~1c");
    EXPECT_EQ(read_foreign_json("{").error().message().substr(0, 11), "is not JSON");
    EXPECT_TRUE(read_foreign_json(" {\"a\": 1} \r\n"));
    EXPECT_EQ(read_foreign_json("[0.30000000000000004]").value().as_array()[0].get_double(),
              0.1 + 0.2);
}

}  // namespace
}  // namespace postrider::core

// What a concise answer leaves out, and that its schema says so. Every answer of every other test
// is shortened too, and held against the concise schema, by the desk itself.
#include "operations/detail.hpp"
#include "operations/schema_notation.hpp"
#include "operations/table.hpp"
#include "test/schema_check.hpp"
#include "test/studio.hpp"

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

namespace postrider::cli::test {

namespace json = boost::json;

TEST(Detail, MarkedMembersAndNullsAreLeftOut) {
    auto const schema = schema_of(
        "{a: text|null, ~b: int, c: {~d: text, e: any}, f: [{~g?: int, h: text|null}], "
        "i: {*: {j: int|null}}, k: object, l: \"x\"|\"y\"}");
    auto const full =
        json::parse(R"({"a":null,"b":1,"c":{"d":"s","e":null},"f":[{"g":1,"h":null},{"h":"x"}],)"
                    R"("i":{"one":{"j":null}},"k":{"m":null},"l":"x"})");

    auto const shorter = concise_value(schema, full);

    EXPECT_EQ(json::serialize(shorter),
              R"({"c":{},"f":[{},{"h":"x"}],"i":{"one":{}},"k":{"m":null},"l":"x"})");
    EXPECT_TRUE(schema_faults(concise_schema(schema), shorter, true).empty());
    EXPECT_FALSE(schema_faults(schema, shorter, true).empty());
    // And what goes is not allowed: a reader may rely on it.
    EXPECT_FALSE(schema_faults(concise_schema(schema), full, true).empty());
}

TEST(Detail, WhatMustBeThereStays) {
    auto const schema = concise_schema(schema_of("{a: text, b?: text, c: @state}"));

    EXPECT_FALSE(schema_faults(schema, json::parse(R"({"a":"x"})"), true).empty());
    EXPECT_TRUE(schema_faults(schema, json::parse(R"({"a":"x","c":"running"})"), true).empty());
}

TEST(Detail, EveryOperationHasAConciseSchema) {
    for (auto const* operation : operations())
        EXPECT_NO_THROW(concise_schema(schema_of(operation->output))) << operation->name;
}

class DetailOf : public Studio {};

TEST_F(DetailOf, AJobIsItsStateAndItsLink) {
    set_up_accounts();
    auto const plan = good({"campaign", "plan", campaign(), "--detail", "concise"});
    EXPECT_FALSE(plan.data().contains("inputs"));
    good({"campaign", "apply", "spring.lua", "--hash", hash_of(plan)});
    good({"run", "--until", "idle"});

    auto const full = good({"job", "list"});
    auto const brief = good({"job", "list", "--detail", "concise"});

    EXPECT_LT(brief.out.size(), full.out.size());
    auto const& job = brief.data().at("items").at(0).as_object();
    EXPECT_EQ(job.at("state").as_string(), "published");
    EXPECT_TRUE(job.at("receipt").at("seen").as_object().contains("link"));
    EXPECT_FALSE(job.at("receipt").as_object().contains("sent"));
    EXPECT_FALSE(job.contains("job_hash"));
    EXPECT_FALSE(job.contains("error"));
    // What is named is given, concise or not.
    auto const named =
        good({"job", "list", "--detail", "concise", "--fields", "id,job_hash,waiting"});
    EXPECT_TRUE(named.data().at("items").at(0).as_object().contains("job_hash"));
    auto const lines = good({"job", "list", "--all", "-o", "ndjson", "--detail", "concise"});
    EXPECT_EQ(lines.out.find("job_hash"), std::string::npos);
    EXPECT_NE(lines.out.find("\"state\":\"published\""), std::string::npos);
    EXPECT_EQ(good({"job", "list", "--detail", "full"}).data(), full.data());
}

TEST_F(DetailOf, TheSchemaSaysWhatGoes) {
    auto const output = [&](std::vector<std::string> more) {
        std::vector<std::string> words{"schema", "job.show"};
        words.insert(words.end(), more.begin(), more.end());
        return good(words).data().at("operation").at("output").as_object();
    };

    auto const full = output({});
    EXPECT_EQ(full.at("$defs").at("job").at("properties").at("job_hash").at("x-detail").as_string(),
              "full");
    EXPECT_EQ(output({"--detail", "concise"}), concise_schema(full));
    EXPECT_EQ(run({"job", "list", "--detail", "brief"}).code(), "usage.bad_value");
}

}  // namespace postrider::cli::test

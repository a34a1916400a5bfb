// The table of operations against everything that is derived from it.
#include "operations/table.hpp"
#include "operations/about/help.hpp"
#include "operations/check.hpp"
#include "operations/command_line.hpp"
#include "operations/globals.hpp"
#include "operations/schema_notation.hpp"
#include "test/desk.hpp"
#include "test/schema_check.hpp"

#include <postrider/catalogue.hpp>

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <set>

namespace postrider::cli::test {

namespace json = boost::json;

TEST(Table, EveryOperationSaysWhatItOwes) {
    std::set<std::string_view> names;
    for (auto const* operation : operations()) {
        EXPECT_TRUE(names.insert(operation->name).second) << operation->name;
        EXPECT_FALSE(operation->sentence.empty()) << operation->name;
        EXPECT_FALSE(operation->examples.empty()) << operation->name;
        EXPECT_NE(operation->run, nullptr) << operation->name;
        EXPECT_EQ(operation->stage, 1) << operation->name;
        for (auto const& input : operation->inputs) {
            EXPECT_FALSE(input.help.empty()) << operation->name << " " << input.name;
            EXPECT_EQ(input.type == InputType::choice, !input.values.empty())
                << operation->name << " " << input.name;
        }
    }
}

TEST(Table, EveryErrorNamedIsInTheCatalogue) {
    for (auto const* operation : operations())
        for (auto const& code : parted(operation->errors, ' '))
            EXPECT_NE(find_error_row(code), nullptr) << operation->name << " " << code;
}

TEST(Table, EveryOutputIsWellFormed) {
    for (auto const* operation : operations())
        EXPECT_NO_THROW(schema_of(operation->output)) << operation->name;
    for (auto const& [name, notation] : shared_shapes())
        EXPECT_NO_THROW(schema_of(notation)) << name;
}

TEST(Table, EveryExampleParsesAsACommand) {
    for (auto const* operation : operations())
        for (auto const example : operation->examples) {
            // As a shell would take it, as far as the examples need one.
            std::vector<std::string> words;
            std::string word;
            bool quoted = false;
            for (char const c : std::string(example) + " ") {
                if (c == '\'') {
                    quoted = !quoted;
                } else if (c == ' ' && !quoted) {
                    if (!word.empty()) words.push_back(word);
                    word.clear();
                } else {
                    word += c;
                }
            }
            if (auto const pipe = std::find(words.begin(), words.end(), "<"); pipe != words.end())
                words.erase(pipe, words.end());
            auto const command = read_command(words);
            ASSERT_EQ(command.operation, operation) << example;
            auto const typed = read_flags(*operation, command.rest);
            EXPECT_TRUE(typed.problems.empty())
                << example << ": "
                << (typed.problems.empty() ? "" : typed.problems.front().message);
            json::object request;
            merge_typed(request, typed.inputs);
            auto const problems = check_request(operation->inputs, request);
            EXPECT_TRUE(problems.empty())
                << example << ": " << (problems.empty() ? "" : problems.front().message);
        }
}

TEST(Table, HelpMentionsEveryFlag) {
    for (auto const* operation : operations()) {
        auto const help = operation_help(*operation, Paint(false));
        for (auto const& input : operation->inputs)
            if (!input.positional) {
                EXPECT_NE(help.find(flag_of(input.name)), std::string::npos)
                    << operation->name << " " << input.name;
            }
        for (auto const& input : global_inputs())
            if (has_global(*operation, input.name)) {
                EXPECT_NE(help.find(flag_of(input.name)), std::string::npos)
                    << operation->name << " " << input.name;
            }
        EXPECT_NE(overview_help(Paint(false)).find(command_of(*operation)), std::string::npos);
    }
}

TEST(Table, SkeletonsFillTheirSchema) {
    for (auto const* operation : operations()) {
        auto const faults =
            schema_faults(input_schema(operation->inputs), skeleton(operation->inputs));
        EXPECT_TRUE(faults.empty())
            << operation->name << " " << (faults.empty() ? "" : faults.front());
    }
}

TEST(Check, ReportsAllProblemsWithPointers) {
    auto const* wait = find_operation("job.wait");
    json::object request;
    request["jb"] = "x";
    request["until"] = "finl";
    request["job"] = "not a list";

    auto const problems = check_request(wait->inputs, request);

    ASSERT_EQ(problems.size(), 3U);
    EXPECT_EQ(problems[0].path, "/jb");
    EXPECT_NE(problems[0].message.find("did you mean 'job'"), std::string::npos);
    EXPECT_EQ(problems[1].path, "/until");
    EXPECT_NE(problems[1].message.find("did you mean 'final'"), std::string::npos);
    EXPECT_EQ(problems[2].path, "/job");
}

// Beyond 63 bits it would be read as a negative number.
TEST(Check, AWholeNumberThatNoIntegerHoldsIsRefused) {
    for (std::int64_t const max : {std::int64_t{0}, INT64_MAX}) {
        InputSpec const inputs[] = {{.name = "after", .type = InputType::integer, .max = max}};
        EXPECT_EQ(check_request(inputs, {{"after", UINT64_MAX}}).size(), 1U) << max;
        EXPECT_TRUE(check_request(inputs, {{"after", INT64_MAX}}).empty()) << max;
    }
}

TEST(Check, FlagsAndJsonMeetTheSameChecker) {
    auto const* list = find_operation("job.list");
    auto const typed = read_flags(*list, {"--due-before", "tomorrow", "--state", "lost"});
    json::object from_flags;
    merge_typed(from_flags, typed.inputs);
    json::object from_json;
    from_json["due_before"] = "tomorrow";
    from_json["state"] = json::array{"lost"};

    auto const one = check_request(list->inputs, from_flags);
    auto const other = check_request(list->inputs, from_json);

    ASSERT_EQ(one.size(), 2U);
    ASSERT_EQ(other.size(), 2U);
    EXPECT_EQ(one[0].path, "/state/0");
    EXPECT_EQ(other[1].path, "/state/0");
}

TEST(Notation, ReadsTypesUnionsMapsAndReferences) {
    auto const schema = schema_of("{a: text, b?: \"x\"|\"y\"|null, c: {*: [int]}, d: @person}");
    EXPECT_TRUE(
        schema_faults(schema,
                      json::parse(R"({"a":"t","b":"x","c":{"k":[1]},"d":{"name":"n","role":"admin",
                "created_at":"2027-01-01T00:00:00.000Z"}})"))
            .empty());
    EXPECT_EQ(
        schema_faults(schema, json::parse(R"({"a":1,"c":{"k":["s"]},"d":{"name":"n"},"e":0})"))
            .size(),
        5U);
    EXPECT_THROW(schema_of("{a text}"), std::logic_error);
    EXPECT_THROW(schema_of("@nothing"), std::logic_error);
}

class About : public Desk {};

TEST_F(About, EveryCodeHasAnExplanation) {
    for (auto const& row : catalogue()) {
        auto const ran = good({"explain", std::string(row.code)});
        EXPECT_EQ(ran.data().at("code").as_string(), row.code);
    }
}

TEST_F(About, VersionHelpAndSchemasNeedNoStore) {
    EXPECT_EQ(good({"version"}).data().at("envelope").as_string(), "postrider/1");
    EXPECT_EQ(good({"--version"}).envelope.at("command").as_string(), "version");
    EXPECT_FALSE(good({"help"}).data().at("commands").as_array().empty());
    EXPECT_EQ(good({"job", "wait", "--help"}).data().at("operation").at("name").as_string(),
              "job.wait");
    EXPECT_EQ(good({"help", "job", "wait"}).data().at("operation").at("name").as_string(),
              "job.wait");
    good({"help", "job"});
    good({"schema"});
    good({"schema", "envelope"});
    good({"schema", "exit-codes"});
    good({"schema", "errors"});
    for (auto const* operation : operations()) {
        good({"schema", std::string(operation->name)});
        good({"schema", std::string(operation->name), "--skeleton"});
        good({"help", std::string(operation->name.substr(0, operation->name.find('.')))});
    }
    auto const all = good({"schema", "--all", "--out", "all.json"});
    EXPECT_TRUE(all.envelope.at("meta").as_object().contains("out"));
    EXPECT_GT(std::filesystem::file_size(folder / "all.json"), 10'000U);
}

TEST_F(About, UnknownWordsAreAnsweredWithTheNearest) {
    auto const command = run({"job", "lst"});
    EXPECT_EQ(command.exit, 2);
    EXPECT_EQ(command.code(), "usage.unknown_command");
    EXPECT_NE(command.out.find("did you mean 'job list'"), std::string::npos);
    auto const dotted = run({"job.wait", "job_01"});
    EXPECT_EQ(dotted.code(), "usage.unknown_command");
    EXPECT_NE(dotted.out.find("did you mean 'job wait'"), std::string::npos) << dotted.out;
    auto const noun = run({"jb", "list"});
    EXPECT_EQ(noun.code(), "usage.unknown_command");
    auto const flag = run({"job", "list", "--stat", "unknown"});
    EXPECT_EQ(flag.code(), "usage.unknown_flag");
    EXPECT_NE(flag.out.find("did you mean --state"), std::string::npos);
    auto const code = run({"explain", "media.unsuported"});
    EXPECT_EQ(code.exit, 3);
    EXPECT_NE(code.out.find("media.unsupported"), std::string::npos);
    EXPECT_EQ(run({"schema", "job.wat"}).exit, 3);
    EXPECT_EQ(run({"job"}).exit, 2);
}

TEST_F(About, WhatBelongsToALaterStageIsRefusedByName) {
    for (auto const& words :
         {std::vector<std::string>{"mcp"}, {"serve"}, {"job", "move"}, {"workspace", "list"}}) {
        auto const ran = run(words);
        EXPECT_EQ(ran.exit, 2);
        EXPECT_EQ(ran.code(), "usage.later_stage") << ran.out;
    }
}

TEST_F(About, FlagsWithoutUseAreRefused) {
    EXPECT_EQ(run({"version", "--dry-run"}).exit, 2);
    EXPECT_EQ(run({"version", "--limit", "3"}).exit, 2);
    EXPECT_EQ(run({"explain"}).code(), "usage.missing_input");
    EXPECT_EQ(run({"explain", "a", "b"}).exit, 2);
    EXPECT_EQ(run({"version", "-o", "yaml"}).exit, 2);
}

TEST_F(About, FieldsGetAndFormsOfOutput) {
    auto const fields = good({"explain", "media.empty", "--fields", "code,retry.when"});
    EXPECT_EQ(fields.out.find("cause"), std::string::npos);
    EXPECT_EQ(run({"explain", "media.empty", "--get", "/retry/when"}).out, "fix_first\n");
    EXPECT_EQ(run({"explain", "media.empty", "--get", "/data/code"}).out, "media.empty\n");
    auto const wrong = run({"explain", "media.empty", "--get", "/nothing"});
    EXPECT_EQ(wrong.code(), "usage.unknown_field");
    auto const told = run({"explain", "media.emty", "--get", "/error/code"});
    EXPECT_EQ(told.out, "not_found.code\n");
    EXPECT_EQ(told.exit, 3);
    EXPECT_EQ(run({"explain", "media.emty", "--get", "/code"}).code(), "not_found.code");
    EXPECT_EQ(run({"explain", "media.empty", "-o", "id"}).out, "media.empty\n");
    EXPECT_EQ(run({"explain", "media.empty", "-o", "none"}).out, "");
    EXPECT_NE(run({"explain", "media.empty", "-o", "table"}).out.find("media.empty"),
              std::string::npos);
    auto const lines = run({"explain", "media.empty", "-o", "ndjson"});
    EXPECT_TRUE(lines.out.starts_with(R"({"type":"hello")")) << lines.out;
    EXPECT_FALSE(lines.envelope.empty());
}

TEST_F(About, WholeRequestsComeFromStandardInputAndFlagsWin) {
    auto const ran = good({"explain", "--input", "-"}, R"({"code":"media.empty"})");
    EXPECT_EQ(ran.data().at("code").as_string(), "media.empty");
    auto const flag = good({"explain", "media.limit", "--input", "-"}, R"({"code":"media.empty"})");
    EXPECT_EQ(flag.data().at("code").as_string(), "media.limit");
    auto const wrong = run({"explain", "--input", "-"}, R"({"cod":"media.empty"})");
    EXPECT_EQ(wrong.exit, 2);
    EXPECT_NE(wrong.out.find("did you mean 'code'"), std::string::npos);
    auto const far = run({"explain", "--input", "-"}, R"({"code":"media.empty","more":1.1e3085})");
    EXPECT_EQ(far.code(), "usage.bad_value");
    EXPECT_EQ(far.envelope.at("error").at("at").at(0).at("path").as_string(), "/more");
    EXPECT_NE(far.out.find("1.1e3085 at /more"), std::string::npos) << far.out;
    EXPECT_EQ(run({"explain", "--input", "-"}, "[1]").exit, 2);
    EXPECT_EQ(run({"explain", "--input", "missing.json"}).exit, 2);
}

}  // namespace postrider::cli::test

// Stubs, linter files and reference agree name by name with what a script finds; and the lint
// itself.
#include "bindings.hpp"
#include "script_fixture.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <regex>
#include <set>

namespace postrider::script {
namespace {

std::set<std::string> found(std::string const& text, std::string const& expression) {
    std::set<std::string> names;
    std::regex const pattern(expression);
    for (std::sregex_iterator match(text.begin(), text.end(), pattern), end; match != end; ++match)
        names.insert((*match)[1]);
    return names;
}

std::string section(std::string const& text, std::string const& start) {
    auto const at = text.find(start);
    return at == std::string::npos ? "" : text.substr(at, text.find("\n\n", at) - at);
}

TEST_F(ScriptTest, StubsAndBindingsHaveTheSameNames) {
    auto const stubs = lua_stubs({&alpha, &beta});

    std::set<std::string> names;
    for (auto const& function : functions())
        if (function.stage == 1) names.insert(std::string(function.name));
    EXPECT_EQ(found(stubs, "function postrider\\.(\\w+)\\("), names);
    for (auto const* table : tables()) {
        std::set<std::string> fields;
        for (auto const& field : table->fields)
            if (field.stage == 1) fields.insert(std::string(field.name));
        EXPECT_EQ(found(section(stubs, fmt::format("---@class postrider.{}\n", table->class_name)),
                        "---@field (\\w+)"),
                  fields)
            << table->name;
    }
    for (auto const* binding : classes()) {
        std::set<std::string> fields;
        for (auto const& property : binding->properties) fields.insert(std::string(property.name));
        EXPECT_EQ(found(section(stubs, fmt::format("---@class postrider.{}", binding->name)),
                        "---@field (\\w+)"),
                  fields)
            << binding->name;
        for (auto const& method : binding->methods)
            EXPECT_NE(stubs.find(fmt::format("function {}:{}(", binding->name, method.name)),
                      std::string::npos);
    }
    EXPECT_NE(stubs.find("---@field visibility? \"everyone\"|\"friends\"|postrider.Ask (a person's "
                         "choice) who may see it"),
              std::string::npos);
    EXPECT_NE(stubs.find("---@field deliver? \"direct\"|\"inbox\"|\"direct_or_inbox\""),
              std::string::npos);
}

TEST_F(ScriptTest, EveryBindingIsThereInTheSandbox) {
    std::string script;
    for (auto const& function : functions())
        if (function.stage == 1)
            script +=
                fmt::format("assert(type(postrider.{0}) == 'function', '{0}')\n", function.name);
    for (auto const* value : {"ask", "version", "api"})
        script += fmt::format("assert(postrider.{} ~= nil)\n", value);
    script +=
        "local m = postrider.media 'film.mp4'\nlocal t = postrider.at('2027-03-01 18:00', "
        "'UTC')\nlocal a = postrider.account 'alpha:@nova_fr'\n"
        "local s = postrider.every { days = 'daily', at = '18:00', from = '2027-03-27', count = 2 "
        "}\nlocal p = postrider.post { key = 'k', when = 'asap' }\n";
    for (auto const& [variable, name] :
         {std::pair{"m", "Media"}, {"t", "Time"}, {"a", "Account"}, {"s", "Slots"}, {"p", "Post"}})
        for (auto const* binding : classes()) {
            if (binding->name != name) continue;
            for (auto const& property : binding->properties)
                script += fmt::format("assert({}.{} ~= nil)\n", variable, property.name);
            for (auto const& method : binding->methods)
                script += fmt::format("assert(type({}.{}) == 'function')\n", variable, method.name);
        }
    notes(script);
}

// The table of surfaces.md, section 5.3: when it grows, this list does.
TEST_F(ScriptTest, TheFunctionsAreThoseOfTheContract) {
    std::set<std::string> stage_one;
    std::set<std::string> later;
    for (auto const& function : functions())
        (function.stage == 1 ? stage_one : later).insert(std::string(function.name));
    EXPECT_EQ(stage_one,
              (std::set<std::string>{
                  "account", "accounts", "at",           "campaign",  "caption",    "csv",
                  "each",    "every",    "find_account", "find_file", "find_media", "hold",
                  "json",    "length",   "limit",        "media",     "needs",      "notify",
                  "pick",    "post",     "route",        "text"}));
    EXPECT_EQ(later, (std::set<std::string>{"after", "shorten", "spread", "withdraw"}));
}

TEST_F(ScriptTest, LinterFilesNameTheGlobals) {
    auto const text = luacheckrc();
    std::string checks;
    for (auto const& name : found(text, "\"(\\w+)\""))
        checks += fmt::format("assert({} ~= nil)\n", name);
    notes(checks);
    EXPECT_EQ(found(text, "\"(\\w+)\"").size(), 21U);
    EXPECT_NE(text.find("max_line_length = 120"), std::string::npos);
    EXPECT_NE(luarc("stubs").find("\"workspace.library\": [\"stubs\"]"), std::string::npos);
    auto const reference = lua_reference();
    for (auto const& function : functions())
        EXPECT_NE(reference.find(fmt::format("\n### {}(", function.name)), std::string::npos);
}

TEST_F(ScriptTest, LintFindsWhatLeadsToTroubleLater) {
    write("rows.csv", "id,text,extra\na,x,y\n");
    write_media("spare.mp4");
    write("launch.lua", R"(local postrider = require "postrider" { api = 1 }
local rows = postrider.csv "rows.csv"
local slots = postrider.every { days = "daily", at = "18:00", from = "2027-03-01", count = 3 }
local posts = {}
for i, row in ipairs(rows) do
  posts[#posts + 1] = postrider.post {
    key = "post-" .. i, when = slots[i], media = "film.mp4", caption = row.text, tags = { "fr", "lonely" } }
end
posts[2] = postrider.post { key = rows[1].id, when = "2027-03-01T18:00:00+01:00", caption = "Own words", media = "film.mp4", tags = { "fr" } }
return postrider.campaign { name = "lint", zone = "Europe/Paris", posts = posts,
  routes = { postrider.route { tags = { "fr" }, accounts = { "alpha:@nova_fr", "alpha:@nova_us" } } } }
)");

    auto const result = lint_campaign(folder / "launch.lua", host, limits);

    ASSERT_TRUE(result) << printed(result.error());
    std::set<std::string> told;
    for (auto const& finding : *result) {
        EXPECT_EQ(finding.level, Finding::Level::warning);
        told.insert(fmt::format("{} {}:{}", finding.code, finding.file, finding.line));
    }
    EXPECT_EQ(told,
              (std::set<std::string>{"lint.fixed_offset launch.lua:9",
                                     "lint.key_from_index launch.lua:7",
                                     "lint.near_duplicate launch.lua:6",
                                     "lint.near_duplicate launch.lua:9",
                                     "lint.slot_left_over launch.lua:3",
                                     "lint.unused_column rows.csv:1",
                                     "lint.unused_file spare.mp4:0",
                                     "lint.unused_file still.jpg:0",
                                     "lint.unused_tag launch.lua:6"}));
}

TEST_F(ScriptTest, LintOfABrokenScriptIsItsError) {
    write("launch.lua", "return 1 +");
    EXPECT_EQ(lint_campaign(folder / "launch.lua", host, limits).error().code(), "script.syntax");
}

}  // namespace
}  // namespace postrider::script

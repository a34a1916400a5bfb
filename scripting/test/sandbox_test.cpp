// What a hostile or broken script can do: nothing but end with an error that says where.
#include "script_fixture.hpp"

#include <fmt/format.h>

#include <chrono>
#include <filesystem>
#include <fstream>

namespace postrider::script {
namespace {

TEST_F(ScriptTest, EndlessLoopEndsWithItsLine) {
    limits.instructions = 1'000'000;
    expect_error(load_api("local n = 0\nwhile true do n = n + 1 end"),
                 "script.limit",
                 3,
                 "1000000 instructions");
}

TEST_F(ScriptTest, PcallCannotSwallowTheInstructionLimit) {
    limits.instructions = 1'000'000;
    expect_error(load_api("while true do\n  pcall(function() while true do end end)\nend"),
                 "script.limit",
                 3);
    expect_error(load_api("while true do\n  xpcall(function() while true do end end, function() "
                          "while true do end end)\nend"),
                 "script.limit",
                 3);
    expect_error(load_api("local function again() pcall(again) return again() end\nagain()"),
                 "script.limit",
                 2);
}

TEST_F(ScriptTest, MemoryEaterEndsWithItsLine) {
    limits.memory_bytes = 16 << 20;
    expect_error(
        load_api(
            "local t = {}\nlocal i = 0\nwhile true do\n  i = i + 1\n  t[i] = 'text ' .. i\nend"),
        "script.limit",
        6,
        "16 MiB");
    expect_error(load_api("local s = 'x'\nwhile true do s = s .. s end"), "script.limit", 3);
    expect_error(load_api("local s = ('x'):rep(1e9)"), "script.limit", 2);
}

TEST_F(ScriptTest, MemoryErrorCanBeCaughtAndTheScriptGoesOn) {
    limits.memory_bytes = 16 << 20;

    auto const said = notes(
        "local ok = pcall(function() local t = {} for i = 1, 1e9 do t[i] = 'text ' .. i end "
        "end)\nprint(ok, 'on')");

    EXPECT_EQ(said, (std::vector<std::string>{"false\ton"}));
}

TEST_F(ScriptTest, ValuesOfOursCountAsMemory) {
    limits.memory_bytes = 16 << 20;
    expect_error(load_api("local t = {}\nfor i = 1, 1e9 do t[i] = postrider.at('2027-03-01 "
                          "18:00'):plus_days(i % 9) end"),
                 "script.limit",
                 3);
}

TEST_F(ScriptTest, WorkInsideFunctionsIsCounted) {
    limits.instructions = 5'000'000;
    std::string const table = "local t = {}\nfor i = 1, 50000 do t['k' .. i] = i end\n";
    expect_error(
        load_api(table + "while true do for _ in pairs(t) do break end end"), "script.limit", 4);
    expect_error(load_api(table + "while true do next(t) end"), "script.limit", 4);
    expect_error(load_api("local s = ('x'):rep(1000000)\nwhile true do s:find('y', 1, true) end"),
                 "script.limit",
                 3);
    expect_error(load_api("local s = postrider.every { days = 'daily', at = '18:00', from = "
                          "'2027-03-27', count = 9999 }\nwhile true do s:first(9999) end"),
                 "script.limit",
                 3);
    expect_error(load_api("local t = postrider.at '2027-03-01 18:00'\nwhile true do t = "
                          "t:plus('1s'):plus_days(1) end"),
                 "script.limit",
                 3,
                 "twenty");
    expect_error(
        load_api(
            "local t = postrider.at '2027-03-01 18:00'\nwhile true do t = t:plus_days(9999) end"),
        "script.bad_time",
        3);
    expect_error(
        load_api(
            "local t = postrider.at '2027-03-01 18:00'\nwhile true do t = t:plus('30000d') end"),
        "script.bad_time",
        3);
}

TEST_F(ScriptTest, PatternBombsAreRefusedBeforeTheyRun) {
    auto const started = std::chrono::steady_clock::now();

    expect_error(load_api("local s = ('a'):rep(5000)\nlocal x = s:find('.-.-.-b')"),
                 "script.limit",
                 3,
                 "pattern");
    expect_error(load_api("local s = ('a'):rep(30)\nreturn s:match(('a?'):rep(30) .. s)"),
                 "script.limit",
                 3,
                 "pattern");
    expect_error(
        load_api("local s = ('a'):rep(2000)\nreturn s:gsub('(a*)*%1b', '')"), "script.limit", 3);
    expect_error(load_api("for _ in (('x'):rep(1e6)):gmatch('x*y') do end"), "script.limit", 2);

    EXPECT_LT(std::chrono::steady_clock::now() - started, std::chrono::seconds(5));
}

TEST_F(ScriptTest, OrdinaryPatternsWorkOnLargeTexts) {
    EXPECT_EQ(
        notes("local s = ('word and more\\n'):rep(20000)\n"
              "local n = 0 for line in s:gmatch('[^\\n]+') do n = n + 1 end\n"
              "print(n, (('  a  b '):gsub('%s+', ' ')), ('k = v'):match('^(%w+)%s*=%s*(%w+)$'))"),
        (std::vector<std::string>{"20000\t a b \tk\tv"}));
}

TEST_F(ScriptTest, FinalizersAndWeakTablesAreRefused) {
    expect_error(load_api("setmetatable({}, { __gc = function() while true do end end })"),
                 "script.not_allowed",
                 2,
                 "__gc");
    expect_error(load_api("setmetatable({}, { __mode = 'k' })"), "script.not_allowed", 2, "__mode");
    // Set afterwards it is only a name: Lua marks finalizers when the metatable is set.
    EXPECT_EQ(notes("local m = {}\nfor i = 1, 1000 do setmetatable({}, m) end\nm.__gc = function() "
                    "while true do end end\n"
                    "for i = 1, 1000 do local t = { i } end\nprint('done')"),
              (std::vector<std::string>{"done"}));
}

TEST_F(ScriptTest, ByteCodeIsRefused) {
    expect_error(
        load(std::string_view("\x1bLua\x54\x00\x19\x93", 8)), "script.not_allowed", 1, "byte code");
    write("part.lua", std::string_view("\x1bLua\x54\x00\x19\x93", 8));
    auto const result = error(load_api("local part = require 'part'"));
    EXPECT_EQ(result.code(), "script.not_allowed");
    EXPECT_EQ(result.at().at(0).file, "part.lua");
}

TEST_F(ScriptTest, WhatReachesOutsideIsNotThere) {
    for (auto const* name : {"io",
                             "os",
                             "debug",
                             "package",
                             "load",
                             "dofile",
                             "loadfile",
                             "collectgarbage",
                             "coroutine",
                             "getmetatable",
                             "rawset",
                             "_G"})
        expect_error(load_api(fmt::format("local x = {}", name)), "script.not_allowed", 2, name);
    expect_error(load_api("print(string.dump(print))"), "script.error", 2);
    expect_error(load_api("print(math.random())"), "script.error", 2);
    expect_error(load_api("print(('').format('%p', {}))"), "script.not_allowed", 2);
}

TEST_F(ScriptTest, UndeclaredGlobalsAreErrors) {
    expect_error(
        load_api("local n = 1\nprnt(n)"), "script.unknown_field", 3, "did you mean 'print'?");
    expect_error(load_api("count = 1"), "script.not_allowed", 2, "local count");
    expect_error(load_api("function helper() end"), "script.not_allowed", 2, "local helper");
}

TEST_F(ScriptTest, NothingHasAnAddress) {
    for (auto const& line : notes("local t = {}\nprint(t, print, postrider.post, "
                                  "string)\nprint(('%s %s'):format(t, print))\n"
                                  "print(tostring(t), postrider.ask, setmetatable({}, { __tostring "
                                  "= function() return 'own' end }))"))
        EXPECT_EQ(line.find("0x"), std::string::npos) << line;
    EXPECT_EQ(notes("print({}, print, 1.5, nil, true)"),
              (std::vector<std::string>{"table\tfunction\t1.5\tnil\ttrue"}));
}

TEST_F(ScriptTest, PairsVisitsNumbersThenTextInOrder) {
    std::string const script =
        "local t = { b = 1, a = 2, [10] = 3, [2] = 4, [1.5] = 5, [true] = 6, c = 7 }\n"
        "local keys = {}\nfor k in pairs(t) do keys[#keys + 1] = tostring(k) end\n"
        "print(table.concat(keys, ' '))\n"
        "local k, steps = nil, {}\nrepeat k = next(t, k) steps[#steps + 1] = tostring(k) until k "
        "== nil\n"
        "print(table.concat(steps, ' '))\n"
        "for key in pairs(t) do t[key] = nil end\nprint(next(t))";

    EXPECT_EQ(notes(script),
              (std::vector<std::string>{"1.5 2 10 a b c true", "1.5 2 10 a b c true nil", "nil"}));
    expect_error(load_api("for k in pairs { [{}] = 1 } do end"), "script.not_allowed", 2, "order");
}

TEST_F(ScriptTest, TableFunctionsWorkAndAreCounted) {
    EXPECT_EQ(
        notes("local t = { 3, 1, 2 }\ntable.sort(t)\nprint(table.concat(t, ' '))\n"
              "table.insert(t, 1, 0) table.insert(t, 4) print(table.remove(t, 2), table.remove(t), "
              "#t)\n"
              "local w = { 'bb', 'a', 'cc', 'd' } table.sort(w, function(x, y) return #x < #y end) "
              "print(table.concat(w, ' '))\n"
              "print(table.unpack(table.move({ 1, 2, 3 }, 1, 3, 2)))\nprint(#table.pack(1, nil, 3) "
              ">= 1, table.remove({}))"),
        (std::vector<std::string>{"1 2 3", "1\t4\t3", "a d bb cc", "1\t1\t2\t3", "true\tnil"}));
    limits.instructions = 1'000'000;
    for (auto const* call :
         {"table.move({}, 1, 1e15 // 1 | 0, 2)",
          "table.insert(setmetatable({}, { __len = function() return 1 << 60 end }), 1, 1)",
          "table.sort(setmetatable({}, { __len = function() return 1 << 60 end }))",
          "table.concat({}, '', 1, 1 << 60)"})
        expect_error(load_api(call), "script.limit", 2);
}

TEST_F(ScriptTest, ObjectsAndPostriderItselfCannotBeChanged) {
    expect_error(load_api("postrider.post = nil"), "script.not_allowed", 2);
    expect_error(load_api("postrider.at('2027-03-01 18:00').wall = 'x'"), "script.not_allowed", 2);
    // A script may break its own library: nobody else's.
    EXPECT_EQ(notes("string.rep = nil\nprint(postrider.pick({ 'a' }, 'k'))"),
              (std::vector<std::string>{"a"}));
}

TEST_F(ScriptTest, ApiVersionMustBeNamed) {
    expect_error(load("local postrider = require 'postrider'\nreturn postrider.campaign {}"),
                 "script.api",
                 2,
                 "api = 1");
    expect_error(load("local postrider = require 'postrider' {}"), "script.api", 1, "api = 1");
    expect_error(load("local postrider = require 'postrider' { api = 2 }"), "script.api", 1);
    expect_error(load("local postrider = require 'postrider' { apo = 1 }"),
                 "script.unknown_field",
                 1,
                 "did you mean 'api'?");
}

TEST_F(ScriptTest, NeedsRefusesOlderPrograms) {
    EXPECT_EQ(notes("postrider.needs '1.3'\npostrider.needs '1.4.0'\nprint(postrider.version, "
                    "postrider.api)"),
              (std::vector<std::string>{"1.4.0\t1"}));
    expect_error(load_api("postrider.needs '1.10'"), "script.api", 2, "this is 1.4.0");
    expect_error(load_api("postrider.needs 'soon'"), "script.api", 2);
}

TEST_F(ScriptTest, RequireFindsFilesOfTheFolderOnly) {
    write("words.lua",
          "local postrider = require 'postrider' { api = 1 }\nreturn { hello = 'Bonjour', api = "
          "postrider.api }");
    EXPECT_EQ(notes("local words = require 'words'\nprint(words.hello, words.api, words == require "
                    "'words')"),
              (std::vector<std::string>{"Bonjour\t1\ttrue"}));
    write("loud.lua", "local x = 1\nerror('no')");
    auto const loud = error(load_api("require 'loud'"));
    EXPECT_EQ(loud.at().at(0).file, "loud.lua");
    EXPECT_EQ(loud.at().at(0).line, 2);
    for (auto const* name : {"../words", "sub/words", "words.lua", "/etc/passwd", ""})
        expect_error(load_api(fmt::format("require '{}'", name)), "script.file_outside", 2);
    expect_error(load_api("require 'missing'"), "script.file_missing", 2);
    write("one.lua", "return require 'two'");
    write("two.lua", "return require 'one'");
    EXPECT_EQ(error(load_api("require 'one'")).code(), "script.cycle");
}

TEST_F(ScriptTest, LinksOutOfTheFolderAreRefused) {
    std::ofstream(outside / "secret.txt") << "secret";
    std::filesystem::create_symlink(outside / "secret.txt", folder / "link.txt");
    std::filesystem::create_symlink(outside, folder / "door");
    std::filesystem::create_symlink(outside / "nothing.txt", folder / "dangling.txt");
    write("own.txt", "mine");
    std::filesystem::create_symlink("own.txt", folder / "alias.txt");

    for (auto const* path :
         {"link.txt", "door/secret.txt", "dangling.txt", "../x", "a/../../x", "/etc/passwd"})
        expect_error(load_api(fmt::format("postrider.text '{}'", path)), "script.file_outside", 2);
    expect_error(load_api("postrider.text 'a\\nb'"), "script.file_outside", 2);
    expect_error(load_api("postrider.text 'gone.txt'"), "script.file_missing", 2);
    EXPECT_EQ(notes("print(postrider.text 'alias.txt')"), (std::vector<std::string>{"mine"}));
    // Lua files and media go the same way.
    std::ofstream(outside / "evil.lua") << "return 1";
    std::filesystem::create_symlink(outside / "evil.lua", folder / "evil.lua");
    expect_error(load_api("require 'evil'"), "script.file_outside", 2);
    expect_error(load_api("postrider.media 'link.txt'"), "script.file_outside", 2);
}

TEST_F(ScriptTest, SyntaxAndRuntimeErrorsHaveTheirLine) {
    expect_error(load_api("local x = {\n  1,\n  2"), "script.syntax", 4);
    expect_error(
        load_api("local x\n\nprint(x.y)"), "script.error", 4, "attempt to index a nil value");
    expect_error(load_api("error('my own words')"), "script.error", 2, "my own words");
    expect_error(load_api("local f = {}\nerror({ message = 'from a table' })"),
                 "script.error",
                 0,
                 "from a table");
    EXPECT_EQ(
        error(
            load_api("error(setmetatable({}, { __tostring = function() while true do end end }))"))
            .code(),
        "script.error");
}

TEST_F(ScriptTest, ErrorsAreObjectsThatPcallReturns) {
    EXPECT_EQ(
        notes("local ok, e = pcall(postrider.post, { key = 'a', wen = 'asap' })\n"
              "print(ok, e.code, e.kind, e.file, e.line, e.message)\n"
              "local _, z = pcall(postrider.account, 'alpha:@nova_de')\nprint(z.code, #z.allowed, "
              "z.allowed[1])\nprint(tostring(z))"),
        (std::vector<std::string>{
            "false\tscript.unknown_field\tscript\tlaunch.lua\t2\tunknown field 'wen' in post 'a'",
            "script.unknown_account\t4\talpha:@nova_fr",
            "launch.lua:4: there is no account 'alpha:@nova_de' [script.unknown_account]\n"
            "    4 | local _, z = pcall(postrider.account, 'alpha:@nova_de')\n"
            "      |                                       ^^^^^^^^^^^^^^^^ did you mean "
            "'alpha:@nova_fr'?"}));
    // Raised again it keeps its place and code.
    expect_error(load_api("local ok, e = pcall(postrider.account, 'x')\n\nerror(e)"),
                 "script.unknown_account",
                 2);
}

TEST_F(ScriptTest, TheFileMustReturnACampaign) {
    expect_error(load_api("return 1"), "script.wrong_type", 1, "not number");
    expect_error(load_api(""), "script.wrong_type", 1, "not nothing");
    EXPECT_EQ(error(load_campaign(folder / "gone.lua", host, limits)).code(),
              "script.file_missing");
    write("latin.lua", "-- caf\xe9\nreturn 1");
    EXPECT_EQ(error(load_campaign(folder / "latin.lua", host, limits)).code(), "script.bad_data");
}

TEST_F(ScriptTest, TooManyJobsAreALimit) {
    limits.jobs = 3;
    expect_error(load_api("local posts = {}\nfor i = 1, 4 do posts[i] = postrider.post { key = 'p' "
                          ".. i, when = 'asap' } end\n"
                          "return postrider.campaign { name = 'n', zone = 'UTC', posts = posts }"),
                 "script.limit",
                 4,
                 "3 jobs");
    expect_error(load_api("return postrider.campaign { name = 'n', zone = 'UTC', accounts = { "
                          "'alpha:@nova_fr', 'alpha:@nova_us', 'beta:@bakery', 'beta:@nowhere' },\n"
                          "  posts = { postrider.post { key = 'p', when = 'asap' } } }"),
                 "script.limit",
                 2,
                 "3 jobs");
}

TEST_F(ScriptTest, LaterStagesAreRefusedByName) {
    for (auto const* name : {"spread", "after", "shorten", "withdraw"})
        expect_error(load_api(fmt::format("postrider.{} {{}}", name)),
                     "script.not_allowed",
                     2,
                     "comes with stage 2");
    expect_error(load_post("when = 'asap', formerly = 'two'"),
                 "script.not_allowed",
                 3,
                 "comes with stage 2");
    expect_error(
        load_post("when = 'asap', media_for = {}"), "script.not_allowed", 3, "comes with stage 2");
    expect_error(load_api("postrider.caption { text = 'see {link:film}' }"),
                 "script.not_allowed",
                 2,
                 "comes with stage 2");
    expect_error(
        load_api("postrider.canpaign {}"), "script.unknown_field", 2, "did you mean 'campaign'?");
}

}  // namespace
}  // namespace postrider::script

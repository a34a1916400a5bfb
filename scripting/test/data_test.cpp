// csv, json, text, files and media.
#include "script_fixture.hpp"

#include <fmt/format.h>

namespace postrider::script {
namespace {

TEST_F(ScriptTest, CsvRowsAreTypedAndKnowTheirLine) {
    write(
        "calendar.csv",
        "\xEF\xBB\xBFid,day,hour,n,ok,list,text,place,video\r\n"
        "a,2027-03-01,18:00,9007199254740993,yes,x; y,\"two, \"\"quoted\"\"\nlines\",,film.mp4\r\n"
        "\r\n"
        "b,2027-03-02,07:30,-1,false,,plain,Lyon,film.mp4\r\n");

    EXPECT_EQ(
        notes(
            R"(local rows = postrider.csv("calendar.csv", { key = "id", columns = { id = "text", day = "date", hour = "time",
  n = "integer", ok = "boolean", list = "list?", text = "text", place = "text?", video = "path" } })
for _, row in ipairs(rows) do
  print(row.line, row.id, row.day .. " " .. row.hour, row.n, row.ok, row.place, row.list and #row.list, row.text)
end
print(math.type(rows[1].n), rawget(rows[1], "nothing"), rows[1].list[2]))"),
        (std::vector<std::string>{
            "2\ta\t2027-03-01 18:00\t9007199254740993\ttrue\tnil\t2\ttwo, \"quoted\"\nlines",
            "5\tb\t2027-03-02 07:30\t-1\tfalse\tLyon\tnil\tplain",
            "integer\tnil\ty"}));
}

TEST_F(ScriptTest, CsvWithoutColumnsOrHeaderIsText) {
    write("a.csv", "x;y\n1;\n");
    EXPECT_EQ(
        notes("local r = postrider.csv('a.csv', { separator = ';' })[1]\nprint(r.x, r.y, r.line)"),
        (std::vector<std::string>{"1\tnil\t2"}));
    EXPECT_EQ(notes("local r = postrider.csv('a.csv', { separator = ';', header = false "
                    "})\nprint(#r, r[1][1], r[2][1], r[2].line)"),
              (std::vector<std::string>{"2\tx\t1\t2"}));
    EXPECT_EQ(notes("local r = postrider.csv('a.csv', { separator = ';', header = false, columns = "
                    "{ 'text', 'text?' } })\nprint(r[1][2], r[2][2])"),
              (std::vector<std::string>{"y\tnil"}));
}

TEST_F(ScriptTest, CsvBadRowsAreAllToldWithTheirLines) {
    write(
        "bad.csv",
        "id,day,n\na,2027-03-01,1\nb,2027-13-01,x\nc,2027-03-01\na,2027-03-02,5\n,2027-03-02,5\n");

    auto const found =
        error(load_api("postrider.csv('bad.csv', { key = 'id', columns = { id = 'text', day = "
                       "'date', n = 'integer' } })"));

    EXPECT_EQ(found.code(), "script.bad_data");
    EXPECT_EQ(
        printed(found),
        "bad.csv:3: column 'day': '2027-13-01' is not a date such as 2027-03-01 [script.bad_data]\n"
        "bad.csv:3: column 'n': 'x' is not a whole number [script.bad_data]\n"
        "bad.csv:4: the row has 2 cells, not 3 [script.bad_data]\n"
        "bad.csv:5: the key 'a' is that of line 2 too [script.duplicate_key]\n"
        "bad.csv:6: the key 'id' is empty [script.bad_data]");
    EXPECT_EQ(found.at()[0].file, "bad.csv");
    EXPECT_EQ(found.at()[0].line, 3);
}

TEST_F(ScriptTest, CsvMistakesAreTold) {
    write("a.csv", "id,video\na,../film.mp4\n");
    write("quote.csv", "id\n\"open\n");
    write("latin.csv", "id\nca\xe9\n");
    write("empty.csv", "");
    expect_error(load_api("postrider.csv('a.csv', { columns = { vdeo = 'path' } })"),
                 "script.unknown_column",
                 2,
                 "did you mean 'video'?");
    expect_error(load_api("postrider.csv('a.csv', { columns = { id = 'txt' } })"),
                 "script.not_allowed",
                 2,
                 "did you mean 'text'?");
    expect_error(load_api("postrider.csv('a.csv', { colums = {} })"),
                 "script.unknown_field",
                 2,
                 "did you mean 'columns'?");
    expect_error(load_api("postrider.csv('a.csv', { key = 'name' })"), "script.unknown_column", 2);
    expect_error(load_api("local r = postrider.csv('a.csv')[1]\nprint(r.idd)"),
                 "script.unknown_column",
                 3,
                 "did you mean 'id'?");
    expect_error(load_api("postrider.csv('a.csv', { columns = { video = 'path' } })"),
                 "script.file_outside",
                 2);
    expect_error(load_api("postrider.csv('quote.csv')"), "script.bad_data", 2, "never closed");
    expect_error(load_api("postrider.csv('latin.csv')"), "script.bad_data", 2, "UTF-8");
    expect_error(load_api("postrider.csv('empty.csv')"), "script.bad_data", 1, "header");
    expect_error(load_api("postrider.csv('gone.csv')"), "script.file_missing", 2, "gone.csv");
    expect_error(load_api("postrider.csv()"), "script.wrong_type", 2, "must be text");
}

TEST_F(ScriptTest, JsonIsStrictAndExact) {
    write(
        "a.json",
        R"({"big": 9223372036854775807, "small": -9223372036854775808, "half": 0.5, "none": null, "list": [{"id": "a"}, {"id": "b"}], "t": true, "e": {}})");

    EXPECT_EQ(notes(R"(local t = postrider.json "a.json"
print(t.big, math.type(t.big), t.big == math.maxinteger, t.small, t.half, t.none, t.t)
for i, x in ipairs(t.list) do print(i, x.id) end
local keys = {} for k in pairs(t) do keys[#keys + 1] = k end print(table.concat(keys, " "), rawget(t, "nothing"), next(t.e)))"),
              (std::vector<std::string>{
                  "9223372036854775807\tinteger\ttrue\t-9223372036854775808\t0.5\tnil\ttrue",
                  "1\ta",
                  "2\tb",
                  "big e half list small t\tnil\tnil"}));
    expect_error(load_api("local t = postrider.json 'a.json'\nprint(t.lits)"),
                 "script.unknown_column",
                 3,
                 "did you mean 'list'?");
}

TEST_F(ScriptTest, BadJsonNamesItsLine) {
    struct Case {
        char const* text;
        int line;
        char const* part;
    };
    for (auto const& [text, line, part] :
         std::vector<Case>{{"{\n\"a\": 1,\n}", 3, "not JSON"},
                           {"{\"a\": 1,\n\"b\": 2,\n\"a\": 3}", 3, "twice"},
                           {"[1,\n9223372036854775808]", 2, "2^63"},
                           {"[\n123456789012345678901234]", 2, "2^63"},
                           {"[1e999]", 1, "1e999"},
                           {"{\"price\": 1.1e3085}", 1, "1.1e3085 of 'price'"},
                           {"{} x", 1, "not JSON"},
                           {"", 1, "not JSON"},
                           {"[8888809888E+8888]", 1, "beyond"}}) {
        write("bad.json", text);
        auto const found = error(load_api("postrider.json 'bad.json'"));
        EXPECT_EQ(found.code(), "script.bad_data") << text;
        ASSERT_FALSE(found.at().empty());
        EXPECT_EQ(found.at()[0].file, "bad.json") << text;
        EXPECT_EQ(found.at()[0].line, line) << text;
        EXPECT_NE(found.message().find(part), std::string::npos) << found.message();
    }
    write("bad.json", "[1, null]");
    expect_error(load_api("postrider.json 'bad.json'"), "script.bad_data", 2, "null in a list");
}

TEST_F(ScriptTest, TextAndFindFile) {
    write("words/hello.txt",
          "\xEF\xBB\xBF"
          "Bonjour");
    EXPECT_EQ(
        notes(
            "print(postrider.text 'words/hello.txt', postrider.find_file 'words/hello.txt')\nlocal "
            "none, err = postrider.find_file 'words/bye.txt'\nprint(none, err.code)"),
        (std::vector<std::string>{"Bonjour\twords/hello.txt", "nil\tscript.file_missing"}));
    expect_error(load_api("postrider.find_file '../x'"), "script.file_outside", 2);
}

TEST_F(ScriptTest, EveryInputIsRecorded) {
    write("a.csv", "id\n1\n");
    write("words.lua", "return 1");
    auto const campaign =
        good(load_post("media = 'film.mp4', when = 'asap', note = postrider.csv('a.csv')[1].id .. "
                       "require 'words'"));

    for (auto const* name : {"script:launch.lua",
                             "script:words.lua",
                             "file:a.csv",
                             "media:film.mp4",
                             "accounts",
                             "network:alpha",
                             "zone_data"})
        EXPECT_TRUE(campaign.inputs.contains(name)) << name;
    EXPECT_TRUE(campaign.inputs.at("file:a.csv").as_string().starts_with("sha256:"));
}

TEST_F(ScriptTest, MediaIsProbedOnceAndOnlyWhenAsked) {
    EXPECT_EQ(notes("local m = postrider.media('film.mp4')\nprint(m.path, m.name, m.stem)"),
              (std::vector<std::string>{"film.mp4\tfilm.mp4\tfilm"}));
    EXPECT_EQ(probes, 0);
    EXPECT_EQ(notes("local m = postrider.media('film.mp4')\nprint(m.kind, m.size_bytes, "
                    "m.duration_ms, m.width, m.height, m.orientation, m.has_sound, m.container, "
                    "m.codec, m.sha256:sub(1, 7))"),
              (std::vector<std::string>{
                  "video\t15\t12000\t1080\t1920\tportrait\ttrue\tmp4\th264\tsha256:"}));
    EXPECT_EQ(probes, 1);
}

TEST_F(ScriptTest, MediaRequireGivesItBackOrTheNumber) {
    EXPECT_EQ(notes("print(postrider.media('film.mp4'):require { min_width = 1080, min_height = "
                    "1920, min_duration = '12s', max_duration = '12s', max_size_bytes = 15, "
                    "orientation = 'portrait', sound = true, codec = 'h264' }.name)"),
              (std::vector<std::string>{"film.mp4"}));
    for (auto const& [wanted, part] : {std::pair{"min_width = 1081", "1080"},
                                       {"max_duration = '5s'", "12s"},
                                       {"orientation = 'square'", "portrait"},
                                       {"sound = false", "with sound"},
                                       {"codec = 'hevc'", "h264"},
                                       {"max_size_bytes = 14", "15"}})
        expect_error(load_api(fmt::format(
                         "local m = postrider.media 'film.mp4'\nm:require {{ {} }}", wanted)),
                     "media.requirement_not_met",
                     3,
                     part);
    expect_error(load_api("postrider.media('film.mp4'):require { min_widht = 1 }"),
                 "script.unknown_field",
                 2,
                 "did you mean 'min_width'?");
    EXPECT_EQ(error(load_api("postrider.media('film.mp4'):require { min_width = 5000 }")).kind(),
              ErrorKind::invalid);
}

TEST_F(ScriptTest, UrlsAreTakenAsTheyAre) {
    auto const job =
        good(load_post("media = 'https://example.net/a/film.mp4?x=1', when = 'asap'")).jobs[0];
    EXPECT_EQ(job.post.media[0].url, "https://example.net/a/film.mp4?x=1");
    EXPECT_EQ(job.post.kind, adapter::PostKind::video);
    EXPECT_EQ(probes, 0);
}

TEST_F(ScriptTest, FindMediaFiltersAndSorts) {
    write_media("films/b.mp4", "bb");
    write_media("films/deep/a.mp4", "aaa");
    write("films/notes.txt", "x");
    facts["b.mp4"].kind = "video";
    facts["b.mp4"].width = 1920;
    facts["b.mp4"].height = 1080;
    facts["b.mp4"].duration_ms = 90'000;
    auto const found = [&](char const* fields) {
        return notes(fmt::format(
            "for _, m in ipairs(postrider.find_media {{ {} }}) do print(m) end", fields));
    };

    EXPECT_EQ(
        found(""),
        (std::vector<std::string>{"film.mp4", "films/b.mp4", "films/deep/a.mp4", "still.jpg"}));
    EXPECT_EQ(found("glob = 'films/*'"), (std::vector<std::string>{"films/b.mp4"}));
    EXPECT_EQ(found("glob = 'films/**'"),
              (std::vector<std::string>{"films/b.mp4", "films/deep/a.mp4"}));
    EXPECT_EQ(found("glob = '**/?.mp4', sort = 'name'"),
              (std::vector<std::string>{"films/deep/a.mp4", "films/b.mp4"}));
    EXPECT_EQ(found("kind = 'image'"), (std::vector<std::string>{"still.jpg"}));
    EXPECT_EQ(found("orientation = 'landscape'"), (std::vector<std::string>{"films/b.mp4"}));
    EXPECT_EQ(found("min_duration = '1m'"), (std::vector<std::string>{"films/b.mp4"}));
    EXPECT_EQ(found("exclude = { 'films/**', 'still.jpg' }"),
              (std::vector<std::string>{"film.mp4"}));
    EXPECT_EQ(found("sort = 'size', limit = 2"),
              (std::vector<std::string>{"films/b.mp4", "films/deep/a.mp4"}));
    EXPECT_EQ(found("kind = 'video', sound = false"), (std::vector<std::string>{"films/b.mp4"}));
    EXPECT_EQ(found("glob = 'none/*'"), (std::vector<std::string>{}));
    expect_error(load_api("postrider.find_media { glob = '../*' }"), "script.file_outside", 2);
    expect_error(load_api("postrider.find_media { knd = 'video' }"),
                 "script.unknown_field",
                 2,
                 "did you mean 'kind'?");
}

TEST_F(ScriptTest, WhatTheProbeSaysComesBackWithThePlace) {
    host.probe = [](auto const&) -> Result<adapter::MediaFacts> {
        static ErrorRow const row{"media.not_media",
                                  ErrorKind::invalid,
                                  Owner::you,
                                  RetryWhen::fix_first,
                                  "It is no video.",
                                  "",
                                  ""};
        return Error(row).with("tool", "probe");
    };
    expect_error(
        load_api("local m = postrider.media('film.mp4')\nprint(m.width)"), "media.not_media", 2);
    expect_error(load_post("media = 'film.mp4', when = 'asap'"), "media.not_media", 3);
}

TEST_F(ScriptTest, MixedMediaAreRefused) {
    EXPECT_EQ(good(load_post("media = 'still.jpg', when = 'asap'")).jobs[0].post.kind,
              adapter::PostKind::photo);
    EXPECT_EQ(good(load_post("caption = 'only words', when = 'asap'")).jobs[0].post.kind,
              adapter::PostKind::text);
    expect_error(load_post("media = { 'still.jpg', 'film.mp4' }, when = 'asap'"),
                 "script.not_allowed",
                 3,
                 "mixture");
}

TEST_F(ScriptTest, EachAndPick) {
    EXPECT_EQ(notes("local r = postrider.each({ 1, 2, 3 }, function(x, i) if x ~= 2 then return x "
                    "* 10 + i end end)\nprint(#r, r[1], r[2])\n"
                    "local list = { 'a', 'b', 'c', 'd', 'e' }\nprint(postrider.pick(list, "
                    "'monday') == postrider.pick({ 'a', 'b', 'c', 'd', 'e' }, 'monday'))"),
              (std::vector<std::string>{"2\t11\t33", "true"}));
    expect_error(load_api("postrider.each(5, print)"), "script.wrong_type", 2);
    expect_error(load_api("postrider.each({}, 5)"), "script.wrong_type", 2);
    expect_error(load_api("postrider.pick({}, 'x')"), "script.wrong_type", 2);
    expect_error(load_api("postrider.pick({ 1 }, 5)"), "script.wrong_type", 2);
    expect_error(load_api("local x = postrider.each({ 1 }, function(i)\n  return i.x.y\nend)"),
                 "script.error",
                 3);
}

// Found by scripting/fuzz/data: Boost.JSON read these one step beside the nearest double.
TEST_F(ScriptTest, NumbersOfJsonAreTheNearest) {
    write("n.json", "[9.223372036854775E33, 0.30000000000000004]");
    EXPECT_EQ(notes("local n = postrider.json('n.json')\n"
                    "print(n[1] == 9.223372036854775E33, n[2] == 0.1 + 0.2)"),
              std::vector<std::string>{"true\ttrue"});
}

}  // namespace
}  // namespace postrider::script

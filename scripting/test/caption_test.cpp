// Captions: templates, networks, variation, cutting; lengths and limits. And that the same inputs
// give the same jobs.
#include "script_fixture.hpp"

#include <fmt/format.h>
#include <boost/json/serialize.hpp>

#include <set>

namespace postrider::script {
namespace {

TEST_F(ScriptTest, TemplatesTakeValuesAndBraces) {
    auto const jobs =
        good(
            load_post(
                R"lua(media = "film.mp4", when = "asap", accounts = { "alpha:@nova_fr", "beta:@bakery" },
      caption = postrider.caption { text = "{{{title}}} in {place} ({year}, {ok})", networks = { beta = "{title}!" },
        values = { title = "Bread", place = "Lyon", year = 2027, ok = true } }, title = "a {plain} text")lua"))
            .jobs;
    ASSERT_EQ(jobs.size(), 2U);
    EXPECT_EQ(jobs[0].post.caption, "{Bread} in Lyon (2027, true)");
    EXPECT_EQ(jobs[1].post.caption, "Bread!");
    EXPECT_EQ(jobs[0].post.title, "a {plain} text");
}

TEST_F(ScriptTest, WrongCaptionsAreToldWhereTheyAreWritten) {
    struct Case {
        char const* fields;
        char const* code;
        char const* part;
    };
    for (auto const& [fields, code, part] : std::vector<Case>{
             {"text = '{titel}', values = { title = 'x' }",
              "script.template",
              "did you mean 'title'?"},
             {"text = '{title'", "script.template", "without its '}'"},
             {"text = 'title}'", "script.template", "without its '{'"},
             {"text = 'x', networks = { gamma = 'y' }", "script.unknown_network", "gamma"},
             {"text = 'x', networks = { alpha = 5 }", "script.wrong_type", "text, not number"},
             {"text = 'x', networks = { alpha = '{no}' }", "script.template", "'{no}'"},
             {"txt = 'x'", "script.unknown_field", "did you mean 'text'?"},
             {"values = {}", "script.missing_field", "text"},
             {"text = 'x', fit = 'cut'", "script.not_allowed", "refuse, shorten"},
             {"text = 'x', fit = 'shorten'", "script.missing_field", "shorten"},
             {"text = 'x', shorten = { 'title' }", "script.template", "title"},
             {"text = '{a}', vary = { a = {} }", "script.wrong_type", "nothing to choose"},
             {"text = '{a}', vary = { a = { 'x' } }, values = { a = 'y' }",
              "script.template",
              "both"},
         })
        expect_error(load_api(fmt::format("postrider.caption {{ {} }}", fields)), code, 2, part);
    expect_error(load_post("when = 'asap', caption = '\\xff'"), "script.wrong_type", 3, "UTF-8");
    expect_error(load_post("when = 'asap', caption = postrider.caption { text = '{a}', values = { "
                           "a = '\\xff' } }"),
                 "script.template",
                 3,
                 "UTF-8");
}

TEST_F(ScriptTest, VaryIsDecidedBySeedKeyAndAccount) {
    std::string const script = R"(
local posts = {}
for i = 1, 12 do
  posts[i] = postrider.post { key = "p-" .. i, when = "2027-03-01 18:00", media = "film.mp4",
    caption = postrider.caption { text = "{hello} {who}", values = { who = "you" }, vary = { hello = { "Hi", "Hello", "Hey" } } } }
end
--more
return postrider.campaign { name = "a", zone = "UTC", accounts = { "alpha:@nova_fr", "alpha:@nova_us" }, posts = posts })";
    auto const captions = [&](std::string const& text) {
        std::map<std::string, std::string> found;
        for (auto const& job : good(load_api(text)).jobs)
            found[job.post_key + job.account] = job.post.caption;
        return found;
    };
    auto const first = captions(script);
    std::set<std::string> different;
    for (auto const& [key, caption] : first) different.insert(caption);
    EXPECT_EQ(different, (std::set<std::string>{"Hello you", "Hey you", "Hi you"}));

    auto edited = script;
    edited.replace(edited.find("--more"),
                   6,
                   "table.insert(posts, 1, postrider.post { key = 'a-new', when = 'asap', media = "
                   "'film.mp4' })");
    auto const second = captions(edited);
    for (auto const& [key, caption] : first) EXPECT_EQ(second.at(key), caption);
    auto seeded = script;
    seeded.replace(seeded.find("zone ="), 6, "seed = 'other', zone =");
    EXPECT_NE(captions(seeded), first);
}

TEST_F(ScriptTest, ShortenCutsNamedValuesLastFirst) {
    auto const caption = [&](std::string const& fields) {
        return good(load_post(fmt::format("when = 'asap', accounts = {{ 'beta:@bakery' }}, caption "
                                          "= postrider.caption {{ {} }}",
                                          fields)))
            .jobs[0]
            .post.caption;
    };
    std::string const values =
        "text = '{title}: {more}. #bread', values = { title = 'Bread from Lyon', more = 'made of "
        "old wheat by all' }";

    EXPECT_EQ(caption(values),
              "Bread from Lyon: made of old wheat by all. #bread");  // 50: core refuses it
    EXPECT_EQ(caption(values + ", fit = 'shorten', shorten = { 'title', 'more' }"),
              "Bread from Lyon: made of old…. #bread");
    EXPECT_EQ(caption(values + ", fit = 'shorten', shorten = { 'title' }"),
              "Bread…: made of old wheat by all. #bread");
    EXPECT_EQ(caption("text = '{a}', values = { a = 'short' }, fit = 'shorten', shorten = { 'a' }"),
              "short");
}

TEST_F(ScriptTest, LengthAndLimitSpeakTheNetworksUnit) {
    EXPECT_EQ(
        notes("print(postrider.length('e\\u{301}\\u{1F600}', "
              "'alpha'))\nprint(postrider.length('e\\u{301}\\u{1F600}', "
              "'beta'))\nprint(postrider.limit 'alpha')\nprint(postrider.limit('beta', 'title'))"),
        (std::vector<std::string>{"4\tutf16", "2\tgrapheme", "100\tutf16", "nil\tcode_point"}));
    expect_error(load_api("postrider.length('x', 'gamma')"), "script.unknown_network", 2);
    expect_error(load_api("postrider.limit('alpha', 'body')"), "script.not_allowed", 2);
}

std::string const whole = R"(
local posts = {}
for name, row in pairs { b = { "Hi" }, a = { "Ho" }, c = { "Hu" } } do
  posts[#posts + 1] = postrider.post { key = name, media = "film.mp4", when = "2027-03-0" .. #posts + 1 .. " 18:00", caption = row[1],
    options = { alpha = { visibility = "friends", comments = true, series = 3 } } }
end
--edit
return postrider.campaign { name = "a", zone = "Europe/Paris", accounts = { "alpha:@nova_us", "alpha:@nova_fr" }, posts = posts })";

TEST_F(ScriptTest, SameInputsGiveTheSameJobs) {
    auto const text = [&](std::string const& script) {
        std::string all;
        for (auto const& job : good(load_api(script)).jobs)
            all += boost::json::serialize(core::to_json(job)) + core::job_hash(job) + "\n";
        return all;
    };
    auto const first = text(whole);
    for (int i = 0; i < 5; ++i) EXPECT_EQ(text(whole), first);
}

TEST_F(ScriptTest, AnEditOfOnePostLeavesTheOthers) {
    auto edited = whole;
    edited.replace(edited.find("\"Ho\""), 4, "\"Hoo\"");
    auto const before = good(load_api(whole)).jobs;
    auto const after = good(load_api(edited)).jobs;

    ASSERT_EQ(before.size(), after.size());
    for (std::size_t i = 0; i < before.size(); ++i) {
        EXPECT_EQ(before[i].key, after[i].key);
        EXPECT_EQ(core::job_hash(before[i]) == core::job_hash(after[i]), before[i].post_key != "a");
    }
}

}  // namespace
}  // namespace postrider::script

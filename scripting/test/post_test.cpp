// post { } and campaign { }: every field, and every way to get it wrong.
#include "script_fixture.hpp"

#include <fmt/format.h>
#include <postrider/text_length.hpp>

#include <boost/json/serialize.hpp>

namespace postrider::script {
namespace {

TEST_F(ScriptTest, EveryFieldOfAPostArrivesInTheJob) {
    auto const campaign = good(load_api(R"(
local ask, notify, hold = postrider.ask, postrider.notify, postrider.hold
return postrider.campaign {
  name = "spring", zone = "Europe/Paris", approval = "post",
  catch_up = { policy = "all", within = "1h", spacing = "45m" },
  zone_rule = { gap = "earlier" },
  on = { unknown = { hold "campaign" }, published = { notify("client", "{post} is live: {link}") } },
  posts = { postrider.post {
    key = "teaser.1", accounts = { postrider.account "alpha:@nova_fr" },
    media = { postrider.media("film.mp4", { alt = "A field", title = "Dawn" }) },
    caption = "Hello", title = "Title", when = postrider.at "2027-03-01 18:00", not_after = "2027-03-02 12:00:30",
    options = { alpha = { visibility = ask "Who?", comments = false, series = 9007199254740993, cover_at = "1s" }, beta = {} },
    deliver = "inbox", tags = { "fr", "teaser" }, note = "for the client",
    on = { published = { notify("desk", "{campaign}") } },
  } },
}
)"));

    ASSERT_EQ(campaign.jobs.size(), 1U);
    auto const& job = campaign.jobs[0];
    EXPECT_EQ(job.post_key, "teaser.1");
    EXPECT_EQ(job.approval, "post");
    EXPECT_EQ(job.catch_up, "all");
    EXPECT_EQ(job.catch_up_within, std::chrono::hours(1));
    EXPECT_EQ(job.catch_up_spacing, Milliseconds(45 * 60'000));
    EXPECT_EQ(job.zone_rule, "gap=earlier overlap=first");
    EXPECT_EQ(job.post.kind, adapter::PostKind::video);
    EXPECT_EQ(job.post.media[0].alt, "A field");
    EXPECT_EQ(job.post.media[0].title, "Dawn");
    EXPECT_EQ(job.post.title, "Title");
    EXPECT_EQ(job.post.deliver, adapter::Deliver::inbox);
    EXPECT_EQ(job.tags, (std::vector<std::string>{"fr", "teaser"}));
    EXPECT_EQ(job.note, "for the client");
    EXPECT_EQ(to_rfc3339(*job.not_after), "2027-03-02T11:00:30.000Z");
    EXPECT_EQ(
        boost::json::serialize(job.post.options),
        R"({"comments":false,"cover_at":"1s","series":9007199254740993,"visibility":{"ask":true,"note":"Who?"}})");
    EXPECT_EQ(
        boost::json::serialize(job.hooks),
        R"({"published":[{"action":"notify","channel":"client","text":"{post} is live: {link}"},)"
        R"({"action":"notify","channel":"desk","text":"{campaign}"}],"unknown":[{"action":"hold","what":"campaign"}]})");
}

TEST_F(ScriptTest, AskAloneLeavesTheChoice) {
    auto const campaign = good(load_post(
        "media = 'film.mp4', when = 'asap', options = { alpha = { visibility = postrider.ask } }"));
    EXPECT_EQ(boost::json::serialize(campaign.jobs[0].post.options),
              R"({"visibility":{"ask":true}})");
    expect_error(load_post("when = 'asap', options = { alpha = { comments = postrider.ask } }"),
                 "script.choice_not_ask",
                 3);
    expect_error(
        load_post("when = 'asap', caption = postrider.ask"), "script.choice_not_ask", 3, "not Ask");
    expect_error(load_post("when = postrider.ask"), "script.choice_not_ask", 3);
    expect_error(load_post("when = 'asap', note = postrider.ask 'x'"), "script.choice_not_ask", 3);
}

TEST_F(ScriptTest, AsapIsDueNowAndSaysSo) {
    auto const job = good(load_post("media = 'film.mp4', when = 'asap'")).jobs[0];
    EXPECT_TRUE(job.asap);
    EXPECT_EQ(job.due_at, host.now);
    EXPECT_EQ(job.wall, "");
}

TEST_F(ScriptTest, AsapKeepsTheMomentOfTheStoredJob) {
    auto first = good(load_post("media = 'film.mp4', when = 'asap'")).jobs[0];
    core::Job job;
    job.spec = first;
    stored.push_back(job);
    host.now += std::chrono::hours(5);

    EXPECT_EQ(good(load_post("media = 'film.mp4', when = 'asap'")).jobs[0].due_at, first.due_at);
}

TEST_F(ScriptTest, WrongFieldsOfAPostAreToldByLine) {
    struct Case {
        char const* fields;
        char const* code;
        char const* part;
    };
    for (auto const& [fields, code, part] : std::vector<Case>{
             {"when = 'asap', captoin = 'x'", "script.unknown_field", "did you mean 'caption'?"},
             {"caption = 'x'", "script.missing_field", "needs the field 'when'"},
             {"when = 7", "script.wrong_type", "must be a time, not number"},
             {"when = 'tomorrow'", "script.bad_time", "is no time"},
             {"when = '2027-02-30 10:00'", "script.bad_time", "2027-02-30"},
             {"when = '2027-03-01 18:00', not_after = 'x'", "script.bad_time", ""},
             {"when = 'asap', deliver = 'drafts'",
              "script.not_allowed",
              "direct, inbox, direct_or_inbox"},
             {"when = 'asap', deliver = 'inbx'", "script.not_allowed", "did you mean 'inbox'?"},
             {"when = 'asap', tags = 'fr'", "script.wrong_type", "a list of text"},
             {"when = 'asap', tags = { 'A B' }", "script.bad_key", ""},
             {"when = 'asap', note = 5", "script.wrong_type", "must be text, not number"},
             {"when = 'asap', media = 5", "script.wrong_type", "media, a path or a URL"},
             {"when = 'asap', media = 'gone.mp4'", "script.file_missing", "gone.mp4"},
             {"when = 'asap', media = 'http://example.net/a.mp4'", "script.file_outside", "https"},
             {"when = 'asap', accounts = { 'alpha:@nova_f' }",
              "script.unknown_account",
              "did you mean 'alpha:@nova_fr'?"},
             {"when = 'asap', accounts = {}", "script.unrouted", ""},
             {"when = 'asap', accounts = { 5 }", "script.wrong_type", "item 1"},
             {"when = 'asap', options = { alfa = {} }",
              "script.unknown_network",
              "did you mean 'alpha'?"},
             {"when = 'asap', options = { alpha = { visiblity = 'x' } }",
              "script.unknown_field",
              "did you mean 'visibility'?"},
             {"when = 'asap', options = { alpha = { visibility = {} } }",
              "script.wrong_type",
              "not table"},
             {"when = 'asap', options = { alpha = { cover_at = 1.1e3085 } }",
              "script.wrong_type",
              "is inf: a number has to be finite"},
             {"when = 'asap', options = { alpha = 'x' }", "script.wrong_type", "must be a table"},
             {"when = 'asap', options = 5", "script.wrong_type", "must be a table"},
             {"when = 'asap', on = { failed = {} }",
              "script.unknown_field",
              "did you mean 'rejected'?"},
             {"when = 'asap', on = { published = { 5 } }",
              "script.wrong_type",
              "must be an action"},
             {"when = 'asap', on = { publishd = {} }",
              "script.unknown_field",
              "did you mean 'published'?"},
             {"when = 'asap', 'stray'", "script.unknown_field", "named fields"},
         })
        expect_error(load_post(fields), code, 3, part);
}

TEST_F(ScriptTest, AllProblemsOfOneTableAreToldAtOnce) {
    auto const found =
        error(load_api("return postrider.post {\n  key = 1,\n  captoin = 'x',\n  medai = 'y',\n}"));

    ASSERT_EQ(found.at().size(), 4U);
    EXPECT_EQ(found.at()[0].line, 4);
    EXPECT_EQ(found.at()[1].line, 5);
    EXPECT_EQ(found.at()[1].message, "unknown field 'medai' in post; did you mean 'media'?");
    EXPECT_EQ(found.at()[2].line, 3);
    EXPECT_EQ(found.at()[2].code, "script.wrong_type");
    EXPECT_EQ(found.at()[3].code, "script.missing_field");
}

TEST_F(ScriptTest, KeysAndNamesHaveTheirForm) {
    for (auto const* key : {"", "A", "-a", "a b", "é", "a/b"})
        expect_error(
            load_api(fmt::format("local p = postrider.post {{ key = '{}', when = 'asap' }}", key)),
            "script.bad_key",
            2);
    expect_error(load_api("return postrider.campaign { name = 'a.b', zone = 'UTC', posts = {} }"),
                 "script.bad_key",
                 2);
    expect_error(
        load_api("return postrider.campaign { name = 'ab', zone = 'Europe/Pari', posts = {} }"),
        "script.unknown_zone",
        2,
        "did you mean 'Europe/Paris'?");
}

TEST_F(ScriptTest, OnlyUtf8GoesIn) {
    for (auto const* fields : {"note = '\\xff'",
                               "tags = { '\\xff' }",
                               "options = { alpha = { visibility = '\\xff' } }",
                               "media = postrider.media('film.mp4', { alt = '\\xff' })"}) {
        auto const found = error(load_post(fmt::format("when = 'asap', {}", fields)));
        EXPECT_EQ(found.code(), "script.wrong_type") << fields;
        EXPECT_TRUE(is_valid_utf8(boost::json::serialize(found.to_json()))) << fields;
    }
    EXPECT_TRUE(is_valid_utf8(boost::json::serialize(error(load_api("error('\\xff')")).to_json())));
    EXPECT_TRUE(is_valid_utf8(
        boost::json::serialize(error(load_api("postrider.post { ['\\xff'] = 1 }")).to_json())));
    EXPECT_EQ(notes("print('\\xff')"), (std::vector<std::string>{"?"}));
}

TEST_F(ScriptTest, DuplicateKeysNameBothLines) {
    expect_error(load_api("return postrider.campaign { name = 'a', zone = 'UTC', posts = {\n  "
                          "postrider.post { key = 'x', when = 'asap' },\n"
                          "  postrider.post { key = 'x', when = 'asap' },\n} }"),
                 "script.duplicate_key",
                 4,
                 "line 3");
}

TEST_F(ScriptTest, WrongFieldsOfACampaignAreTold) {
    struct Case {
        char const* fields;
        char const* code;
        char const* part;
    };
    for (auto const& [fields, code, part] : std::vector<Case>{
             {"catch_up = 'never'", "script.not_allowed", "skip, latest, all or ask"},
             {"catch_up = 'all'", "script.missing_field", "spacing"},
             {"catch_up = { policy = 'all' }", "script.missing_field", "spacing"},
             {"catch_up = { policy = 'all', spacing = 'long' }", "script.wrong_type", "a duration"},
             {"approval = 'never'", "script.not_allowed", "plan, account, post"},
             {"spacing = { acount = '3h' }", "script.unknown_field", "did you mean 'account'?"},
             {"caps = { account_per_day = 0 }", "script.not_allowed", "at least 1"},
             {"caps = { account_per_day = 1.5 }", "script.wrong_type", "a whole number"},
             {"blackout = { { from = '2027-05-01 00:00' } }",
              "script.missing_field",
              "'from' and 'to', or 'daily'"},
             {"blackout = { { from = '2027-05-02 00:00', to = '2027-05-01 00:00' } }",
              "script.bad_time",
              "ends before it begins"},
             {"blackout = { { daily = 'night' } }", "script.bad_time", ""},
             {"conflict = 'shift'", "script.wrong_type", "refuse"},
             {"conflict = { shift = 5 }", "script.wrong_type", "a duration"},
             {"zone_rule = { gap = 'skip' }", "script.not_allowed", "later, earlier, refuse"},
             {"routes = { 5 }", "script.wrong_type", "must be route"},
             {"acounts = {}", "script.unknown_field", "did you mean 'accounts'?"},
         })
        expect_error(
            load_api(fmt::format(
                "return postrider.campaign {{ name = 'a', zone = 'UTC', posts = {{}},\n  {} }}",
                fields)),
            code,
            3,
            part);
    expect_error(load_api("return postrider.campaign { name = 'a', zone = 'UTC', posts = { 5 } }"),
                 "script.wrong_type",
                 2,
                 "item 1 of 'posts'");
    expect_error(
        load_api("return postrider.campaign(nil)"), "script.wrong_type", 2, "takes a table");
}

TEST_F(ScriptTest, HooksAreCheckedWhereTheyAreWritten) {
    expect_error(
        load_api("postrider.notify('dsk', 'x')"), "script.not_allowed", 2, "did you mean 'desk'?");
    expect_error(load_api("postrider.notify('desk', '{pots}')"),
                 "script.template",
                 2,
                 "did you mean 'post'?");
    expect_error(load_api("postrider.notify('desk', '{post')"), "script.template", 2);
    expect_error(load_api("postrider.hold 'job'"), "script.not_allowed", 2);
}

TEST_F(ScriptTest, RoutesDecideWhereAPostGoes) {
    std::string const campaign = R"(
local route, post = postrider.route, postrider.post
return postrider.campaign {
  name = "r", zone = "Europe/Paris", accounts = { "beta:@nowhere" },
  routes = {
    route { tags = { "fr" }, accounts = postrider.accounts { tag = "fr" }, networks = { "alpha" } },
    route { tags = { "us" }, kind = "video", accounts = { "alpha:@nova_us" }, stop = true },
    route { accounts = { "beta:@bakery" }, tags = { "us" } },
  },
  posts = {
    post { key = "a-own", when = "asap", accounts = { "alpha:@nova_us", "alpha:@nova_us" }, tags = { "fr" }, media = "film.mp4" },
    post { key = "b-fr", when = "asap", tags = { "fr", "x" }, media = "film.mp4" },
    post { key = "c-us", when = "asap", tags = { "us" }, media = "film.mp4" },
    post { key = "d-us-photo", when = "asap", tags = { "us", "fr" }, media = "still.jpg" },
    post { key = "e-none", when = "asap", media = "film.mp4" },
  },
})";
    std::vector<std::string> where;
    for (auto const& job : good(load_api(campaign)).jobs)
        where.push_back(job.post_key + " " + job.account);

    EXPECT_EQ(where,
              (std::vector<std::string>{"a-own alpha:@nova_us",
                                        "b-fr alpha:@nova_fr",
                                        "c-us alpha:@nova_us",
                                        "d-us-photo alpha:@nova_fr",
                                        "d-us-photo beta:@bakery",
                                        "e-none beta:@nowhere"}));
    expect_error(load_api("return postrider.campaign { name = 'a', zone = 'UTC', posts = {\n  "
                          "postrider.post { key = 'x', when = 'asap' } } }"),
                 "script.unrouted",
                 3,
                 "goes nowhere");
    expect_error(
        load_api("postrider.route { tags = { 'x' } }"), "script.missing_field", 2, "accounts");
    expect_error(load_api("postrider.route { accounts = {}, networks = { 'gamma' } }"),
                 "script.unknown_network",
                 2);
}

TEST_F(ScriptTest, AccountsCanBeAskedFor) {
    EXPECT_EQ(notes("local a = postrider.account 'alpha:@nova_fr'\nprint(a.name, a.network, "
                    "a.handle, a.zone, a.app, table.concat(a.tags, ','), a)\n"
                    "print(postrider.account 'acc_alpha@nova_fr' == a)\n"
                    "for _, x in ipairs(postrider.accounts { network = 'alpha' }) do print(x) "
                    "end\nprint(#postrider.accounts())\n"
                    "print(#postrider.accounts { app = 'app_two', zone = 'Europe/Berlin' })\n"
                    "local none, err = postrider.find_account 'alpha:@nope'\nprint(none, "
                    "err.code)\nprint(postrider.find_account 'beta:@bakery')"),
              (std::vector<std::string>{
                  "alpha:@nova_fr\talpha\t@nova_fr\tEurope/Paris\tapp_one\tfr,shop\talpha:@nova_fr",
                  "true",
                  "alpha:@nova_fr",
                  "alpha:@nova_us",
                  "4",
                  "1",
                  "nil\tscript.unknown_account",
                  "beta:@bakery"}));
    expect_error(
        load_api("postrider.accounts { tag = 'mars' }"), "script.unknown_account", 2, "tag 'mars'");
    expect_error(load_api("postrider.accounts { network = 'alhpa' }"),
                 "script.unknown_network",
                 2,
                 "did you mean 'alpha'?");
    expect_error(load_api("postrider.find_account(5)"), "script.wrong_type", 2);
    expect_error(load_api("print(postrider.account('beta:@bakery').zome)"),
                 "script.unknown_field",
                 2,
                 "did you mean 'zone'?");
}

TEST_F(ScriptTest, PlacesLeadFindingsBackToTheScript) {
    auto const campaign =
        good(load_api("return postrider.campaign { name = 'a', zone = 'UTC', accounts = { "
                      "'alpha:@nova_fr' }, posts = {\n"
                      "  postrider.post {\n    key = 'x', when = 'asap', media = 'film.mp4',\n    "
                      "options = { alpha = {\n      visibility = 'nobody',\n    } },\n  } } }"));
    std::vector<Finding> findings(3);
    findings[0].path = "/options/alpha/visibility";
    findings[1].path = "/options/alpha/other";
    findings[2].path = "/media/0";

    add_places(campaign, "x", findings);

    EXPECT_EQ(findings[0].file, "launch.lua");
    EXPECT_EQ(findings[0].line, 6);
    EXPECT_EQ(findings[1].line, 3);
    EXPECT_EQ(findings[2].line, 4);
}

}  // namespace
}  // namespace postrider::script

// Times: walls, zones, the two nights on which the clocks are changed, schedules, and the
// campaign's own rules.
#include "script_fixture.hpp"

#include <postrider/script/time.hpp>

#include <fmt/format.h>
#include <boost/json/serialize.hpp>

namespace postrider::script {
namespace {

std::string compiled(std::string_view wall,
                     ZoneRule rule = {},
                     std::string_view zone = "Europe/Paris") {
    auto const time = compile_time(wall, zone, rule);
    if (!time) return time.error().code();
    auto text = to_rfc3339(time->at);
    for (auto const& finding : time->findings)
        text += fmt::format(
            " {} {}", finding.code, finding.level == Finding::Level::error ? "error" : "warning");
    return text;
}

TEST(Zone, TheSkippedHourIsPushedByTheGapOrRefused) {
    EXPECT_EQ(compiled("2027-03-28 01:59"), "2027-03-28T00:59:00.000Z");
    EXPECT_EQ(compiled("2027-03-28 02:30"), "2027-03-28T01:30:00.000Z time.gap warning");
    EXPECT_EQ(compiled("2027-03-28 02:30", {Gap::earlier, Overlap::first}),
              "2027-03-28T00:30:00.000Z time.gap warning");
    EXPECT_EQ(compiled("2027-03-28 02:30", {Gap::refuse, Overlap::first}),
              "2027-03-28T01:30:00.000Z time.gap error");
    EXPECT_EQ(compiled("2027-03-28 03:00"), "2027-03-28T01:00:00.000Z");
}

TEST(Zone, TheRepeatedHourIsTheFirstTheSecondOrRefused) {
    EXPECT_EQ(compiled("2027-10-31 02:30"), "2027-10-31T00:30:00.000Z time.overlap warning");
    EXPECT_EQ(compiled("2027-10-31 02:30", {Gap::later, Overlap::second}),
              "2027-10-31T01:30:00.000Z time.overlap warning");
    EXPECT_EQ(compiled("2027-10-31 02:30", {Gap::later, Overlap::refuse}),
              "2027-10-31T00:30:00.000Z time.overlap error");
    EXPECT_EQ(compiled("2027-10-31 03:00"), "2027-10-31T02:00:00.000Z");
}

TEST(Zone, FindingsSayWhichInstantIsTaken) {
    auto const gap = compile_time("2027-03-28 02:30", "Europe/Paris");
    EXPECT_EQ(gap->findings[0].message,
              "2027-03-28 02:30 does not exist in Europe/Paris: 2027-03-28 03:30 +02:00 is taken");
    auto const overlap =
        compile_time("2027-10-31 02:30", "Europe/Paris", {Gap::later, Overlap::second});
    EXPECT_EQ(overlap->findings[0].message,
              "2027-10-31 02:30 exists twice in Europe/Paris: 2027-10-31 02:30 +01:00 is taken");
}

TEST(Zone, TimesThatAreNoneAreRefused) {
    for (auto const* wall : {"2027-03-01",
                             "2027-03-01T18:00",
                             "2027-02-29 10:00",
                             "2027-03-01 24:00",
                             "2027-03-01 18:0",
                             "18:00",
                             "",
                             "2027-03-01 18:00:60"})
        EXPECT_EQ(compiled(wall), "script.bad_time") << wall;
    EXPECT_EQ(compiled("2027-03-01 18:00", {}, "Europe/Pariss"), "script.unknown_zone");
    EXPECT_EQ(compiled("2027-03-01 18:00", {}, "Europe/../Europe/Paris"), "script.unknown_zone");
    EXPECT_EQ(compile_time("2027-03-01 18:00", "Europe/Pari").error().hint(),
              "did you mean 'Europe/Paris'?");
    EXPECT_EQ(compiled("2027-03-01T18:00:00+01:00"), "2027-03-01T17:00:00.000Z");
}

TEST(Zone, RulesAreWrittenAndReadBack) {
    ZoneRule const rule{Gap::earlier, Overlap::second};
    EXPECT_EQ(rule.text(), "gap=earlier overlap=second");
    EXPECT_EQ(ZoneRule::parse(rule.text()), rule);
    EXPECT_EQ(ZoneRule{}.text(), "");
    EXPECT_EQ(ZoneRule::parse(""), ZoneRule{});
    EXPECT_FALSE(ZoneRule::parse("gap=x overlap=y"));
    EXPECT_TRUE(is_zone("America/New_York"));
    EXPECT_FALSE(is_zone("Mars/Olympus"));
    EXPECT_EQ(*wall_time(*parse_rfc3339("2027-07-01T16:00:00Z"), "Europe/Paris"),
              "2027-07-01 18:00");
    EXPECT_NE(zone_data_version(), "");
}

TEST_F(ScriptTest, AJobKeepsWallZoneRuleAndWarns) {
    auto const job = good(load_post("media = 'film.mp4', when = '2027-03-28 02:30'")).jobs[0];
    EXPECT_EQ(job.wall, "2027-03-28 02:30");
    EXPECT_EQ(job.zone, "Europe/Paris");
    EXPECT_EQ(job.zone_rule, "");
    EXPECT_EQ(to_rfc3339(job.due_at), "2027-03-28T01:30:00.000Z");
    ASSERT_EQ(job.findings.size(), 1U);
    EXPECT_EQ(job.findings[0].code, "time.gap");
    EXPECT_EQ(job.findings[0].level, Finding::Level::warning);
    EXPECT_EQ(job.findings[0].line, 3);

    auto const refused = good(load_post("media = 'film.mp4', when = '2027-10-31 02:30'",
                                        "zone_rule = { overlap = 'refuse' },"))
                             .jobs[0];
    EXPECT_EQ(refused.findings.at(0).level, Finding::Level::error);
    EXPECT_EQ(refused.zone_rule, "gap=later overlap=refuse");
}

TEST_F(ScriptTest, TimesCanBeMovedAndAsked) {
    EXPECT_EQ(
        notes(
            "local t = postrider.at('2027-03-27 02:30', 'Europe/Paris')\nprint(t, t.wall, t.zone, "
            "t.weekday)\nprint(t:plus_days(1).wall, t:plus('24h').wall)\n"
            "print(t:plus('1h30m'):plus_days(-1).wall, t:format('%A %e %B %Y, %H:%M %%'))\nlocal f "
            "= postrider.at '2027-03-01 18:00:05'\n"
            "print(f.zone, f.wall, f:plus_days(1).wall, f == postrider.at '2027-03-01 18:00:05')"),
        (std::vector<std::string>{
            "2027-03-27 02:30 Europe/Paris\t2027-03-27 02:30\tEurope/Paris\tsat",
            "2027-03-28 02:30\t2027-03-28 03:30",
            "2027-03-26 04:00\tSaturday 27 March 2027, 02:30 %",
            "nil\t2027-03-01 18:00:05\t2027-03-02 18:00:05\ttrue"}));
    expect_error(load_api("print(postrider.at('2027-03-01 18:00'):plus('1h').wall)"),
                 "script.bad_time",
                 2,
                 "zone");
    expect_error(load_api("postrider.at('2027-03-01')"), "script.bad_time", 2);
    expect_error(load_api("postrider.at('2027-03-01 18:00', 'Europe/Rom')"),
                 "script.unknown_zone",
                 2,
                 "did you mean 'Europe/Rome'?");
    expect_error(load_api("postrider.at('2027-03-01 18:00'):plus('soon')"), "script.bad_time", 2);
    expect_error(load_api("postrider.at('2027-03-01 18:00'):format('%q')"), "script.bad_time", 2);
    expect_error(load_api("print(postrider.at('2027-03-01 18:00').wal)"),
                 "script.unknown_field",
                 2,
                 "did you mean 'wall'?");
}

TEST_F(ScriptTest, ElapsedTimeIntoTheRepeatedHourKeepsItsInstant) {
    auto const job =
        good(load_post("media = 'film.mp4', when = postrider.at('2027-10-31 00:30'):plus('3h')"))
            .jobs[0];
    EXPECT_EQ(job.wall, "2027-10-31 02:30");
    EXPECT_EQ(to_rfc3339(job.due_at), "2027-10-31T01:30:00.000Z");
    EXPECT_EQ(to_rfc3339(compile_time(job.wall, job.zone, *ZoneRule::parse(job.zone_rule))->at),
              "2027-10-31T01:30:00.000Z");
}

TEST_F(ScriptTest, Rfc3339IsAnInstantAndZoneAccountIsEachAccountsOwn) {
    auto const fixed =
        good(load_post("media = 'film.mp4', when = '2027-03-01T18:00:00+01:00'")).jobs[0];
    EXPECT_EQ(fixed.wall, "");
    EXPECT_EQ(to_rfc3339(fixed.due_at), "2027-03-01T17:00:00.000Z");

    std::string const both =
        "return postrider.campaign { name = 'a', zone = 'account', accounts = { 'alpha:@nova_fr', "
        "'%s' },\n"
        "  posts = { postrider.post { key = 'k', media = 'film.mp4', when = '2027-03-01 19:00' } } "
        "}";
    auto const jobs =
        good(load_api(std::string(both).replace(both.find("%s"), 2, "alpha:@nova_us"))).jobs;
    EXPECT_EQ(to_rfc3339(jobs.at(0).due_at), "2027-03-01T18:00:00.000Z");
    EXPECT_EQ(to_rfc3339(jobs.at(1).due_at), "2027-03-02T00:00:00.000Z");
    EXPECT_EQ(jobs.at(1).zone, "America/New_York");
    expect_error(load_api(std::string(both).replace(both.find("%s"), 2, "beta:@nowhere")),
                 "script.unknown_zone",
                 3,
                 "postrider account set");
}

TEST_F(ScriptTest, EveryGivesCalendarDays) {
    auto const walls = [&](std::string const& fields) {
        return notes(fmt::format(
            "for _, t in ipairs(postrider.every {{ {} }}) do print(t.weekday, t.wall) end",
            fields));
    };
    EXPECT_EQ(walls("days = 'mon-fri', at = '19:00', from = '2027-04-30', count = 2"),
              (std::vector<std::string>{"fri\t2027-04-30 19:00", "mon\t2027-05-03 19:00"}));
    EXPECT_EQ(walls("days = { 'mon', 'thu' }, at = { '18:00', '07:00' }, from = '2027-03-01', to = "
                    "'2027-03-04', skip = { '2027-03-01' }"),
              (std::vector<std::string>{"thu\t2027-03-04 07:00", "thu\t2027-03-04 18:00"}));
    EXPECT_EQ(walls("days = 'sat-mon', at = '09:00', from = '2027-03-01', to = '2027-03-07'"),
              (std::vector<std::string>{
                  "mon\t2027-03-01 09:00", "sat\t2027-03-06 09:00", "sun\t2027-03-07 09:00"}));
    EXPECT_EQ(
        notes("local s = postrider.every { days = 'daily', at = '18:00', from = '2027-03-27', "
              "count = 4, zone = 'Europe/Paris' }\nprint(#s, #s:first(2), s[4].wall, s[1].zone)"),
        (std::vector<std::string>{"4\t2\t2027-03-30 18:00\tEurope/Paris"}));
    auto const jobs =
        good(
            load_api(
                "local s = postrider.every { days = 'daily', at = '18:00', from = '2027-03-27', "
                "count = 2 }\n"
                "return postrider.campaign { name = 'a', zone = 'Europe/Paris', accounts = { "
                "'alpha:@nova_fr' }, posts = postrider.each(s, function(t)\n"
                "  return postrider.post { key = t.weekday, media = 'film.mp4', when = t } end) }"))
            .jobs;
    EXPECT_EQ(to_rfc3339(jobs.at(0).due_at), "2027-03-27T17:00:00.000Z");
    EXPECT_EQ(to_rfc3339(jobs.at(1).due_at), "2027-03-28T16:00:00.000Z");
}

TEST_F(ScriptTest, EveryRefusesWhatIsNoSchedule) {
    expect_error(load_api("local s = postrider.every { days = 'daily', at = '18:00', from = "
                          "'2027-03-27', count = 2 }\nprint(s[3])"),
                 "script.out_of_slots",
                 3,
                 "line 2");
    expect_error(load_api("postrider.every({ days = 'daily', at = '18:00', from = '2027-03-27', "
                          "count = 2 }):first(3)"),
                 "script.out_of_slots",
                 2);
    for (auto const& [fields, code] :
         {std::pair{"days = 'mon-fry', at = '18:00', from = '2027-03-27', count = 2",
                    "script.bad_time"},
          {"days = 'daily', at = '25:00', from = '2027-03-27', count = 2", "script.bad_time"},
          {"days = 'daily', at = '18:00', from = '27.3.2027', count = 2", "script.bad_time"},
          {"days = 'daily', at = '18:00', from = '2027-03-27'", "script.missing_field"},
          {"days = 'daily', at = '18:00', from = '2027-03-27', to = '2027-03-01'",
           "script.bad_time"},
          {"days = 'daily', at = '18:00', from = '2027-03-27', count = 0", "script.bad_time"},
          {"days = 'daily', at = '18:00', from = '2027-03-27', count = 2, zone = 'X'",
           "script.unknown_zone"},
          {"days = 'daily', at = '18:00', from = '2027-03-27', count = 2, jitter = 5",
           "script.wrong_type"},
          {"day = 'daily', at = '18:00', from = '2027-03-27', count = 2", "script.unknown_field"}})
        expect_error(load_api(fmt::format("postrider.every {{ {} }}", fields)), code, 2);
}

std::string const jittered = R"(
local s = postrider.every { days = "daily", at = "18:00", from = "2027-03-01", count = 3, jitter = "10m" }
return postrider.campaign { name = "a", zone = "Europe/Paris", accounts = { "alpha:@nova_fr", "alpha:@nova_us" }, posts = {
  postrider.post { key = "one", media = "film.mp4", when = s[1], not_after = s[1]:plus "4h" },
  --more
  postrider.post { key = "two", media = "film.mp4", when = s[2] } } })";

TEST_F(ScriptTest, JitterIsDecidedByWhatThePostIs) {
    auto const jobs = good(load_api(jittered)).jobs;
    auto const start = *parse_rfc3339("2027-03-01T17:00:00Z");
    ASSERT_EQ(jobs.size(), 4U);
    EXPECT_GE(jobs[0].due_at, start);
    EXPECT_LE(jobs[1].due_at, start + std::chrono::minutes(10));
    EXPECT_NE(jobs[0].due_at, jobs[1].due_at);
    EXPECT_EQ(*jobs[0].not_after - jobs[0].due_at, std::chrono::hours(4));

    auto edited = jittered;
    edited.replace(edited.find("--more"),
                   6,
                   "postrider.post { key = 'three', media = 'film.mp4', when = s[3] },");
    auto const after = good(load_api(edited)).jobs;
    ASSERT_EQ(after.size(), 6U);
    for (std::size_t i = 0; i < jobs.size(); ++i)
        EXPECT_EQ(core::job_hash(jobs[i]), core::job_hash(after[i])) << i;
}

// --- spacing, caps, blackout

std::string two_posts(std::string const& rules,
                      std::string const& first = "2027-03-01 18:00",
                      std::string const& second = "2027-03-01 19:00") {
    return fmt::format(
        "return postrider.campaign {{ name = 'a', zone = 'Europe/Paris', accounts = {{ "
        "'alpha:@nova_fr' }}, {}\n  posts = {{\n"
        "  postrider.post {{ key = 'one', media = 'film.mp4', when = '{}' }},\n  postrider.post {{ "
        "key = 'two', media = 'film.mp4', when = '{}' }} }} }}",
        rules,
        first,
        second);
}

TEST_F(ScriptTest, ClashesAreFindingsThatNameTheRule) {
    struct Case {
        char const* rules;
        char const* rule;
    };
    for (auto const& [rules, rule] :
         std::vector<Case>{{"spacing = { account = '3h' },", "spacing.account"},
                           {"spacing = { app = '2h' },", "spacing.app"},
                           {"caps = { account_per_day = 1 },", "caps.account_per_day"},
                           {"caps = { account_per_week = 1 },", "caps.account_per_week"},
                           {"caps = { app_per_day = 1 },", "caps.app_per_day"},
                           {"blackout = { { from = '2027-03-01 18:30', to = '2027-03-01 19:30', "
                            "why = 'closed' } },",
                            "blackout"},
                           {"blackout = { { daily = '18:30-07:00' } },", "blackout"}}) {
        auto const jobs = good(load_api(two_posts(rules))).jobs;
        EXPECT_TRUE(jobs.at(0).findings.empty()) << rules;
        ASSERT_EQ(jobs.at(1).findings.size(), 1U) << rules;
        auto const& finding = jobs.at(1).findings[0];
        EXPECT_EQ(finding.code, "schedule.impossible");
        EXPECT_EQ(finding.level, Finding::Level::error);
        EXPECT_EQ(finding.line, 5);
        EXPECT_EQ(finding.allowed.at(0).as_string(), rule);
        EXPECT_NE(finding.message.find(std::string_view(rule)), std::string::npos)
            << finding.message;
    }
    EXPECT_TRUE(good(load_api(two_posts(
                         "spacing = { account = '1h', app = '10s' }, caps = { account_per_day = 2, "
                         "account_per_week = 2 }, blackout = { { daily = '22:00-07:00' } },")))
                    .jobs.at(1)
                    .findings.empty());
}

TEST_F(ScriptTest, ConflictShiftTakesTheNextFreeTime) {
    auto const shifted = [&](std::string const& rules) {
        return good(load_api(two_posts(rules))).jobs.at(1);
    };

    EXPECT_EQ(shifted("spacing = { account = '3h' }, conflict = { shift = '6h' },").wall,
              "2027-03-01 21:00");
    EXPECT_EQ(
        shifted("blackout = { { daily = '18:30-07:00' } }, conflict = { shift = '24h' },").wall,
        "2027-03-02 07:00");
    EXPECT_EQ(shifted("spacing = { account = '3h' }, blackout = { { from = '2027-03-01 20:00', to "
                      "= '2027-03-01 23:00' } }, conflict = { shift = '6h' },")
                  .wall,
              "2027-03-01 23:00");
    EXPECT_EQ(shifted("caps = { account_per_day = 1 }, conflict = { shift = '6h' },").wall,
              "2027-03-02 00:00");
    EXPECT_TRUE(
        shifted("spacing = { account = '3h' }, conflict = { shift = '6h' },").findings.empty());

    // Also where the next free time lies beyond what is written into the job; that moves with it.
    auto const far = shifted(
        "blackout = { { daily = '07:00-06:59' }, { from = '2027-03-01 18:30', to = '2027-03-20 "
        "12:00' } }, conflict = { shift = '30d' },");
    EXPECT_EQ(far.wall, "2027-03-21 06:59");
    EXPECT_EQ(far.blackout.at(0).at("from").as_string(), "2027-03-20T06:00:00.000Z");

    auto const stuck = shifted(
        "spacing = { account = '3h' }, caps = { account_per_week = 1, account_per_day = 1 }, "
        "blackout = { { daily = '06:00-07:00' } }, conflict = { shift = '6h' },");
    ASSERT_EQ(stuck.findings.size(), 1U);
    EXPECT_EQ(boost::json::serialize(stuck.findings[0].allowed), R"(["caps.account_per_week"])");
    auto const pair = shifted(
        "spacing = { account = '3h' }, blackout = { { from = '2027-03-01 20:59', to = '2027-03-02 "
        "02:00' } }, conflict = { shift = '4h' },");
    EXPECT_EQ(boost::json::serialize(pair.findings.at(0).allowed),
              R"(["spacing.account","blackout"])");
}

TEST_F(ScriptTest, AppliedJobsKeepTheirTimes) {
    std::string const rules = "spacing = { account = '3h' }, conflict = { shift = '12h' },";
    for (auto const& spec : good(load_api(two_posts(rules))).jobs) {
        core::Job job;
        job.spec = spec;
        stored.push_back(job);
    }

    // A new post comes before both: it is the one that has to give way.
    auto const jobs = good(load_api("return postrider.campaign { name = 'a', zone = "
                                    "'Europe/Paris', accounts = { 'alpha:@nova_fr' }, " +
                                    rules +
                                    "posts = {\n  postrider.post { key = 'new', media = "
                                    "'film.mp4', when = '2027-03-01 17:00' },\n"
                                    "  postrider.post { key = 'one', media = 'film.mp4', when = "
                                    "'2027-03-01 18:00' },\n  postrider.post { key = 'two', media "
                                    "= 'film.mp4', when = '2027-03-01 19:00' } } }"))
                          .jobs;

    std::map<std::string, std::string> walls;
    for (auto const& job : jobs) walls[job.post_key] = job.wall;
    EXPECT_EQ(walls,
              (std::map<std::string, std::string>{{"new", "2027-03-02 00:00"},
                                                  {"one", "2027-03-01 18:00"},
                                                  {"two", "2027-03-01 21:00"}}));
}

TEST_F(ScriptTest, JobsOfOtherCampaignsCountAndCancelledOnesDoNot) {
    core::Job other;
    other.spec = good(load_post("media = 'film.mp4', when = '2027-03-01 17:00'")).jobs[0];
    stored = {other};
    EXPECT_EQ(good(load_api(two_posts(
                       "spacing = { account = '2h' },", "2027-03-01 18:00", "2027-03-01 23:00")))
                  .jobs.at(0)
                  .findings.size(),
              1U);
    stored[0].state = core::JobState::cancelled;
    EXPECT_TRUE(good(load_api(two_posts(
                         "spacing = { account = '2h' },", "2027-03-01 18:00", "2027-03-01 23:00")))
                    .jobs.at(0)
                    .findings.empty());
    // What this plan will cancel does not stand in the way either, but what was published does.
    stored[0].state = core::JobState::scheduled;
    stored[0].spec.campaign = "a";
    EXPECT_TRUE(good(load_api(two_posts(
                         "spacing = { account = '2h' },", "2027-03-01 18:00", "2027-03-01 23:00")))
                    .jobs.at(0)
                    .findings.empty());
    stored[0].state = core::JobState::published;
    EXPECT_EQ(good(load_api(two_posts(
                       "spacing = { account = '2h' },", "2027-03-01 18:00", "2027-03-01 23:00")))
                  .jobs.at(0)
                  .findings.size(),
              1U);
}

TEST_F(ScriptTest, BlackoutsTravelWithTheJobAsInstants) {
    auto const job = good(load_api(two_posts("blackout = { { from = '2027-05-01 00:00', to = "
                                             "'2027-05-02 00:00', why = 'closed' } },")))
                         .jobs[0];
    EXPECT_EQ(
        boost::json::serialize(job.blackout),
        R"([{"from":"2027-04-30T22:00:00.000Z","to":"2027-05-01T22:00:00.000Z","why":"closed"}])");
    auto const daily =
        good(load_api(two_posts("blackout = { { daily = '22:00-07:00', zone = 'UTC' } },")))
            .jobs[0];
    EXPECT_EQ(daily.blackout.size(), 10U);
    EXPECT_EQ(daily.blackout[0].at("from").as_string(), "2027-02-28T22:00:00.000Z");
    EXPECT_EQ(daily.blackout[0].at("to").as_string(), "2027-03-01T07:00:00.000Z");
}

}  // namespace
}  // namespace postrider::script

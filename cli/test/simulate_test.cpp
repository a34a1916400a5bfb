// `campaign simulate` at the desk: what it answers, what it refuses, and that nothing is left of
// it.
#include "operations/campaign/assumptions.hpp"
#include "test/studio.hpp"

#include <postrider/core/sqlite_store.hpp>

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

namespace postrider::cli::test {

namespace {

namespace fs = std::filesystem;
namespace json = boost::json;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class Simulate : public Studio {
 protected:
    void SetUp() override {
        Studio::SetUp();
        set_up_accounts();
        environment["POSTRIDER_CLOCK"] = "2027-02-01T09:00:00.000Z";
        write("week.lua", R"(local postrider = require "postrider" { api = 1 }
return postrider.campaign {
  name = "week", zone = "Europe/Paris", accounts = { "sandbox:@anna" },
  posts = {
    postrider.post { key = "monday", when = "2027-03-01 18:00", caption = "Monday" },
    postrider.post { key = "tuesday", when = "2027-03-02 18:00", not_after = "2027-03-02 19:00",
      caption = "Tuesday", options = { sandbox = { audience = postrider.ask } } },
  },
})");
    }

    static json::object const& counts(Ran const& ran) {
        return ran.data().at("counts").as_object();
    }
};

TEST_F(Simulate, ShowsWhenEachPostWouldGoOutAndLeavesNothingBehind) {
    write("assume.json", R"({"answers":[{"post":"tuesday","options":{"audience":"followers"}}]})");
    auto const sent = memory.effects.size();

    auto const ran = good({"campaign", "simulate", "week.lua", "--assume", "assume.json"});

    EXPECT_EQ(counts(ran).at("posts").as_int64(), 2);
    EXPECT_EQ(counts(ran).at("on_time").as_int64(), 2);
    EXPECT_THAT(ran.data().at("clashes").as_array(), IsEmpty());
    auto const& first = ran.data().at("calendar").at(0).as_object();
    EXPECT_EQ(first.at("post").as_string(), "monday");
    EXPECT_EQ(first.at("wall").as_string(), "2027-03-01 18:00");
    EXPECT_THAT(std::string(first.at("out_wall").as_string()),
                testing::StartsWith("2027-03-01 18:00"));
    EXPECT_THAT(ran.envelope.at("warnings").as_array(), IsEmpty());
    EXPECT_EQ(memory.effects.size(), sent);
    EXPECT_THAT(good({"job", "list"}).data().at("items").as_array(), IsEmpty());
    EXPECT_THAT(good({"plan", "list"}).data().at("items").as_array(), IsEmpty());
    EXPECT_THAT(good({"campaign", "list"}).data().at("items").as_array(), IsEmpty());
}

TEST_F(Simulate, AnOpenChoiceThatNobodyAnswersIsAClash) {
    auto const ran = good({"campaign", "simulate", "week.lua"});

    EXPECT_EQ(counts(ran).at("awaiting_approval").as_int64(), 1);
    auto const& clash = ran.data().at("clashes").at(0).as_object();
    EXPECT_EQ(clash.at("kind").as_string(), "approval");
    EXPECT_EQ(clash.at("post").as_string(), "tuesday");
    EXPECT_THAT(std::string(clash.at("message").as_string()), HasSubstr("'audience'"));
    EXPECT_EQ(ran.envelope.at("warnings").at(0).at("code").as_string(), "schedule.clash");
}

TEST_F(Simulate, WhatIsAssumedDecides) {
    write("assume.json", R"({"stopped":[{"from":"2027-03-01T16:00:00Z","to":"2027-03-01T20:00:00Z"},
        {"from":"2027-03-02T16:00:00Z","to":"2027-03-02T20:00:00Z"}],
        "answers":[{"options":{"audience":"everyone"}}]})");

    auto const ran = good({"campaign", "simulate", "week.lua", "--assume", "assume.json"});

    auto const& clashes = ran.data().at("clashes").as_array();
    ASSERT_EQ(clashes.size(), 2U);
    // Late posts of this campaign ask a person, as is usual.
    EXPECT_EQ(clashes.at(0).at("kind").as_string(), "approval");
    EXPECT_EQ(clashes.at(1).at("kind").as_string(), "missed");
}

TEST_F(Simulate, AYesThatComesLateMakesThePostLate) {
    write("today.lua", R"(local postrider = require "postrider" { api = 1 }
return postrider.campaign {
  name = "today", zone = "UTC", accounts = { "sandbox:@anna" }, approval = "plan",
  posts = { postrider.post { key = "noon", when = "2027-02-01 12:00", caption = "Noon" },
            postrider.post { key = "soon", when = "asap", caption = "Soon" } },
})");
    write("assume.json", R"({"approval_after":"5h"})");

    auto const ran = good({"campaign", "simulate", "today.lua", "--assume", "assume.json"});

    auto const& clashes = ran.data().at("clashes").as_array();
    ASSERT_EQ(clashes.size(), 1U) << ran.out;
    EXPECT_EQ(clashes.at(0).at("post").as_string(), "noon");
    EXPECT_EQ(clashes.at(0).at("due_at").as_string(), "2027-02-01T12:00:00.000Z");
    EXPECT_THAT(std::string(clashes.at(0).at("message").as_string()),
                HasSubstr("late: it waited for a person"));
}

TEST_F(Simulate, AnAnswerThatIsNotAllowedIsTold) {
    write("assume.json", R"({"answers":[{"options":{"audience":"nobody"}}]})");

    auto const ran = good({"campaign", "simulate", "week.lua", "--assume", "assume.json"});

    EXPECT_THAT(json::serialize(ran.data().at("clashes")),
                HasSubstr("'audience' of sandbox takes one of: everyone, followers."));
}

TEST_F(Simulate, CampaignsAreTriedOutTogether) {
    auto const ran = good({"campaign", "simulate", "week.lua", campaign()});
    EXPECT_EQ(counts(ran).at("posts").as_int64(), 4);

    auto const twice = run({"campaign", "simulate", "week.lua", "week.lua"});
    EXPECT_EQ(twice.code(), "usage.bad_value");
}

TEST_F(Simulate, PlansWithErrorsEndAsPlanningDoes) {
    write("long.lua", R"(local postrider = require "postrider" { api = 1 }
return postrider.campaign { name = "long", zone = "UTC", accounts = { "sandbox:@anna" },
  posts = { postrider.post { key = "a", when = "asap", caption = ("x"):rep(501) },
            postrider.post { key = "b", when = "asap", caption = ("y"):rep(502) } } })");

    auto const one = run({"campaign", "simulate", "long.lua"});
    EXPECT_EQ(one.exit, 7) << one.out;
    EXPECT_EQ(one.code(), "plan.findings");
    EXPECT_EQ(one.envelope.at("error").at("at").as_array().size(), 2U);

    auto const both = run({"campaign", "simulate", "long.lua", "week.lua"});
    EXPECT_EQ(both.exit, 7);
}

TEST_F(Simulate, PeopleSeeTheCalendarFirst) {
    auto const ran = run({"campaign", "simulate", "week.lua", "-o", "table"});

    EXPECT_EQ(ran.exit, 0);
    EXPECT_THAT(ran.out, testing::StartsWith("planned "));
    EXPECT_LT(ran.out.find("2027-03-01 18:00"), ran.out.find("what happens"));
    EXPECT_THAT(ran.out, HasSubstr("2 posts: 1 on time, 0 late, 1 awaiting_approval"));
}

TEST_F(Simulate, TheSameSeedAtTheSameTimeGivesTheSameAnswer) {
    // The clock of the environment goes on from there; what counts is the distance to it.
    auto const delays = [&](char const* seed) {
        std::vector<std::int64_t> found;
        auto const ran = good({"campaign", "simulate", "week.lua", "--seed", seed});
        for (auto const& entry : ran.data().at("calendar").as_array())
            if (entry.at("delay_ms").is_int64()) found.push_back(entry.at("delay_ms").as_int64());
        return found;
    };
    EXPECT_EQ(delays("3"), delays("3"));
}

TEST_F(Simulate, WrongRequestsAreRefused) {
    EXPECT_EQ(run({"campaign", "simulate"}).code(), "usage.missing_input");
    EXPECT_EQ(run({"campaign", "simulate", "none.lua"}).code(), "script.file_missing");
    EXPECT_EQ(run({"campaign", "simulate", "week.lua", "--assume", "none.json"}).code(),
              "not_found.file");
    EXPECT_EQ(run({"campaign", "simulate", "week.lua", "--until", "2026-01-01T00:00:00Z"}).code(),
              "usage.bad_value");
    write("who.json", R"({"accounts":{"sandbox:@ana":{"offered":{}}}})");
    auto const who = run({"campaign", "simulate", "week.lua", "--assume", "who.json"});
    EXPECT_EQ(who.code(), "not_found.account");
    EXPECT_THAT(who.out, HasSubstr("did you mean 'sandbox:@anna'"));
}

// A helper of another build, or something else in its place.
TEST_F(Simulate, AHelperThatMakesNoSenseIsNotBelieved) {
    auto const place = folder / "libexec";
    fs::create_directories(place);
    environment["POSTRIDER_LIBEXEC"] = place.string();
    auto const helper = place / "postrider-rehearse";
    auto const answer = [&](std::string const& script) {
        std::ofstream(helper) << "#!/bin/sh\nread line\n" << script << "\n";
        fs::permissions(helper, fs::perms::owner_all);
        return run({"campaign", "simulate", "week.lua"});
    };
    for (std::string const script : {"exit 3",
                                     "echo hello",
                                     "echo '{}'",
                                     R"(echo '{"data":{"counts":{},"calendar":[1]}}')",
                                     R"(echo '{"data":[]}')"}) {
        auto const ran = answer(script);
        EXPECT_EQ(ran.code(), "setup.helper_missing") << script << ran.out;
    }
    auto const told = answer(R"(echo '{"error":{"code":"not_found.network","message":"none"}}')");
    EXPECT_EQ(told.code(), "not_found.network");
    fs::remove(helper);
    EXPECT_EQ(run({"campaign", "simulate", "week.lua"}).code(), "setup.helper_missing");
}

TEST_F(Simulate, TheCopyThatTheHelperGetsHoldsNoSecret) {
    auto const place = folder / "libexec";
    fs::create_directories(place);
    environment["POSTRIDER_LIBEXEC"] = place.string();
    auto const helper = place / "postrider-rehearse";
    auto const kept = folder / "kept.db";
    std::ofstream(helper) << "#!/bin/sh\nread line\n"
                          << R"(store=${line#*\"store\":\"}; store=${store%%\"*})"
                          << "\ncp \"$store\" '" << kept.string() << "'\n";
    fs::permissions(helper, fs::perms::owner_all);

    std::vector<std::string> sealed;
    {
        auto store = core::open_store(folder / "store.db");
        ASSERT_TRUE(store) << store.error().message();
        auto const read = (*store)->read([&](core::Tables& tables) -> Result<void> {
            auto const accounts = tables.accounts();
            auto const apps = tables.apps("");
            auto const persons = tables.persons();
            for (auto const& account : *accounts) {
                auto const tokens = tables.tokens(account.id);
                sealed.push_back((*tokens)->sealed_access);
                sealed.push_back((*tokens)->sealed_refresh);
            }
            for (auto const& app : *apps) sealed.push_back(app.sealed_secret);
            for (auto const& person : *persons) sealed.push_back(person.passphrase_hash);
            return {};
        });
        ASSERT_TRUE(read);
    }
    ASSERT_EQ(sealed.size(), 6U);

    run({"campaign", "simulate", "week.lua"});

    std::ifstream file(kept, std::ios::binary);
    std::string const bytes{std::istreambuf_iterator<char>(file), {}};
    EXPECT_THAT(bytes, HasSubstr("tuesday"));
    for (auto const& secret : sealed) {
        ASSERT_GT(secret.size(), 10U);
        EXPECT_EQ(bytes.find(secret), std::string::npos);
    }
}

TEST(Assumptions, EveryProblemIsToldAtOnceWithTheNearestName) {
    auto const read = parse_assumptions(
        R"({"latncy":"1s","processing":"soon","approval_after":"later",
            "answers":[{"pst":"a"}],"outages":[{"network":"sandbx","from":"2027-01-02T00:00:00Z",
            "to":"2027-01-01T00:00:00Z"}],"accounts":{"n:@a":{"limits":{"x":"y"}}}})",
        {"sandbox"});

    ASSERT_FALSE(read);
    std::string told;
    for (auto const& finding : read.error().at())
        told += finding.path + " " + finding.message + "\n";
    for (auto const* part : {"/latncy unknown member 'latncy'; did you mean 'latency'?",
                             "/processing expected a duration",
                             "/approval_after expected a duration such as 2h, or never",
                             "/answers/0/pst unknown member 'pst'; did you mean 'post'?",
                             "/answers/0/options",
                             "/outages/0/to must be after `from`",
                             "/outages/0/network there is no network 'sandbx'; did you mean "
                             "'sandbox'?",
                             "/accounts/n:@a/limits/x expected a whole number"})
        EXPECT_THAT(told, HasSubstr(part));
}

TEST(Assumptions, WhatIsNoObjectIsRefused) {
    for (auto const* text : {"", "[]", "7", "{", "{\"latency\":\"2h\"}"})
        EXPECT_FALSE(parse_assumptions(text, {})) << text;
    EXPECT_TRUE(parse_assumptions("{}", {}));
    EXPECT_TRUE(parse_assumptions(R"({"approval_after":"never"})", {})
                    ->rehearsal.at("approval_after_ms")
                    .is_null());
}

}  // namespace

}  // namespace postrider::cli::test

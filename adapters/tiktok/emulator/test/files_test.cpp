// The documents: scenario, faults, state, control; and what the README promises about switches.
#include <fstream>
#include <sstream>

#include "tiktok/emulator/test/harness.hpp"

namespace postrider::tiktok::emulator {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(ScenarioFile, IsReadStrictlyAndNamesTheNearestMember) {
    EXPECT_EQ(read_scenario(R"({"switchs":{}})").problem,
              "unknown member switchs; did you mean switches?");
    EXPECT_EQ(read_scenario(R"({"creators":[{"handle":"a","baned":true}]})").problem,
              "unknown member creators[0].baned; did you mean banned?");
    EXPECT_EQ(read_scenario(R"({"creators":[{"handle":"a","daily_cap":"9"}]})").problem,
              "creators[0].daily_cap is not an integer");
    EXPECT_EQ(read_scenario(R"({"processing_ms":1e2})").problem, "processing_ms is not an integer");
    EXPECT_EQ(read_scenario(R"({"switches":{"pull":"works"}})").problem,
              "switches.pull is works, not one of: succeed, fail, hang");
    EXPECT_THAT(read_scenario(R"({"switches":{"pull":"fetch"}})").problem,
                HasSubstr("not offered"));
    EXPECT_THAT(read_scenario("[]").problem, HasSubstr("not a JSON object"));
    EXPECT_THAT(read_scenario("{").problem, HasSubstr("not JSON"));
    EXPECT_EQ(read_scenario(R"({"creators":[]})").problem, "creators is empty");
    EXPECT_EQ(
        read_scenario(
            R"({"tokens":[{"creator":"x","client_key":"emu-app","access_token":"a","refresh_token":"r"}]})")
            .problem,
        "tokens: there is no creator x");
}

TEST(ScenarioFile, MayFixTokenValues) {
    Harness emulator(scenario(
        R"({"tokens":[{"creator":"@nova_de","client_key":"emu-app","access_token":"act.known","refresh_token":"rft.known"},
                      {"creator":"nova_fr","client_key":"emu-app","access_token":"act.dead","refresh_token":"rft.dead","expires_in":-1}]})"));
    emulator.access = "act.known";
    EXPECT_EQ(parsed(emulator.look().body).at("data").at("creator_username"), "nova_de");
    emulator.access = "act.dead";
    EXPECT_EQ(code_of(emulator.look()), "access_token_invalid");
    EXPECT_TRUE(parsed(emulator.refresh_with("rft.dead").body).contains("access_token"));
}

TEST(Switches, AreAllInTheReadme) {
    std::ifstream stream(POSTRIDER_EMULATOR_DIR "/README.md");
    std::stringstream readme;
    readme << stream.rdbuf();
    for (SwitchRow const& row : switch_table()) {
        EXPECT_THAT(readme.str(),
                    HasSubstr(fmt::format("| `{}` | `{}`", row.name, row.words.front())));
    }
}

TEST(FaultFile, IsReadStrictly) {
    EXPECT_EQ(read_faults(R"([{"on":"upload","do":"500_befor"}])").problem,
              "faults[0].do: 500_befor is not a fault; did you mean 500_before?");
    EXPECT_EQ(read_faults(R"([{"on":"uplod","do":"stall"}])").problem,
              "faults[0].on: uplod is not an endpoint; one of: any, upload");
    EXPECT_EQ(read_faults(R"([{"on":"status","do":"416_after"}])").problem,
              "faults[0].do: 416_after is for on: upload");
    EXPECT_EQ(read_faults(R"([{"on":"any","do":"stall","nth":1,"every":2}])").problem,
              "faults[0] has both nth and every");
    EXPECT_THAT(read_faults(R"([{"on":"upload","do":"stall","match":{"chunk":0}}])").problem,
                HasSubstr("match.chunk"));
    EXPECT_TRUE(read_faults(R"({"faults":[]})"));
}

TEST(Faults, ChooseByCountCreatorAndTitle) {
    FaultScript script = faults(R"([{"on":"status","nth":2,"times":2,"do":"500_before"},
                                    {"on":"video_init","every":3,"do":"500_before"},
                                    {"on":"creator_info","match":{"creator":"@a"},"do":"html"},
                                    {"on":"video_init","match":{"title":"t"},"do":"html"}])");
    auto const hits = [&](FaultFacts const& facts, int count) {
        std::string out;
        for (int i = 0; i < count; ++i) out += script.fire(facts) ? 'x' : '.';
        return out;
    };
    EXPECT_EQ(hits({.endpoint = "status"}, 5), ".xx..");
    EXPECT_EQ(hits({.endpoint = "video_init"}, 6), "..x..x");
    EXPECT_EQ(hits({.endpoint = "creator_info", .creator = "b"}, 1), ".");
    EXPECT_EQ(hits({.endpoint = "creator_info", .creator = "a"}, 2), "x.");
    EXPECT_EQ(hits({.endpoint = "video_init", .title = "t"}, 1), "x");
}

TEST(Faults, ALostInitLeavesAPublishBehindAndKeepsTheLook) {
    Harness emulator;
    emulator.model.set_faults(faults(R"([{"on":"video_init","do":"drop_after"}])"));
    EXPECT_EQ(emulator.init().delivery, Delivery::drop);
    EXPECT_EQ(emulator.post(video_init_path, video_body({})).status, 200);
    EXPECT_THAT(emulator.rules(), IsEmpty());
}

TEST(Faults, SpoilTheAnswerInEachWay) {
    auto const reply = [](std::string const& rule) {
        Harness emulator;
        emulator.model.set_faults(faults("[" + rule + "]"));
        return emulator.look();
    };
    EXPECT_EQ(reply(R"({"on":"creator_info","do":"500_before","status":503})").status, 503);
    EXPECT_EQ(code_of(reply(R"({"on":"creator_info","do":"500_before"})")), "internal_error");
    EXPECT_EQ(reply(R"({"on":"any","do":"cut_body"})").delivery, Delivery::cut);
    EXPECT_EQ(reply(R"({"on":"any","do":"stall","ms":70})").hold, Millis{70});
    EXPECT_EQ(reply(R"({"on":"any","do":"slow_body","ms":70})").spread, Millis{70});
    EXPECT_EQ(reply(R"({"on":"any","do":"rate_limited"})").status, 429);
    EXPECT_EQ(reply(R"({"on":"any","do":"expire_token"})").status, 401);
    EXPECT_EQ(reply(R"({"on":"any","do":"revoke_token"})").status, 401);
    EXPECT_THAT(reply(R"({"on":"any","do":"html"})").content_type, HasSubstr("text/html"));
    boost::system::error_code error;
    json::parse(reply(R"({"on":"any","do":"truncate_json"})").body, error);
    EXPECT_TRUE(error);
}

TEST(Faults, ScriptedRateLimitsAreNoViolation) {
    Harness emulator;
    emulator.model.set_faults(faults(R"([{"on":"creator_info","do":"rate_limited","times":3}])"));
    for (int i = 0; i < 3; ++i) EXPECT_EQ(emulator.look().status, 429);
    EXPECT_EQ(emulator.look().status, 200);
    EXPECT_THAT(emulator.rules(), IsEmpty());
}

TEST(Faults, AStatusMayHaveAnUnseenWord) {
    Harness emulator;
    emulator.model.set_faults(
        faults(R"([{"on":"status","do":"status_word","value":"PROCESSING_MODERATION"}])"));
    emulator.init();
    EXPECT_EQ(emulator.status_word(), "PROCESSING_MODERATION");
    EXPECT_EQ(emulator.status_word(), "PROCESSING_UPLOAD");
}

TEST(Faults, AFollowedRedirectIsAViolation) {
    Harness emulator;
    emulator.model.set_faults(faults(R"([{"on":"status","do":"redirect"}])"));
    Reply const reply = emulator.post(status_path, "{}");
    EXPECT_EQ(reply.status, 302);
    std::string const location = header_of(reply, "Location");
    emulator.get(location.substr(location.rfind('/')));
    EXPECT_THAT(emulator.rules(), Contains("redirect_followed"));
}

TEST(State, AnUploadGoesOnInAnotherModel) {
    Harness first;
    first.model.set_faults(faults(R"([{"on":"status","do":"500_before"}])"));
    first.init({.size = 11'000'000, .chunk_size = 5'500'000, .count = 2});
    first.put(0, 5'499'999, 11'000'000, 'a');
    first.status();
    json::object const state = parsed(json::serialize(first.model.save()));

    Harness second;
    second.model.set_faults(faults(R"([{"on":"status","do":"500_before"}])"));
    ASSERT_EQ(second.model.load(state), "");
    second.access = first.access;
    second.publish_id = first.publish_id;
    second.upload_target = first.upload_target;

    EXPECT_EQ(second.status().at("uploaded_bytes"), 5'500'000) << "and the fault has had its turn";
    EXPECT_EQ(second.put(5'500'000, 10'999'999, 11'000'000, 'b').status, 201);
    second.wait(std::chrono::seconds{1});
    ASSERT_EQ(second.model.ledger().entries().size(), 1U);
    EXPECT_EQ(second.model.ledger().entries().front().sha256,
              sha256_hex(std::string(5'500'000, 'a') + std::string(5'500'000, 'b')));
    EXPECT_THAT(second.rules(), IsEmpty());
}

TEST(State, IsTheSameAfterALoad) {
    Harness first;
    first.publish("one");
    first.init({.title = "two"});
    first.put(0, 999, 1'000);
    first.refresh_with(first.refresh);
    first.post("/nowhere", "{}");
    std::string const state = json::serialize(first.model.save());

    Harness second;
    second.time = first.time;
    ASSERT_EQ(second.model.load(parsed(state)), "");

    EXPECT_EQ(json::serialize(second.model.save()), state);
}

TEST(State, IsRefusedWhenDamagedOrForeign) {
    Harness emulator;
    emulator.init();
    json::object const state = emulator.model.save();
    json::object damaged = state;
    damaged.erase("ledger");
    damaged["publishes"].as_object()[emulator.publish_id].as_object()["hash"] = "ff";
    EXPECT_THAT(Harness().model.load(damaged), HasSubstr("hash is damaged"));
    json::object other = state;
    other["version"] = 99;
    EXPECT_THAT(Harness().model.load(other), HasSubstr("another version"));
    json::object foreign = state;
    foreign["creators"] = json::object{};
    EXPECT_THAT(Harness().model.load(foreign), HasSubstr("another scenario"));
}

TEST(Seed, GivesTheSameIdsAgain) {
    Harness one;
    Harness two;
    Scenario world = Scenario::built_in();
    world.seed = 2;
    Harness three(world);
    for (Harness* emulator : {&one, &two, &three}) emulator->publish("x");
    EXPECT_EQ(json::serialize(one.model.save()), json::serialize(two.model.save()));
    EXPECT_NE(one.publish_id, three.publish_id);
}

TEST(Control, MintsMovesTheClockAndChangesCreators) {
    Harness emulator;
    json::object const pair = parsed(
        emulator.post("/_emulator/tokens", R"({"creator":"@nova_fr","scope":"video.publish"})")
            .body);
    EXPECT_EQ(pair.size(), 6U);
    EXPECT_EQ(pair.at("scope"), "video.publish");
    EXPECT_EQ(emulator.post("/_emulator/tokens", R"({"creator":"nobody"})").status, 404);

    emulator.post("/_emulator/creators/@acmebakery", R"({"banned":true,"daily_cap":3})");
    EXPECT_EQ(code_of(emulator.look()), "spam_risk_user_banned_from_posting");
    EXPECT_EQ(emulator.post("/_emulator/creators/acmebakery", R"({"bnned":true})").status, 400);
    emulator.post("/_emulator/creators/acmebakery", R"({"banned":false,"expire_tokens":true})");
    EXPECT_EQ(code_of(emulator.look()), "access_token_invalid");
    EXPECT_TRUE(parsed(emulator.refresh_with(emulator.refresh).body).contains("access_token"));
    emulator.post("/_emulator/creators/acmebakery", R"({"revoke":true})");
    EXPECT_EQ(oauth_error_of(emulator.refresh_with(emulator.refresh)), "invalid_grant");

    TimePoint const before = emulator.model.now();
    EXPECT_EQ(emulator.post("/_emulator/clock", R"({"advance_ms":5000})").status, 200);
    EXPECT_EQ(emulator.model.now() - before, Millis{5'000});
    EXPECT_EQ(emulator.post("/_emulator/clock", R"({"advance_ms":-1})").status, 400);

    EXPECT_EQ(emulator.post("/_emulator/faults", R"([{"on":"status","do":"html"}])").status, 200);
    EXPECT_EQ(emulator.post("/_emulator/faults", R"([{}])").status, 400);
    EXPECT_FALSE(emulator.model.shutdown_asked());
    emulator.post("/_emulator/shutdown", "");
    EXPECT_TRUE(emulator.model.shutdown_asked());
}

TEST(Control, ShowsLedgerViolationsAndRequests) {
    Harness emulator;
    emulator.publish("x");
    emulator.post("/nowhere", "{}");
    EXPECT_EQ(parsed(emulator.get("/_emulator/ledger").body).at("count"), 1);
    json::object const violations = parsed(emulator.get("/_emulator/violations").body);
    EXPECT_EQ(violations.at("count"), 1);
    EXPECT_EQ(violations.at("violations").as_array().front().at("rule"), "unknown_path");
    json::object const requests = parsed(emulator.get("/_emulator/requests").body);
    std::vector<std::string> endpoints;
    for (json::value const& request : requests.at("requests").as_array()) {
        endpoints.emplace_back(request.at("endpoint").as_string());
    }
    EXPECT_THAT(endpoints, ElementsAre("creator_info", "video_init", "upload", "none"));
    EXPECT_EQ(requests.at("requests").as_array()[2].at("status"), 201);
}

TEST(Connect, GivesTheNewestLivingPair) {
    Harness emulator;
    json::object const pair = emulator.model.connect_token("acmebakery", "emu-app");
    EXPECT_EQ(pair.at("access_token"), json::value(emulator.access));
    emulator.model.revoke("acmebakery");
    EXPECT_NE(emulator.model.connect_token("acmebakery", "emu-app").at("access_token"),
              json::value(emulator.access));
}

TEST(Text, NearestNameAndUtf16Units) {
    EXPECT_EQ(nearest("stauts", {"status", "upload"}), "status");
    EXPECT_EQ(nearest("xyzzy", {"status", "upload"}), "");
    EXPECT_EQ(utf16_units("a\xC3\xA4\xE2\x82\xAC\xF0\x9F\x8D\x9E"), 5U);
    EXPECT_EQ(utf16_units("\xC3"), std::nullopt);
    EXPECT_EQ(utf16_units("\xC0\xAF"), std::nullopt);
    EXPECT_FALSE(parse_form("a=%4"));
    EXPECT_EQ(parse_form("a=b+c%2A&d").value().at("a"), "b c*");
}

}  // namespace
}  // namespace postrider::tiktok::emulator

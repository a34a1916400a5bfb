// Bad input, one line each: what is said about it, and that nothing has changed. Two lines stand
// elsewhere: a second process in publish_test.cpp (two engines on one store), loops that a
// network's answers could cause in the conformance kit.
#include "rig.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

namespace postrider::end_to_end {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;
using testing::HasSubstr;

constexpr std::string_view scenario =
    R"({"creators":[{"handle":"acmebakery","nickname":"Acme Bakery"},
        {"handle":"brief","nickname":"Brief","max_video_post_duration_sec":3}]})";

/// What must be said.
struct Refusal {
    int exit;
    std::string code;
    std::string owner = "you";
    std::vector<std::string> names;  ///< field, value, what is allowed
};

/// An installation whose store and ledger are compared before and after each refusal.
class Desk {
 public:
    explicit Desk(std::string_view audited = "yes") : rig(std::string(scenario)) {
        rig.set_up(audited);
    }

    std::string world() {
        std::string all;
        for (auto const* noun : {"job", "approval", "account", "app", "person", "campaign"})
            all +=
                json::serialize(rig.run({noun, "list", "--limit", "100"}).at("/data/items")) + "\n";
        return all + json::serialize(rig.ledger().at("posts"));
    }

    Answer refused(std::string const& what,
                   std::vector<std::string> const& arguments,
                   Refusal const& wanted,
                   std::string const& input = {}) {
        SCOPED_TRACE(what);
        auto const before = world();
        auto const answer = rig.run(arguments, input);
        expect(answer, wanted);
        EXPECT_EQ(world(), before);
        return answer;
    }

    static void expect(Answer const& answer, Refusal const& wanted) {
        auto const text = json::serialize(answer.envelope);
        EXPECT_EQ(answer.exit, wanted.exit) << text;
        EXPECT_EQ(answer.text("/error/code"), wanted.code) << text;
        EXPECT_EQ(answer.at("/error/exit"), json::value(wanted.exit));
        EXPECT_EQ(answer.text("/error/owner"), wanted.owner) << text;
        EXPECT_EQ(answer.text("/error/side_effects"), "none");
        EXPECT_FALSE(answer.text("/error/hint").empty());
        EXPECT_TRUE(answer.at("/next/0/argv").is_array()) << text;
        auto const said = json::serialize(answer.at("/error"));
        for (auto const& name : wanted.names) EXPECT_THAT(said, HasSubstr(name));
    }

    static std::vector<std::string> post(std::string const& media,
                                         std::vector<std::string> const& options = {},
                                         std::string const& account = "acmebakery",
                                         std::string const& caption = "hello") {
        std::vector<std::string> words = {"post",
                                          "publish",
                                          "--account",
                                          "tiktok:@" + account,
                                          "--media",
                                          media,
                                          "--caption",
                                          caption};
        auto all = options;
        if (all.empty()) all = {"privacy_level=SELF_ONLY", "disclosure=none"};
        for (auto const* choice : {"allow_comment", "allow_duet", "allow_stitch"})
            all.push_back(std::string(choice) + "=false");
        for (auto const& option : all) {
            words.emplace_back("--option");
            words.push_back("tiktok." + option);
        }
        return words;
    }

    /// A script of one post, with `extra` in the campaign, `in_post` in the post, `first` before.
    std::string script(std::string const& extra,
                       std::string const& in_post = {},
                       std::string const& first = {}) {
        rig.campaign(fmt::format(R"lua(local postrider = require "postrider" {{ api = 1 }}
{}
return postrider.campaign {{
  name = "bad", zone = "Europe/Paris", accounts = {{ "tiktok:@acmebakery" }}, {}
  posts = {{ postrider.post {{ key = "a", media = "croissant.mp4", when = "asap", caption = "x", {}
    options = {{ tiktok = {{ privacy_level = "SELF_ONLY", allow_comment = false, allow_duet = false,
      allow_stitch = false, disclosure = "none" }} }} }} }},
}}
)lua",
                                 first,
                                 extra,
                                 in_post));
        return rig.script();
    }

    Rig rig;
};

std::string source(std::string const& path) {
    return (fs::path(POSTRIDER_SOURCE_DIR) / path).string();
}

std::string store_of(Rig const& rig) {
    return (rig.folder() / "state/postrider.db").string();
}

TEST(BadInput, Files) {
    Desk desk;
    auto const good = source("examples/media/spring-bread.mp4");
    desk.refused(
        "missing", Desk::post("none.mp4"), {7, "media.missing", "you", {"/media/0", "none.mp4"}});
    desk.refused("a folder",
                 Desk::post(desk.rig.folder().string()),
                 {7, "media.unreadable", "you", {"/media/0", "folder"}});
    desk.refused("no video",
                 Desk::post(source("core/test/media/not-a-video.mp4")),
                 {7, "media.not_media", "you", {"/media/0", "not-a-video.mp4"}});
    desk.refused("empty",
                 Desk::post(source("core/test/media/empty.mp4")),
                 {7, "media.empty", "you", {"/media/0", "0 bytes"}});
    desk.refused("too long for this creator",
                 Desk::post(good, {}, "brief"),
                 {7, "media.unsupported", "you", {"/media/0", "6000", "3000", "ffmpeg"}});
    desk.refused("61 frames a second",
                 Desk::post(source("core/test/media/fps61.mp4")),
                 {7, "media.unsupported", "you", {"/media/0", "61", "23 to 60", "ffmpeg"}});
    desk.refused("300 pixels wide",
                 Desk::post(source("core/test/media/narrow300.mp4")),
                 {7, "media.unsupported", "you", {"/media/0", "300", "360 to 4096", "ffmpeg"}});
}

TEST(BadInput, TextsAndChoices) {
    Desk desk;
    auto const good = source("examples/media/spring-bread.mp4");
    // 1,100 characters of two units each, and one more.
    std::string caption;
    for (int i = 0; i < 1100; ++i) caption += "\U0001F35E";
    desk.refused("2,201 units",
                 Desk::post(good, {}, "acmebakery", caption + "x"),
                 {7, "caption.too_long", "you", {"/caption", "2201", "2200", "utf16"}});
    desk.refused("privacy that is not offered",
                 Desk::post(good, {"privacy_level=FOLLOWER_OF_CREATOR", "disclosure=none"}),
                 {7,
                  "tiktok.privacy_level_not_offered",
                  "you",
                  {"/options/tiktok/privacy_level", "FOLLOWER_OF_CREATOR", "SELF_ONLY"}});
    desk.refused("branded content for oneself",
                 Desk::post(good, {"privacy_level=SELF_ONLY", "disclosure=branded_content"}),
                 {7,
                  "plan.findings",
                  "you",
                  {"option.excluded", "/options/tiktok/disclosure", "branded_content", "private"}});
    desk.refused("a choice nobody made",
                 Desk::post(good, {"disclosure=none"}),
                 {16, "script.choice_missing", "you", {"privacy_level"}});
}

TEST(BadInput, Scripts) {
    Desk desk;
    auto const plan = [&](std::string const& script) {
        return std::vector<std::string>{"campaign", "plan", script};
    };
    desk.refused(
        "unknown field",
        plan(desk.script("", "captoin = 'y',")),
        {16, "script.unknown_field", "you", {"captoin", "did you mean 'caption'", "campaign.lua"}});
    desk.refused("for ever",
                 plan(desk.script("", "", "while true do end")),
                 {16, "script.limit", "you", {"instructions", "\"line\":2"}});
    desk.refused(
        "all memory",
        plan(desk.script("", "", "local t = {} for i = 1, 1e9 do t[i] = ('x'):rep(1e6) .. i end")),
        {16, "script.limit", "you", {"256 MiB", "\"line\":2"}});
    auto const doubled = desk.script(
        "", "", "local p = postrider.post { key = 'a', media = 'croissant.mp4', when = 'asap' }");
    auto text = test::read_file(doubled);
    text.replace(text.find("posts = {"), 9, "posts = { p,");
    test::write_file(doubled, text);
    desk.refused(
        "a key twice", plan(doubled), {16, "script.duplicate_key", "you", {"'a'", "\"line\":"}});
    desk.refused("an hour that does not exist",
                 plan(desk.script("zone_rule = { gap = 'refuse' },", "when = '2027-03-28 02:30',")),
                 {7, "time.gap", "you", {"2027-03-28 02:30", "Europe/Paris", "/when"}});
}

TEST(BadInput, Data) {
    Desk desk;
    auto const with = [&](std::string const& columns) {
        auto const script = desk.script(
            "", "", "postrider.csv('d.csv', { key = 'id', columns = { " + columns + " } })");
        test::write_file(desk.rig.folder() / "campaign/d.csv",
                         "id,day,video\na,2027-03-01,croissant.mp4\nb,2027-02-31,market.mp4\n");
        return std::vector<std::string>{"campaign", "plan", script};
    };
    desk.refused("unknown column",
                 with("id = 'text', vidoe = 'path'"),
                 {16, "script.unknown_column", "you", {"vidoe", "did you mean 'video'", "d.csv"}});
    desk.refused("a bad row",
                 with("id = 'text', day = 'date', video = 'path'"),
                 {16, "script.bad_data", "you", {"\"line\":3", "2027-02-31", "day"}});
}

TEST(BadInput, PeopleAndPlans) {
    Desk desk;
    auto const script = desk.script("");
    auto const hash = desk.rig.run({"campaign", "plan", script}).text("/data/plan/plan_hash");
    desk.rig.run({"campaign", "apply", script, "--hash", hash});
    desk.refused("wrong passphrase",
                 {"approval", "grant", "--person", "maria", "--hash", hash, "--passphrase-stdin"},
                 {4, "person.passphrase_wrong", "you", {"maria"}},
                 "not it at all\n");
    desk.refused("stale plan",
                 {"campaign", "apply", desk.script("", "caption = 'other',"), "--hash", hash},
                 {8, "conflict.plan_stale", "you", {hash}});
}

TEST(BadInput, AnUnauditedAppMayNotPostForAll) {
    Desk desk("no");
    desk.refused("public account, unaudited app",
                 Desk::post(source("examples/media/spring-bread.mp4"),
                            {"privacy_level=PUBLIC_TO_EVERYONE", "disclosure=none"}),
                 {5, "app.not_audited", "operator", {"SELF_ONLY"}});
}

TEST(BadInput, ADeadRefreshTokenIsToldWithItsAccount) {
    Desk desk;
    desk.rig.post("/_emulator/creators/acmebakery", R"({"expire_tokens":true,"revoke":true})");

    auto const answer = desk.rig.run({"account", "check", "tiktok:@acmebakery"});

    Desk::expect(answer, {4, "account.reconnect_needed", "creator", {"tiktok:@acmebakery"}});
    EXPECT_EQ(desk.rig.ledger().at("count").to_number<int>(), 0);
}

TEST(BadInput, AFullDiskEndsInWordsAndNothingHalfDone) {
    Desk desk;
    auto const store = store_of(desk.rig);
    auto const before = desk.world();
    // No file may grow beyond what the log measures now, as on a disk that is full.
    auto const blocks = fs::file_size(store + "-wal") / 1024;
    auto const outcome = test::run_program(
        {"/bin/bash",
         "-c",
         fmt::format(
             "ulimit -f {} && exec {}/bin/postrider person add bo --passphrase-stdin -o json",
             blocks,
             POSTRIDER_BUILD_DIR)},
        "a passphrase of bo\n",
        {{"POSTRIDER_STORE", store}});

    Answer answer;
    answer.exit = outcome.exit;
    boost::system::error_code bad;
    answer.envelope = json::parse(outcome.out, bad).as_object();
    Desk::expect(answer, {15, "setup.disk_full", "operator", {store}});
    EXPECT_EQ(desk.world(), before);
    EXPECT_EQ(desk.rig.run({"store", "check"}).exit, 0);
    EXPECT_EQ(
        desk.rig.run({"person", "add", "bo", "--passphrase-stdin"}, "a passphrase of bo\n").exit,
        0);
}

TEST(BadInput, AStoreOfANewerVersionIsLeftAlone) {
    Desk desk;
    auto const copy = (desk.rig.folder() / "newer.db").string();
    desk.rig.run({"store", "backup", "--to", copy});
    // The schema's number stands in the file's head, at byte 60, the greatest part first.
    auto text = test::read_file(copy);
    text.replace(60, 4, std::string("\x00\x00\x27\x0f", 4));
    test::write_file(copy, text);
    auto const bytes = test::read_file(copy);

    desk.refused("newer store",
                 {"job", "list", "--store", copy},
                 {15, "setup.store_newer", "operator", {"9999"}});

    EXPECT_EQ(test::read_file(copy), bytes);
}

TEST(BadInput, AClockThatJumpsPublishesNothingLate) {
    ::setenv("POSTRIDER_CLOCK", "2027-02-01T09:00:00.000Z", 1);
    Desk desk;
    desk.script("", "", "");
    auto text = test::read_file(desk.rig.script());
    text.replace(text.find("\"asap\""), 6, "\"2027-02-01 18:00\"");
    test::write_file(desk.rig.script(), text);
    desk.rig.approve();

    // Months ahead: the time has passed, and a person decides. Back again: it is not due.
    ::setenv("POSTRIDER_CLOCK", "2027-06-01T09:00:00.000Z", 1);
    desk.rig.run({"run", "--once"});
    EXPECT_THAT(desk.rig.states(), testing::ElementsAre("awaiting_approval"));
    ::setenv("POSTRIDER_CLOCK", "2027-01-01T09:00:00.000Z", 1);
    desk.rig.run({"run", "--once"});
    EXPECT_THAT(desk.rig.states(), testing::ElementsAre("awaiting_approval"));
    EXPECT_EQ(desk.rig.ledger().at("count").to_number<int>(), 0);
    ::unsetenv("POSTRIDER_CLOCK");
}

}  // namespace
}  // namespace postrider::end_to_end

// Requests that cannot be meant as they stand are refused where they are wrong, and nothing is
// done.
#include "test/studio.hpp"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include <filesystem>

namespace postrider::cli::test {

namespace json = boost::json;

class Requests : public Studio {
 protected:
    void SetUp() override {
        Studio::SetUp();
        set_up_accounts();
    }

    static json::object const& at(Ran const& ran) {
        return ran.envelope.at("error").at("at").at(0).as_object();
    }
    static std::string message(Ran const& ran) {
        return ran.envelope.at("error").at("message").as_string().c_str();
    }
};

TEST_F(Requests, AKeyMayStandInTheInputAndAFlagWinsOverIt) {
    write("post.json",
          R"({"account": ["sandbox:@anna"], "caption": "Hi", "idempotency_key": "from-file"})");

    auto const first = good({"post", "publish", "--input", "post.json"});
    auto const again = good({"post", "publish", "--input", "post.json"});
    auto const other =
        good({"post", "publish", "--input", "post.json", "--idempotency-key", "from-flag"});

    auto const post = [](Ran const& ran) { return ran.data().at("jobs").at(0).at("post"); };
    EXPECT_EQ(post(first).as_string(), "post/from-file");
    EXPECT_TRUE(again.envelope.at("meta").at("replayed").as_bool());
    EXPECT_EQ(post(other).as_string(), "post/from-flag");
    write("bad.json", R"({"account": ["sandbox:@anna"], "caption": "Hi", "idempotency_key": 7})");
    auto const bad = run({"post", "publish", "--input", "bad.json"});
    EXPECT_EQ(bad.exit, 2);
    EXPECT_EQ(at(bad).at("path").as_string(), "/idempotency_key");
    write("list.json", R"({"idempotency_key": "x"})");
    EXPECT_EQ(run({"job", "list", "--input", "list.json"}).code(), "usage.unknown_field");
    auto const schema = good({"schema", "post.publish"});
    EXPECT_TRUE(schema.data()
                    .at("operation")
                    .at("input")
                    .at("properties")
                    .as_object()
                    .contains("idempotency_key"));
}

TEST_F(Requests, ACursorThatIsNoneIsRefused) {
    good({"post", "publish", "--account", "sandbox:@anna", "--caption", "Hi", "--wait"});
    for (auto const* list :
         {"account", "app", "approval", "campaign", "config", "event", "job", "network", "plan"}) {
        auto const ran = run({list, "list", "--cursor", "nonsense"});
        EXPECT_EQ(ran.exit, 2) << ran.out;
        EXPECT_EQ(ran.code(), "usage.bad_value") << ran.out;
        EXPECT_EQ(at(ran).at("path").as_string(), "/cursor") << ran.out;
        EXPECT_NE(message(ran).find("nonsense"), std::string::npos) << ran.out;
    }
    EXPECT_EQ(run({"event", "list", "--cursor", "1x"}).exit, 2);

    auto const first = good({"account", "list", "--limit", "1"});
    auto const cursor = std::string(first.envelope.at("meta").at("next_cursor").as_string());
    auto const second = good({"account", "list", "--limit", "1", "--cursor", cursor});
    EXPECT_NE(first.data().at("items"), second.data().at("items"));
}

TEST_F(Requests, AnEventTypeThatDoesNotExistIsRefusedWithTheNearest) {
    for (auto const* verb : {"list", "follow"}) {
        auto const ran = run({"event", verb, "--types", "account,job.publishd"});
        EXPECT_EQ(ran.exit, 2);
        EXPECT_EQ(at(ran).at("path").as_string(), "/types/0");
        EXPECT_NE(message(ran).find("did you mean 'job.published'?"), std::string::npos);
    }
    EXPECT_EQ(run({"event", "list", "--types", "no.such"}).code(), "usage.bad_value");
    EXPECT_EQ(run({"event", "list", "--types", "jo"}).code(), "usage.bad_value");
}

TEST_F(Requests, EveryEventThatIsWrittenCanBeAskedForByItsType) {
    auto const script = campaign("approval = \"plan\",");
    auto const hash = hash_of(good({"campaign", "plan", script}));
    good({"campaign", "apply", script, "--hash", hash});
    good({"approval", "grant", "--person", "ines", "--hash", hash, "--passphrase-stdin"},
         "correct horse\n");
    good({"run", "--until", "idle"});
    good({"account", "pause", "sandbox:@anna"});
    good({"account", "resume", "sandbox:@anna"});

    auto const all = good({"event", "list", "--limit", "100"});
    ASSERT_GE(all.data().at("items").as_array().size(), 10U);
    for (auto const& event : all.data().at("items").as_array()) {
        auto const type = std::string(event.at("type").as_string());
        auto const some = good({"event", "list", "--types", type});
        EXPECT_FALSE(some.data().at("items").as_array().empty()) << type;
    }
}

TEST_F(Requests, AFieldThatDoesNotExistIsRefusedOfAnEmptyListToo) {
    auto const ran = run({"job", "list", "--fields", "id,stat"});

    EXPECT_EQ(ran.exit, 2);
    EXPECT_EQ(ran.code(), "usage.unknown_field");
    EXPECT_NE(message(ran).find("did you mean 'state'?"), std::string::npos) << ran.out;
    EXPECT_TRUE(ran.envelope.at("data").is_null());
    EXPECT_EQ(run({"job", "list", "--fields", "receipt.sen"}).exit, 2);
    good({"job", "list", "--fields", "id,receipt.seen.link,error.code,receipt.asked.whatever"});
}

TEST_F(Requests, AnAddressIsNotProbedAsIfItWereAFile) {
    auto const ran = run({"media", "probe", "https://cdn.example.com/a.mp4"});

    EXPECT_EQ(ran.exit, 7);
    EXPECT_EQ(at(ran).at("path").as_string(), "/source/0");
    EXPECT_NE(message(ran).find("https://cdn.example.com/a.mp4 is an address"), std::string::npos)
        << ran.out;
}

TEST_F(Requests, AWallTimeWithoutAZoneAsksForTheZone) {
    auto const when = [this](std::string const& text, std::vector<std::string> more = {}) {
        std::vector<std::string> words = {
            "post", "plan", "--account", "sandbox:@anna", "--caption", "Hi", "--when", text};
        words.insert(words.end(), more.begin(), more.end());
        return run(words);
    };

    auto const ran = when("2099-01-01 10:00");
    EXPECT_EQ(ran.exit, 2);
    EXPECT_EQ(ran.code(), "usage.missing_input");
    EXPECT_EQ(at(ran).at("path").as_string(), "/zone");
    EXPECT_NE(message(ran).find("add --zone"), std::string::npos) << ran.out;
    auto const nonsense = when("tomorrow");
    EXPECT_EQ(at(nonsense).at("path").as_string(), "/when") << nonsense.out;
    auto const unknown = when("2099-01-01 10:00", {"--zone", "Europe/Pari"});
    EXPECT_EQ(at(unknown).at("path").as_string(), "/zone") << unknown.out;
    EXPECT_EQ(when("2099-01-01 10:00", {"--zone", "Europe/Paris"}).exit, 0);
    EXPECT_EQ(when("2099-01-01T10:00:00Z").exit, 0);
}

TEST_F(Requests, WhatCannotBeWrittenIsKnownBeforeAnythingIsDone) {
    auto const list = run({"job", "list", "--out", "nowhere/x"});
    EXPECT_EQ(list.exit, 2);
    EXPECT_TRUE(list.envelope.at("data").is_null()) << list.out;

    auto const published = run({"post",
                                "publish",
                                "--account",
                                "sandbox:@anna",
                                "--caption",
                                "Hi",
                                "--wait",
                                "--out",
                                "nowhere/x"});

    EXPECT_EQ(published.exit, 2);
    EXPECT_EQ(at(published).at("path").as_string(), "/out");
    EXPECT_TRUE(memory.network.ledger().empty());
    EXPECT_TRUE(good({"job", "list"}).data().at("items").as_array().empty());
    good({"job", "list", "--out", "there.json"});
    EXPECT_TRUE(std::filesystem::exists(folder / "there.json"));
}

}  // namespace postrider::cli::test

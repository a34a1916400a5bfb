// The commands of the main job, one after the other, in process: against the network that exists
// only in memory.
#include "test/desk.hpp"

#include <postrider/core/transport.hpp>

#include <sandbox/emulator/sandbox_network.hpp>

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <chrono>
#include <fstream>

namespace postrider::cli::test {

namespace {

namespace json = boost::json;

Instant wall_now() {
    return std::chrono::time_point_cast<Milliseconds>(std::chrono::system_clock::now());
}

/// Hands requests to the network in memory, as its program would.
class MemoryTransport final : public core::Transport {
 public:
    boost::asio::awaitable<core::TransportReply> send(core::OutgoingRequest request) override {
        adapter::HttpRequest plain(request.method, request.url);
        plain.headers = request.headers;
        if (auto const* text = std::get_if<std::string>(&request.body)) plain.body = *text;
        core::TransportReply reply;
        if (auto const* slice = std::get_if<core::FileSlice>(&request.body)) {
            adapter::FileRange range;
            range.offset = slice->offset;
            range.length = slice->length;
            plain.body = range;
            reply.sent_bytes = slice->length;
        }
        auto token = adapter::find_header(request.headers, "Authorization");
        if (token.starts_with("Bearer ")) token.remove_prefix(7);
        auto answer = network.answer(plain, token, wall_now());
        reply.verdict = answer.lost ? adapter::Verdict::no_reply : adapter::Verdict::replied;
        reply.http = answer.http;
        co_return reply;
    }

    sandbox::SandboxNetwork network;
};

}  // namespace

class Publishing : public Desk {
 protected:
    void SetUp() override {
        Desk::SetUp();
        Desk::transport = &memory;
        environment["POSTRIDER_STORE"] = (folder / "store.db").string();
    }

    void set_up_accounts() {
        good({"init", "--person", "ines", "--passphrase-stdin"}, "correct horse\n");
        good({"app", "add", "sandbox", "studio", "--key", "k1", "--secret-stdin"}, "s3cret\n");
        for (auto const* name : {"anna", "bert"})
            good({"account", "connect", "sandbox", "--token-stdin"},
                 json::serialize(json::value{{"access_token", name},
                                             {"refresh_token", "r"},
                                             {"expires_in", "86400"},
                                             {"id", name}}));
    }

    std::string write(std::string const& name, std::string const& text) {
        std::ofstream(folder / name) << text;
        return name;
    }

    std::string campaign(std::string const& extra = "", std::string const& caption = "Hello") {
        return write("spring.lua",
                     R"(local postrider = require "postrider" { api = 1 }
return postrider.campaign {
  name = "spring", zone = "Europe/Paris", accounts = { "sandbox:@anna", "sandbox:@bert" }, catch_up = "skip",
  )" + extra + R"(
  posts = { postrider.post { key = "hello", when = "asap", caption = ")" +
                         caption + R"(" } },
})");
    }

    std::string hash_of(Ran const& planned) {
        return std::string(planned.data().at("plan").at("plan_hash").as_string());
    }

    MemoryTransport memory;
};

TEST_F(Publishing, FromAnEmptyFolderToPublishedPosts) {
    set_up_accounts();
    auto const accounts = good({"account", "list"});
    ASSERT_EQ(accounts.data().at("items").as_array().size(), 2U);
    EXPECT_EQ(accounts.data().at("items").at(0).at("name").as_string(), "sandbox:@anna");

    auto const script = campaign("approval = \"plan\",");
    auto const planned = good({"campaign", "plan", script});
    EXPECT_EQ(planned.data().at("counts").at("create").as_int64(), 2);
    auto const hash = hash_of(planned);
    auto const applied = good({"campaign", "apply", script, "--hash", hash});
    EXPECT_EQ(applied.data().at("counts").at("awaiting_approval").as_int64(), 2);
    ASSERT_EQ(applied.data().at("approvals").as_array().size(), 1U);
    EXPECT_TRUE(memory.network.ledger().empty());

    auto const wrong =
        run({"approval", "grant", "--person", "ines", "--hash", hash, "--passphrase-stdin"},
            "wrong horse\n");
    EXPECT_EQ(wrong.code(), "person.passphrase_wrong");
    auto const granted =
        good({"approval", "grant", "--person", "ines", "--hash", hash, "--passphrase-stdin"},
             "correct horse\n");
    EXPECT_EQ(granted.data().at("approvals").at(0).at("state").as_string(), "granted");
    good({"run", "--until", "idle"});
    ASSERT_EQ(memory.network.ledger().size(), 2U);

    auto const jobs = good({"job", "list", "--state", "published"});
    ASSERT_EQ(jobs.data().at("items").as_array().size(), 2U);
    auto const id = std::string(jobs.data().at("items").at(0).at("id").as_string());
    good({"job", "show", id, "--timeline"});
    good({"job", "wait", id});
    EXPECT_EQ(run({"job", "cancel", id}).exit, 8);
    EXPECT_EQ(run({"job", "reconcile", id}).exit, 8);

    // Applying twice changes nothing.
    auto const again = good({"campaign", "plan", script});
    EXPECT_EQ(again.data().at("counts").at("unchanged").as_int64(), 2);
    good({"campaign", "apply", script, "--hash", hash_of(again)});
    good({"run", "--until", "idle"});
    EXPECT_EQ(memory.network.ledger().size(), 2U);

    for (auto const& words : std::vector<std::vector<std::string>>{
             {"status"},
             {"campaign", "list"},
             {"campaign", "show", "spring"},
             {"plan", "list"},
             {"approval", "list"},
             {"event", "list"},
             {"bucket", "list"},
             {"store", "info"},
             {"store", "check"},
             {"config", "list", "--show-origin"},
             {"config", "get", "store"},
             {"config", "path"},
             {"network", "list"},
             {"network", "show", "sandbox"},
             {"network", "show", "sandbox", "--section", "limits", "--kind", "text"},
             {"adapter", "list"},
             {"adapter", "show", "sandbox"},
             {"person", "list"},
             {"app", "list"},
             {"app", "show", "studio"},
             {"account", "show", "sandbox:@anna"},
             {"account", "check", "sandbox:@anna"},
             {"account", "set", "sandbox:@anna", "--zone", "Europe/Paris", "--tag", "x"},
             {"account", "pause", "sandbox:@anna", "--reason", "y"},
             {"account", "resume", "sandbox:@anna"},
             {"campaign", "pause", "spring"},
             {"campaign", "resume", "spring"},
             {"campaign", "check", script},
             {"plan", "show", std::string(again.data().at("plan").at("id").as_string())},
             {"approval",
              "show",
              std::string(granted.data().at("approvals").at(0).at("id").as_string())},
             {"event", "follow", "--since", "0", "--timeout", "1ms"},
             {"job", "list", "--all"},
             {"lua", "stubs", "stubs"},
             {"campaign", "new", "summer", "--example", "calendar"},
             {"doctor"}})
        good(words);
}

TEST_F(Publishing, AStaleHashAppliesNothing) {
    set_up_accounts();
    auto const hash = hash_of(good({"campaign", "plan", campaign()}));

    auto const ran = run({"campaign", "apply", campaign("", "Changed"), "--hash", hash});

    EXPECT_EQ(ran.code(), "conflict.plan_stale");
    EXPECT_TRUE(good({"job", "list"}).data().at("items").as_array().empty());
    EXPECT_EQ(run({"campaign", "apply", campaign()}).code(), "usage.missing_input");
}

TEST_F(Publishing, AnOpenChoiceIsNotDecidedByAProgram) {
    set_up_accounts();
    auto const script = write("ask.lua", R"(local postrider = require "postrider" { api = 1 }
return postrider.campaign {
  name = "ask", zone = "Europe/Paris", accounts = { "sandbox:@anna" },
  posts = { postrider.post { key = "one", when = "asap", caption = "Hi", options = { sandbox = { audience = postrider.ask } } } },
})");
    auto const hash = hash_of(good({"campaign", "plan", script}));
    good({"campaign", "apply", script, "--hash", hash});

    auto const ran =
        run({"approval", "grant", "--person", "ines", "--hash", hash, "--passphrase-stdin"},
            "correct horse\n");

    EXPECT_EQ(ran.code(), "approval.open_choice");
}

TEST_F(Publishing, OnePostTwiceIsOneJob) {
    set_up_accounts();
    std::vector<std::string> const words = {
        "post", "publish", "--account", "sandbox:@anna", "--caption", "Once"};
    auto first = words;
    first.push_back("--wait");
    auto const once = good(first);
    auto const twice = good(words);

    EXPECT_TRUE(twice.envelope.at("meta").at("replayed").as_bool());
    EXPECT_EQ(once.data().at("jobs").at(0).at("id"), twice.data().at("jobs").at(0).at("id"));
    EXPECT_EQ(memory.network.ledger().size(), 1U);

    good({"post",
          "publish",
          "--account",
          "sandbox:@anna",
          "--caption",
          "Keyed",
          "--idempotency-key",
          "k"});
    auto const reused = run({"post",
                             "publish",
                             "--account",
                             "sandbox:@anna",
                             "--caption",
                             "Other",
                             "--idempotency-key",
                             "k"});
    EXPECT_EQ(reused.code(), "conflict.key_reused");
    EXPECT_EQ(
        good({"post", "plan", "--account", "sandbox:@anna", "--caption", "Once", "--again", "2"})
            .data()
            .at("counts")
            .at("create")
            .as_int64(),
        1);
}

TEST_F(Publishing, ADryRunLeavesNoTrace) {
    set_up_accounts();
    auto const hash = hash_of(good({"campaign", "plan", campaign()}));

    auto const ran = good({"campaign", "apply", campaign(), "--hash", hash, "--dry-run"});

    EXPECT_TRUE(ran.data().at("dry_run").as_bool());
    EXPECT_EQ(ran.data().at("jobs").as_array().size(), 2U);
    EXPECT_TRUE(good({"job", "list"}).data().at("items").as_array().empty());
}

TEST_F(Publishing, AFailedConnectLeavesNoAccountBehind) {
    good({"init", "--person", "ines", "--passphrase-stdin"}, "correct horse\n");
    good({"app", "add", "sandbox", "studio", "--key", "k1", "--secret-stdin"}, "s3cret\n");

    EXPECT_EQ(run({"account", "connect", "sandbox", "--token-stdin"},
                  R"({"access_token":"expired","refresh_token":"revoked","id":"anna"})")
                  .exit,
              4);
    EXPECT_EQ(run({"account", "connect", "sandbox", "--token-stdin"}, R"({"access_token":7})").exit,
              2);
    EXPECT_EQ(run({"account", "connect", "sandbox", "--token-stdin"}, "no json").exit, 2);
    EXPECT_EQ(run({"account", "connect", "nowhere", "--token-stdin"}, "{}").exit, 3);

    EXPECT_TRUE(good({"account", "list"}).data().at("items").as_array().empty());
}

TEST_F(Publishing, ConnectingAgainKeepsTheAccount) {
    set_up_accounts();
    auto const before = good({"account", "show", "sandbox:@anna"}).data().at("id");

    auto const again = good({"account", "connect", "sandbox:@anna", "--token-stdin"},
                            R"({"access_token":"anna.2","id":"anna"})");

    EXPECT_EQ(again.data().at("account").at("id"), before);
    EXPECT_FALSE(again.data().at("first").as_bool());
    EXPECT_EQ(run({"account", "connect", "sandbox:@anna", "--token-stdin"},
                  R"({"access_token":"bert","id":"bert"})")
                  .code(),
              "account.mismatch");
    EXPECT_EQ(good({"account", "list"}).data().at("items").as_array().size(), 2U);
}

TEST_F(Publishing, BadInputIsNamed) {
    EXPECT_EQ(run({"job", "list"}).code(), "setup.not_initialised");
    set_up_accounts();
    EXPECT_EQ(run({"init", "--passphrase-stdin"}, "correct horse\n").code(),
              "setup.already_initialised");
    EXPECT_EQ(run({"job", "show", "job_nonsense"}).exit, 3);
    EXPECT_EQ(run({"job", "show", "x?y"}).exit, 2);
    EXPECT_EQ(run({"account", "show", "sandbox:@ana"}).exit, 3);
    EXPECT_EQ(run({"person", "add", "bo", "--passphrase-stdin"}, "short\n").exit, 2);
    EXPECT_EQ(run({"person", "remove", "ines"}).exit, 8);
    EXPECT_EQ(run({"app", "set", "studio", "--option", "api_bas=http://x"}).code(),
              "option.unknown");
    EXPECT_EQ(run({"app", "remove", "studio"}).exit, 8);
    EXPECT_EQ(run({"campaign", "plan", "missing.lua"}).envelope.at("ok").as_bool(), false);
    auto const script = run({"campaign",
                             "plan",
                             write("bad.lua",
                                   "local postrider = require \"postrider\" { api = 1 }\nreturn "
                                   "postrider.campaign { nam = \"x\" }\n")});
    EXPECT_EQ(script.exit, 16);
    EXPECT_EQ(run({"post", "publish", "--account", "sandbox:@anna", "--media", "missing.mp4"}).exit,
              7);
    EXPECT_EQ(run({"post",
                   "publish",
                   "--account",
                   "sandbox:@anna",
                   "--caption",
                   "x",
                   "--option",
                   "audience=all"})
                  .exit,
              2);
    write("postrider.toml", "stor = \"x\"\n");
    auto const config = run({"config", "list"});
    EXPECT_EQ(config.code(), "setup.config_invalid");
    EXPECT_NE(config.out.find("did you mean 'store'"), std::string::npos);
}

}  // namespace postrider::cli::test

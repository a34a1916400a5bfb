// The commands of the main job, one after the other, in process: against the network that exists
// only in memory.
#include "test/studio.hpp"

#include <postrider/catalogue.hpp>
#include <postrider/core/sqlite_store.hpp>

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <fstream>

namespace postrider::cli::test {

namespace {

namespace json = boost::json;

}  // namespace

class Publishing : public Studio {};

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

TEST_F(Publishing, WhatWasReviewedIsWhatIsAppliedAndTheSameCommandAgainIsAReplay) {
    set_up_accounts();
    auto const script = campaign("approval = \"plan\",");
    auto const planned = good({"campaign", "plan", script});
    auto const plan = std::string(planned.data().at("plan").at("id").as_string());
    good({"approval", "request", plan});
    good(
        {"approval", "grant", "--person", "ines", "--hash", hash_of(planned), "--passphrase-stdin"},
        "correct horse\n");

    auto const applied = good({"campaign", "apply", script, "--hash", hash_of(planned)});

    EXPECT_EQ(applied.data().at("plan").at("id").as_string(), plan);
    EXPECT_EQ(applied.data().at("counts").at("scheduled").as_int64(), 2);
    EXPECT_EQ(good({"job", "list", "--plan", plan}).data().at("items").as_array().size(), 2U);
    auto const again = good({"campaign", "apply", script, "--hash", hash_of(planned)});
    EXPECT_TRUE(again.envelope.at("meta").at("replayed").as_bool());
    EXPECT_EQ(again.data().at("plan").at("id").as_string(), plan);
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

TEST_F(Publishing, ADryRunLooksAndLeavesNoTrace) {
    set_up_accounts();
    auto const hash = hash_of(good({"campaign", "plan", campaign()}));
    auto const plans = good({"plan", "list"}).data().at("items").as_array().size();
    memory.effects.clear();

    auto const ran = good({"campaign", "apply", campaign(), "--hash", hash, "--dry-run", "--wait"});

    EXPECT_TRUE(ran.data().at("dry_run").as_bool());
    EXPECT_EQ(ran.data().at("jobs").as_array().size(), 2U);
    ASSERT_EQ(ran.data().at("requests").as_array().size(), 2U) << ran.out;
    auto const& request = ran.data().at("requests").at(0).as_object();
    EXPECT_NE(request.at("effect").as_string(), "look");
    EXPECT_EQ(request.at("headers").at("Authorization").as_string(), "Bearer {access_token}");
    EXPECT_EQ(ran.out.find("Bearer anna"), std::string::npos);
    for (auto const effect : memory.effects) EXPECT_EQ(effect, adapter::Effect::look);
    EXPECT_TRUE(memory.network.ledger().empty());
    EXPECT_TRUE(good({"job", "list"}).data().at("items").as_array().empty());
    EXPECT_EQ(good({"plan", "list"}).data().at("items").as_array().size(), plans);
}

TEST_F(Publishing, EveryCommandThatSendsHasADryRunThatSendsNothing) {
    set_up_accounts();
    auto const hash = hash_of(good({"campaign", "plan", campaign()}));
    auto const applied = good({"campaign", "apply", campaign(), "--hash", hash});
    auto const job = std::string(applied.data().at("jobs").at(0).at("id").as_string());
    auto const one = good({"post", "plan", "--account", "sandbox:@anna", "--caption", "One"});
    auto const plan = std::string(one.data().at("plan").at("id").as_string());
    memory.effects.clear();

    auto const ran = good({"run", "--dry-run"});
    EXPECT_EQ(ran.data().at("requests").as_array().size(), 2U) << ran.out;
    EXPECT_EQ(ran.data().at("ended_by").as_string(), "dry_run");
    auto const waited = good({"job", "wait", job, "--dry-run"});
    EXPECT_EQ(waited.data().at("requests").as_array().size(), 1U) << waited.out;
    auto const published =
        good({"post", "publish", "--account", "sandbox:@bert", "--caption", "Two", "--dry-run"});
    EXPECT_EQ(published.data().at("requests").as_array().size(), 1U) << published.out;
    auto const planned = good({"plan", "apply", plan, "--hash", hash_of(one), "--dry-run"});
    EXPECT_EQ(planned.data().at("requests").as_array().size(), 1U) << planned.out;

    for (auto const effect : memory.effects) EXPECT_EQ(effect, adapter::Effect::look);
    EXPECT_TRUE(memory.network.ledger().empty());
    auto const jobs = good({"job", "list"});
    for (auto const& left : jobs.data().at("items").as_array())
        EXPECT_EQ(left.at("state").as_string(), "scheduled");
}

TEST_F(Publishing, VerboseTellsRequestsWithoutTheirSecrets) {
    set_up_accounts();

    auto const ran = good({"post",
                           "publish",
                           "--account",
                           "sandbox:@anna",
                           "--caption",
                           "Hi",
                           "--wait",
                           "--verbose"});

    EXPECT_NE(ran.err.find(" ms"), std::string::npos) << ran.err;
    EXPECT_NE(ran.err.find("POST "), std::string::npos) << ran.err;
    EXPECT_NE(ran.err.find("published"), std::string::npos) << ran.err;
    EXPECT_EQ(ran.err.find("Bearer"), std::string::npos) << ran.err;
}

TEST_F(Publishing, WaitingForAPersonEndsAtOnceAndNamesTheCommand) {
    set_up_accounts();
    auto const script = campaign("approval = \"account\",");
    auto const planned = good({"campaign", "plan", script});
    EXPECT_EQ(planned.data().at("approvals_needed").as_int64(), 2);
    auto const applied = good({"campaign", "apply", script, "--hash", hash_of(planned)});

    auto const ran = run({"job",
                          "wait",
                          "--plan",
                          std::string(applied.data().at("plan").at("id").as_string()),
                          "--timeout",
                          "10m"});

    EXPECT_EQ(ran.exit, 6);
    EXPECT_EQ(ran.code(), "approval.required");
    EXPECT_NE(json::serialize(ran.envelope.at("next").at(0)).find("\"grant\""), std::string::npos)
        << ran.out;
    EXPECT_EQ(good({"campaign", "plan", campaign("approval = \"plan\",", "Other")})
                  .data()
                  .at("approvals_needed")
                  .as_int64(),
              1);
}

TEST_F(Publishing, JobsThatHaveNotBegunFollowNewZoneData) {
    environment["POSTRIDER_CLOCK"] = "2027-02-01T09:00:00.000Z";
    set_up_accounts();
    auto const script = write("zoned.lua", R"(local postrider = require "postrider" { api = 1 }
return postrider.campaign {
  name = "zoned", zone = "Europe/Paris", accounts = { "sandbox:@anna" },
  posts = { postrider.post { key = "one", when = "2027-02-02 18:00", caption = "Hi" } },
})");
    good({"campaign", "apply", script, "--hash", hash_of(good({"campaign", "plan", script}))});
    {
        // As if older rules had put the clocks of Paris an hour on.
        auto const store = *core::open_store(folder / "store.db");
        auto const moved = store->write([](core::Tables& tables) -> Result<void> {
            auto job = tables.jobs({})->front();
            job.spec.due_at -= std::chrono::hours{1};
            job.next_at = job.spec.due_at;
            if (auto put = tables.update_job(job); !put) return put;
            return tables.put_setting("zone_data_version", "1999z");
        });
        ASSERT_TRUE(moved);
    }

    good({"run", "--once"});

    auto const job = good({"job", "list"});
    EXPECT_EQ(job.data().at("items").at(0).at("due_at").as_string(), "2027-02-02T17:00:00.000Z");
    auto const events = good({"event", "list", "--types", "job.moved"});
    ASSERT_EQ(events.data().at("items").as_array().size(), 1U) << events.out;
    EXPECT_EQ(events.data().at("items").at(0).at("data").at("reason").as_string(), "zone_rules");
    EXPECT_EQ(good({"campaign", "plan", script}).data().at("counts").at("unchanged").as_int64(), 1);
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

TEST_F(Publishing, ARefusedAppIsNamedAndItsPostsGoOnOnceItIsMended) {
    set_up_accounts();
    auto const made = good({"post", "publish", "--account", "sandbox:@anna", "--caption", "Hi"});
    auto const id = std::string(made.data().at("jobs").at(0).at("id").as_string());
    {
        auto const store = *core::open_store(folder / "store.db");
        auto const refused = store->write([&](core::Tables& tables) -> Result<void> {
            auto job = **tables.job(id);
            job.state = core::JobState::waiting;
            job.waiting = adapter::WaitReason::account;
            job.until = job.spec.due_at + std::chrono::hours{10};
            job.next_at = job.until;
            job.error = make_error("app.bad_credentials");
            return tables.update_job(job);
        });
        ASSERT_TRUE(refused);
    }

    auto const status = good({"status"});
    auto const& need = status.data().at("needs_you").as_array().at(0);
    EXPECT_EQ(need.at("what").as_string(), "app");
    EXPECT_EQ(need.at("subject").as_string(), "sandbox/studio");
    EXPECT_EQ(run({"job", "wait", id}).code(), "app.bad_credentials");
    good({"run", "--until", "idle"});
    EXPECT_TRUE(memory.network.ledger().empty());

    good({"app", "set", "studio", "--secret-stdin"}, "n3w\n");
    good({"run", "--until", "idle"});

    EXPECT_EQ(memory.network.ledger().size(), 1U);
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

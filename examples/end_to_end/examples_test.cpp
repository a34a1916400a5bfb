// Every example runs here as its README says: the campaigns from plan to ledger on a clock that the
// test moves, open choices on a terminal, and an agent's session.
#include "rig.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <map>

#include <poll.h>
#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

namespace postrider::end_to_end {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;
using testing::Contains;
using testing::Each;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::UnorderedElementsAre;

/// The wall clock of every program that is started while this lives.
class ClockAt {
 public:
    explicit ClockAt(char const* instant) { ::setenv("POSTRIDER_CLOCK", instant, 1); }
    ~ClockAt() { ::unsetenv("POSTRIDER_CLOCK"); }
    ClockAt(ClockAt const&) = delete;
    ClockAt& operator=(ClockAt const&) = delete;
};

class Examples : public ::testing::Test {
 protected:
    /// Copies an example's folder and the videos that it uses, and gives its script.
    std::string example(std::string const& name, std::vector<std::string> const& videos) {
        auto const from = fs::path(POSTRIDER_SOURCE_DIR) / "examples";
        auto const to = rig.folder() / name;
        fs::copy(from / "campaigns" / name, to, fs::copy_options::recursive);
        for (auto const& video : videos) fs::copy_file(from / "media" / video, to / video);
        return (to / "campaign.lua").string();
    }

    /// check, plan and apply; gives the plan's hash.
    std::string apply(std::string const& script) {
        auto const checked = rig.run({"campaign", "check", script, "--strict"});
        EXPECT_EQ(checked.exit, 0) << json::serialize(checked.envelope);
        auto const planned = rig.run({"campaign", "plan", script});
        EXPECT_EQ(planned.exit, 0) << json::serialize(planned.envelope);
        auto const hash = planned.text("/data/plan/plan_hash");
        auto const applied = rig.run({"campaign", "apply", script, "--hash", hash});
        EXPECT_EQ(applied.exit, 0) << json::serialize(applied.envelope);
        return hash;
    }

    Answer grant(std::string const& hash) {
        return rig.run(
            {"approval", "grant", "--person", "maria", "--hash", hash, "--passphrase-stdin"},
            std::string(passphrase) + "\n");
    }

    void run_at(char const* instant) {
        ClockAt const clock(instant);
        auto const ran = rig.run_until_idle();
        EXPECT_EQ(ran.exit, 0) << json::serialize(ran.envelope) << ran.err;
    }

    std::map<std::string, std::string> states_of(std::string const& campaign) {
        std::map<std::string, std::string> states;
        auto const list = rig.run({"job", "list", "--campaign", campaign, "--limit", "100"});
        auto const items = list.at("/data/items");
        for (auto const& job : items.as_array())
            states[std::string(job.at("post").as_string()) + " " +
                   std::string(job.at("account").as_string())] = job.at("state").as_string();
        return states;
    }

    void expect_no_change(std::string const& script, int jobs) {
        auto const again = rig.run({"campaign", "plan", script});
        EXPECT_EQ(again.at("/data/counts/create").to_number<int>(), 0);
        EXPECT_EQ(again.at("/data/counts/change").to_number<int>(), 0);
        EXPECT_EQ(again.at("/data/counts/unchanged").to_number<int>(), jobs);
    }

    void expect_ledger(int count) {
        auto const ledger = rig.ledger();
        EXPECT_EQ(ledger.at("count").to_number<int>(), count);
        EXPECT_THAT(ledger.at("doubles").as_array(), IsEmpty());
        EXPECT_THAT(rig.violations(), IsEmpty()) << json::serialize(rig.violations());
    }

    Rig rig;
};

/// The program on a terminal of its own: reads what it asks, types the answers.
class Terminal {
 public:
    Terminal(Rig const& rig, std::vector<std::string> words) {
        words.insert(words.begin(), std::string(POSTRIDER_BUILD_DIR) + "/bin/postrider");
        std::vector<char*> argv;
        for (auto& word : words) argv.push_back(word.data());
        argv.push_back(nullptr);
        winsize size{50, 120, 0, 0};
        pid_ = ::forkpty(&end_, nullptr, nullptr, &size);
        if (pid_ != 0) return;
        ::setenv("POSTRIDER_STORE", (rig.folder() / "state/postrider.db").c_str(), 1);
        ::setenv("POSTRIDER_VAULT_KEY_FILE", (rig.folder() / "state/vault.key").c_str(), 1);
        ::unsetenv("CI");
        ::execv(argv[0], argv.data());
        ::_exit(127);
    }
    Terminal(Terminal const&) = delete;
    Terminal& operator=(Terminal const&) = delete;
    ~Terminal() {
        if (end_ >= 0) ::close(end_);
        if (pid_ > 0) ::waitpid(pid_, nullptr, 0);
    }

    /// Types the answer to each question that comes, in whatever order; gives all that was shown.
    std::string answer(std::vector<std::pair<std::string, std::string>> answers) {
        std::string shown;
        std::size_t answered = 0;  // what stands before has been dealt with
        std::array<char, 4096> block{};
        for (;;) {
            auto const asked = std::find_if(answers.begin(), answers.end(), [&](auto const& one) {
                return shown.find(one.first, answered) != std::string::npos;
            });
            if (asked != answers.end()) {
                answered = shown.size();
                auto const text = asked->second + "\n";
                EXPECT_EQ(::write(end_, text.data(), text.size()),
                          static_cast<ssize_t>(text.size()));
                answers.erase(asked);
            }
            pollfd waiting{end_, POLLIN, 0};
            if (::poll(&waiting, 1, 20'000) <= 0) break;
            auto const count = ::read(end_, block.data(), block.size());
            if (count <= 0) break;
            shown.append(block.data(), static_cast<std::size_t>(count));
        }
        return shown;
    }
    int exit() {
        ::close(end_);  // whoever still waits for an answer is hung up on
        end_ = -1;
        int status = 0;
        ::waitpid(pid_, &status, 0);
        pid_ = -1;
        return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }

 private:
    pid_t pid_ = -1;
    int end_ = -1;
};

TEST_F(Examples, CalendarLeavesOpenRowsToAPersonAtATerminal) {
    ClockAt const february("2027-02-25T09:00:00.000Z");
    rig.set_up();
    auto const script = example("calendar", {"spring-bread.mp4", "croissant.mp4", "market.mp4"});
    auto const hash = apply(script);

    auto const refused = grant(hash);
    EXPECT_EQ(refused.text("/error/code"), "approval.open_choice");
    std::string open;
    auto const pending = rig.run({"approval", "list", "--state", "pending"});
    auto const approvals = pending.at("/data/items");
    ASSERT_THAT(approvals.as_array(), SizeIs(3));
    for (auto const& approval : approvals.as_array()) {
        std::string const id(approval.at("id").as_string());
        if (approval.at("asks").as_object().empty())
            EXPECT_EQ(rig.run({"approval",
                               "grant",
                               id,
                               "--person",
                               "maria",
                               "--hash",
                               hash,
                               "--passphrase-stdin"},
                              std::string(passphrase) + "\n")
                          .exit,
                      0);
        else
            open = id;
    }
    {
        Terminal person(rig, {"approval", "grant", open, "--person", "maria"});
        auto const shown = person.answer({{"privacy_level [", "PUBLIC_TO_EVERYONE"},
                                          {"allow_comment [", "no"},
                                          {"disclosure [", "none"},
                                          {"Passphrase of maria", std::string(passphrase)}});
        EXPECT_EQ(person.exit(), 0) << shown;
        EXPECT_THAT(shown, HasSubstr("Saturday on the market."));
        EXPECT_THAT(shown, HasSubstr("Is this row an advertisement?"));
        EXPECT_THAT(shown, testing::Not(HasSubstr(std::string(passphrase))));
    }

    run_at("2027-03-01T17:00:10.000Z");
    EXPECT_EQ(rig.ledger().at("count").to_number<int>(), 1);
    run_at("2027-03-02T06:30:10.000Z");
    run_at("2027-03-06T08:00:10.000Z");

    EXPECT_THAT(rig.states(), Each(std::string("published")));
    expect_ledger(3);
    auto const newest = rig.ledger().at("posts").as_array().at(2).as_object();
    EXPECT_EQ(newest.at("privacy_level").as_string(), "PUBLIC_TO_EVERYONE");
    EXPECT_TRUE(newest.at("post_info").at("disable_comment").as_bool());
    ClockAt const later("2027-03-06T09:00:00.000Z");
    expect_no_change(script, 3);
}

TEST_F(Examples, LaunchGoesOutInEveryMarketOnTwoEvenings) {
    ClockAt const april("2027-04-30T09:00:00.000Z");
    rig.set_up();
    rig.run({"account", "set", "tiktok:@nova_fr", "--tag", "france"});
    rig.run({"account", "set", "tiktok:@nova_de", "--tag", "germany"});
    auto const script = example("launch", {"teaser-9x16.mp4", "film-9x16.mp4"});
    auto const hash = apply(script);
    EXPECT_THAT(rig.run({"approval", "list", "--state", "pending"}).at("/data/items").as_array(),
                SizeIs(2));
    EXPECT_EQ(grant(hash).exit, 0);

    run_at("2027-05-03T17:10:30.000Z");
    EXPECT_THAT(states_of("nova-launch"),
                Contains(testing::Pair("france-film tiktok:@nova_fr", "scheduled")));
    run_at("2027-05-04T17:10:30.000Z");

    EXPECT_THAT(states_of("nova-launch"),
                UnorderedElementsAre(testing::Pair("france-teaser tiktok:@nova_fr", "published"),
                                     testing::Pair("germany-teaser tiktok:@nova_de", "published"),
                                     testing::Pair("france-film tiktok:@nova_fr", "published"),
                                     testing::Pair("germany-film tiktok:@nova_de", "published")));
    expect_ledger(4);
    ClockAt const later("2027-05-05T09:00:00.000Z");
    expect_no_change(script, 4);
}

TEST_F(Examples, SyndicationReachesBothNetworks) {
    ClockAt const summer("2027-09-01T09:00:00.000Z");
    rig.set_up();
    test::Background sandbox({std::string(POSTRIDER_BUILD_DIR) + "/bin/postrider",
                              "emulator",
                              "sandbox",
                              "--listen",
                              "127.0.0.1:0"});
    auto const ready = json::parse(sandbox.read_line());
    auto const base = std::string(ready.at("listening").as_string());
    rig.run({"app",
             "add",
             "sandbox",
             "second",
             "--key",
             "none",
             "--secret-stdin",
             "--option",
             "api_base=" + base},
            "none\n");
    auto const connected =
        rig.run({"account", "connect", "sandbox", "--token-stdin"},
                json::serialize(ready.at("connect").at("accounts").at(0).at("token")));
    ASSERT_EQ(connected.text("/data/account/name"), "sandbox:@anna");
    auto const script = example("syndication", {"film-9x16.mp4"});
    auto const hash = apply(script);
    EXPECT_EQ(grant(hash).exit, 0);

    EXPECT_THAT(states_of("harvest-film"),
                Contains(testing::Pair("invitation sandbox:@anna", "scheduled")));
    run_at("2027-09-18T16:00:10.000Z");
    run_at("2027-09-18T17:00:10.000Z");

    EXPECT_THAT(rig.states(), testing::ElementsAre("published", "published", "published"));
    expect_ledger(1);
    EXPECT_THAT(std::string(rig.ledger().at("posts").as_array().at(0).at("title").as_string()),
                testing::EndsWith("Bread from last year's wheat. #bread"));
    ClockAt const later("2027-09-18T18:00:00.000Z");
    expect_no_change(script, 3);
}

TEST_F(Examples, BacklogShowsWhatSlipsToTheNextDayAndSendsNothing) {
    ClockAt const march("2027-03-01T09:00:00.000Z");
    rig.set_up();
    auto const script = example("backlog", {"teaser-9x16.mp4"});
    auto const requests = rig.requests().size();

    auto const seen = rig.run({"campaign", "simulate", script});

    EXPECT_EQ(seen.exit, 0) << json::serialize(seen.envelope);
    EXPECT_EQ(seen.at("/data/counts/published").to_number<int>(), 20);
    EXPECT_EQ(seen.at("/data/counts/on_time").to_number<int>(), 15);
    auto const clashes = seen.at("/data/clashes");
    ASSERT_THAT(clashes.as_array(), SizeIs(5));
    for (auto const& clash : clashes.as_array()) {
        EXPECT_EQ(clash.at("kind").as_string(), "late");
        EXPECT_THAT(std::string(clash.at("message").as_string()), HasSubstr("a quota was used up"));
    }
    std::map<std::string, int> peaks;
    auto const buckets = seen.at("/data/buckets");
    for (auto const& bucket : buckets.as_array())
        peaks[std::string(bucket.at("bucket").as_string())] = bucket.at("peak").to_number<int>();
    EXPECT_EQ(peaks["posts_per_day"], 15);
    EXPECT_EQ(peaks["init"], 6);

    auto const folder = fs::path(script).parent_path();
    auto const later = rig.run(
        {"campaign", "simulate", script, "--assume", (folder / "assumptions.json").string()});
    EXPECT_EQ(later.at("/data/counts/published").to_number<int>(), 20);
    EXPECT_GE(later.text("/data/calendar/0/out_at"), "2027-03-01T11:00:00.000Z");

    test::write_file(
        folder / "private.json",
        R"({"accounts":{"tiktok:@acmebakery":{"offered":{"privacy_level":["SELF_ONLY"]}}}})");
    auto const refused =
        rig.run({"campaign", "simulate", script, "--assume", (folder / "private.json").string()});
    EXPECT_EQ(refused.exit, 7) << json::serialize(refused.envelope);
    EXPECT_THAT(refused.at("/error/at").as_array(), SizeIs(20));

    EXPECT_EQ(rig.requests().size(), requests);
    EXPECT_THAT(rig.states(), IsEmpty());
    expect_ledger(0);
}

TEST_F(Examples, BatchOfProductsPublishesWhatIsNewOnly) {
    rig.set_up();
    auto const script = example("batch-products", {"spring-bread.mp4", "croissant.mp4"});
    EXPECT_EQ(grant(apply(script)).exit, 0);
    EXPECT_EQ(rig.run_until_idle().exit, 0);
    expect_ledger(2);

    auto const products = rig.folder() / "batch-products/products.json";
    auto text = test::read_file(products);
    text.replace(text.find("\"publish\": false"), 16, "\"publish\": true");
    test::write_file(products, text);
    fs::copy_file(fs::path(POSTRIDER_SOURCE_DIR) / "examples/media/market.mp4",
                  rig.folder() / "batch-products/market.mp4");
    auto const planned = rig.run({"campaign", "plan", script});
    EXPECT_EQ(planned.at("/data/counts/create").to_number<int>(), 1);
    EXPECT_EQ(planned.at("/data/counts/unchanged").to_number<int>(), 2);
    EXPECT_EQ(grant(apply(script)).exit, 0);
    EXPECT_EQ(rig.run_until_idle().exit, 0);

    expect_ledger(3);
    expect_no_change(script, 3);
}

TEST_F(Examples, AgentSessionRecoversFromARefusalAndNeverApproves) {
    rig.set_up();
    auto const examples = fs::path(POSTRIDER_SOURCE_DIR) / "examples";
    fs::copy_file(examples / "media/spring-bread.mp4", rig.folder() / "spring-bread.mp4");
    // The person: looks at what they are asked, and says yes.
    auto const person = rig.folder() / "maria.sh";
    test::write_file(person,
                     fmt::format("#!/bin/sh\necho '{}' |\n  postrider approval grant \"$1\" "
                                 "--person maria --hash \"$2\" "
                                 "--passphrase-stdin -o none\n",
                                 passphrase));
    fs::permissions(person, fs::perms::owner_all);
    test::Environment const environment = {
        {"PATH", std::string(POSTRIDER_BUILD_DIR) + "/bin:" + ::getenv("PATH")},
        {"POSTRIDER_STORE", (rig.folder() / "state/postrider.db").string()},
        {"POSTRIDER_VAULT_KEY_FILE", (rig.folder() / "state/vault.key").string()},
        {"CI", "1"},
        {"APPROVE", person.string()}};
    auto const session = [&] {
        return test::run_program(
            {"/bin/sh",
             "-c",
             fmt::format("cd '{}' && exec sh '{}' tiktok:@acmebakery spring-bread.mp4 "
                         "'Spring bread is here.' FOLLOWER_OF_CREATOR SELF_ONLY",
                         rig.folder().string(),
                         (examples / "agent/session.sh").string())},
            {},
            environment);
    };

    auto const first = session();
    EXPECT_EQ(first.exit, 0) << first.err;
    EXPECT_THAT(first.out, testing::StartsWith("published sha256:")) << first.err;
    EXPECT_THAT(first.err, HasSubstr("refused: tiktok.privacy_level_not_offered")) << first.err;
    expect_ledger(1);

    // A second session with the same wish is the same post.
    auto const second = session();
    EXPECT_THAT(second.out, testing::StartsWith("published sha256:")) << second.err;
    expect_ledger(1);
    EXPECT_THAT(rig.states(), SizeIs(1));
}

}  // namespace
}  // namespace postrider::end_to_end

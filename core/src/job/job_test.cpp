// States and their moves, the hash and the key, JSON forms of jobs.
#include <postrider/core/job.hpp>
#include <postrider/core/records.hpp>

#include <postrider/catalogue.hpp>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace postrider::core {
namespace {

using S = JobState;

JobSpec example_spec() {
    JobSpec spec;
    spec.campaign = "bakery-spring";
    spec.post_key = "mon-1";
    spec.account = "sandbox:@acmebakery";
    spec.network = "sandbox";
    spec.key = idempotency_key(spec.campaign, spec.post_key, spec.account);
    adapter::MediaFacts media;
    media.path = "/campaigns/bakery/one.mp4";
    media.sha256 = "sha256:" + std::string(64, 'a');
    media.mtime_ns = 17;
    media.alt = "Bread";
    media.title = "One";
    spec.post.media = {media};
    spec.post.caption = "Fresh bread";
    spec.post.title = "Bread";
    spec.post.options = {{"privacy", "everyone"}, {"comments", true}};
    spec.due_at = *parse_rfc3339("2027-03-01T17:00:00.000Z");
    spec.wall = "2027-03-01 18:00";
    spec.zone = "Europe/Paris";
    spec.zone_rule = "later,first";
    spec.not_after = *parse_rfc3339("2027-03-01T21:00:00.000Z");
    spec.catch_up = "all";
    spec.catch_up_within = Milliseconds{3'600'000};
    spec.catch_up_spacing = Milliseconds{60'000};
    spec.blackout = {{{"from", "2027-05-01T00:00:00.000Z"}, {"to", "2027-05-02T00:00:00.000Z"}}};
    spec.hooks = {{"rejected", {{{"notify", "desk"}}}}};
    spec.tags = {"spring"};
    spec.note = "as discussed";
    return spec;
}

// --- states
// ------------------------------------------------------------------------------------------------------------

TEST(JobStates, TheTableIsThatOfTheSurfaces) {
    std::map<S, std::set<S>> const allowed = {
        {S::awaiting_approval, {S::scheduled, S::cancelled}},
        {S::scheduled, {S::running, S::waiting, S::awaiting_approval, S::cancelled}},
        {S::running,
         {S::running,
          S::waiting,
          S::awaiting_approval,
          S::unknown,
          S::published,
          S::handed_off,
          S::rejected,
          S::cancelled}},
        {S::waiting,
         {S::waiting,
          S::running,
          S::scheduled,
          S::awaiting_approval,
          S::unknown,
          S::rejected,
          S::cancelled}},
        {S::unknown,
         {S::unknown, S::waiting, S::scheduled, S::published, S::handed_off, S::rejected}},
        {S::published, {}},
        {S::handed_off, {S::published}},
        {S::rejected, {S::scheduled, S::awaiting_approval}},
        {S::cancelled, {S::scheduled, S::awaiting_approval}},
    };

    for (auto const& [from, from_word] : Words<S>::table)
        for (auto const& [to, to_word] : Words<S>::table)
            EXPECT_EQ(may_become(from, to), allowed.at(from).contains(to))
                << from_word << " to " << to_word;
}

TEST(JobStates, NothingLeavesPublishedAndUnknownIsNotFinal) {
    EXPECT_TRUE(is_final(S::published));
    EXPECT_FALSE(is_final(S::unknown));
    for (auto const& [to, to_word] : Words<S>::table)
        EXPECT_FALSE(may_become(S::published, to)) << to_word;
}

TEST(JobStates, UnknownIsNeverRunAgainNorCancelled) {
    EXPECT_FALSE(may_become(S::unknown, S::running));
    EXPECT_FALSE(may_become(S::unknown, S::cancelled));
    EXPECT_FALSE(may_become(S::unknown, S::awaiting_approval));
}

// --- hash
// --------------------------------------------------------------------------------------------------------------

TEST(JobHash, StaysTheSameWhateverTheOrderOfMembers) {
    auto one = example_spec();
    auto other = example_spec();
    one.post.options = {{"privacy", "everyone"}, {"comments", true}};
    other.post.options = {{"comments", true}, {"privacy", "everyone"}};

    EXPECT_EQ(job_hash(one), job_hash(other));
}

TEST(JobHash, StaysTheSameForWhatIsNeitherSentNorObeyed) {
    std::vector<std::pair<char const*, std::function<void(JobSpec&)>>> const edits = {
        {"path", [](JobSpec& s) { s.post.media[0].path = "/elsewhere/two.mp4"; }},
        {"mtime", [](JobSpec& s) { s.post.media[0].mtime_ns = 99; }},
        {"probed width", [](JobSpec& s) { s.post.media[0].width = 99; }},
        {"instant of a wall time", [](JobSpec& s) { s.due_at += Milliseconds{3'600'000}; }},
        {"findings", [](JobSpec& s) { s.findings.emplace_back(); }},
        {"note", [](JobSpec& s) { s.note = "later"; }},
        {"tags", [](JobSpec& s) { s.tags.clear(); }},
        {"campaign", [](JobSpec& s) { s.campaign = "other"; }},
        {"post key", [](JobSpec& s) { s.post_key = "other"; }},
        {"key", [](JobSpec& s) { s.key = "other"; }},
    };

    auto const hash = job_hash(example_spec());
    for (auto const& [name, edit] : edits) {
        auto spec = example_spec();
        edit(spec);
        EXPECT_EQ(job_hash(spec), hash) << name;
    }
}

TEST(JobHash, ChangesWithEachThingThatIsSentOrObeyed) {
    std::vector<std::pair<char const*, std::function<void(JobSpec&)>>> const edits = {
        {"account", [](JobSpec& s) { s.account = "sandbox:@other"; }},
        {"network", [](JobSpec& s) { s.network = "other"; }},
        {"kind", [](JobSpec& s) { s.post.kind = adapter::PostKind::photo; }},
        {"media bytes", [](JobSpec& s) { s.post.media[0].sha256.back() = 'b'; }},
        {"media address", [](JobSpec& s) { s.post.media[0].url = "https://media.example/a.mp4"; }},
        {"one more file", [](JobSpec& s) { s.post.media.push_back(s.post.media[0]); }},
        {"alt", [](JobSpec& s) { s.post.media[0].alt += "!"; }},
        {"media title", [](JobSpec& s) { s.post.media[0].title += "!"; }},
        {"caption", [](JobSpec& s) { s.post.caption += " "; }},
        {"title", [](JobSpec& s) { s.post.title += "!"; }},
        {"option", [](JobSpec& s) { s.post.options["comments"] = false; }},
        {"open choice", [](JobSpec& s) { s.post.options["privacy"] = {{"ask", true}}; }},
        {"deliver", [](JobSpec& s) { s.post.deliver = adapter::Deliver::inbox; }},
        {"wall time", [](JobSpec& s) { s.wall = "2027-03-01 18:01"; }},
        {"zone", [](JobSpec& s) { s.zone = "Europe/Rome"; }},
        {"zone rule", [](JobSpec& s) { s.zone_rule = ""; }},
        {"as soon as possible", [](JobSpec& s) { s.asap = true; }},
        {"not after", [](JobSpec& s) { s.not_after.reset(); }},
        {"catch-up", [](JobSpec& s) { s.catch_up = "skip"; }},
        {"catch-up within", [](JobSpec& s) { s.catch_up_within += Milliseconds{1}; }},
        {"catch-up spacing", [](JobSpec& s) { s.catch_up_spacing.reset(); }},
        {"blackout", [](JobSpec& s) { s.blackout.clear(); }},
        {"hooks", [](JobSpec& s) { s.hooks.clear(); }},
        {"approval", [](JobSpec& s) { s.approval = "post"; }},
    };

    std::set<std::string> hashes{job_hash(example_spec())};
    for (auto const& [name, edit] : edits) {
        auto spec = example_spec();
        edit(spec);
        EXPECT_TRUE(hashes.insert(job_hash(spec)).second) << name;
    }
}

TEST(JobHash, KeepsAnInstantThatWasGivenAsOne) {
    auto spec = example_spec();
    spec.wall.clear();
    auto const hash = job_hash(spec);

    spec.due_at += Milliseconds{1};

    EXPECT_NE(job_hash(spec), hash);
}

TEST(JobHash, DoesNotCareWhenAsSoonAsPossibleIs) {
    auto spec = example_spec();
    spec.wall.clear();
    spec.asap = true;
    auto const hash = job_hash(spec);

    spec.due_at += Milliseconds{1};

    EXPECT_EQ(job_hash(spec), hash);
}

TEST(JobHash, IsTheSameAfterAWayThroughTheStore) {
    auto const spec = example_spec();
    auto const text = boost::json::serialize(to_json(spec));
    auto const back = job_spec_from_json(boost::json::parse(text).get_object());

    EXPECT_EQ(job_hash(back), job_hash(spec));
    EXPECT_EQ(to_json(back), to_json(spec));
}

TEST(JobHash, CutOfTheApprovalIsNotPartOfThePost) {
    auto one = example_spec();
    auto other = example_spec();
    one.approval = "plan";
    other.approval = "post";
    EXPECT_EQ(job_hash(one), job_hash(other));
}

TEST(IdempotencyKey, NeverMeansTwoPosts) {
    std::set<std::string> keys;
    for (auto const& [campaign, post, account] :
         std::vector<std::tuple<std::string, std::string, std::string>>{
             {"", "a", "x:@y"},
             {"post", "a", "x:@y"},
             {"", "a/x:@y", "z"},
             {"", "a", "x:@y/z"},
             {"a", "b", "c"},
             {"a/b", "", "c"},
             {"", "a%2Fx:@y", "z"},
         })
        EXPECT_TRUE(keys.insert(idempotency_key(campaign, post, account)).second)
            << campaign << ' ' << post << ' ' << account;
}

TEST(IdempotencyKey, IsPlainText) {
    EXPECT_EQ(idempotency_key("spring", "mon-1", "sandbox:@acme"),
              "campaign/spring/mon-1/sandbox:@acme");
    EXPECT_EQ(idempotency_key("", "3f9a1c77", "sandbox:@caf\xC3\xA9"),
              "post/3f9a1c77/sandbox:@caf%C3%A9");
}

// --- JSON
// --------------------------------------------------------------------------------------------------------------

TEST(JobSpecJson, ReadsWhatIsOddWithoutFallingOver) {
    auto const odd = boost::json::parse(R"({"workspace":7,"post":{"kind":"poem","media":[1,{}],
        "options":[],"deliver":null},"due_at":"soon","tags":["a",1],"blackout":{},"catch_up_within_ms":"x",
        "findings":[3]})");

    auto const spec = job_spec_from_json(odd.get_object());

    EXPECT_EQ(spec.workspace, "default");
    EXPECT_EQ(spec.post.kind, adapter::PostKind::video);
    EXPECT_EQ(spec.post.media.size(), 1U);
    EXPECT_EQ(spec.tags, std::vector<std::string>{"a"});
    EXPECT_EQ(spec.catch_up_within, Milliseconds{15 * 60'000});
}

TEST(JobObject, HasExactlyTheMembersOfTheSurfacesInTheirOrder) {
    Job job;
    job.id = "job_1";
    job.spec = example_spec();
    std::vector<std::string> names;
    for (auto const& member : job_object(job)) names.emplace_back(member.key());

    EXPECT_EQ(names,
              (std::vector<std::string>{"id",      "key",       "state",       "outcome",  "final",
                                        "waiting", "revivable", "committed",   "campaign", "post",
                                        "account", "network",   "due_at",      "wall",     "zone",
                                        "plan_id", "job_hash",  "approval_id", "attempt",  "step",
                                        "receipt", "error",     "next_look_ms"}));
}

TEST(JobObject, SaysWhyItWaitsAndWhatIsNotSeenYet) {
    Job job;
    job.spec = example_spec();
    job.state = S::waiting;
    job.waiting = adapter::WaitReason::quota;
    job.wait_owner = Owner::network;
    job.until = job.updated_at + Milliseconds{5000};

    auto const object = job_object(job);

    EXPECT_EQ(boost::json::serialize(object.at("waiting")),
              R"({"reason":"quota","owner":"network","until":"1970-01-01T00:00:05.000Z"})");
    EXPECT_TRUE(object.at("outcome").is_null());
    EXPECT_EQ(object.at("next_look_ms"), boost::json::value(5000));
    EXPECT_EQ(boost::json::serialize(object.at("receipt").at("seen")),
              R"({"remote_ids":null,"link":null,"visibility":null,"at":null})");
}

TEST(JobObject, OutcomeSaysTheSameAsTheState) {
    Job job;
    job.state = S::unknown;
    EXPECT_EQ(job_object(job).at("outcome"), boost::json::value("unknown"));
    EXPECT_EQ(job_object(job).at("final"), boost::json::value(false));
    job.state = S::handed_off;
    EXPECT_EQ(job_object(job).at("outcome"), boost::json::value("handed_off"));
    EXPECT_EQ(job_object(job).at("final"), boost::json::value(true));
}

TEST(RecordsJson, HoldsNoSecretOfAnApp) {
    App app;
    app.name = "main";
    app.sealed_secret = "sealed-bytes";
    EXPECT_EQ(boost::json::serialize(to_json(app)).find("sealed"), std::string::npos);
}

}  // namespace
}  // namespace postrider::core

// The difference, the plan's hash, and what is checked before a job may be planned.
#include "plan/plan_fixture.hpp"

#include <algorithm>
#include <map>

namespace postrider::core {
namespace {

using Action = PlanAction;
class Difference : public PlanTest {};

TEST_F(Difference, CreatesWhatIsNotThere) {
    auto const made = plan({spec("a"), spec("a", "small:@bob")});

    ASSERT_TRUE(made);
    EXPECT_EQ(made->counts().at("create"), 2);
    EXPECT_EQ(made->jobs[0].hash, job_hash(made->jobs[0].spec));
    EXPECT_EQ(made->jobs[0].spec.account, "small:@ada");
}

TEST_F(Difference, ChangesWhatDiffersAndNamesTheFields) {
    plan_and_apply({spec("a")});
    auto changed = spec("a");
    changed.post.caption = "bye";
    changed.post.options["cover"] = "1";

    auto const made = plan({changed});

    ASSERT_TRUE(made);
    EXPECT_EQ(made->jobs[0].action, Action::change);
    EXPECT_EQ(made->jobs[0].differs, (std::vector<std::string>{"caption", "options.cover"}));
    EXPECT_EQ(made->jobs[0].prior_hash, job("a").hash);
}

TEST_F(Difference, CancelsWhatTheCampaignNoLongerHas) {
    plan_and_apply({spec("a"), spec("b")});

    auto const made = plan({spec("a")});

    ASSERT_TRUE(made);
    EXPECT_EQ(made->counts(),
              (std::map<std::string, int>{
                  {"create", 0}, {"change", 0}, {"cancel", 1}, {"unchanged", 1}}));
}

TEST_F(Difference, LeavesOutWhatOnlyDoesNotName) {
    plan_and_apply({spec("a"), spec("b")});
    auto changed = spec("a");
    changed.post.caption = "bye";

    auto const made = plan({changed, spec("c")}, {"c"});

    ASSERT_TRUE(made);
    ASSERT_EQ(made->jobs.size(), 1U);
    EXPECT_EQ(made->jobs[0].action, Action::create);
}

TEST_F(Difference, PublishedIsFrozenWhateverTheScriptSays) {
    plan_and_apply({spec("a"), spec("b")});
    publish("a");
    publish("b");
    auto changed = spec("a");
    changed.post.caption = "bye";

    auto const made = plan({changed});

    ASSERT_TRUE(made);
    ASSERT_EQ(made->jobs.size(), 1U);
    EXPECT_EQ(made->jobs[0].action, Action::unchanged);
    EXPECT_TRUE(made->jobs[0].frozen);
    EXPECT_EQ(made->jobs[0].differs, std::vector<std::string>{"caption"});
    ASSERT_EQ(made->jobs[0].findings.size(), 1U);
    EXPECT_EQ(made->jobs[0].findings[0].level, Finding::Level::warning);
    EXPECT_EQ(made->hash, plan_hash({}));
}

TEST_F(Difference, UnknownIsNeverTouched) {
    plan_and_apply({spec("a"), spec("b")});
    for (char const* key : {"a", "b"}) {
        auto doubtful = job(key);
        doubtful.state = JobState::unknown;
        doubtful.committed = true;
        force(doubtful);
    }
    auto changed = spec("a");
    changed.post.caption = "bye";

    auto const made = plan({changed});

    ASSERT_TRUE(made);
    ASSERT_EQ(made->jobs.size(), 1U);
    EXPECT_EQ(made->jobs[0].action, Action::unchanged);
    EXPECT_TRUE(made->jobs[0].frozen);
}

TEST_F(Difference, CommittedIsFrozenUntilTheCommitIsKnownToHaveDoneNothing) {
    plan_and_apply({spec("a")});
    auto sent = job("a");
    sent.state = JobState::waiting;
    sent.waiting = adapter::WaitReason::network;
    sent.committed = true;
    sent.intent.emplace();
    force(sent);
    auto changed = spec("a");
    changed.post.caption = "bye";
    EXPECT_TRUE(plan({changed})->jobs[0].frozen);

    sent.intent->outcome = "refused";
    force(sent);

    EXPECT_EQ(plan({changed})->jobs[0].action, Action::change);
}

TEST_F(Difference, RejectedNeedsAChange) {
    plan_and_apply({spec("a")});
    auto rejected = job("a");
    rejected.state = JobState::rejected;
    rejected.next_at.reset();
    force(rejected);
    EXPECT_EQ(plan({spec("a")})->jobs[0].action, Action::unchanged);
    auto changed = spec("a");
    changed.post.caption = "bye";

    EXPECT_EQ(plan({changed})->jobs[0].action, Action::change);
}

TEST_F(Difference, HashIsThatOfTheContentAndNotOfTheDayItIsMade) {
    auto const one = plan({spec("a"), spec("b")});
    now += Milliseconds{60'000};
    auto const other = plan({spec("b"), spec("a")});

    EXPECT_EQ(one->hash, other->hash);
    EXPECT_NE(one->hash, plan({spec("a")})->hash);
}

TEST_F(Difference, JobsThatMoveOnByThemselvesAreTheSamePlan) {
    plan_and_apply({spec("a")});
    auto changed = spec("a");
    changed.post.caption = "bye";
    auto const before = plan({changed});
    auto moved = job("a");
    moved.state = JobState::waiting;
    moved.waiting = adapter::WaitReason::rate;
    force(moved);

    EXPECT_EQ(plan({changed})->hash, before->hash);
    EXPECT_TRUE(apply(*before));
}

TEST_F(Difference, PlanReadsBackAsItWas) {
    auto const made = plan({asking("a"), spec("b")});
    auto const back = plan_from_json(to_json(*made));
    EXPECT_EQ(to_json(back), to_json(*made));
}

TEST_F(Difference, ReservesTheQuotaOfEachAccount) {
    auto const made = plan({spec("a"), spec("b"), spec("a", "small:@bob")});
    ASSERT_EQ(made->reserves.size(), 2U) << boost::json::serialize(made->reserves);
    EXPECT_EQ(made->reserves.begin()->value(), boost::json::value(2));
}

// --- checks
// ------------------------------------------------------------------------------------------------------------

class Check : public PlanTest {
 protected:
    std::vector<std::string> codes(JobSpec wanted) {
        auto const made = plan({std::move(wanted)});
        EXPECT_TRUE(made);
        std::vector<std::string> codes;
        for (auto const& finding : made->jobs[0].findings)
            codes.push_back((finding.level == Finding::Level::warning ? "warning " : "") +
                            finding.code);
        return codes;
    }
    using Codes = std::vector<std::string>;
};

TEST_F(Check, GoodOneHasNoFindings) {
    EXPECT_EQ(codes(spec("a")), Codes{});
}

TEST_F(Check, CaptionTooLongNamesNumberLimitAndUnit) {
    auto wanted = spec("a");
    wanted.post.caption = "twenty-one letters!!!";
    auto const made = plan({wanted});

    ASSERT_EQ(made->errors().size(), 1U);
    auto const finding = made->errors()[0];
    EXPECT_EQ(finding.code, "caption.too_long");
    EXPECT_EQ(finding.path, "/caption");
    EXPECT_EQ(finding.got, boost::json::value(21));
    EXPECT_EQ(finding.allowed, (boost::json::array{20}));
    EXPECT_NE(finding.message.find("utf16"), std::string::npos);
}

TEST_F(Check, LinkCountsAsTheNetworkCountsIt) {
    auto wanted = spec("a");
    wanted.post.caption = "see https://a-very-long-name.example/and/path now";
    EXPECT_EQ(codes(wanted), Codes{});
}

TEST_F(Check, TextThatIsNeededIsMissing) {
    auto wanted = spec("a");
    wanted.post.caption.clear();
    EXPECT_EQ(codes(wanted), Codes{"caption.missing"});
}

TEST_F(Check, TitleThatTheNetworkHasNotIsToldNotDropped) {
    auto wanted = spec("a");
    wanted.post.title = "Title";
    EXPECT_EQ(codes(wanted), Codes{"warning option.not_allowed"});
}

TEST_F(Check, KindAndDeliveryMustBeTheNetworks) {
    auto wanted = spec("a");
    wanted.post.kind = adapter::PostKind::photo;
    wanted.post.deliver = adapter::Deliver::direct_or_inbox;
    EXPECT_EQ(codes(wanted), (Codes{"media.unsupported", "option.not_allowed"}));
}

TEST_F(Check, AdapterHasItsSayAndOptionsAreChecked) {
    auto wanted = spec("a");
    wanted.post.caption = "forbidden";
    wanted.post.options = {{"privcy", "friends"}, {"paid", false}};
    EXPECT_EQ(codes(wanted), (Codes{"option.unknown", "script.choice_missing", "small.forbidden"}));
}

TEST_F(Check, PastTimeIsAnErrorAndWithinCatchUpAWarning) {
    auto wanted = spec("a");
    wanted.due_at = now - Milliseconds{10 * 60'000};
    EXPECT_EQ(codes(wanted), Codes{"warning schedule.past"});
    wanted.due_at = now - Milliseconds{16 * 60'000};
    EXPECT_EQ(codes(wanted), Codes{"schedule.past"});
    auto const message = plan({wanted})->errors()[0].message;
    EXPECT_NE(message.find("2027-03-01T11:44:00.000Z"), std::string::npos) << message;
    EXPECT_NE(message.find("2027-03-01T12:00:00.000Z"), std::string::npos) << message;
}

TEST_F(Check, PastTimeOfAnUnchangedJobIsNoFinding) {
    plan_and_apply({spec("a")});
    now += Milliseconds{72 * 3'600'000};
    EXPECT_EQ(codes(spec("a")), Codes{});
}

TEST_F(Check, LastMomentMustNotBeBeforeTheTime) {
    auto wanted = spec("a");
    wanted.not_after = wanted.due_at - Milliseconds{1};
    EXPECT_EQ(codes(wanted), Codes{"schedule.impossible"});
    wanted.asap = true;
    wanted.not_after = now - Milliseconds{1};
    EXPECT_EQ(codes(wanted), Codes{"schedule.past"});
}

TEST_F(Check, UnknownAccountAndNetworkAreToldForEachJob) {
    EXPECT_EQ(codes(spec("a", "small:@nobody")), Codes{"script.unknown_account"});
    auto elsewhere = spec("a", "other:@nobody");
    elsewhere.network = "other";
    EXPECT_EQ(codes(elsewhere), (Codes{"script.unknown_network", "script.unknown_account"}));
}

TEST_F(Check, PlanWithAnErrorIsNotStored) {
    auto wanted = spec("a");
    wanted.post.caption.clear();

    auto const made = plan({wanted, spec("a"), spec("b")});

    ASSERT_TRUE(made);
    EXPECT_TRUE(made->hash.empty());
    EXPECT_EQ(made->errors().size(), 2U);  // the text, and the key that stands twice
    EXPECT_TRUE(tables.rows.plans.empty());
}

TEST_F(Check, PausedAccountIsAWarning) {
    ASSERT_TRUE(pause_account(tables, "small:@ada", true, "holiday", now));
    EXPECT_EQ(codes(spec("a")), Codes{"warning account.paused"});
}

TEST_F(Check, KeyOfASinglePostIsUsedForOneContent) {
    auto const made = plan_single(spec("k"));
    ASSERT_TRUE(made);
    ASSERT_TRUE(apply(*made));
    auto const again = plan_single(spec("k"));
    ASSERT_TRUE(again);
    EXPECT_EQ(again->jobs[0].action, Action::unchanged);
    auto changed = spec("k");
    changed.post.caption = "bye";

    auto const reused = plan_single(changed);

    ASSERT_FALSE(reused);
    EXPECT_EQ(reused.error().code(), "conflict.key_reused");
}

TEST_F(Check, WordsToBeSeenFollowTheChoices) {
    auto wanted = spec("a");
    auto const few = consent_words(small.descriptor(), wanted);
    wanted.post.options = {{"privacy", "everyone"}, {"paid", true}};
    auto const more = consent_words(small.descriptor(), wanted);

    EXPECT_EQ(few.size(), 2U);
    ASSERT_EQ(more.size(), 4U);
    EXPECT_EQ(more[1].at("text"), boost::json::value("It is paid for."));
    EXPECT_EQ(more[2].at("text"), boost::json::value("Anyone can see it."));
    for (auto const& seen : more)
        EXPECT_TRUE(std::string_view(seen.at("sha256").get_string()).starts_with("sha256:"));
}

}  // namespace
}  // namespace postrider::core

// Forms for people: what a job, a step and the records beside them look like from outside, and the
// words of notices.
#include <postrider/catalogue.hpp>
#include <postrider/core/canonical_json.hpp>
#include <postrider/core/hooks.hpp>
#include <postrider/core/ids.hpp>
#include <postrider/core/job.hpp>
#include <postrider/core/random.hpp>
#include <postrider/core/records.hpp>
#include <postrider/test/faulty_store.hpp>
#include <postrider/test/memory_tables.hpp>

#include <gtest/gtest.h>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <sys/wait.h>
#include <unistd.h>

namespace postrider::core {
namespace {

namespace json = boost::json;
using S = JobState;

constexpr Instant noon{Milliseconds{1'800'000'000'000}};

json::value next_look(Job const& job) {
    return job_object(job).at("next_look_ms");
}

TEST(Forms, AReaderIsToldWhenToLookAgain) {
    Job job;
    job.updated_at = noon;
    job.state = S::awaiting_approval;
    EXPECT_EQ(next_look(job), json::value(10'000));
    job.state = S::running;
    EXPECT_EQ(next_look(job), json::value(2'000));
    job.state = S::scheduled;
    EXPECT_EQ(next_look(job), json::value(60'000));
    job.next_at = noon + Milliseconds{30'000};
    EXPECT_EQ(next_look(job), json::value(30'000));
    job.next_at = noon + Milliseconds{3'600'000};
    EXPECT_EQ(next_look(job), json::value(60'000));
    job.next_at = noon - Milliseconds{5};
    EXPECT_EQ(next_look(job), json::value(1'000));
    job.state = S::published;
    EXPECT_TRUE(next_look(job).is_null());
}

TEST(Forms, WhatWaitsForNoReasonIsNotSaidToWait) {
    Job job;
    job.state = S::waiting;
    EXPECT_TRUE(job_object(job).at("waiting").is_null());
    EXPECT_FALSE(job_event(job).contains("reason"));
    job.waiting = adapter::WaitReason::rate;
    EXPECT_EQ(job_object(job).at("waiting").at("reason"), json::value("rate"));
    EXPECT_EQ(job_event(job).at("reason"), json::value("rate"));
}

TEST(Forms, OfAReceiptWhatIsEmptyHasNotBeenSeen) {
    Job job;
    job.receipt.seen = {{"remote_ids", json::array{}}, {"link", ""}, {"visibility", "everyone"}};
    auto const empty = job_object(job).at("receipt").at("seen");
    EXPECT_EQ(json::serialize(empty),
              R"({"remote_ids":null,"link":null,"visibility":"everyone","at":null})");
    job.receipt.seen["remote_ids"] = json::array{"7"};
    job.receipt.seen["link"] = "http://fake.invalid/7";
    EXPECT_EQ(json::serialize(job_object(job).at("receipt").at("seen")),
              R"({"remote_ids":["7"],"link":"http://fake.invalid/7","visibility":"everyone",)"
              R"("at":null})");
}

TEST(Forms, AJobShowsItsError) {
    Job job;
    EXPECT_TRUE(job_object(job).at("error").is_null());
    job.error = make_error("network.moderation");
    EXPECT_EQ(job_object(job).at("error").at("code"), json::value("network.moderation"));
}

TEST(Forms, AStepShowsAStatusOnlyWhereThereWasAnAnswer) {
    StepRecord step;
    step.seq = 3;
    step.job_id = "job_1";
    step.attempt = 1;
    step.step = "create";
    step.effect = adapter::Effect::prepare;
    step.verdict = adapter::Verdict::no_reply;
    step.started_at = noon;
    step.duration = Milliseconds{250};
    EXPECT_EQ(json::serialize(to_json(step)),
              R"({"seq":3,"job_id":"job_1","attempt":1,"step":"create","effect":"prepare",)"
              R"("verdict":"no_reply","http_status":null,"started_at":"2027-01-15T08:00:00.000Z",)"
              R"("duration_ms":250,"note":null})");
    step.verdict = adapter::Verdict::replied;
    step.http_status = 429;
    EXPECT_EQ(to_json(step).at("http_status"), json::value(429));
}

TEST(Forms, AnAccountShowsItsFactsOnceTheyAreKnown) {
    Account account;
    account.name = "alpha:@ann";
    account.tags = {"shop"};
    EXPECT_TRUE(to_json(account).at("facts").is_null());
    account.facts["handle"] = "@ann";
    EXPECT_EQ(to_json(account).at("facts").at("handle"), json::value("@ann"));
    EXPECT_EQ(json::serialize(to_json(account).at("tags")), R"(["shop"])");
}

TEST(Forms, AnApprovalsBodyAddsToItsHeadAndHidesNoneOfIt) {
    Approval approval;
    approval.id = "apr_1";
    approval.state = "granted";
    approval.body = {{"state", "forged"}, {"how", "terminal"}};
    auto const object = to_json(approval);
    EXPECT_EQ(object.at("state"), json::value("granted"));
    EXPECT_EQ(object.at("how"), json::value("terminal"));
    EXPECT_TRUE(object.at("decided_at").is_null());
}

TEST(Forms, AnEventSaysWhatWhenAndWhere) {
    Event event;
    event.seq = 7;
    event.id = "evt_1";
    event.type = "job.published";
    event.at = noon;
    event.data["job"] = "job_1";
    EXPECT_EQ(json::serialize(to_json(event)),
              R"({"id":"evt_1","seq":7,"type":"job.published","at":"2027-01-15T08:00:00.000Z",)"
              R"("workspace":"default","data":{"job":"job_1"}})");
}

// --- hooks

TEST(Notices, EachNameStandsForItsValueAndOthersForNothing) {
    Job job;
    job.spec.campaign = "spring";
    job.spec.post_key = "mon-1";
    job.spec.account = "alpha:@ann";
    job.state = S::rejected;
    EXPECT_EQ(notice_text("{campaign}/{post}/{account}/{state}/{link}/{nonsense}/{code}", job),
              "spring/mon-1/alpha:@ann/rejected///");
    job.error = make_error("network.moderation", "No bread.");
    EXPECT_EQ(notice_text("{code} {owner}: {message}{nonsense}", job),
              "network.moderation creator: No bread.");
}

TEST(Notices, BracesThatMeanNothingStayAsTheyAre) {
    Job const job;
    EXPECT_EQ(notice_text("a } b {", job), "a } b {");
    EXPECT_EQ(notice_text("{{post}}", job), "{post}");
    EXPECT_EQ(notice_text("{post", job), "{post");
    EXPECT_EQ(notice_text("}", job), "}");
}

TEST(Notices, WhatIsNoActionRaisesNone) {
    test::MemoryTables tables;
    Job job;
    job.id = "job_1";
    job.state = S::published;
    json::object action;
    action["action"] = "hold";
    job.spec.hooks["published"] = json::array{7, "notify", action};
    ASSERT_TRUE(announce_state(tables, job, noon));
    EXPECT_EQ(tables.rows.hook_runs.size(), 1U);
    EXPECT_EQ(tables.rows.events.size(), 1U);
}

TEST(Notices, AreRaisedWithTheStateOrNotAtAll) {
    test::MemoryStore inner;
    test::FaultyStore store(inner);
    Job job;
    job.id = "job_1";
    job.state = S::published;
    json::object action;
    action["action"] = "hold";
    job.spec.hooks["published"] = json::array{action, action};
    auto const announce = [&](Tables& tables) { return announce_state(tables, job, noon); };
    int failures = 0;
    for (store.fail_operation(1); !store.write(announce); store.fail_operation(failures + 1)) {
        ++failures;
        EXPECT_TRUE(inner.tables().rows.events.empty());
        EXPECT_TRUE(inner.tables().rows.hook_runs.empty());
    }
    EXPECT_EQ(failures, 4);  // the event, two hooks, and the end of the transaction
    EXPECT_EQ(inner.tables().rows.hook_runs.size(), 2U);
}

// --- ids, numbers, findings

TEST(Ids, AreNotTakenForThoseOfAnotherKind) {
    EXPECT_FALSE(is_id("job-01KAH6M4ZQ8V3R2T5W7X9Y0B1C", "job"));
    EXPECT_FALSE(is_id("jab_01KAH6M4ZQ8V3R2T5W7X9Y0B1C", "job"));
}

TEST(CanonicalJson, EscapesControlCharactersInTheirShortForm) {
    EXPECT_EQ(canonical_json(json::value("\b\t\n\f\r\"\\\x01")), R"("\b\t\n\f\r\"\\\u0001")");
}

// Numbers below the uneven rest are drawn again: none is favoured.
TEST(Random, DrawsAgainWhatDoesNotDivideEvenly) {
    class Fixed final : public Random {
     public:
        std::uint64_t next() override { return numbers.at(drawn++); }
        std::vector<std::uint64_t> numbers{0, 1, 7};
        std::size_t drawn = 0;
    };
    Fixed fixed;
    // 2^64 leaves 1 when it is divided by 3.
    EXPECT_EQ(fixed.below(3), 1U);
    EXPECT_EQ(fixed.drawn, 2U);
    EXPECT_EQ(fixed.below(3), 1U);
    EXPECT_EQ(fixed.drawn, 3U);
}

TEST(Random, AChildDrawsNumbersOfItsOwn) {
    SystemRandom random;
    (void)random.next();
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    auto const child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        auto const drawn = random.next();
        bool const told = ::write(ends[1], &drawn, sizeof drawn) == sizeof drawn;
        std::exit(told ? 0 : 1);
    }
    std::uint64_t theirs = 0;
    ASSERT_EQ(::read(ends[0], &theirs, sizeof theirs), static_cast<ssize_t>(sizeof theirs));
    EXPECT_NE(random.next(), theirs);
    int status = 0;
    waitpid(child, &status, 0);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    close(ends[0]);
    close(ends[1]);
}

TEST(Findings, KeepTheirLevelAndWhatWasGot) {
    JobSpec spec;
    Finding error;
    error.code = "media.unsupported";
    error.got = "one.bmp";
    error.allowed = {"mp4"};
    Finding warning;
    warning.level = Finding::Level::warning;
    spec.findings = {error, warning};
    auto const back = job_spec_from_json(to_json(spec)).findings;
    ASSERT_EQ(back.size(), 2U);
    EXPECT_EQ(back[0].level, Finding::Level::error);
    EXPECT_EQ(back[0].got, json::value("one.bmp"));
    EXPECT_EQ(back[0].allowed, error.allowed);
    EXPECT_EQ(back[1].level, Finding::Level::warning);
}

}  // namespace
}  // namespace postrider::core

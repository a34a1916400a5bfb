// What people complained about in other publishers to TikTok, each as a test of this adapter's own
// part in it. The threads are named above each; core/src/run/complaints_test.cpp has the engine's
// part.
#include "test_kit.hpp"

namespace postrider::tiktok::test {
namespace {

HttpReply status_reply(std::string_view data) {
    return HttpReply(200,
                     "{\"data\":{" + std::string{data} +
                         "},\"error\":{\"code\":\"ok\",\"message\":\"\",\"log_id\":\"1\"}}");
}

bool begins_anew(Action const& action) {
    auto const* send = std::get_if<Send>(&action);
    return send && send->step != step::status;
}

// AiToEarn 586, TryPost PR 281: the publish_id is durable before a byte is uploaded.
TEST(Complaints, ThePublishIdIsSavedBeforeTheUpload) {
    auto const story = visit(new_job(), [](Send const& send) {
        if (send.step == step::creator_info) return recorded("creator_info/public_account");
        if (send.step == step::init) return recorded("init/file_upload");
        return HttpReply(500, "");
    });

    ASSERT_GE(story.order.size(), 4U);
    EXPECT_EQ(story.order[1], step::init);
    EXPECT_EQ(story.order[2], "save");
    EXPECT_EQ(story.order[3], step::upload_last_chunk);  // all of it in one
    EXPECT_EQ(story.saves.front().publish_id, publish_id);
}

// AiToEarn 586: an init whose answer is lost or unreadable is not made again where it alone
// publishes.
TEST(Complaints, AnAmbiguousInitThatPublishesIsNeverRepeated) {
    auto job = pull_job();
    job.now = at(0s);
    for (auto const* answer : {"init/gateway_page", "init/truncated", "init/without_publish_id"}) {
        auto const action = next(job, reply(step::pull_init, answer));
        EXPECT_TRUE(std::holds_alternative<Doubt>(action)) << answer;
    }
    // And after the crash that came before the answer was kept.
    job.intent = blind_intent();
    for (auto const later : {1min, 1h + 0min, 24h + 0min, 100h + 0min}) {
        job.now = at(later);
        EXPECT_FALSE(std::holds_alternative<Send>(reconcile(job, Begin{})));
        EXPECT_FALSE(std::holds_alternative<Resume>(reconcile(job, Begin{})));
    }
}

// AiToEarn 586: several public ids for one publish_id are all kept, for whoever looks into it.
TEST(Complaints, EveryPostIdOfOnePublishIsKept) {
    auto const ended =
        as<Finish>(next(job_in(processing()), reply(step::status, "status/complete_several")));

    EXPECT_GE(ended.receipt.remote_ids.size(), 2U);
}

// Postiz PR 1682, PR 1741: the token ended while the status was polled; the re-run made a second
// init. Here the same publish_id is asked for, however often that happens.
TEST(Complaints, AnExpiredTokenDuringPollingNeverLeadsToASecondInit) {
    auto job = job_in(processing());
    for (int again = 0; again < 5; ++again) {
        auto const failed = as<Fail>(next(job, reply(step::status, "status/access_token_invalid")));
        EXPECT_EQ(failed.error.code(), "account.token_expired");
        EXPECT_FALSE(failed.state) << "a state would be a new beginning";

        job.attempt += 1;
        auto const send = as<Send>(next(job, Begin{}));
        EXPECT_EQ(send.step, step::status);
        EXPECT_EQ(body_of(send).at("publish_id").as_string(), publish_id);
    }
}

// The same with every other failure of a status call that is no verdict (Postiz PR 1813).
TEST(Complaints, NoFailedLookLeadsToASecondInit) {
    auto const job = job_in(processing());
    for (auto const* answer : {"status/internal_error",
                               "status/rate_limit_exceeded",
                               "status/gateway_page",
                               "status/without_status",
                               "status/unknown_word",
                               "status/scope_not_authorized"}) {
        auto const action = next(job, reply(step::status, answer));
        EXPECT_FALSE(begins_anew(action)) << answer;
        auto const* failed = std::get_if<Fail>(&action);
        EXPECT_FALSE(failed && failed->state) << answer;
        EXPECT_FALSE(std::holds_alternative<Finish>(action)) << answer;
    }
    EXPECT_EQ(as<Send>(next(job, Begin{})).step, step::status);
}

// Postiz PR 1883: "processing" for the whole poll of 30 minutes, and for days after it, with a
// publish_id that never ends in either way.
TEST(Complaints, ProcessingWithoutEndIsWatchedForDaysAndNeverSentAgain) {
    auto job = job_in(processing());
    Milliseconds longest{0};
    bool doubted = false;
    for (auto age = 1min + 0s; age < 72h; age += 10min) {
        job.now = at(age);
        auto const action =
            next(job, reply(step::status, status_reply(R"("status":"PROCESSING_DOWNLOAD")")));
        ASSERT_FALSE(begins_anew(action)) << to_duration_text(age);
        ASSERT_FALSE(std::holds_alternative<Finish>(action)) << to_duration_text(age);
        ASSERT_FALSE(std::holds_alternative<Fail>(action)) << to_duration_text(age);
        if (auto const* wait = std::get_if<Wait>(&action)) {
            EXPECT_FALSE(doubted) << "doubt does not go away by itself";
            longest = std::max(longest, wait->delay);
        }
        doubted = doubted || std::holds_alternative<Doubt>(action);
    }
    EXPECT_LE(longest, 30min);
    EXPECT_TRUE(doubted) << "a person is told in the end";
}

// The same thread: TikTok may say why while it still says "processing". That is no end of the post.
TEST(Complaints, AReasonBesideProcessingEndsNothing) {
    auto const action = next(
        job_in(processing()),
        reply(
            step::status,
            status_reply(
                R"("status":"PROCESSING_UPLOAD","fail_reason":"spam_risk","uploaded_bytes":50000123)")));

    EXPECT_TRUE(std::holds_alternative<Wait>(action));
}

// TryPost PR 281: success is PUBLISH_COMPLETE and nothing else; a confirmed FAILED alone allows a
// new init.
TEST(Complaints, OnlyItsWordIsSuccessAndOnlyFailedAllowsANewInit) {
    for (auto const* word : {"PUBLISH_COMPLETED", "COMPLETE", "publish_complete", "OK", ""}) {
        auto const action =
            next(job_in(processing()),
                 reply(step::status, status_reply("\"status\":\"" + std::string{word} + "\"")));
        EXPECT_FALSE(std::holds_alternative<Finish>(action)) << word;
    }
    auto const failed =
        as<Fail>(next(job_in(processing()), reply(step::status, "status/failed_internal")));
    ASSERT_TRUE(failed.state);
    auto const after = read_state(*failed.state);
    EXPECT_TRUE(after.publish_id.empty());
    EXPECT_EQ(after.phase, Phase::fresh);
}

// Postiz PR 1681 (there at another network): a refusal that comes with the commit is believed only
// where it is one.
TEST(Complaints, TheLastBytesAreDoubtWhateverTheirHostSays) {
    auto job = job_in(last_chunk());
    job.intent = last_chunk_intent();
    for (int const code : {400, 403, 404, 408, 409, 416, 429, 500, 503}) {
        auto const action = next(job, reply(step::upload_last_chunk, HttpReply(code, "")));
        EXPECT_TRUE(std::holds_alternative<Doubt>(action)) << code;
    }
}

}  // namespace
}  // namespace postrider::tiktok::test

// Looking after a commit whose outcome is not known: proofs, and what proves nothing.
#include "test_kit.hpp"

namespace postrider::tiktok::test {

namespace {

JobView doubtful(State const& state, Instant now = at(2min)) {
    auto job = job_in(state, now);
    job.intent = last_chunk_intent();
    return job;
}

Action reconciled(State const& state, std::string_view name, Instant now = at(2min)) {
    return reconcile(doubtful(state, now), reply(step::status, name));
}

HttpReply uploaded(std::uint64_t bytes) {
    return {200,
            R"({"data":{"status":"PROCESSING_UPLOAD","uploaded_bytes":)" + std::to_string(bytes) +
                R"(},"error":{"code":"ok"}})"};
}

}  // namespace

TEST(Reconcile, AsksForTheStoredHandle) {
    auto const send = as<Send>(reconcile(doubtful(last_chunk()), Begin{}));

    EXPECT_EQ(send.step, step::status);
    EXPECT_EQ(body_of(send).at("publish_id").as_string(), publish_id);
}

TEST(Reconcile, AsksForTheHandleOfTheIntentWhenTheStateHasNone) {
    auto const send = as<Send>(reconcile(doubtful(State{}), Begin{}));

    EXPECT_EQ(body_of(send).at("publish_id").as_string(), publish_id);
}

TEST(Reconcile, NeverSendsAnythingButALook) {
    std::vector<Answer> answers{Begin{}, Saved{}};
    for (auto const* name : {"status/uploading",
                             "status/all_uploaded",
                             "status/processing_without_count",
                             "status/downloading",
                             "status/unknown_word",
                             "status/complete_list",
                             "status/complete_without_id",
                             "status/in_inbox",
                             "status/failed_internal",
                             "status/failed_unknown",
                             "status/without_status",
                             "status/invalid_publish_id",
                             "status/access_token_invalid",
                             "status/scope_not_authorized",
                             "status/rate_limit_exceeded",
                             "status/internal_error",
                             "status/gateway_page",
                             "init/truncated"})
        answers.push_back(reply(step::status, name));
    auto posted = processing();
    posted.phase = Phase::posted;
    for (auto const& state : {State{}, uploading(), last_chunk(), processing(), posted})
        for (auto const now : {at(2min), at(56min), at(80min), at(25h), at(80h)})
            for (auto const& answer : answers)
                for (auto const& intent : {std::optional<Intent>{},
                                           std::optional{last_chunk_intent()},
                                           std::optional{blind_intent()}}) {
                    auto job = job_in(state, now);
                    job.intent = intent;
                    auto const action = reconcile(job, answer);
                    if (auto const* send = std::get_if<Send>(&action)) {
                        EXPECT_EQ(send->effect, Effect::look);
                    }
                }
}

TEST(Reconcile, F4FindsThePostPublishedHandedOffOrFailed) {
    EXPECT_EQ(
        as<Finish>(reconciled(last_chunk(), "status/complete_list")).receipt.remote_ids.size(), 1U);
    EXPECT_TRUE(as<Finish>(reconciled(last_chunk(), "status/in_inbox")).handed_off);
    auto const failed = as<Fail>(reconciled(last_chunk(), "status/failed_internal"));
    EXPECT_EQ(failed.error.code(), "tiktok.internal");
    ASSERT_TRUE(failed.state);
    EXPECT_TRUE(read_state(*failed.state).publish_id.empty());
}

TEST(Reconcile, F4SendsTheSameRangeToTheSameUploadWhenBytesAreMissing) {
    auto const back =
        as<Resume>(reconcile(doubtful(last_chunk()), reply(step::status, uploaded(40'000'000))));

    EXPECT_FALSE(back.took_effect);
    EXPECT_FALSE(back.evidence.empty());
    auto const state = read_state(back.state);
    EXPECT_EQ(state.publish_id, publish_id);
    EXPECT_EQ(state.upload_url, upload_url);
    EXPECT_EQ(state.offset, 40'000'000U);
    // next() looks once more and then sends the last chunk of the same handle.
    auto const job = job_in(state);
    EXPECT_EQ(as<Send>(next(job, Begin{})).step, step::status);
    auto const send = as<Send>(next(job, reply(step::status, uploaded(40'000'000))));
    EXPECT_EQ(send.step, step::upload_last_chunk);
    EXPECT_EQ(send.handle, publish_id);
}

TEST(Reconcile, F4AllBytesThereMeansThatItIsBeingPublished) {
    auto const back = as<Resume>(reconciled(last_chunk(), "status/all_uploaded"));

    EXPECT_TRUE(back.took_effect);
    EXPECT_EQ(read_state(back.state).phase, Phase::processing);
}

TEST(Reconcile, ACountThatIsNotToldIsWaitedForAndThenTheSameRangeIsOfferedAgain) {
    auto const offset = last_chunk().offset;
    auto state = last_chunk();
    for (int look = 1; look < 3; ++look) {
        auto const kept = as<Save>(reconciled(state, "status/processing_without_count"));
        state = read_state(kept.state);
        EXPECT_EQ(state.uncounted, look);
        EXPECT_TRUE(std::holds_alternative<Wait>(reconcile(doubtful(state), Saved{})));
        EXPECT_EQ(as<Send>(reconcile(doubtful(state), Begin{})).step, step::status);
    }

    auto const back = as<Resume>(reconciled(state, "status/processing_without_count"));

    EXPECT_FALSE(back.took_effect);
    state = read_state(back.state);
    EXPECT_EQ(state.publish_id, publish_id);
    EXPECT_EQ(state.upload_url, upload_url);
    EXPECT_EQ(state.offset, offset);
    EXPECT_EQ(state.resumes, 1);
    EXPECT_EQ(state.uncounted, 0);
    auto const job = job_in(state);
    EXPECT_EQ(as<Send>(next(job, Begin{})).step, step::status);
    auto const send = as<Send>(next(job, reply(step::status, "status/processing_without_count")));
    EXPECT_EQ(send.step, step::upload_last_chunk);
    EXPECT_EQ(send.handle, publish_id);
    EXPECT_EQ(send.request.url, upload_url);
}

TEST(Reconcile, ACountThatComesLateIsBelieved) {
    auto state = last_chunk();
    state.uncounted = 2;

    EXPECT_TRUE(as<Resume>(reconciled(state, "status/all_uploaded")).took_effect);
}

TEST(Reconcile, ACountThatIsNotToldProvesNothing) {
    auto state = last_chunk();
    state.uncounted = 2;
    // The URL is too old to be used, or nobody knows it, and no time proves the upload dead.
    for (auto const now : {at(56min), at(71min), at(25h)})
        EXPECT_TRUE(std::holds_alternative<Wait>(
            reconciled(state, "status/processing_without_count", now)));
    // All parts were confirmed.
    EXPECT_TRUE(
        std::holds_alternative<Wait>(reconciled(processing(), "status/processing_without_count")));
    // A word that is not known says nothing of an upload that waits.
    HttpReply const new_word{200, R"({"data":{"status":"PONDERING"},"error":{"code":"ok"}})"};
    EXPECT_TRUE(
        std::holds_alternative<Wait>(reconcile(doubtful(state), reply(step::status, new_word))));
    state.resumes = 5;
    EXPECT_TRUE(std::holds_alternative<Wait>(reconciled(state, "status/processing_without_count")));
}

TEST(Reconcile, F6OnlyTimeOrFailureProvesAnUploadDead) {
    auto const at_hour = [](Instant now) {
        return reconcile(doubtful(last_chunk(), now), reply(step::status, uploaded(40'000'000)));
    };

    EXPECT_TRUE(std::holds_alternative<Wait>(at_hour(at(56min))));
    EXPECT_TRUE(std::holds_alternative<Wait>(at_hour(at(70min))));
    auto const dead = as<Resume>(at_hour(at(70min + 1s)));
    EXPECT_FALSE(dead.took_effect);
    EXPECT_TRUE(read_state(dead.state).publish_id.empty());
    EXPECT_EQ(read_state(dead.state).inits.size(), 1U);
}

TEST(Reconcile, TheLastChunkIsNotSentAgainWithoutEnd) {
    auto state = last_chunk();
    state.resumes = 5;

    EXPECT_TRUE(std::holds_alternative<Wait>(
        reconcile(doubtful(state), reply(step::status, uploaded(40'000'000)))));
}

TEST(Reconcile, F8AnUnknownIdStaysUnknown) {
    EXPECT_TRUE(
        std::holds_alternative<Wait>(reconciled(last_chunk(), "status/invalid_publish_id")));
}

TEST(Reconcile, F9KeepsLookingAfterADay) {
    EXPECT_EQ(as<Wait>(reconciled(processing(), "status/all_uploaded", at(25h))).delay, 30min);
}

TEST(Reconcile, AFailedLookIsNoVerdict) {
    for (auto const* name : {"status/gateway_page",
                             "status/internal_error",
                             "status/without_status",
                             "status/scope_not_authorized",
                             "status/rate_limit_exceeded"})
        EXPECT_TRUE(std::holds_alternative<Wait>(reconciled(last_chunk(), name))) << name;
    auto const expired = as<Fail>(reconciled(last_chunk(), "status/access_token_invalid"));
    EXPECT_EQ(expired.error.code(), "account.token_expired");
    EXPECT_FALSE(expired.state);
}

TEST(Reconcile, U3ABlindCommitWithoutAHandleWaitsForAPerson) {
    auto job = pull_job();
    job.intent = blind_intent();

    EXPECT_TRUE(std::holds_alternative<Wait>(reconcile(job, Begin{})));
}

TEST(Reconcile, ABlindCommitWithItsHandleIsObserved) {
    State state;
    state.phase = Phase::processing;
    state.publish_id = "v_pub_url~v2.7000000000000000002";
    state.since = at(1min);
    auto job = pull_job();
    job.state = write_state(state);
    job.intent = blind_intent();
    job.now = at(2min);

    auto const back = as<Resume>(reconcile(job, reply(step::status, "status/downloading")));

    EXPECT_TRUE(back.took_effect);
}

TEST(CompleteReceipt, FillsInTheIdWhenItComes) {
    auto state = processing();
    state.phase = Phase::posted;
    state.since = at(2min);

    auto const later = as<Finish>(reconciled(state, "status/complete_without_id", at(2min) + 5s));
    EXPECT_EQ(later.look_again, 10s);
    EXPECT_FALSE(later.handed_off);

    auto const done = as<Finish>(reconciled(state, "status/complete_list", at(2min) + 15s));
    EXPECT_EQ(done.receipt.link, "https://www.tiktok.com/@ann/video/7512345678901234567");
    EXPECT_FALSE(done.look_again);
}

TEST(CompleteReceipt, StopsAskingAfterSixHours) {
    auto state = processing();
    state.phase = Phase::posted;
    state.since = at(2min);

    EXPECT_FALSE(
        as<Finish>(reconciled(state, "status/complete_without_id", at(2min) + 6h)).look_again);
}

TEST(CompleteReceipt, APublishedPostStaysPublishedWhateverIsSeenLater) {
    auto state = processing();
    state.phase = Phase::posted;
    state.since = at(2min);
    for (auto const* name : {"status/failed_internal",
                             "status/gateway_page",
                             "status/access_token_invalid",
                             "status/all_uploaded"}) {
        auto const done = as<Finish>(reconciled(state, name, at(3min)));
        EXPECT_FALSE(done.handed_off) << name;
        EXPECT_TRUE(done.look_again) << name;
    }
}

TEST(CompleteReceipt, ADraftThatTheCreatorPostedBecomesPublished) {
    auto state = processing();
    state.inbox = true;
    state.phase = Phase::handed_off;

    EXPECT_TRUE(as<Finish>(reconciled(state, "status/in_inbox")).handed_off);
    auto const done = as<Finish>(reconciled(state, "status/complete_several"));
    EXPECT_FALSE(done.handed_off);
    EXPECT_EQ(done.receipt.remote_ids.size(), 2U);
}

}  // namespace postrider::tiktok::test

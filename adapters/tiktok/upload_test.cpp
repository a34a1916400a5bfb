// Chunks, what their answers can mean, and watching the post being processed: rows F3 to F9 of the
// engine's rules on the side of next().
#include "test_kit.hpp"

namespace postrider::tiktok::test {

namespace {

Action answered(State const& state, std::string_view name, Instant now = at(2min)) {
    return next(job_in(state, now), reply(step::upload_chunk, name));
}

Action looked(State const& state, std::string_view name, Instant now = at(2min)) {
    return next(job_in(state, now), reply(step::status, name));
}

HttpReply told(int status, std::string body, std::string progress) {
    HttpReply http{status, std::move(body)};
    http.headers = {{"Content-Range", std::move(progress)}};
    return http;
}

}  // namespace

TEST(UploadChunk, AllThreeStatusesMeanStored) {
    for (int const status : {200, 201, 206}) {
        auto const state =
            saved(next(job_in(uploading()), reply(step::upload_chunk, HttpReply{status, ""})));
        EXPECT_EQ(state.offset, 10'000'000U) << status;
        EXPECT_EQ(state.phase, Phase::uploading) << status;
    }
}

TEST(UploadChunk, OurOwnCountDecidesWhatIsTheLast) {
    for (int const status : {200, 201, 206}) {
        auto job = job_in(last_chunk());
        job.intent = last_chunk_intent();

        auto const state = saved(next(job, reply(step::upload_last_chunk, HttpReply{status, ""})));

        EXPECT_EQ(state.phase, Phase::processing) << status;
        EXPECT_EQ(state.since, at(2min));
    }
}

TEST(UploadChunk, A200IsBelievedWithAProgressThatFits) {
    for (auto const* range : {"bytes 0-10000000/50000123", "bytes 0-9999999/50000123"}) {
        auto const answer = reply(step::upload_chunk, told(200, "fine", range));
        EXPECT_EQ(saved(next(job_in(uploading()), answer)).offset, 10'000'000U) << range;
    }
}

TEST(UploadChunk, APageInTikToksPlaceStoredNothing) {
    HttpReply const page{200, "<html>Log in</html>"};
    for (auto const& http :
         {page, told(200, "", "bytes 0-0/50000123"), told(200, "", "bytes 0-10000000/70000000")}) {
        auto const state = saved(next(job_in(uploading()), reply(step::upload_chunk, http)));

        EXPECT_EQ(state.offset, 0U);
        EXPECT_EQ(state.publish_id, publish_id);
        EXPECT_EQ(as<Send>(next(job_in(state), Saved{})).step, step::status);
    }
    // Not for ever: the next attempt goes on with the same upload.
    auto state = uploading();
    state.stumbles = 3;
    auto const failed = as<Fail>(next(job_in(state), reply(step::upload_chunk, page)));
    EXPECT_EQ(failed.error.code(), "network.bad_answer");
    EXPECT_EQ(failed.error.retry().when, RetryWhen::backoff);
    EXPECT_FALSE(failed.state);
}

TEST(LastChunk, APageInTikToksPlaceIsDoubt) {
    auto job = job_in(last_chunk());
    job.intent = last_chunk_intent();

    EXPECT_TRUE(std::holds_alternative<Doubt>(
        next(job, reply(step::upload_last_chunk, HttpReply{200, "<html>Log in</html>"}))));
}

TEST(LastChunk, ItsHostMaySayThatItHasEverything) {
    auto job = job_in(last_chunk());
    job.intent = last_chunk_intent();
    auto const mismatch = [&](std::string range) {
        return next(job, reply(step::upload_last_chunk, told(416, "", std::move(range))));
    };

    EXPECT_EQ(saved(mismatch("bytes 0-50000123/50000123")).phase, Phase::processing);
    EXPECT_EQ(saved(mismatch("bytes 0-50000122/50000123")).phase, Phase::processing);
    for (auto const* range : {"bytes 0-40000000/50000123", "bytes 0-50000123/60000000", "nonsense"})
        EXPECT_TRUE(std::holds_alternative<Doubt>(mismatch(range))) << range;
}

TEST(UploadChunk, GoesOnAfterASave) {
    auto const send = as<Send>(next(job_in(uploading(20'000'000)), Saved{}));

    EXPECT_EQ(send.step, step::upload_chunk);
    EXPECT_EQ(std::get<FileRange>(send.request.body).offset, 20'000'000U);
}

TEST(UploadChunk, AMismatchAtItsEndMeansThatAnEarlierTryArrived) {
    EXPECT_EQ(saved(answered(uploading(10'000'000), "upload_chunk/mismatch_at_end")).offset,
              20'000'000U);
}

TEST(UploadChunk, AMismatchAtItsStartAsksHowFarItIs) {
    for (auto const* name :
         {"upload_chunk/mismatch_at_start", "upload_chunk/mismatch_without_header"}) {
        auto const state = saved(answered(uploading(10'000'000), name));

        EXPECT_EQ(state.stumbles, 1) << name;
        EXPECT_EQ(as<Send>(next(job_in(state), Saved{})).step, step::status) << name;
    }
}

TEST(UploadChunk, AMismatchElsewhereGivesTheUploadUp) {
    auto const state = saved(answered(uploading(10'000'000), "upload_chunk/mismatch_elsewhere"));

    EXPECT_TRUE(state.publish_id.empty());
    EXPECT_EQ(as<Send>(next(job_in(state), Saved{})).step, step::creator_info);
}

TEST(UploadChunk, AHostThatAlwaysMismatchesIsNotAskedForEver) {
    auto state = uploading(10'000'000);
    for (int i = 0; i < 3; ++i) state = saved(answered(state, "upload_chunk/mismatch_at_start"));

    EXPECT_TRUE(saved(answered(state, "upload_chunk/mismatch_at_start")).publish_id.empty());
}

TEST(UploadChunk, AnExpiredOrUnknownUploadIsBegunAnew) {
    for (int const status : {401, 403, 404}) {
        auto const state =
            saved(next(job_in(uploading()), reply(step::upload_chunk, HttpReply{status, ""})));
        EXPECT_TRUE(state.publish_id.empty()) << status;
        EXPECT_EQ(state.inits.size(), 1U);
    }
}

TEST(UploadChunk, OtherRefusalsKeepWhatIsStored) {
    auto const refused =
        as<Fail>(next(job_in(uploading()), reply(step::upload_chunk, HttpReply{400, "no"})));
    EXPECT_EQ(refused.error.code(), "tiktok.upload_refused");
    EXPECT_FALSE(refused.state);

    auto const busy =
        as<Fail>(next(job_in(uploading()), reply(step::upload_chunk, HttpReply{503, ""})));
    EXPECT_EQ(busy.error.retry().when, RetryWhen::backoff);
    EXPECT_FALSE(busy.state);
}

TEST(LastChunk, AnythingButStoredIsDoubt) {
    auto job = job_in(last_chunk());
    job.intent = last_chunk_intent();
    for (int const status : {302, 400, 401, 403, 404, 416, 429, 500, 503}) {
        auto const doubt =
            as<Doubt>(next(job, reply(step::upload_last_chunk, HttpReply{status, ""})));
        EXPECT_EQ(doubt.error.kind(), ErrorKind::unknown) << status;
        EXPECT_EQ(doubt.error.side_effects(), SideEffects::possible) << status;
    }
}

TEST(Begin, F3LooksBeforeItGoesOn) {
    auto const send = as<Send>(next(job_in(uploading(10'000'000)), Begin{}));

    EXPECT_EQ(send.step, step::status);
    EXPECT_EQ(send.effect, Effect::look);
    EXPECT_EQ(body_of(send).at("publish_id").as_string(), publish_id);
    EXPECT_THAT(send.buckets, testing::ElementsAre("status"));
}

TEST(Begin, F3GoesOnFromWhatTikTokHas) {
    // TikTok has one chunk more than was saved.
    EXPECT_EQ(saved(looked(uploading(), "status/uploading")).offset, 10'000'000U);
    // TikTok has less than was saved.
    EXPECT_EQ(saved(looked(uploading(30'000'000), "status/uploading")).offset, 10'000'000U);
    // As saved, or not told.
    for (auto const* name : {"status/uploading", "status/processing_without_count"}) {
        auto const send = as<Send>(looked(uploading(10'000'000), name));
        EXPECT_EQ(std::get<FileRange>(send.request.body).offset, 10'000'000U) << name;
    }
}

TEST(Begin, ACountBetweenBordersGivesTheUploadUp) {
    HttpReply const odd{
        200, R"({"data":{"status":"PROCESSING_UPLOAD","uploaded_bytes":7},"error":{"code":"ok"}})"};

    EXPECT_TRUE(saved(next(job_in(uploading()), reply(step::status, odd))).publish_id.empty());
}

TEST(Begin, AnOldUploadThatNeverCommittedIsBegunAnewWithoutALook) {
    auto const state = saved(next(job_in(uploading(10'000'000), at(56min)), Begin{}));

    EXPECT_TRUE(state.publish_id.empty());
    EXPECT_EQ(state.abandoned, "network.upload_expired");
    EXPECT_EQ(state.inits.size(), 1U);
}

TEST(Begin, F6AnOldUploadThatMayHaveCommittedIsLookedAt) {
    auto state = last_chunk();
    state.last_sent = true;

    EXPECT_EQ(as<Send>(next(job_in(state, at(56min)), Begin{})).step, step::status);
    // Too old to go on, too young to be proved dead.
    EXPECT_TRUE(std::holds_alternative<Doubt>(looked(state, "status/uploading", at(60min))));
    // More than 70 minutes after the init, with bytes missing: nobody can complete it any more.
    EXPECT_TRUE(saved(looked(state, "status/uploading", at(71min))).publish_id.empty());
}

TEST(Begin, AnArmedCommitNeverLeadsToANewInit) {
    for (auto const& state : {State{}, uploading(), last_chunk(), processing()})
        for (auto const now : {at(2min), at(56min), at(80min), at(25h)})
            for (Answer const& answer : {Answer{Begin{}}, Answer{Saved{}}}) {
                auto job = job_in(state, now);
                job.intent = last_chunk_intent();
                auto const action = next(job, answer);
                if (auto const* send = std::get_if<Send>(&action)) {
                    EXPECT_NE(send->step, step::init);
                    EXPECT_NE(send->step, step::creator_info);
                } else if (auto const* save = std::get_if<Save>(&action)) {
                    EXPECT_FALSE(read_state(save->state).publish_id.empty());
                }
            }
}

TEST(Begin, AnUnknownIdThatNeverCommittedIsForgotten) {
    EXPECT_TRUE(saved(looked(uploading(), "status/invalid_publish_id")).publish_id.empty());
    EXPECT_TRUE(std::holds_alternative<Wait>(looked(uploading(), "status/internal_error")));
}

TEST(Processing, FinishesWithIdAndLink) {
    auto const done = as<Finish>(looked(processing(), "status/complete_list"));

    EXPECT_FALSE(done.handed_off);
    EXPECT_THAT(done.receipt.remote_ids, testing::ElementsAre("7512345678901234567"));
    EXPECT_EQ(done.receipt.link, "https://www.tiktok.com/@ann/video/7512345678901234567");
    EXPECT_EQ(done.receipt.visibility, "PUBLIC_TO_EVERYONE");
    EXPECT_FALSE(done.look_again);
    EXPECT_TRUE(done.state->sealed.empty());
}

TEST(Processing, APublicPostWithoutIdIsAskedForItLater) {
    auto const done = as<Finish>(looked(processing(), "status/complete_without_id"));

    EXPECT_TRUE(done.receipt.remote_ids.empty());
    EXPECT_TRUE(done.receipt.link.empty());
    EXPECT_EQ(done.look_again, 5s);
}

TEST(Processing, APrivatePostNeverGetsAnId) {
    auto job = job_in(processing());
    job.post.options["privacy_level"] = "SELF_ONLY";

    EXPECT_FALSE(
        as<Finish>(next(job, reply(step::status, "status/complete_without_id"))).look_again);
}

TEST(Processing, UnknownWordsAreStillProcessing) {
    for (auto const* name : {"status/unknown_word", "status/all_uploaded", "status/downloading"})
        EXPECT_EQ(as<Wait>(looked(processing(), name)).why, WaitReason::network) << name;
}

TEST(Processing, F9IsLookedAtEverMoreRarelyAndInDoubtAfterADay) {
    auto const began = at(1min);
    EXPECT_EQ(as<Wait>(looked(processing(), "status/all_uploaded", began + 16min)).delay, 5min);
    EXPECT_EQ(as<Wait>(looked(processing(), "status/all_uploaded", began + 3h)).delay, 30min);
    EXPECT_EQ(as<Doubt>(looked(processing(), "status/all_uploaded", began + 24h)).error.kind(),
              ErrorKind::unknown);
}

TEST(Processing, F7AFailedCallNeverFailsThePost) {
    for (auto const* name : {"status/gateway_page",
                             "status/internal_error",
                             "status/without_status",
                             "status/scope_not_authorized",
                             "init/truncated"})
        EXPECT_TRUE(std::holds_alternative<Wait>(looked(processing(), name))) << name;
    EXPECT_EQ(as<Wait>(looked(processing(), "status/rate_limit_exceeded")).delay, 1min);
}

TEST(Processing, F7AnExpiredTokenIsRefreshedAndTheSamePostAskedFor) {
    auto const failed = as<Fail>(looked(processing(), "status/access_token_invalid"));

    EXPECT_EQ(failed.error.code(), "account.token_expired");
    EXPECT_FALSE(failed.state);
    EXPECT_EQ(body_of(as<Send>(next(job_in(processing()), Begin{}))).at("publish_id").as_string(),
              publish_id);
}

TEST(Processing, F8AnIdThatIsNotKnownAnyMoreIsDoubt) {
    EXPECT_EQ(as<Doubt>(looked(processing(), "status/invalid_publish_id")).error.code(),
              "tiktok.publish_id_unknown");
    EXPECT_EQ(
        as<Doubt>(looked(processing(), "status/token_not_authorized_for_specified_publish_id"))
            .error.code(),
        "tiktok.publish_id_foreign");
}

TEST(Processing, AFailedPostEndsByItsReason) {
    auto job = job_in(processing());
    job.intent = last_chunk_intent();

    auto const internal = as<Fail>(next(job, reply(step::status, "status/failed_internal")));
    EXPECT_EQ(internal.error.code(), "tiktok.internal");
    EXPECT_EQ(internal.error.retry().when, RetryWhen::backoff);
    // The next attempt begins afresh, although the old intent is still known.
    job.state = *internal.state;
    EXPECT_EQ(as<Send>(next(job, Begin{})).step, step::creator_info);

    EXPECT_EQ(as<Fail>(looked(processing(), "status/failed_picture_size")).error.code(),
              "media.unsupported");
    auto const unknown = as<Fail>(looked(processing(), "status/failed_unknown"));
    EXPECT_EQ(unknown.error.kind(), ErrorKind::unrecognized);
    EXPECT_EQ(context(unknown.error, "network_code"), "moon_in_wrong_phase");
}

TEST(Processing, PartsThatWereTakenAndAreMissingLeadToDoubt) {
    // Counts may lag at first.
    EXPECT_TRUE(std::holds_alternative<Wait>(looked(processing(), "status/uploading", at(2min))));
    EXPECT_TRUE(std::holds_alternative<Doubt>(looked(processing(), "status/uploading", at(10min))));
    auto job = job_in(processing(), at(71min));
    job.intent = last_chunk_intent();
    auto const dead = as<Fail>(next(job, reply(step::status, "status/uploading")));
    EXPECT_EQ(dead.error.code(), "network.upload_expired");
    EXPECT_TRUE(read_state(*dead.state).publish_id.empty());
}

TEST(State, SurvivesBeingWrittenAndRead) {
    auto state = processing();
    state.inbox = true;
    state.resumes = 2;
    state.stumbles = 1;
    state.uncounted = 2;
    state.username = "ann.new";
    state.abandoned = "why";
    state.settled = last_chunk_intent();

    auto const again = read_state(write_state(state));

    EXPECT_EQ(write_state(again).open, write_state(state).open);
    EXPECT_EQ(write_state(again).sealed, write_state(state).sealed);
    EXPECT_EQ(again.settled->armed_at, state.settled->armed_at);
    EXPECT_EQ(again.upload_url, upload_url);
}

TEST(State, ReadsForeignMembersWithoutHarm) {
    SavedState odd;
    odd.open = {
        {"phase", 7}, {"size", -1}, {"inits", {1, "x"}}, {"settled", {{"step", "a"}}}, {"new", {}}};

    auto const state = read_state(odd);

    EXPECT_EQ(state.phase, Phase::fresh);
    EXPECT_EQ(state.size, 0U);
    EXPECT_TRUE(state.inits.empty());
    EXPECT_FALSE(state.settled);
}

}  // namespace postrider::tiktok::test

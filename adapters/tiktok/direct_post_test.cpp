// From the beginning of an attempt to the saved handle: creator_info, init, pull, inbox, and what
// is done when one of them is refused or its answer is lost.
#include "test_kit.hpp"

namespace postrider::tiktok::test {

namespace {

HttpReply good_answer(Send const& send) {
    if (send.step == step::creator_info) return recorded("creator_info/public_account");
    if (send.step == step::init || send.step == step::inbox_init)
        return recorded("init/file_upload");
    if (send.request.method == "PUT") return recorded("upload_chunk/all_stored");
    if (send.step == step::status) return recorded("status/complete_list");
    return recorded("init/pull_from_url");
}

}  // namespace

TEST(DirectPost, SavesTheHandleBeforeTheFirstByte) {
    auto const result = visit(new_job(), good_answer);

    EXPECT_THAT(result.order,
                testing::ElementsAre("creator_info", "init", "save", "upload_last_chunk", "save"));
    ASSERT_EQ(result.saves.size(), 2U);
    EXPECT_EQ(result.saves[0].publish_id, publish_id);
    EXPECT_EQ(result.saves[0].phase, Phase::uploading);
    EXPECT_EQ(result.saves[1].phase, Phase::processing);
    EXPECT_EQ(as<Wait>(result.end).delay, 5s);
}

TEST(DirectPost, KeepsTheUploadUrlSealed) {
    auto const result = visit(new_job(), good_answer);

    auto const kept = write_state(result.saves[0]);
    EXPECT_EQ(boost::json::serialize(kept.open).find("secret-token"), std::string::npos);
    EXPECT_NE(boost::json::serialize(kept.sealed).find("secret-token"), std::string::npos);
}

TEST(DirectPost, SendsALargeFileInChunksOfWhichOnlyTheLastCommits) {
    auto const result = visit(new_job(64'000'001), [](Send const& send) {
        return send.step == step::upload_chunk ? recorded("upload_chunk/stored")
                                               : good_answer(send);
    });

    std::vector<std::string> ranges;
    for (auto const& send : result.sends) {
        if (send.request.method != "PUT") continue;
        ranges.emplace_back(find_header(send.request.headers, "Content-Range"));
        bool const last = ranges.size() == 6;
        EXPECT_EQ(send.effect, last ? Effect::commit_by_handle : Effect::repeat);
        EXPECT_EQ(send.handle, last ? publish_id : "");
    }
    ASSERT_EQ(ranges.size(), 6U);
    EXPECT_EQ(ranges.front(), "bytes 0-9999999/64000001");
    EXPECT_EQ(ranges.back(), "bytes 50000000-64000000/64000001");
    // One save with the handle, one after each chunk.
    EXPECT_EQ(result.saves.size(), 7U);
    EXPECT_EQ(result.saves[1].offset, 10'000'000U);
}

TEST(DirectPost, NeverShowsTheTokenToTheUploadHost) {
    auto const result = visit(new_job(64'000'001), good_answer);

    for (auto const& send : result.sends) {
        bool const put = send.request.method == "PUT";
        EXPECT_EQ(send.request.credential, put ? Credential::none : Credential::bearer)
            << send.step;
        EXPECT_EQ(send.request.secret_url, put) << send.step;
        EXPECT_EQ(find_header(send.request.headers, "Content-Type"),
                  put ? "video/mp4" : "application/json; charset=UTF-8");
        if (put) {
            EXPECT_TRUE(send.buckets.empty());
        } else {
            EXPECT_EQ(send.request.url.back(), '/');
        }
    }
}

TEST(DirectPost, TakesTheBucketsOfTheInit) {
    auto const send =
        as<Send>(next(new_job(), reply(step::creator_info, "creator_info/public_account")));

    EXPECT_THAT(send.buckets, testing::ElementsAre("init", "posts_per_day"));
    EXPECT_EQ(send.effect, Effect::prepare);
}

TEST(DirectPost, EveryStepIsDeclaredWithItsEffect) {
    for (auto const& job : {new_job(), new_job(64'000'001), pull_job()})
        for (auto const& send : visit(job, good_answer).sends) {
            auto const* spec = find_step(tiktok_adapter()->descriptor(), send.step);
            ASSERT_TRUE(spec) << send.step;
            EXPECT_EQ(spec->effect, send.effect) << send.step;
            for (auto const& bucket : send.buckets)
                EXPECT_TRUE(find_bucket(tiktok_adapter()->descriptor(), bucket)) << bucket;
        }
}

TEST(DirectPost, RemembersANewHandleForTheLink) {
    auto const result = visit(new_job(), [](Send const& send) {
        return send.step == step::creator_info ? recorded("creator_info/renamed_account")
                                               : good_answer(send);
    });

    EXPECT_THAT(
        result.order,
        testing::ElementsAre("creator_info", "save", "init", "save", "upload_last_chunk", "save"));
    EXPECT_EQ(result.saves.back().username, "ann.new");
}

TEST(DirectPost, AsksCreatorInfoAgainInAnotherAttempt) {
    State state;
    state.phase = Phase::ready;
    state.username = "ann.new";

    EXPECT_EQ(as<Send>(next(job_in(state), Begin{})).step, step::creator_info);
}

TEST(DirectPost, AChoiceThatIsNoLongerOfferedGoesBackToAPerson) {
    auto const failed =
        as<Fail>(next(new_job(), reply(step::creator_info, "creator_info/private_account")));

    EXPECT_EQ(failed.error.code(), "approval.lapsed");
    EXPECT_EQ(failed.error.kind(), ErrorKind::approval);
    EXPECT_EQ(failed.error.at().front().allowed.size(), 3U);

    auto job = new_job();
    job.post.options["allow_stitch"] = true;
    auto const locked =
        as<Fail>(next(job, reply(step::creator_info, "creator_info/public_account")));
    EXPECT_EQ(locked.error.code(), "approval.lapsed");
}

TEST(DirectPost, AVideoTooLongForThisCreatorIsNotSent) {
    auto job = new_job();
    job.post.media.front().duration_ms = 300'001;

    auto const failed =
        as<Fail>(next(job, reply(step::creator_info, "creator_info/public_account")));

    EXPECT_EQ(failed.error.code(), "media.unsupported");
    EXPECT_NE(failed.error.message().find("5m"), std::string::npos);
}

TEST(DirectPost, MissingOptionsInCreatorInfoDecideNothing) {
    auto const send =
        as<Send>(next(new_job(), reply(step::creator_info, "creator_info/without_options")));

    EXPECT_EQ(send.step, step::init);
}

TEST(DirectPost, RefusalsOfCreatorInfoEndTheAttempt) {
    struct {
        char const* name;
        char const* code;
    } const rows[] = {{"creator_info/spam_risk_too_many_posts", "network.quota_spent"},
                      {"creator_info/spam_risk_user_banned_from_posting", "network.account_banned"},
                      {"creator_info/reached_active_user_cap", "network.user_cap"},
                      {"creator_info/access_token_invalid", "account.token_expired"},
                      {"creator_info/scope_not_authorized", "account.scope_missing"},
                      {"creator_info/rate_limit_exceeded", "network.rate_limited"}};
    for (auto const& row : rows)
        EXPECT_EQ(as<Fail>(next(new_job(), reply(step::creator_info, row.name))).error.code(),
                  row.code);
}

TEST(DirectPost, UnauditedAppsStopBeforeTheInitOfAPublicAccount) {
    auto job = new_job();
    job.app.audited = false;
    job.post.options["privacy_level"] = "SELF_ONLY";

    EXPECT_EQ(
        as<Fail>(next(job, reply(step::creator_info, "creator_info/public_account"))).error.code(),
        "app.not_audited");
    EXPECT_EQ(as<Send>(next(job, reply(step::creator_info, "creator_info/private_account"))).step,
              step::init);
}

TEST(DirectPost, NothingIsSentWithoutAPersonsChoices) {
    for (auto const* name :
         {"privacy_level", "allow_comment", "allow_duet", "allow_stitch", "disclosure"}) {
        auto job = new_job();
        job.post.options.erase(name);

        auto const failed =
            as<Fail>(next(job, reply(step::creator_info, "creator_info/public_account")));

        EXPECT_EQ(failed.error.kind(), ErrorKind::approval) << name;
    }
}

TEST(DirectPost, APrivateAdvertisementIsNeverSent) {
    auto job = new_job();
    job.post.options["privacy_level"] = "SELF_ONLY";
    job.post.options["disclosure"] = "both";

    EXPECT_EQ(
        as<Fail>(next(job, reply(step::creator_info, "creator_info/public_account"))).error.code(),
        "option.excluded");
}

TEST(Init, ARefusalCostsNothing) {
    auto const failed = as<Fail>(next(new_job(), reply(step::init, "init/invalid_params")));

    EXPECT_EQ(failed.error.code(), "tiktok.invalid_params");
    EXPECT_EQ(failed.error.operation(), "tiktok.init");
    EXPECT_FALSE(failed.state);
    EXPECT_EQ(as<Fail>(next(new_job(), reply(step::init, "init/unaudited"))).error.code(),
              "app.not_audited");
    EXPECT_EQ(as<Fail>(next(new_job(), reply(step::init, "init/privacy_level_option_mismatch")))
                  .error.code(),
              "approval.lapsed");
    EXPECT_EQ(as<Fail>(next(new_job(), reply(step::init, "init/numeric_code"))).error.kind(),
              ErrorKind::unrecognized);
}

TEST(Init, F2AnAnswerThatCannotBeReadIsRepeatedAtMostThreeTimesAnHour) {
    for (auto const* name : {"init/truncated", "init/gateway_page", "init/without_publish_id"}) {
        auto const failed = as<Fail>(next(new_job(), reply(step::init, name)));

        EXPECT_EQ(failed.error.retry().when, RetryWhen::backoff) << name;
        ASSERT_TRUE(failed.state) << name;
        EXPECT_EQ(read_state(*failed.state).inits.size(), 1U) << name;
    }

    State spent;
    spent.inits = {at(-50min), at(-20min), at(-10min)};
    auto const wait = as<Fail>(
        next(job_in(spent, at(0s)), reply(step::creator_info, "creator_info/public_account")));
    EXPECT_EQ(wait.error.code(), "tiktok.init_budget_spent");
    EXPECT_EQ(wait.error.retry().delay, 10min);

    spent.inits.front() = at(-61min);
    EXPECT_EQ(as<Send>(next(job_in(spent, at(0s)),
                            reply(step::creator_info, "creator_info/public_account")))
                  .step,
              step::init);
}

TEST(Init, AnAnswerThatLeadsElsewhereGetsNoBytes) {
    auto const failed = as<Fail>(next(new_job(), reply(step::init, "init/foreign_upload_host")));

    EXPECT_EQ(failed.error.code(), "tiktok.upload_host_refused");
    EXPECT_EQ(boost::json::serialize(failed.error.to_json()).find("upload_token"),
              std::string::npos);
}

TEST(Pull, U4IsABlindCommitAndObservedByItsHandle) {
    auto const result = visit(pull_job(), good_answer);

    EXPECT_THAT(result.order, testing::ElementsAre("creator_info", "pull_init", "save"));
    EXPECT_EQ(result.sends[1].effect, Effect::commit_blind);
    EXPECT_EQ(body_of(result.sends[1]).at("source_info").at("video_url").as_string(),
              "https://media.example/film.mp4");
    EXPECT_EQ(result.saves[0].publish_id, "v_pub_url~v2.7000000000000000002");
    EXPECT_EQ(result.saves[0].phase, Phase::processing);
    EXPECT_EQ(as<Wait>(result.end).delay, 5s);
}

TEST(Pull, U2ARefusalIsARefusal) {
    auto job = pull_job();
    job.intent = blind_intent();

    auto const failed = as<Fail>(next(job, reply(step::pull_init, "init/unaudited")));

    EXPECT_EQ(failed.error.code(), "app.not_audited");
    ASSERT_TRUE(failed.state);
    // The refused intent no longer stands in the way of the next attempt.
    job.state = *failed.state;
    EXPECT_EQ(as<Send>(next(job, Begin{})).step, step::creator_info);
}

TEST(Pull, U3ALostOrBrokenAnswerIsDoubtAndNeverASecondInit) {
    auto job = pull_job();
    job.intent = blind_intent();
    for (auto const* name : {"init/truncated",
                             "init/gateway_page",
                             "init/without_publish_id",
                             "status/internal_error"})
        EXPECT_EQ(as<Doubt>(next(job, reply(step::pull_init, name))).error.kind(),
                  ErrorKind::unknown)
            << name;
    EXPECT_EQ(as<Doubt>(next(job, reply(step::pull_init, HttpReply{403, "<html>"}))).error.kind(),
              ErrorKind::unknown);

    EXPECT_TRUE(std::holds_alternative<Doubt>(next(job, Begin{})));
    EXPECT_TRUE(std::holds_alternative<Doubt>(next(job, Saved{})));
    EXPECT_TRUE(std::holds_alternative<Doubt>(
        next(job, reply(step::creator_info, "creator_info/public_account"))));
}

TEST(Inbox, GoesStraightToItsInitAndSendsNoCaption) {
    auto job = new_job();
    job.post.deliver = Deliver::inbox;
    job.post.options.clear();

    auto const result = visit(job, good_answer);

    EXPECT_THAT(result.order,
                testing::ElementsAre("inbox_init", "save", "upload_last_chunk", "save"));
    EXPECT_FALSE(body_of(result.sends[0]).contains("post_info"));
    EXPECT_THAT(result.sends[0].buckets, testing::ElementsAre("init", "drafts"));
    EXPECT_TRUE(result.saves.back().inbox);
}

TEST(Inbox, EndsHandedOff) {
    auto state = processing();
    state.inbox = true;

    auto const done = as<Finish>(next(job_in(state), reply(step::status, "status/in_inbox")));

    EXPECT_TRUE(done.handed_off);
    EXPECT_TRUE(done.receipt.link.empty());
    EXPECT_FALSE(done.look_again);
}

TEST(Inbox, TakesOverOnlyWhereDirectPostingIsImpossible) {
    auto job = new_job();
    job.post.deliver = Deliver::direct_or_inbox;
    for (auto const* name : {"creator_info/scope_not_authorized",
                             "creator_info/spam_risk_too_many_posts",
                             "creator_info/reached_active_user_cap"})
        EXPECT_TRUE(saved(next(job, reply(step::creator_info, name))).inbox) << name;
    EXPECT_TRUE(saved(next(job, reply(step::init, "init/unaudited"))).inbox);

    // A person's choice, a ban, or a fault of today are no reasons.
    for (auto const* name : {"creator_info/private_account",
                             "creator_info/spam_risk_user_banned_from_posting",
                             "creator_info/access_token_invalid",
                             "creator_info/rate_limit_exceeded"})
        EXPECT_TRUE(std::holds_alternative<Fail>(next(job, reply(step::creator_info, name))))
            << name;
    EXPECT_TRUE(std::holds_alternative<Fail>(next(job, reply(step::init, "init/invalid_params"))));
}

TEST(Inbox, DoesNotTakeOverWhereDraftsAreNotGranted) {
    auto job = new_job();
    job.post.deliver = Deliver::direct_or_inbox;
    job.account.scopes = {"user.info.basic", "video.publish"};

    EXPECT_TRUE(std::holds_alternative<Fail>(
        next(job, reply(step::creator_info, "creator_info/spam_risk_too_many_posts"))));
    EXPECT_TRUE(std::holds_alternative<Fail>(next(job, reply(step::init, "init/unaudited"))));
}

TEST(Inbox, TakesOverFromAPullOnlyAsAnAttemptOfItsOwn) {
    auto job = pull_job();
    job.post.deliver = Deliver::direct_or_inbox;
    job.intent = blind_intent();

    auto const failed = as<Fail>(next(job, reply(step::pull_init, "init/unaudited")));

    EXPECT_EQ(failed.error.retry().when, RetryWhen::backoff);
    job.state = *failed.state;
    EXPECT_EQ(as<Send>(next(job, Begin{})).step, step::inbox_pull_init);
}

}  // namespace postrider::tiktok::test

// The adapter against its network, in one process: every step, every fault, and what the ledger
// says.
#include "sandbox.hpp"

#include "api.hpp"
#include "emulator/sandbox_network.hpp"

#include <postrider/catalogue.hpp>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

namespace postrider::sandbox {

namespace {

using namespace adapter;
using namespace std::chrono_literals;

JobView new_job(int files = 1) {
    JobView job;
    job.job_id = "job_1";
    job.key = "spring/monday/sandbox:@ann";
    job.post.kind = files > 0 ? PostKind::photo : PostKind::text;
    job.post.caption = "Bread & butter";
    for (int i = 0; i < files; ++i) {
        MediaFacts media;
        media.path = "/photos/loaf.jpeg";
        media.size_bytes = 1'000;
        job.post.media.push_back(media);
    }
    job.post.options = {{"audience", "followers"}, {"tone", "calm"}};
    job.account.handle = "@ann";
    job.app.options = {{"api_base", "http://sandbox.invalid"}};
    job.now = *parse_rfc3339("2026-11-20T12:00:00Z");
    return job;
}

// A core in small: obeys the actions, keeps the rules about effects, and writes down what happened.
struct Core {
    SandboxNetwork network;
    JobView job = new_job();
    std::vector<std::string> steps;
    std::optional<Finish> finished;
    std::optional<Error> failed;
    bool in_doubt = false;

    // One visit; false when it ended without a last word.
    bool run() {
        Answer answer = Begin{};
        for (int i = 0; i < 100; ++i) {
            auto const& adapter = *sandbox_adapter();
            auto action = in_doubt ? adapter.reconcile(job, answer) : adapter.next(job, answer);
            if (auto const* save = std::get_if<Save>(&action)) {
                job.state = save->state;
                answer = Saved{};
            } else if (auto const* send = std::get_if<Send>(&action)) {
                auto reply = perform(*send);
                if (!reply) return false;
                answer = *reply;
            } else if (auto const* resume = std::get_if<Resume>(&action)) {
                job.state = resume->state;
                if (!resume->took_effect) job.intent.reset();
                in_doubt = false;
                answer = Begin{};
            } else if (auto const* done = std::get_if<Finish>(&action)) {
                finished = *done;
                return true;
            } else if (auto const* bad = std::get_if<Fail>(&action)) {
                failed = bad->error;
                if (bad->state) job.state = *bad->state;
                return true;
            } else if (std::holds_alternative<Doubt>(action)) {
                in_doubt = true;
                return false;
            } else {
                job.now += std::get<Wait>(action).delay;
                answer = Begin{};
            }
        }
        ADD_FAILURE() << "never came to rest";
        return true;
    }

    // Nothing when the answer was lost: the visit ends, and the next one begins from the saved
    // state.
    std::optional<Reply> perform(Send const& send) {
        EXPECT_TRUE(!in_doubt || send.effect == Effect::look) << send.step;
        steps.push_back(send.step);
        if (is_commit(send.effect))
            job.intent = Intent{send.step, send.effect, send.handle, job.now};
        auto const reply = network.answer(send.request, "ann.1", job.now);
        if (!reply.lost && reply.http.status < 500) return Reply{send.step, reply.http};
        if (is_commit(send.effect)) in_doubt = true;
        return std::nullopt;
    }

    void run_to_the_end() {
        for (int visits = 0; visits < 10 && !finished && !failed; ++visits) run();
    }
};

}  // namespace

TEST(Sandbox, PostsInOrderAndSaysWhatIsProved) {
    Core core;

    core.run_to_the_end();

    EXPECT_THAT(core.steps, testing::ElementsAre("whoami", "create", "put", "publish", "state"));
    ASSERT_TRUE(core.finished);
    EXPECT_EQ(core.finished->receipt.visibility, "followers");
    EXPECT_FALSE(core.finished->receipt.link.empty());
    ASSERT_EQ(core.network.ledger().size(), 1U);
    EXPECT_EQ(core.network.ledger()[0].key, core.job.key);
    EXPECT_EQ(core.network.ledger()[0].text, "Bread & butter");
}

TEST(Sandbox, PostsTextAloneAndSeveralFiles) {
    for (int const files : {0, 3}) {
        Core core;
        core.job = new_job(files);
        core.run_to_the_end();
        EXPECT_TRUE(core.finished) << files;
        EXPECT_EQ(std::count(core.steps.begin(), core.steps.end(), "put"), files);
    }
}

TEST(Sandbox, IsPublishedOnceWhateverGoesWrongInAnyStep) {
    for (auto const* step :
         {"GET /me", "POST /drafts", "PUT /drafts", "POST /drafts/d-1/publish", "GET /posts"})
        for (auto const fault : {Fault::refused_before,
                                 Fault::failed_after,
                                 Fault::lost_before,
                                 Fault::lost_after,
                                 Fault::garbled})
            for (int const times : {1, 2}) {
                Core core;
                core.network.plan_fault(fault, step, times);

                for (int visits = 0; visits < 10 && !core.finished; ++visits) {
                    core.run();
                    // What the core would try again, it tries again.
                    if (core.failed) {
                        EXPECT_EQ(core.failed->retry().when, RetryWhen::backoff)
                            << core.failed->code();
                        core.failed.reset();
                    }
                }

                EXPECT_TRUE(core.finished) << step << static_cast<int>(fault);
                EXPECT_EQ(core.network.ledger().size(), 1U) << step << static_cast<int>(fault);
            }
}

TEST(Sandbox, OnlyTheNetworksOwnYesStoresAFile) {
    auto job = new_job();
    job.state.open = {{"draft", "d-1"}, {"files", 0}, {"post", ""}};
    for (int const status : {200, 201, 202}) {
        HttpReply const page{status, "<html>Log in</html>"};
        auto const action = sandbox_adapter()->next(job, Reply{"put", page});
        ASSERT_TRUE(std::holds_alternative<Fail>(action)) << status;
        auto const& failed = std::get<Fail>(action);
        EXPECT_EQ(failed.error.code(), "network.bad_answer");
        EXPECT_EQ(failed.error.retry().when, RetryWhen::backoff);
        EXPECT_FALSE(failed.state);
    }
    EXPECT_TRUE(std::holds_alternative<Save>(
        sandbox_adapter()->next(job, Reply{"put", HttpReply{204, {}}})));
}

TEST(Sandbox, ReadsTheFormOfATokenRequest) {
    SandboxNetwork network;
    HttpRequest request{"POST", "http://sandbox.invalid/oauth/token"};
    request.body = "grant_type=refresh_token&refresh_token=anna-with-a-name-too-long-for-sso.r1";

    auto const reply = network.answer(request, "", new_job().now);

    EXPECT_EQ(reply.http.status, 200);
    EXPECT_NE(reply.http.body.find("anna-with-a-name-too-long-for-sso."), std::string::npos);
}

TEST(Sandbox, ReconcileProvesPresence) {
    Core core;
    core.network.plan_fault(Fault::lost_after, "POST /drafts/d-1/publish");
    core.run();
    ASSERT_TRUE(core.in_doubt);

    core.run_to_the_end();

    EXPECT_TRUE(core.finished);
    EXPECT_EQ(std::count(core.steps.begin(), core.steps.end(), "publish"), 1);
}

TEST(Sandbox, ReconcileProvesAbsenceAndThenTheSameKeyIsUsed) {
    Core core;
    core.network.plan_fault(Fault::lost_before, "POST /drafts/d-1/publish");
    core.run();
    ASSERT_TRUE(core.in_doubt);

    core.run_to_the_end();

    EXPECT_TRUE(core.finished);
    EXPECT_EQ(std::count(core.steps.begin(), core.steps.end(), "publish"), 2);
    EXPECT_EQ(core.network.ledger().size(), 1U);
}

TEST(Sandbox, AnArmedCommitIsLookedForFirst) {
    Core core;
    core.job.state.open = {{"draft", "d-1"}, {"files", 1}, {"post", ""}};
    core.job.intent = Intent{"publish", Effect::commit_keyed, "d-1", core.job.now};

    auto const action = sandbox_adapter()->next(core.job, Begin{});

    ASSERT_TRUE(std::holds_alternative<Send>(action));
    EXPECT_EQ(std::get<Send>(action).step, "find");
    EXPECT_EQ(std::get<Send>(action).request.url,
              "http://sandbox.invalid/posts?key=spring%2Fmonday%2Fsandbox%3A%40ann");
}

TEST(Sandbox, WaitsWhileThePostIsProcessed) {
    Core core;
    core.network.set_processing_time(5s);

    core.run_to_the_end();

    EXPECT_TRUE(core.finished);
    EXPECT_GE(core.job.now - *parse_rfc3339("2026-11-20T12:00:00Z"), 5s);
}

TEST(Sandbox, RefusalsAreErrorsWithTheirOwnWord) {
    Core core;
    core.job.post.caption = "REFUSE me";

    core.run_to_the_end();

    ASSERT_TRUE(core.failed);
    EXPECT_EQ(core.failed->code(), "sandbox.text_refused");
    EXPECT_EQ(core.failed->owner(), Owner::you);
    EXPECT_TRUE(core.network.ledger().empty());
}

TEST(Sandbox, AnExpiredTokenIsSaidAsSuch) {
    Core core;
    core.network.plan_fault(Fault::token_expired, "POST /drafts/d-1/publish");

    core.run();

    ASSERT_TRUE(core.failed);
    EXPECT_EQ(core.failed->code(), "account.token_expired");
    EXPECT_TRUE(core.network.ledger().empty());
}

TEST(Sandbox, AnIdThatCannotStandInAPathIsNone) {
    EXPECT_EQ(parse_draft(R"({"draft":"d-1"})"), "d-1");
    for (auto const* draft : {"`1", "a/b", "..", "a b", "a?b", ""})
        EXPECT_EQ(parse_draft(fmt::format(R"({{"draft":"{}"}})", draft)), "") << draft;
    EXPECT_EQ(parse_draft(fmt::format(R"({{"draft":"{}"}})", std::string(129, 'a'))), "");
}

TEST(Sandbox, FactsSayWhoMayBeAddressed) {
    SandboxNetwork network;
    auto const job = new_job();
    auto const ask = sandbox_adapter()->facts(job.account, job.app, job.now, Begin{});
    auto const http = network.answer(std::get<Send>(ask).request, "ann", job.now).http;

    auto const known =
        sandbox_adapter()->facts(job.account, job.app, job.now, Reply{"whoami", http});

    auto facts = std::get<Facts>(known).facts;
    EXPECT_EQ(facts.handle, "@ann");
    EXPECT_TRUE(sandbox_adapter()->validate(job.post, job.app, &facts).empty());
    facts.offered["audience"] = {"everyone"};
    auto const findings = sandbox_adapter()->validate(job.post, job.app, &facts);
    ASSERT_EQ(findings.size(), 1U);
    EXPECT_EQ(findings[0].path, "/options/sandbox/audience");
}

TEST(Sandbox, EveryCodeIsInACatalogue) {
    for (auto const* code : {"account.token_expired",
                             "account.reconnect_needed",
                             "network.account_banned",
                             "network.rate_limited",
                             "approval.lapsed",
                             "network.upload_expired",
                             "network.unrecognized",
                             "network.bad_answer",
                             "network.unavailable",
                             "job.outcome_unknown",
                             "option.not_allowed"})
        EXPECT_TRUE(find_error_row(code)) << code;
}

}  // namespace postrider::sandbox

// What goes into a request and what stands before it: files, credentials, permits, pauses, and the
// gate that is asked once more when the commit is armed.
#include "run/attempt.hpp"

#include <postrider/catalogue.hpp>
#include <postrider/test/engine_bench.hpp>
#include <postrider/test/scripted_adapter.hpp>

#include <gtest/gtest.h>

#include <atomic>

namespace postrider::core {
namespace {

using namespace std::chrono_literals;
using adapter::Action;
using adapter::Answer;
using adapter::Effect;
using adapter::JobView;
using adapter::WaitReason;
using test::EngineBench;
using test::Fault;
using test::ScriptedAdapter;

class Requests : public testing::Test {
 protected:
    Requests() {
        bench.add_adapter(script);
        id = bench.add_job("gamma", "ann", "hello");
        uploads(0, 4, 6);
    }
    // Sends these bytes of this file, then commits.
    void uploads(std::size_t index, std::uint64_t offset, std::uint64_t length) {
        script.next_is = [=](JobView const& view, Answer const& answer) -> Action {
            auto const* reply = std::get_if<adapter::Reply>(&answer);
            if (view.intent || (reply && reply->step == "go")) return ScriptedAdapter::done();
            if (reply) return ScriptedAdapter::commit();
            auto send = ScriptedAdapter::request("put", Effect::repeat);
            send.request.body = adapter::FileRange{index, offset, length};
            return send;
        };
    }
    void with_media(std::string const& path = "/somewhere/one.mp4") {
        bench.change(id, [&](Job& job) {
            adapter::MediaFacts facts;
            facts.path = path;
            facts.size_bytes = 10;
            facts.sha256 = "sha256:1";
            job.spec.post.media.push_back(facts);
        });
    }
    // The answer to an upload: so many of its bytes had left.
    void answer_uploads(std::function<void(OutgoingRequest const&, TransportReply&)> says) {
        bench.network().says = [says](OutgoingRequest const& request) {
            std::optional<TransportReply> said;
            if (!request.url.ends_with("/put")) return said;
            said.emplace();
            said->verdict = adapter::Verdict::replied;
            said->http.status = 200;
            says(request, *said);
            return said;
        };
    }
    Job job() { return bench.job(id); }

    ScriptedAdapter script;
    EngineBench bench;
    std::string id;
};

TEST_F(Requests, AFileThatIsNoLongerWhatWasPlannedIsNotSent) {
    with_media();
    bench.check_media = [](adapter::MediaFacts const&) { return make_error("media.changed"); };
    bench.run_until_idle();

    EXPECT_EQ(job().state, JobState::rejected);
    EXPECT_EQ(job().error->code(), "media.changed");
    EXPECT_TRUE(bench.network().log().empty());
}

TEST_F(Requests, FilesAreCheckedAndAddressesAreNot) {
    with_media();
    with_media("");
    std::atomic<int> checked = 0;
    bench.check_media = [&](adapter::MediaFacts const& facts) -> Result<void> {
        EXPECT_EQ(facts.path, "/somewhere/one.mp4");
        ++checked;
        return {};
    };
    answer_uploads([](auto const&, TransportReply& reply) { reply.sent_bytes = 6; });
    ASSERT_TRUE(bench.run_until_idle());

    EXPECT_EQ(checked, 1);
    EXPECT_EQ(job().state, JobState::published);
    EXPECT_EQ(job().receipt.sent.at("media").as_string(), "sha256:1");
}

TEST_F(Requests, AnUploadShowsItsProgressAndLeavesItsBytesInTheTimeline) {
    with_media();
    answer_uploads([](OutgoingRequest const& request, TransportReply& reply) {
        request.progress(3);
        reply.sent_bytes = 6;
    });
    std::vector<std::uint64_t> shown;
    bench.engine().on_progress([&](Progress const& progress) {
        if (progress.total_bytes == 0) return;
        EXPECT_EQ(progress.total_bytes, 10U);
        shown.push_back(progress.sent_bytes);
    });
    ASSERT_TRUE(bench.run_until_idle());

    EXPECT_EQ(shown, (std::vector<std::uint64_t>{4, 7}));
    EXPECT_EQ(bench.steps(id).at(0).note, "bytes 4-9");
}

TEST_F(Requests, AnAnswerBeforeTheWholeBodyHadLeftIsNone) {
    with_media();
    int uploads = 0;
    answer_uploads([&](auto const&, TransportReply& reply) {
        ++uploads;
        if (uploads == 1) {
            reply.verdict = adapter::Verdict::not_sent;
            reply.failure = "no route";
        }
        reply.sent_bytes = uploads < 3 ? 5 : 6;
    });
    ASSERT_TRUE(bench.run_until_idle());

    EXPECT_EQ(uploads, 3);
    EXPECT_EQ(bench.steps(id).at(0).note, "bytes 4-9: no route");
    EXPECT_EQ(job().state, JobState::published);
    EXPECT_EQ(bench.network().calls("go"), 1);
}

TEST_F(Requests, AFileThatThePostDoesNotHaveIsABug) {
    with_media();
    uploads(7, 0, 1);
    bench.run_until_idle();

    EXPECT_EQ(job().state, JobState::rejected);
    EXPECT_EQ(job().error->code(), "internal.bug");
    EXPECT_TRUE(bench.network().log().empty());
}

// What is wrong here says nothing of a post that is out already.
TEST_F(Requests, OurOwnTroubleNeverRejectsWhatTheNetworkHas) {
    script.next_is = [](JobView const& view, Answer const&) -> Action {
        if (!view.intent) return ScriptedAdapter::commit();
        auto send = ScriptedAdapter::request("state", Effect::look);
        send.request.body = adapter::FileRange{7, 0, 1};
        return send;
    };
    bench.run_until_idle(30min);
    EXPECT_FALSE(is_final(job().state));
    EXPECT_TRUE(job().committed);
    EXPECT_EQ(job().error->code(), "internal.bug");

    script.next_is = [](JobView const&, Answer const& answer) -> Action {
        if (std::holds_alternative<adapter::Reply>(answer)) return ScriptedAdapter::done();
        return ScriptedAdapter::request("state", Effect::look);
    };
    ASSERT_TRUE(bench.run_until_idle(2h));
    EXPECT_EQ(job().state, JobState::published);
    EXPECT_EQ(bench.network().calls("go"), 1);
}

TEST_F(Requests, ALostAuthorisationKeepsWhatTheNetworkHasUntilItIsThereAgain) {
    script.next_is = [](JobView const& view, Answer const& answer) -> Action {
        if (!view.intent && !std::holds_alternative<adapter::Reply>(answer))
            return ScriptedAdapter::commit();
        auto const* reply = std::get_if<adapter::Reply>(&answer);
        if (reply && reply->step == "go") return adapter::Wait{1min, WaitReason::network};
        if (reply) return ScriptedAdapter::done();
        return ScriptedAdapter::request("state", Effect::look);
    };
    bench.run_until_idle(20s);
    auto const pair = **read_now<std::optional<TokenPair>>(
        bench.truth(), [](Tables& tables) { return tables.tokens("acc_gammaann"); });
    ASSERT_TRUE(
        bench.truth().write([](Tables& tables) { return tables.remove_tokens("acc_gammaann"); }));
    bench.run_until_idle(10min);
    EXPECT_EQ(job().state, JobState::waiting);
    EXPECT_EQ(job().waiting, WaitReason::account);
    EXPECT_TRUE(job().committed);

    ASSERT_TRUE(bench.truth().write([&](Tables& tables) { return tables.put_tokens(pair); }));
    bench.change(id, [&](Job& stored) { stored.next_at = bench.clock().now(); });
    ASSERT_TRUE(bench.run_until_idle(2h));
    EXPECT_EQ(job().state, JobState::published);
    EXPECT_EQ(bench.network().calls("go"), 1);
}

TEST_F(Requests, ALookWhileTheTokenCannotBeRefreshedIsMadeLater) {
    script.next_is = [](JobView const& view, Answer const& answer) -> Action {
        auto const* reply = std::get_if<adapter::Reply>(&answer);
        if (reply && reply->step == "go") return adapter::Wait{3h, WaitReason::network};
        if (reply) return ScriptedAdapter::done();
        if (view.intent) return ScriptedAdapter::request("state", Effect::look);
        return ScriptedAdapter::commit();
    };
    bench.run_until_idle(20s);
    bench.network().fault("token", 1, Fault::not_sent);
    bench.clock().jump(3h);
    ASSERT_TRUE(bench.run_until_idle(2h));

    EXPECT_EQ(bench.network().calls("token"), 2);
    EXPECT_EQ(job().state, JobState::published);
    EXPECT_EQ(bench.network().calls("go"), 1);
}

TEST_F(Requests, ACommitThatWasRefusedWaitsForItsTokenLikeOneThatNeverWas) {
    script.next_is = [](JobView const&, Answer const& answer) -> Action {
        auto const* reply = std::get_if<adapter::Reply>(&answer);
        if (reply && reply->http.status == 429)
            return adapter::Fail{make_error("network.rate_limited").with_retry(Retry::after(1min)),
                                 {}};
        if (reply) return ScriptedAdapter::done();
        return ScriptedAdapter::commit();
    };
    bench.network().fault("go", 1, Fault::too_many);
    bench.run_until_idle(20s);
    EXPECT_EQ(job().intent->outcome, "refused");
    EXPECT_FALSE(job().committed);
    ASSERT_TRUE(
        bench.truth().write([](Tables& tables) { return tables.remove_tokens("acc_gammaann"); }));
    bench.run_until_idle(10min);

    EXPECT_EQ(job().waiting, WaitReason::account);
    EXPECT_EQ(job().intent->outcome, "refused");
    EXPECT_EQ(bench.network().calls("go"), 1);
}

TEST_F(Requests, WithoutACredentialCarryNoToken) {
    script.next_is = [](JobView const&, Answer const& answer) -> Action {
        if (std::holds_alternative<adapter::Reply>(answer)) return ScriptedAdapter::done();
        auto send = ScriptedAdapter::commit();
        send.request.credential = adapter::Credential::none;
        return send;
    };
    ASSERT_TRUE(bench.run_until_idle());
    ASSERT_EQ(bench.network().log().size(), 1U);
    EXPECT_EQ(bench.network().log()[0].token, "");
    EXPECT_EQ(job().state, JobState::published);
}

TEST_F(Requests, ABlindCommitIsHeldBackWhereItsLastMomentPassesOnTheWay) {
    for (auto const effect : {Effect::commit_blind, Effect::commit_by_handle}) {
        SCOPED_TRACE(word(effect));
        EngineBench other;
        ScriptedAdapter slow;
        slow.next_is = [effect](JobView const&, Answer const& answer) -> Action {
            if (!std::holds_alternative<adapter::Reply>(answer))
                return ScriptedAdapter::request("ask", Effect::look);
            return ScriptedAdapter::request("go", effect);
        };
        other.add_adapter(slow);
        auto const second = other.add_job("gamma", "ann", "hello");
        other.network().round_trip = 2s;
        other.change(second, [&](Job& job) { job.spec.not_after = other.clock().now() + 1s; });
        other.run_until_idle();

        EXPECT_EQ(other.job(second).state, JobState::cancelled);
        EXPECT_FALSE(other.job(second).committed);
        EXPECT_FALSE(other.job(second).intent);
        EXPECT_EQ(other.network().calls("ask"), 1);
        EXPECT_EQ(other.network().calls("go"), 0);
    }
}

TEST_F(Requests, NothingLeavesForAnAccountOrACampaignThatIsHeld) {
    bench.change(id, [](Job& job) { job.spec.campaign = "spring"; });
    Campaign held;
    held.name = "spring";
    held.paused = true;
    ASSERT_TRUE(bench.truth().write([&](Tables& tables) { return tables.put_campaign(held); }));
    bench.run_until_idle();
    EXPECT_EQ(job().state, JobState::waiting);
    EXPECT_EQ(job().waiting, WaitReason::paused);
    EXPECT_EQ(job().wait_owner, Owner::you);
    EXPECT_FALSE(job().next_at);

    auto const second = bench.add_job("gamma", "eve", "hello");
    ASSERT_TRUE(bench.truth().write([&](Tables& tables) -> Result<void> {
        auto account = **tables.account("acc_gammaeve");
        account.paused = true;
        return tables.put_account(account);
    }));
    bench.run_until_idle();
    EXPECT_EQ(bench.job(second).waiting, WaitReason::paused);
    EXPECT_TRUE(bench.network().log().empty());
}

TEST_F(Requests, WaitForAnAppThatIsGone) {
    auto const gone = **read_now<std::optional<Account>>(
        bench.truth(), [](Tables& tables) { return tables.account("acc_gammaann"); });
    auto without = gone;
    without.app_id = "app_gone";
    ASSERT_TRUE(bench.truth().write([&](Tables& tables) { return tables.put_account(without); }));
    bench.run_until_idle(5min);
    EXPECT_EQ(job().state, JobState::waiting);
    EXPECT_EQ(job().error->code(), "not_found.app");

    ASSERT_TRUE(bench.truth().write([&](Tables& tables) { return tables.put_account(gone); }));
    script.next_is = {};
    ASSERT_TRUE(bench.run_until_idle());
    EXPECT_EQ(job().state, JobState::published);
}

// Whatever keeps a visit from beginning, it must leave what is sealed as it was: sealed once more,
// or by the wrong key, it could not be opened when the cause is mended.
TEST_F(Requests, AVisitThatCannotBeginLeavesTheSealedStateAlone) {
    auto const sealed_text = boost::json::string("no box of ours");
    bench.change(id, [&](Job& stored) { stored.saved.sealed["box"] = sealed_text; });
    bench.run_until_idle(10min);
    EXPECT_EQ(job().state, JobState::waiting);
    EXPECT_TRUE(job().error);
    EXPECT_TRUE(bench.network().log().empty());
    EXPECT_EQ(job().saved.sealed.at("box"), sealed_text);

    EngineBench other;
    auto const second = other.add_job("alpha", "ann", "hello");
    other.network().fault("put", 1, Fault::lost_before);
    for (int i = 0; i < 50 && other.network().calls("put") == 0; ++i) other.run_until_idle(50ms);
    other.die();
    auto const before = other.job(second).saved.sealed;
    ASSERT_TRUE(before.contains("box"));
    auto const app = [&](std::string const& app_id) {
        ASSERT_TRUE(other.truth().write([&](Tables& tables) -> Result<void> {
            auto account = **tables.account("acc_alphaann");
            account.app_id = app_id;
            return tables.put_account(account);
        }));
    };
    app("app_gone");
    other.run_until_idle(5min);
    EXPECT_EQ(other.job(second).error->code(), "not_found.app");
    EXPECT_EQ(other.job(second).saved.sealed, before);

    app("app_alpha");
    ASSERT_TRUE(other.run_until_idle());
    EXPECT_EQ(other.job(second).state, JobState::published);
    EXPECT_EQ(other.network().calls("create"), 1);
}

TEST_F(Requests, OldLossesAndAnsweredPreparesDoNotCountAgainstANewOne) {
    EngineBench other;
    auto const second = other.add_job("alpha", "ann", "hello");
    for (int const nth : {1, 3, 4}) other.network().fault("create", nth, Fault::lost_after);
    other.network().fault("create", 2, Fault::garbage);
    other.run_until_idle(700ms);
    ASSERT_EQ(other.network().calls("create"), 1);
    other.clock().jump(2h);
    other.change(second, [&](Job& stored) {
        stored.spec.due_at = other.clock().now();
        stored.next_at = other.clock().now();
        stored.lease_owner.clear();
    });
    other.die();
    ASSERT_TRUE(other.run_until_idle(40min));

    EXPECT_EQ(other.network().calls("create"), 5);
    EXPECT_EQ(other.job(second).state, JobState::published);
}

// A commit that failed before, was lost then, and is proved not to have been made.
TEST_F(Requests, AResumedCommitIsAFirstTryAgain) {
    script.next_is = {};
    script.reconcile_is = [](JobView const&, Answer const&) -> Action {
        return adapter::Resume{{}, "it is not there", false};
    };
    bench.network().fault("go", 1, Fault::not_sent);
    bench.network().fault("go", 2, Fault::lost_before);
    ASSERT_TRUE(bench.run_until_idle());

    EXPECT_EQ(bench.network().calls("go"), 3);
    EXPECT_EQ(job().state, JobState::published);
}

TEST(Digest, IsOfTheRequestButForItsSecrets) {
    auto send = ScriptedAdapter::commit();
    auto const plain = request_digest(send);
    send.request.url += "?more";
    EXPECT_NE(request_digest(send), plain);
    send.request.secret_url = true;
    auto const secret = request_digest(send);
    send.request.url += "&signature=1";
    EXPECT_EQ(request_digest(send), secret);
    send.request.body = "text";
    auto const text = request_digest(send);
    EXPECT_NE(text, secret);
    send.request.body = adapter::FileRange{0, 0, 5};
    auto const range = request_digest(send);
    EXPECT_NE(range, text);
    send.request.body = adapter::FileRange{0, 5, 5};
    EXPECT_NE(request_digest(send), range);
}

TEST(SealedState, OpensForItsOwnJobOnly) {
    test::TempFolder folder;
    auto const vault = *Vault::create(folder / "vault.key");
    adapter::SavedState state;
    state.open["phase"] = "made";
    state.sealed["ticket"] = "secret";
    auto stored = seal_state(state, "job_1", vault);
    EXPECT_EQ(open_state(stored, "job_1", vault)->sealed.at("ticket").as_string(), "secret");
    EXPECT_FALSE(open_state(stored, "job_2", vault));

    for (auto const* nonsense : {"{", "7"}) {
        stored.sealed["box"] = vault.seal(nonsense, "job:job_1");
        auto const opened = open_state(stored, "job_1", vault);
        ASSERT_FALSE(opened);
        EXPECT_EQ(opened.error().code(), "internal.bug");
    }
    stored.sealed["box"] = 7;
    EXPECT_TRUE(open_state(stored, "job_1", vault)->sealed.empty());
    EXPECT_EQ(open_state(stored, "job_1", vault)->open.at("phase").as_string(), "made");
}

}  // namespace
}  // namespace postrider::core

// The same post asked for again: it is the same job, and the answer says how that one stands.
#include "test/studio.hpp"

#include <postrider/catalogue.hpp>
#include <postrider/core/sqlite_store.hpp>

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

namespace postrider::cli::test {

namespace json = boost::json;

class Replaying : public Studio {
 protected:
    void SetUp() override {
        Studio::SetUp();
        set_up_accounts();
    }

    static std::vector<std::string> publish(std::vector<std::string> const& more = {}) {
        std::vector<std::string> words = {"post",
                                          "publish",
                                          "--account",
                                          "sandbox:@anna",
                                          "--caption",
                                          "Hi",
                                          "--idempotency-key",
                                          "hi-1"};
        words.insert(words.end(), more.begin(), more.end());
        return words;
    }

    /// As the engine would have left the only job.
    void leave_job(core::JobState state, std::optional<Error> error) {
        auto const store = *core::open_store(folder / "store.db");
        auto const put = store->write([&](core::Tables& tables) -> Result<void> {
            auto job = tables.jobs({})->front();
            job.state = core::JobState::running;
            if (auto begun = tables.update_job(job); !begun) return begun;
            job.state = state;
            job.error = std::move(error);
            job.next_at.reset();
            return tables.update_job(job);
        });
        ASSERT_TRUE(put) << put.error().message();
    }

    static bool replayed(Ran const& ran) {
        return ran.envelope.at("meta").at("replayed").as_bool();
    }
    static json::value id_of(Ran const& ran) { return ran.data().at("jobs").at(0).at("id"); }
};

TEST_F(Replaying, AWaitThatComesLaterIsAWaitAllTheSame) {
    auto const first = good(publish());
    EXPECT_TRUE(memory.network.ledger().empty());

    auto const again = good(publish());
    EXPECT_TRUE(replayed(again));
    EXPECT_EQ(again.data().at("jobs").at(0).at("state").as_string(), "scheduled");
    auto const waited = good(publish({"--wait"}));

    EXPECT_TRUE(replayed(waited));
    EXPECT_EQ(id_of(waited), id_of(first));
    EXPECT_EQ(waited.data().at("jobs").at(0).at("state").as_string(), "published");
    EXPECT_EQ(waited.data().at("counts").at("published").as_int64(), 1);
    EXPECT_EQ(memory.network.ledger().size(), 1U);
    EXPECT_TRUE(replayed(good(publish({"--wait"}))));
    EXPECT_EQ(memory.network.ledger().size(), 1U);
}

TEST_F(Replaying, APendingApprovalIsInTheAnswerWithTheHashItIsGrantedBy) {
    std::vector<std::string> const ask = {"--option", "sandbox.audience=ask"};
    auto const first = good(publish(ask));

    auto const again = good(publish(ask));

    EXPECT_TRUE(replayed(again));
    EXPECT_EQ(again.data().at("approvals"), first.data().at("approvals"));
    ASSERT_EQ(again.data().at("approvals").as_array().size(), 1U) << again.out;
    EXPECT_EQ(again.envelope.at("warnings").at(0).at("code").as_string(), "approval.required");
    auto const id = again.data().at("approvals").at(0).at("id");
    EXPECT_EQ(again.envelope.at("next").at(0).at("argv"),
              (json::array{"postrider", "approval", "grant", id}));
    EXPECT_EQ(again.envelope.at("next").at(0).at("needs").as_string(), "person");
    auto const hash = hash_of(again);
    EXPECT_EQ(again.data().at("approvals").at(0).at("plan_hash").as_string(), hash);

    auto const waited = run(publish({"--option", "sandbox.audience=ask", "--wait"}));
    EXPECT_EQ(waited.exit, 6);
    EXPECT_EQ(waited.code(), "approval.required");
    at_terminal = true;
    good({"approval", "grant", "--person", "ines", "--hash", hash}, "everyone\ncorrect horse\n");
    at_terminal = false;
    good(publish({"--option", "sandbox.audience=ask", "--wait"}));
    EXPECT_EQ(memory.network.ledger().size(), 1U);
}

TEST_F(Replaying, ARejectedJobAnswersItsOwnErrorAndWhoseMoveItIs) {
    good(publish());
    leave_job(core::JobState::rejected, make_error("media.unsupported", "61 fps"));

    for (auto const& words : {publish(), publish({"--wait"})}) {
        auto const ran = run(words);

        EXPECT_EQ(ran.exit, 12);
        EXPECT_TRUE(replayed(ran));
        EXPECT_EQ(ran.code(), "job.rejected");
        auto const& error = ran.envelope.at("error");
        EXPECT_EQ(error.at("message").as_string(), "61 fps");
        EXPECT_EQ(error.at("owner").as_string(), "you");
        EXPECT_EQ(error.at("retry").at("when").as_string(), "fix_first");
        EXPECT_EQ(error.at("cause").at("code").as_string(), "media.unsupported");
    }
}

TEST_F(Replaying, AnUnknownOutcomeIsAnsweredAsUnknown) {
    good(publish());
    leave_job(core::JobState::unknown, make_error("job.outcome_unknown"));

    auto const ran = run(publish());

    EXPECT_EQ(ran.exit, 14);
    EXPECT_TRUE(replayed(ran));
    EXPECT_EQ(ran.code(), "job.outcome_unknown");
    EXPECT_NE(ran.out.find("\"reconcile\""), std::string::npos) << ran.out;
}

TEST_F(Replaying, ADryRunOfTheSamePostShowsWhatIsStillToBeSent) {
    good(publish());

    auto const ran = good(publish({"--dry-run"}));

    EXPECT_TRUE(replayed(ran));
    EXPECT_TRUE(ran.data().at("dry_run").as_bool());
    EXPECT_EQ(ran.data().at("requests").as_array().size(), 1U) << ran.out;
    EXPECT_TRUE(memory.network.ledger().empty());
}

TEST_F(Replaying, AWaitThatEndsBeforeTheJobNamesTheWaitThatGoesOn) {
    auto const later = good(publish({"--when", "2027-06-01T09:00:00Z"}));

    auto const ran = run({"job",
                          "wait",
                          std::string(id_of(later).as_string()),
                          "--until",
                          "published",
                          "--timeout",
                          "1ms"});

    EXPECT_EQ(ran.code(), "wait.timeout");
    EXPECT_EQ(ran.envelope.at("next").at(0).at("argv"),
              (json::array{"postrider", "job", "wait", id_of(later), "--until", "published"}))
        << ran.out;
}

}  // namespace postrider::cli::test

// An approval of which a value that the author wrote is not offered any more: whoever decides sees
// it, and is told what helps.
#include "test/studio.hpp"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

namespace postrider::cli::test {

namespace json = boost::json;

/// The same network, once it offers followers no longer.
class NarrowerNetwork final : public core::Transport {
 public:
    explicit NarrowerNetwork(core::Transport& whole) : whole_(whole) {}

    boost::asio::awaitable<core::TransportReply> send(core::OutgoingRequest request) override {
        auto reply = co_await whole_.send(std::move(request));
        std::string const gone = ",\"followers\"";
        if (auto const at = reply.http.body.find(gone); at != std::string::npos)
            reply.http.body.erase(at, gone.size());
        co_return reply;
    }

 private:
    core::Transport& whole_;
};

class Lapsing : public Studio {
 protected:
    /// A campaign whose author chose followers waits for its approval.
    void SetUp() override {
        Studio::SetUp();
        set_up_accounts();
        script("followers");
        auto const planned = good({"campaign", "plan", "lapse.lua"});
        hash = hash_of(planned);
        auto const applied = good({"campaign", "apply", "lapse.lua", "--hash", hash});
        approval = applied.data().at("approvals").at(0).at("id").as_string().c_str();
        Desk::transport = &narrower;
    }

    void script(std::string const& audience) {
        write("lapse.lua",
              R"(local postrider = require "postrider" { api = 1 }
return postrider.campaign {
  name = "lapse", zone = "Europe/Paris", accounts = { "sandbox:@anna" }, approval = "plan",
  posts = { postrider.post { key = "one", when = "asap", caption = "Hi",
    options = { sandbox = { audience = ")" +
                  audience + R"(" } } } },
})");
    }

    static void expect_ways_out(Ran const& ran, std::string const& approval) {
        auto const text = json::serialize(ran.envelope.at("next"));
        EXPECT_NE(text.find(R"(["postrider","account","check","sandbox:@anna"])"),
                  std::string::npos)
            << text;
        EXPECT_NE(text.find(R"("campaign","plan",)"), std::string::npos) << text;
        EXPECT_NE(text.find(R"("approval","decline",")" + approval), std::string::npos) << text;
        EXPECT_EQ(text.find("\"grant\""), std::string::npos) << text;
    }

    NarrowerNetwork narrower{memory};
    std::string hash;
    std::string approval;
};

TEST_F(Lapsing, IsMarkedWhereTheApprovalIsShown) {
    auto const shown = good({"approval", "show", approval});

    auto const& lapsed = shown.data().at("jobs").at(0).at("lapsed").as_array();
    ASSERT_EQ(lapsed.size(), 1U) << shown.out;
    EXPECT_EQ(lapsed[0].at("code").as_string(), "approval.lapsed");
    EXPECT_EQ(lapsed[0].at("path").as_string(), "/options/sandbox/audience");
    EXPECT_EQ(lapsed[0].at("allowed"), (json::array{"everyone"}));
    EXPECT_EQ(shown.envelope.at("warnings").at(0).at("code").as_string(), "approval.lapsed");
    expect_ways_out(shown, approval);
    auto const read = good({"approval", "show", approval, "-o", "table"});
    EXPECT_NE(read.out.find("NO LONGER OFFERED; offered now: [\"everyone\"]"), std::string::npos)
        << read.out;
}

TEST_F(Lapsing, AtATerminalIsRefusedBeforeThePassphraseIsAskedFor) {
    at_terminal = true;
    auto const ran =
        run({"approval", "grant", "--person", "ines", "--hash", hash}, "correct horse\n");
    at_terminal = false;

    EXPECT_EQ(ran.exit, 6);
    EXPECT_EQ(ran.code(), "approval.lapsed");
    EXPECT_NE(ran.err.find("NO LONGER OFFERED"), std::string::npos) << ran.err;
    EXPECT_EQ(ran.err.find("Passphrase"), std::string::npos) << ran.err;
    expect_ways_out(ran, approval);
}

TEST_F(Lapsing, AnotherValueInTheScriptIsTheWayOut) {
    auto const refused =
        run({"approval", "grant", "--person", "ines", "--hash", hash, "--passphrase-stdin"},
            "correct horse\n");
    EXPECT_EQ(refused.code(), "approval.lapsed");
    expect_ways_out(refused, approval);

    script("everyone");
    auto const again = hash_of(good({"campaign", "plan", "lapse.lua"}));
    good({"campaign", "apply", "lapse.lua", "--hash", again});
    good({"approval", "grant", "--person", "ines", "--hash", again, "--passphrase-stdin"},
         "correct horse\n");
    good({"run", "--until", "idle"});

    ASSERT_EQ(memory.network.ledger().size(), 1U);
    EXPECT_EQ(memory.network.ledger().front().audience, "everyone");
}

TEST_F(Lapsing, ToDeclineIsAWayOutToo) {
    good({"approval", "decline", "--person", "ines", "--hash", hash, "--passphrase-stdin"},
         "correct horse\n");

    auto const jobs = good({"job", "list"});
    EXPECT_EQ(jobs.data().at("items").at(0).at("state").as_string(), "cancelled");
}

}  // namespace postrider::cli::test

// Signing in through a browser, played by curl: it opens the address that is printed and follows
// the network's redirect back to the waiting command.
#include "rig.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace postrider::end_to_end {
namespace {

namespace json = boost::json;

class SignIn : public testing::Test {
 protected:
    void begin(std::string const& redirect) {
        rig.set_up();
        rig.run({"app", "set", "main", "--redirect", redirect});
        auto const app = rig.run({"app", "show", "main"});
        rig.run({"app",
                 "set",
                 "main",
                 "--option",
                 "authorize_base=" + app.text("/data/options/api_base")});
    }

    /// Connects while a browser visits the printed address with `extra` behind it.
    Answer connect(std::string const& target, std::string const& extra) {
        auto const said = (rig.folder() / "said.txt").string();
        auto const seen = (rig.folder() / "seen.txt").string();
        auto const outcome = test::run_program(
            {"/bin/bash",
             "-c",
             "( for i in $(seq 100); do grep -q '^  http' " + said +
                 " 2>/dev/null && break; sleep 0.1; done; curl -s -L -o " + seen +
                 " \"$(sed -n 's/^  \\(http.*\\)/\\1/p' " + said + ")" + extra +
                 "\" ) & " POSTRIDER_BUILD_DIR "/bin/postrider account connect " + target +
                 " --timeout 20s -o json 2>" + said + "; code=$?; wait; exit $code"},
            {},
            {{"POSTRIDER_STORE", (rig.folder() / "state/postrider.db").string()},
             {"POSTRIDER_VAULT_KEY_FILE", (rig.folder() / "state/vault.key").string()}});
        Answer answer;
        answer.exit = outcome.exit;
        boost::system::error_code bad;
        auto const value = json::parse(outcome.out, bad);
        if (!bad && value.is_object()) answer.envelope = value.as_object();
        return answer;
    }

    Rig rig;
};

TEST_F(SignIn, ThroughTheNetworksPageAndBackToThisMachine) {
    begin("http://127.0.0.1:*/callback/");

    auto const connected = connect("tiktok:@nova_fr", "&emulator_creator=nova_fr");

    EXPECT_EQ(connected.exit, 0) << json::serialize(connected.envelope);
    EXPECT_EQ(connected.text("/data/account/name"), "tiktok:@nova_fr");
    EXPECT_THAT(test::read_file(rig.folder() / "seen.txt"),
                testing::HasSubstr("go back to postrider"));
    EXPECT_EQ(rig.run({"account", "check", "tiktok:@nova_fr"}).exit, 0);
    EXPECT_EQ(rig.violations().size(), 0U) << json::serialize(rig.violations());
}

TEST_F(SignIn, AsAnotherCreatorIsRefusedAndTheAccountStaysAsItWas) {
    begin("http://127.0.0.1:*/callback/");

    auto const connected = connect("tiktok:@nova_fr", "&emulator_creator=nova_de");

    EXPECT_EQ(connected.text("/error/code"), "account.mismatch")
        << json::serialize(connected.envelope);
    EXPECT_EQ(rig.run({"account", "check", "tiktok:@nova_fr"}).exit, 0);
}

TEST_F(SignIn, ThatTheCreatorRefusesSaysSo) {
    begin("http://127.0.0.1:*/callback/");
    rig.post("/_emulator/creators/nova_fr", R"({"denies":true})");

    auto const connected = connect("tiktok:@nova_fr", "&emulator_creator=nova_fr");

    EXPECT_EQ(connected.exit, 4);
    EXPECT_EQ(connected.text("/error/code"), "account.sign_in_refused")
        << json::serialize(connected.envelope);
    EXPECT_EQ(connected.text("/error/context/network_code"), "access_denied");
}

TEST_F(SignIn, WithoutARedirectOrATerminalForAnotherOneSaysWhatIsMissing) {
    rig.set_up();
    EXPECT_EQ(rig.run({"account", "connect", "tiktok"}).text("/error/code"), "app.misconfigured");

    rig.run({"app", "set", "main", "--redirect", "https://example.com/back"});
    auto const elsewhere = rig.run({"account", "connect", "tiktok"});

    EXPECT_EQ(elsewhere.text("/error/code"), "usage.missing_input");
    EXPECT_THAT(elsewhere.text("/error/message"), testing::HasSubstr("--token-stdin"));
}

}  // namespace
}  // namespace postrider::end_to_end

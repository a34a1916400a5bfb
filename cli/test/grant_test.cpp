// A person's decision about a post whose time has passed, at a terminal and without one.
#include "test/studio.hpp"

#include <boost/json/array.hpp>

namespace postrider::cli::test {

class Granting : public Studio {
 protected:
    /// A post for 18:00 waits for its approval, and a day has passed.
    void SetUp() override {
        Studio::SetUp();
        environment["POSTRIDER_CLOCK"] = "2027-02-01T09:00:00.000Z";
        set_up_accounts();
        auto const script = write("late.lua", R"(local postrider = require "postrider" { api = 1 }
return postrider.campaign {
  name = "late", zone = "Europe/Paris", accounts = { "sandbox:@anna" }, approval = "plan",
  posts = { postrider.post { key = "one", when = "2027-02-01 18:00", caption = "Hi" } },
})");
        hash = hash_of(good({"campaign", "plan", script}));
        good({"campaign", "apply", script, "--hash", hash});
        environment["POSTRIDER_CLOCK"] = "2027-02-02T09:00:00.000Z";
    }

    std::string due() {
        auto const jobs = good({"job", "list"});
        return std::string(jobs.data().at("items").at(0).at("due_at").as_string());
    }
    std::string state() {
        auto const jobs = good({"job", "list"});
        return std::string(jobs.data().at("items").at(0).at("state").as_string());
    }

    std::string hash;
};

TEST_F(Granting, WithoutATerminalATimeThatHasPassedIsRefused) {
    auto const ran =
        run({"approval", "grant", "--person", "ines", "--hash", hash, "--passphrase-stdin"},
            "correct horse\n");

    EXPECT_EQ(ran.exit, 6);
    EXPECT_EQ(ran.code(), "approval.time_passed");
    EXPECT_NE(ran.out.find("2027-02-01 18:00 Europe/Paris"), std::string::npos) << ran.out;
    EXPECT_NE(ran.out.find(R"("approval","grant")"), std::string::npos) << ran.out;
    EXPECT_EQ(state(), "awaiting_approval");
}

TEST_F(Granting, AtATerminalThePersonIsAskedForTheNewTime) {
    at_terminal = true;
    auto const ran = good({"approval", "grant", "--person", "ines", "--hash", hash},
                          "soon\n2027-02-01 20:00\n2027-02-03 18:30\ncorrect horse\n");
    at_terminal = false;

    EXPECT_NE(ran.err.find("When instead?"), std::string::npos) << ran.err;
    EXPECT_NE(ran.err.find("That has passed too."), std::string::npos) << ran.err;
    EXPECT_EQ(state(), "scheduled");
    EXPECT_EQ(due(), "2027-02-03T17:30:00.000Z");
}

TEST_F(Granting, NowIsATimeToo) {
    at_terminal = true;
    good({"approval", "grant", "--person", "ines", "--hash", hash}, "now\ncorrect horse\n");
    at_terminal = false;
    good({"run", "--until", "idle"});

    EXPECT_EQ(state(), "published");
}

TEST_F(Granting, WithoutANewTimeNothingIsGranted) {
    at_terminal = true;
    auto const ran = run({"approval", "grant", "--person", "ines", "--hash", hash}, "");
    at_terminal = false;

    EXPECT_EQ(ran.code(), "approval.time_passed");
    EXPECT_EQ(state(), "awaiting_approval");
}

}  // namespace postrider::cli::test

// A process dies at the hit that was named, and at no other: what the crash runs rest on.
#include <postrider/core/crash_point.hpp>

#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>

#ifdef POSTRIDER_CRASH_POINTS

namespace postrider::core {
namespace {

// Each statement runs in a process of its own, started anew: the appointment is read once.
class CrashPointDeathTest : public testing::Test {
 protected:
    CrashPointDeathTest() { testing::FLAGS_gtest_death_test_style = "threadsafe"; }
};

void pass(char const* appointment, int commits) {
    if (appointment) ::setenv("POSTRIDER_CRASH_AT", appointment, 1);
    crash_point(CrashPoint::request_after);
    for (int i = 0; i < commits; ++i) crash_point(CrashPoint::commit_after);
    std::exit(0);
}

TEST_F(CrashPointDeathTest, KillsAtTheHitThatWasNamed) {
    EXPECT_EXIT(pass("commit.after:3", 3), testing::KilledBySignal(SIGKILL), "");
    EXPECT_EXIT(pass("request.after:1", 0), testing::KilledBySignal(SIGKILL), "");
}

TEST_F(CrashPointDeathTest, LeavesAloneWhoeverDoesNotGetThere) {
    EXPECT_EXIT(pass("commit.after:3", 2), testing::ExitedWithCode(0), "");
    EXPECT_EXIT(pass("commit.before:1", 5), testing::ExitedWithCode(0), "");
    EXPECT_EXIT(pass(nullptr, 5), testing::ExitedWithCode(0), "");
}

TEST_F(CrashPointDeathTest, AHarnessThatAsksForNothingIsTold) {
    for (auto const* bad : {"commit.after", "nowhere:1", "commit.after:soon"})
        EXPECT_EXIT(pass(bad, 1), testing::KilledBySignal(SIGABRT), "") << bad;
}

}  // namespace
}  // namespace postrider::core

#endif

// What the process gives up is really given up, and a parser that never comes back is ended with an
// answer.
#include "confine.hpp"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>

namespace postrider::probe {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t ample_memory_mib = 64 * 1024;

/// In a child: confines it and sends standard output to where the death test listens.
void confine_child() {
    ::dup2(STDERR_FILENO, STDOUT_FILENO);
    confine(ample_memory_mib);
}

TEST(AlarmDeathTest, ProcessThatWaitsForEverEndsWithItsLastWords) {
    EXPECT_EXIT(
        {
            confine_child();
            Alarm const alarm(1s, "it took too long\n");
            for (;;) ::pause();
        },
        testing::ExitedWithCode(3),
        "it took too long");
}

TEST(AlarmDeathTest, AlarmThatIsOverDoesNotRing) {
    EXPECT_EXIT(
        {
            confine_child();
            { Alarm const alarm(1s, "it took too long\n"); }
            ::usleep(1'200'000);
            std::_Exit(0);
        },
        testing::ExitedWithCode(0),
        "");
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__clang__)
TEST(ConfineDeathTest, NoNetworkNoProgramsNoWriting) {
    EXPECT_EXIT(
        {
            confine_child();
            bool const network = ::socket(AF_INET, SOCK_STREAM, 0) >= 0;
            bool const writing = ::open("/tmp/never-made", O_WRONLY | O_CREAT, 0600) >= 0;
            bool const reading = ::open("/proc/self/status", O_RDONLY) >= 0;
            char* const arguments[] = {nullptr};
            ::execv("/bin/true", arguments);  // comes back only when it is refused
            std::_Exit(network || writing || !reading ? 1 : 7);
        },
        testing::ExitedWithCode(7),
        "");
}
#endif

}  // namespace
}  // namespace postrider::probe

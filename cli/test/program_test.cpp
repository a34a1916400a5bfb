// The program itself, as a process: signals, a terminal, and starting fast. What needs no process
// is tested in process.
#include "test/schema_check.hpp"

#include <boost/json/parse.hpp>

#include <gtest/gtest.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace postrider::cli::test {

namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

std::string const program = std::string(POSTRIDER_BUILD_DIR) + "/bin/postrider";

/// A started program: its pid, and the end from which what it prints is read (a pipe, or a
/// terminal's master).
struct Started {
    pid_t pid = -1;
    int end = -1;
};

[[noreturn]] void become(std::vector<std::string> words, fs::path const& home) {
    words.insert(words.begin(), program);
    std::vector<char*> argv;
    for (auto& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    setenv("HOME", home.c_str(), 1);
    for (auto const* name :
         {"CI", "NO_COLOR", "XDG_STATE_HOME", "XDG_CONFIG_HOME", "POSTRIDER_STORE"})
        unsetenv(name);
    if (chdir(home.c_str()) == 0) execv(program.c_str(), argv.data());
    _exit(127);
}

class Program : public ::testing::Test {
 protected:
    void SetUp() override {
        std::string pattern = (fs::temp_directory_path() / "postrider-program-XXXXXX").string();
        home = mkdtemp(pattern.data());
    }
    void TearDown() override {
        std::error_code ignored;
        fs::remove_all(home, ignored);
    }

    Started start(std::vector<std::string> const& words, std::string const& input = {}) const {
        std::array<int, 2> out{};
        std::array<int, 2> in{};
        if (pipe(out.data()) != 0 || pipe(in.data()) != 0) return {};
        Started started;
        started.pid = fork();
        if (started.pid == 0) {
            dup2(in[0], STDIN_FILENO);
            dup2(out[1], STDOUT_FILENO);
            for (int const end : {in[0], in[1], out[0], out[1]}) close(end);
            become(words, home);
        }
        close(in[0]);
        close(out[1]);
        if (write(in[1], input.data(), input.size()) < 0) ADD_FAILURE();
        close(in[1]);
        started.end = out[0];
        return started;
    }

    Started start_on_terminal(std::vector<std::string> const& words) const {
        Started started;
        winsize size{24, 100, 0, 0};
        started.pid = forkpty(&started.end, nullptr, nullptr, &size);
        if (started.pid == 0) {
            setenv("TERM", "xterm", 1);
            become(words, home);
        }
        return started;
    }

    /// Reads until the text comes, or nothing comes for ten seconds.
    static std::string read_until(Started const& started, std::string const& awaited) {
        std::string text;
        std::array<char, 4096> block{};
        while (awaited.empty() || text.find(awaited) == std::string::npos) {
            pollfd waiting{started.end, POLLIN, 0};
            if (poll(&waiting, 1, 10'000) <= 0) break;
            auto const count = read(started.end, block.data(), block.size());
            if (count <= 0) break;
            text.append(block.data(), static_cast<std::size_t>(count));
        }
        return text;
    }

    static void type(Started const& started, std::string const& line) {
        auto const text = line + "\n";
        if (write(started.end, text.data(), text.size()) < 0) ADD_FAILURE();
    }

    static int exit_of(Started const& started) {
        int status = 0;
        waitpid(started.pid, &status, 0);
        close(started.end);
        return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
    }

    void initialise() const {
        auto const made =
            start({"init", "--person", "ines", "--passphrase-stdin"}, "correct horse\n");
        read_until(made, "");
        ASSERT_EQ(exit_of(made), 0);
    }

    fs::path home;
};

}  // namespace

TEST_F(Program, ASignalEndsTheEngineWithOneEnvelope) {
    initialise();
    for (auto const& [signal, exit] : {std::pair{SIGINT, 130}, {SIGTERM, 143}}) {
        auto const running = start({"run"});
        std::this_thread::sleep_for(std::chrono::milliseconds(400));
        kill(running.pid, signal);
        auto const out = read_until(running, "");

        EXPECT_EQ(exit_of(running), exit);
        auto const envelope = json::parse(out);
        EXPECT_EQ(envelope.at("data").at("ended_by").as_string(), "signal") << out;
    }
}

TEST_F(Program, ASignalEndsAStreamWithItsResult) {
    initialise();
    auto const following = start({"event", "follow"});
    std::this_thread::sleep_for(std::chrono::milliseconds(400));
    kill(following.pid, SIGINT);
    auto const out = read_until(following, "");

    EXPECT_EQ(exit_of(following), 130);
    EXPECT_TRUE(out.starts_with(R"({"type":"hello")")) << out;
    EXPECT_NE(out.find(R"("type":"result")"), std::string::npos) << out;
}

// The helper says that it has begun, and then says nothing more.
TEST_F(Program, ASignalEndsASimulationItsHelperAndItsCopy) {
    initialise();
    fs::create_directory(home / "tmp");
    auto const ready = home / "ready";
    ASSERT_EQ(mkfifo(ready.c_str(), 0600), 0);
    int const end = open(ready.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    auto const helper = home / "postrider-rehearse";
    std::ofstream(helper) << "#!/bin/sh\nread line\necho $$ > " << ready.string()
                          << "\nexec sleep 60\n";
    fs::permissions(helper, fs::perms::owner_all);
    std::ofstream(home / "empty.lua") << R"(local postrider = require "postrider" { api = 1 }
return postrider.campaign { name = "empty", zone = "UTC", posts = {} })";
    setenv("TMPDIR", (home / "tmp").c_str(), 1);
    setenv("POSTRIDER_LIBEXEC", home.c_str(), 1);

    auto const running = start({"campaign", "simulate", "empty.lua"});
    unsetenv("TMPDIR");
    unsetenv("POSTRIDER_LIBEXEC");
    auto const said = read_until({running.pid, end}, "\n");
    EXPECT_FALSE(fs::is_empty(home / "tmp"));
    kill(running.pid, SIGINT);
    auto const out = read_until(running, "");

    EXPECT_EQ(exit_of(running), 130) << out;
    EXPECT_EQ(json::parse(out).at("command").as_string(), "campaign simulate");
    EXPECT_TRUE(fs::is_empty(home / "tmp"));
    auto const helper_pid = std::atoi(said.c_str());
    ASSERT_GT(helper_pid, 1) << said;
    EXPECT_NE(kill(helper_pid, 0), 0);
    close(end);
}

TEST_F(Program, ATerminalAsksForThePassphraseWithoutEcho) {
    auto const asking = start_on_terminal({"init", "--person", "ines"});
    auto const question = read_until(asking, "characters): ");
    ASSERT_NE(question.find("Passphrase"), std::string::npos) << question;
    type(asking, "correct horse");
    auto const rest = read_until(asking, "");

    EXPECT_EQ(exit_of(asking), 0);
    EXPECT_EQ(rest.find("correct horse"), std::string::npos) << rest;
    EXPECT_NE(rest.find("postrider.db"), std::string::npos) << rest;
}

TEST_F(Program, AnInterruptedQuestionLeavesOneEnvelope) {
    auto const asking = start_on_terminal({"init", "--json"});
    read_until(asking, "characters): ");
    kill(asking.pid, SIGINT);
    auto const rest = read_until(asking, "");

    EXPECT_EQ(exit_of(asking), 130);
    EXPECT_NE(rest.find(R"("ok":false)"), std::string::npos) << rest;
}

TEST_F(Program, WithoutATerminalNothingIsAsked) {
    auto const piped = start({"init"});
    auto const out = read_until(piped, "");

    EXPECT_EQ(exit_of(piped), 2);
    EXPECT_EQ(json::parse(out).at("error").at("code").as_string(), "usage.missing_input");
    EXPECT_FALSE(fs::exists(home / ".local"));
}

}  // namespace postrider::cli::test

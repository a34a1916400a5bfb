// posix_spawn, pipes and poll; nothing that a shell would interpret.
#include <postrider/test/process.hpp>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <thread>

extern char** environ;

namespace postrider::test {
namespace {

using SteadyClock = std::chrono::steady_clock;

struct Pipe {
    int read = -1;
    int write = -1;
    Pipe() {
        int ends[2];
        if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
        read = ends[0];
        write = ends[1];
    }
};

void close_end(int& fd) {
    if (fd >= 0) ::close(fd);
    fd = -1;
}

pid_t spawn(
    std::vector<std::string> const& arguments, Environment const& added, int in, int out, int err) {
    std::vector<char*> argv;
    for (auto const& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
    argv.push_back(nullptr);
    std::vector<std::string> settings;
    for (char** entry = environ; *entry; ++entry) {
        std::string const setting = *entry;
        if (!added.count(setting.substr(0, setting.find('=')))) settings.push_back(setting);
    }
    for (auto const& [name, value] : added) settings.push_back(name + "=" + value);
    std::vector<char*> envp;
    for (auto& setting : settings) envp.push_back(setting.data());
    envp.push_back(nullptr);

    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    if (in >= 0) ::posix_spawn_file_actions_adddup2(&actions, in, 0);
    if (out >= 0) ::posix_spawn_file_actions_adddup2(&actions, out, 1);
    if (err >= 0) ::posix_spawn_file_actions_adddup2(&actions, err, 2);
    pid_t pid = -1;
    int const failed = ::posix_spawnp(&pid, argv[0], &actions, nullptr, argv.data(), envp.data());
    ::posix_spawn_file_actions_destroy(&actions);
    if (failed != 0)
        throw std::runtime_error(std::string("cannot start ") + arguments[0] + ": " +
                                 std::strerror(failed));
    return pid;
}

int exit_of(int status) {
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

Outcome run_program(std::vector<std::string> const& arguments,
                    std::string const& input,
                    Environment const& environment,
                    std::chrono::seconds limit) {
    ::signal(SIGPIPE, SIG_IGN);
    Pipe in;
    Pipe out;
    Pipe err;
    pid_t const pid = spawn(arguments, environment, in.read, out.write, err.write);
    close_end(in.read);
    close_end(out.write);
    close_end(err.write);
    ::fcntl(in.write, F_SETFL, O_NONBLOCK);

    Outcome outcome;
    std::size_t written = 0;
    if (input.empty()) close_end(in.write);
    auto const deadline = SteadyClock::now() + limit;
    while (out.read >= 0 || err.read >= 0) {
        auto const left =
            std::chrono::duration_cast<std::chrono::milliseconds>(deadline - SteadyClock::now())
                .count();
        if (left <= 0) {
            ::kill(pid, SIGKILL);
            break;
        }
        pollfd ends[3] = {{out.read, POLLIN, 0}, {err.read, POLLIN, 0}, {in.write, POLLOUT, 0}};
        ::poll(ends, 3, static_cast<int>(left));
        auto drain = [](pollfd const& end, int& fd, std::string& text) {
            if (fd < 0 || !end.revents) return;
            char block[65536];
            auto const got = ::read(fd, block, sizeof block);
            if (got > 0)
                text.append(block, static_cast<std::size_t>(got));
            else
                close_end(fd);
        };
        drain(ends[0], out.read, outcome.out);
        drain(ends[1], err.read, outcome.err);
        if (in.write >= 0 && ends[2].revents) {
            auto const sent = ::write(in.write, input.data() + written, input.size() - written);
            if (sent > 0) written += static_cast<std::size_t>(sent);
            if (written == input.size() || (sent < 0 && errno != EAGAIN)) close_end(in.write);
        }
    }
    close_end(out.read);
    close_end(err.read);
    close_end(in.write);
    int status = 0;
    ::waitpid(pid, &status, 0);
    outcome.exit = exit_of(status);
    return outcome;
}

Background::Background(std::vector<std::string> const& arguments, Environment const& environment) {
    Pipe out;
    pid_ = spawn(arguments, environment, -1, out.write, -1);
    close_end(out.write);
    out_ = out.read;
}

Background::~Background() {
    if (pid_ > 0) {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }
    close_end(out_);
}

std::string Background::read_line(std::chrono::seconds limit) {
    auto const deadline = SteadyClock::now() + limit;
    for (;;) {
        if (auto const end = buffer_.find('\n'); end != std::string::npos) {
            auto line = buffer_.substr(0, end);
            buffer_.erase(0, end + 1);
            return line;
        }
        auto const left =
            std::chrono::duration_cast<std::chrono::milliseconds>(deadline - SteadyClock::now())
                .count();
        if (left <= 0) return {};
        pollfd end{out_, POLLIN, 0};
        if (::poll(&end, 1, static_cast<int>(left)) <= 0) continue;
        char block[65536];
        auto const got = ::read(out_, block, sizeof block);
        if (got <= 0) return {};
        buffer_.append(block, static_cast<std::size_t>(got));
    }
}

void Background::signal(int number) const {
    if (pid_ > 0) ::kill(pid_, number);
}

int Background::wait(std::chrono::seconds limit) {
    auto const deadline = SteadyClock::now() + limit;
    int status = 0;
    while (::waitpid(pid_, &status, WNOHANG) == 0) {
        if (SteadyClock::now() > deadline) {
            ::kill(pid_, SIGKILL);
            ::waitpid(pid_, &status, 0);
            break;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    pid_ = -1;
    return exit_of(status);
}

TempFolder::TempFolder() {
    auto name = (std::filesystem::temp_directory_path() / "postrider-XXXXXX").string();
    if (!::mkdtemp(name.data())) throw std::runtime_error("no temporary folder");
    path_ = name;
}

TempFolder::~TempFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

void write_file(std::filesystem::path const& path, std::string_view text) {
    std::filesystem::create_directories(path.parent_path());
    std::ofstream file(path, std::ios::binary);
    file << text;
    if (!file.flush()) throw std::runtime_error("cannot write " + path.string());
}

std::string read_file(std::filesystem::path const& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

}  // namespace postrider::test

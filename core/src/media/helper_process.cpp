// posix_spawn, a socket pair and a clock. Knows nothing of what is asked.
#include <postrider/core/helper_process.hpp>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdlib>

namespace postrider::core {
namespace {

using std::chrono::steady_clock;

/// Attributes and file actions of a spawn, freed at the end.
class SpawnPlan {
 public:
    explicit SpawnPlan(int socket) {
        posix_spawn_file_actions_init(&actions_);
        posix_spawn_file_actions_adddup2(&actions_, socket, STDIN_FILENO);
        posix_spawn_file_actions_adddup2(&actions_, socket, STDOUT_FILENO);
        posix_spawn_file_actions_addopen(&actions_, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
        // Whatever some library left open without the close-on-exec mark.
        posix_spawn_file_actions_addclosefrom_np(&actions_, STDERR_FILENO + 1);

        // A group of its own: Ctrl-C at the terminal is for us, who then end in good order. No
        // blocked or ignored signals are handed down.
        posix_spawnattr_init(&attributes_);
        posix_spawnattr_setflags(
            &attributes_, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
        posix_spawnattr_setpgroup(&attributes_, 0);
        sigset_t signals;
        sigemptyset(&signals);
        posix_spawnattr_setsigmask(&attributes_, &signals);
        sigfillset(&signals);
        posix_spawnattr_setsigdefault(&attributes_, &signals);
    }
    ~SpawnPlan() {
        posix_spawnattr_destroy(&attributes_);
        posix_spawn_file_actions_destroy(&actions_);
    }
    SpawnPlan(SpawnPlan const&) = delete;
    SpawnPlan& operator=(SpawnPlan const&) = delete;

    [[nodiscard]] posix_spawn_file_actions_t const* actions() const { return &actions_; }
    [[nodiscard]] posix_spawnattr_t const* attributes() const { return &attributes_; }

 private:
    posix_spawn_file_actions_t actions_{};
    posix_spawnattr_t attributes_{};
};

/// Our environment may hold key paths and tokens; a program that parses foreign files gets none of
/// it.
std::vector<std::string> harmless_environment() {
    std::vector<std::string> kept;
    for (char const* name : {"PATH",
                             "LANG",
                             "LC_ALL",
                             "LD_LIBRARY_PATH",
                             "ASAN_OPTIONS",
                             "UBSAN_OPTIONS",
                             "LSAN_OPTIONS"})
        if (char const* value = std::getenv(name)) kept.push_back(std::string(name) + "=" + value);
    return kept;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
    std::vector<char*> list;
    for (std::string& text : texts) list.push_back(text.data());
    list.push_back(nullptr);
    return list;
}

}  // namespace

std::unique_ptr<HelperProcess> HelperProcess::start(std::filesystem::path const& program,
                                                    std::vector<std::string> const& arguments,
                                                    int& error) {
    int sockets[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) != 0) {
        error = errno;
        return nullptr;
    }
    std::vector<std::string> words = {program.string()};
    words.insert(words.end(), arguments.begin(), arguments.end());
    std::vector<std::string> variables = harmless_environment();
    auto const argument_list = pointers(words);
    auto const variable_list = pointers(variables);
    SpawnPlan const plan(sockets[1]);
    pid_t pid = 0;
    error = ::posix_spawn(&pid,
                          program.c_str(),
                          plan.actions(),
                          plan.attributes(),
                          argument_list.data(),
                          variable_list.data());
    ::close(sockets[1]);
    if (error != 0) {
        ::close(sockets[0]);
        return nullptr;
    }
    return std::unique_ptr<HelperProcess>(new HelperProcess(pid, sockets[0]));
}

HelperProcess::~HelperProcess() {
    stop(Answer::Kind::ended);
    ::close(socket_);
}

bool HelperProcess::is_alive() {
    if (end_) return false;
    int status = 0;
    pid_t const ended = ::waitpid(pid_, &status, WNOHANG);
    if (ended == 0) return true;
    end_ = End{};
    if (ended == pid_) {
        if (WIFSIGNALED(status)) end_->signal = WTERMSIG(status);
        if (WIFEXITED(status)) end_->status = WEXITSTATUS(status);
    }
    return false;
}

HelperProcess::Answer HelperProcess::stop(Answer::Kind kind) {
    if (!end_ && kind == Answer::Kind::ended) {
        // It closed its side, which it does by ending: a moment's patience tells how, where a kill
        // would hide it.
        ::shutdown(socket_, SHUT_RDWR);
        for (int turn = 0; turn < 50 && is_alive(); ++turn) ::usleep(2'000);
    }
    if (!end_) {
        ::kill(-pid_, SIGKILL);  // its whole group, should it have started something
        int status = 0;
        while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
        }
        end_ = End{SIGKILL, 0};
    }
    Answer answer;
    answer.kind = kind;
    answer.end = *end_;
    return answer;
}

bool HelperProcess::wait_for(short events,
                             steady_clock::time_point deadline,
                             std::function<bool()> const& give_up) const {
    std::int64_t const longest = give_up ? 100 : INT_MAX;
    for (;;) {
        auto const left =
            std::chrono::ceil<std::chrono::milliseconds>(deadline - steady_clock::now()).count();
        if (left <= 0 || (give_up && give_up())) return false;
        pollfd waited{socket_, events, 0};
        int const ready =
            ::poll(&waited, 1, static_cast<int>(std::min<std::int64_t>(left, longest)));
        if (ready > 0) return true;
        if (ready < 0 && errno != EINTR) return false;
    }
}

HelperProcess::Answer HelperProcess::ask(std::string_view line,
                                         steady_clock::time_point deadline,
                                         std::size_t answer_size_max,
                                         std::function<bool()> const& give_up) {
    while (!line.empty()) {
        ssize_t const sent = ::send(socket_, line.data(), line.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent > 0) {
            line.remove_prefix(static_cast<std::size_t>(sent));
        } else if (errno == EAGAIN) {
            if (!wait_for(POLLOUT, deadline, give_up)) return stop(Answer::Kind::late);
        } else if (errno != EINTR) {
            return stop(Answer::Kind::ended);
        }
    }
    for (std::size_t searched = 0;;) {
        auto const end = waiting_.find('\n', searched);
        if (end != std::string::npos) {
            Answer answer;
            answer.kind = Answer::Kind::line;
            answer.line = waiting_.substr(0, end);
            waiting_.erase(0, end + 1);
            return answer;
        }
        searched = waiting_.size();
        if (waiting_.size() > answer_size_max) return stop(Answer::Kind::too_long);
        if (!wait_for(POLLIN, deadline, give_up)) return stop(Answer::Kind::late);
        char block[16 * 1024];
        ssize_t const count = ::recv(socket_, block, sizeof block, MSG_DONTWAIT);
        if (count > 0)
            waiting_.append(block, static_cast<std::size_t>(count));
        else if (count == 0 || (errno != EAGAIN && errno != EINTR))
            return stop(Answer::Kind::ended);
    }
}

}  // namespace postrider::core

// A program started beside us that answers lines with lines. Not for helpers that may write on
// their own.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postrider::core {

/// Owns the process: it is killed at the end of this object's life. Not safe for several threads.
class HelperProcess {
 public:
    /// How a process ended; exactly one of the two is set.
    struct End {
        int signal = 0;
        int status = 0;
    };
    /// An answer, or why there is none.
    struct Answer {
        enum class Kind { line, ended, late, too_long };
        Kind kind = Kind::ended;
        std::string line;  ///< without its line end
        End end;           ///< for `ended`
    };

    /// Starts it with a socket as its standard input and output and nothing else of ours open. Its
    /// environment holds what programs need to be loaded and to speak, and no secret of ours.
    /// @param error  receives the system's error number when null is returned.
    static std::unique_ptr<HelperProcess> start(std::filesystem::path const& program,
                                                std::vector<std::string> const& arguments,
                                                int& error);
    ~HelperProcess();
    HelperProcess(HelperProcess const&) = delete;
    HelperProcess& operator=(HelperProcess const&) = delete;

    /// Sends a line (given with its end) and waits for one. After any kind but `line` the process
    /// is gone.
    /// @param give_up  asked some times a second, where it is given; true ends the wait as `late`.
    Answer ask(std::string_view line,
               std::chrono::steady_clock::time_point deadline,
               std::size_t answer_size_max,
               std::function<bool()> const& give_up = {});

    /// False once the process has ended by itself.
    bool is_alive();

 private:
    HelperProcess(pid_t pid, int socket) : pid_(pid), socket_(socket) {}
    Answer stop(Answer::Kind kind);
    bool wait_for(short events,
                  std::chrono::steady_clock::time_point deadline,
                  std::function<bool()> const& give_up) const;

    pid_t pid_;
    int socket_;
    std::string waiting_;     ///< received and not yet given out
    std::optional<End> end_;  ///< set once the process was waited for
};

}  // namespace postrider::core

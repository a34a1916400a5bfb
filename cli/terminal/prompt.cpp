// Reading answers; echo is switched off through termios for secrets.
#include "terminal/prompt.hpp"

#include <termios.h>
#include <unistd.h>

#include <istream>
#include <ostream>

namespace postrider::cli {

namespace {

termios saved_mode;
bool echo_is_off = false;

void silence_echo() {
    if (tcgetattr(STDIN_FILENO, &saved_mode) != 0) return;
    auto silent = saved_mode;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent) == 0) echo_is_off = true;
}

}  // namespace

void restore_echo() {
    if (!echo_is_off) return;
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &saved_mode);
    echo_is_off = false;
}

std::optional<std::string> ask_line(Host const& host, std::string_view question) {
    *host.err << question << std::flush;
    std::string line;
    if (!std::getline(*host.in, line)) return std::nullopt;
    return line;
}

std::optional<std::string> ask_secret(Host const& host, std::string_view question) {
    // Before the question: whoever answers at once must neither be echoed nor flushed away.
    silence_echo();
    *host.err << question << std::flush;
    std::string line;
    bool const read = static_cast<bool>(std::getline(*host.in, line));
    restore_echo();
    *host.err << "\n";
    if (!read) return std::nullopt;
    return line;
}

bool ask_yes(Host const& host, std::string_view question) {
    auto const answer = ask_line(host, question);
    return answer && *answer == "yes";
}

}  // namespace postrider::cli

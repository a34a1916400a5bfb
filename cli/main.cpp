// The program: gathers what the process was given and runs one command.
#include "operations/host.hpp"

#include <csignal>
#include <iostream>

#include <sys/ioctl.h>
#include <unistd.h>

extern char** environ;

namespace {

int terminal_columns() {
    winsize size{};
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
    return 80;
}

}  // namespace

int main(int count, char** words) {
    std::ios::sync_with_stdio(false);
    // A file that may not grow any more is an error like a full disk, not the end of the process.
    std::signal(SIGXFSZ, SIG_IGN);
    postrider::cli::Host host;
    host.in = &std::cin;
    host.out = &std::cout;
    host.err = &std::cerr;
    host.in_terminal = isatty(STDIN_FILENO) == 1;
    host.out_terminal = isatty(STDOUT_FILENO) == 1;
    host.err_terminal = isatty(STDERR_FILENO) == 1;
    host.columns = terminal_columns();
    for (char** entry = environ; *entry; ++entry) {
        std::string const pair(*entry);
        auto const equals = pair.find('=');
        if (equals != std::string::npos)
            host.environment[pair.substr(0, equals)] = pair.substr(equals + 1);
    }
    std::error_code failed;
    host.folder = std::filesystem::current_path(failed);
    host.program = std::filesystem::read_symlink("/proc/self/exe", failed);
    host.watches_signals = true;
    return postrider::cli::run_command(std::vector<std::string>(words + 1, words + count), host);
}

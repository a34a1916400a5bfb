// What a run of the program is given from outside: streams, environment, folders, and, in tests, a
// clock and a transport. `main` fills it from the process; tests fill it by hand and call
// run_command() in process.
#pragma once

#include <postrider/instant.hpp>

#include <filesystem>
#include <functional>
#include <iosfwd>
#include <map>
#include <string>
#include <vector>

namespace postrider::core {
class Clock;
class Random;
class Transport;
}  // namespace postrider::core

namespace postrider::cli {

struct Host {
    std::istream* in = nullptr;
    std::ostream* out = nullptr;
    std::ostream* err = nullptr;
    bool in_terminal = false;
    bool out_terminal = false;
    bool err_terminal = false;
    int columns = 80;  ///< width of the terminal
    std::map<std::string, std::string> environment;
    std::filesystem::path folder;   ///< where relative paths begin
    std::filesystem::path program;  ///< the executable; helpers and adapters are found from it

    bool watches_signals = false;  ///< the process's signals are ours to handle

    // Empty: the real ones. Given ones outlive the run.
    core::Clock* clock = nullptr;
    core::Random* random = nullptr;
    core::Transport* transport = nullptr;
};

/// One whole run: reads the arguments (without the program's name), prints one answer, gives the
/// exit code.
int run_command(std::vector<std::string> arguments, Host const& host);

}  // namespace postrider::cli

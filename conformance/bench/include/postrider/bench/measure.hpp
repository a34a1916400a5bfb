// Measuring: seconds of this process, and what a whole program cost from its start to its end.
#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace postrider::bench {

class Stopwatch {
 public:
    [[nodiscard]] double seconds() const {
        return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
    }

 private:
    std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

/// A program that ended: its own user and system time, and the most memory it had.
struct Run {
    double seconds = 0;
    double cpu_seconds = 0;
    long peak_kib = 0;
};

/// Runs a program, its output to `out`; throws when it does not end with exit code 0.
Run timed_run(std::vector<std::string> const& arguments,
              std::map<std::string, std::string> const& environment = {},
              std::filesystem::path const& out = "/dev/null");

/// VmHWM or VmRSS of this process, in KiB.
long memory_kib(std::string const& field);

/// <build>, for a program that stands in <build>/libexec/postrider.
std::filesystem::path build_folder();

}  // namespace postrider::bench

// Running programs from tests: once to its end, or in the background with its first line read.
#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

namespace postrider::test {

struct Outcome {
    int exit = -1;  ///< exit code, or 128 + signal
    std::string out;
    std::string err;
};

using Environment = std::map<std::string, std::string>;  ///< added to this process's own

/// Runs a program to its end; killed (exit 137) when it takes longer than `limit`.
Outcome run_program(std::vector<std::string> const& arguments,
                    std::string const& input = {},
                    Environment const& environment = {},
                    std::chrono::seconds limit = std::chrono::seconds(120));

/// A program in the background; killed with SIGKILL when this goes.
class Background {
 public:
    Background(std::vector<std::string> const& arguments, Environment const& environment = {});
    Background(Background const&) = delete;
    Background& operator=(Background const&) = delete;
    ~Background();

    /// The next line of its standard output, without the line end; empty at its end or after
    /// `limit`.
    std::string read_line(std::chrono::seconds limit = std::chrono::seconds(20));
    void signal(int number) const;
    /// Waits for the end; the exit code, or 128 + signal.
    int wait(std::chrono::seconds limit = std::chrono::seconds(20));
    [[nodiscard]] pid_t pid() const { return pid_; }

 private:
    pid_t pid_ = -1;
    int out_ = -1;
    std::string buffer_;
};

/// A fresh folder below the system's temporary one, removed with everything in it when this goes.
class TempFolder {
 public:
    TempFolder();
    TempFolder(TempFolder const&) = delete;
    TempFolder& operator=(TempFolder const&) = delete;
    ~TempFolder();
    [[nodiscard]] std::filesystem::path const& path() const { return path_; }
    std::filesystem::path operator/(std::string_view name) const { return path_ / name; }

 private:
    std::filesystem::path path_;
};

void write_file(std::filesystem::path const& path, std::string_view text);
std::string read_file(std::filesystem::path const& path);

}  // namespace postrider::test

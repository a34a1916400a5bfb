// From arguments to an operation and what was typed for it. CLI11 reads the flags of the one
// command that was chosen, so that starting up does not grow with the number of commands.
#pragma once

#include "operations/check.hpp"
#include "operations/operation.hpp"

#include <optional>
#include <string>
#include <vector>

namespace postrider::cli {

/// What the words of the arguments say before any flag is understood.
struct CommandWords {
    Operation const* operation = nullptr;
    std::string command;            ///< as far as it is a command: `job wait`
    std::vector<std::string> rest;  ///< all arguments but the command's words
    bool help = false;              ///< --help, -h
    bool version = false;           ///< --version before any command
    std::optional<Error> error;     ///< no such command, or one of a later stage
};

CommandWords read_command(std::vector<std::string> const& arguments);

/// What was typed for one operation.
struct TypedRequest {
    std::vector<TypedText> inputs;
    std::vector<TypedText> globals;
    std::vector<Finding> problems;  ///< unknown flags, missing values, too many words
};

TypedRequest read_flags(Operation const& operation, std::vector<std::string> const& rest);

/// The value of a global flag, read without understanding the rest; for errors that come before the
/// flags do.
std::optional<std::string> early_flag(std::vector<std::string> const& arguments,
                                      std::string_view name);

}  // namespace postrider::cli

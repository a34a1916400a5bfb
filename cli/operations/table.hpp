// The one table of operations.
#pragma once

#include "operations/operation.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace postrider::cli {

/// In the order in which help lists them.
std::span<Operation const* const> operations();

/// By name (`job.wait`), or null.
Operation const* find_operation(std::string_view name);

/// A command that a later stage brings: known by name, refused by name.
struct LaterCommand {
    std::string_view name;  ///< `job.move`
    int stage;
};
std::span<LaterCommand const> later_commands();

/// All verbs of a noun: `job` gives cancel, list, ...
std::vector<Operation const*> operations_of(std::string_view noun);

/// The nouns and the words that are commands by themselves, each once, in order.
std::vector<std::string> first_words();

}  // namespace postrider::cli

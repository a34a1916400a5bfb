// The flags that every command has, described like the inputs of an operation.
#pragma once

#include "operations/operation.hpp"

#include <boost/json/object.hpp>

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace postrider::cli {

enum class OutputMode { auto_, table, json, ndjson, id, none };

struct Globals {
    OutputMode output = OutputMode::auto_;
    std::string output_word = "auto";
    std::string input;  ///< file of --input, `-` for standard input
    std::optional<Milliseconds> timeout;
    std::string store;
    bool no_input = false;
    bool dry_run = false;
    bool quiet = false;
    bool verbose = false;
    std::string color = "auto";
    std::string progress = "auto";
    std::string idempotency_key;
    std::vector<std::string> fields;
    std::string get;
    bool concise = false;
    std::string out;
    int limit = 20;
    std::string cursor;
    bool all = false;
    bool strict_paths = false;
    std::string request_id;
};

/// All of them. Which of them an operation has is said by has_global().
std::span<InputSpec const> global_inputs();
bool has_global(Operation const& operation, std::string_view name);

/// From a checked request.
Globals globals_from(boost::json::object const& values);

OutputMode output_mode(std::string_view word);

}  // namespace postrider::cli

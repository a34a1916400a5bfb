// The envelope `postrider/1`: the one JSON value that every run prints, whatever happened.
#pragma once

#include "operations/operation.hpp"

#include <postrider/error.hpp>

#include <boost/json/object.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace postrider::cli {

inline constexpr char const* envelope_schema_name = "postrider/1";

/// How a run ended, before it is printed.
struct Ending {
    std::string command;  ///< as typed: `job wait`
    std::optional<boost::json::object> data;
    std::optional<Error> error;
    std::vector<Finding> warnings;
    std::vector<Next> next;
    std::string request_id;
    std::int64_t elapsed_ms = 0;
    bool replayed = false;
    std::optional<std::string> next_cursor;
    std::vector<std::string> cursors;  ///< of each of data.items; empty = not known
    bool truncated = false;
    std::optional<boost::json::object> out;  ///< of --out: path, bytes, sha256
    int exit = 0;                            ///< when it is neither 0 nor the error's
};

/// All eight members, in order.
boost::json::object envelope(Ending const& ending);

/// 0, the error's, or what the ending says.
int exit_of(Ending const& ending);

/// Cuts the longest list of the data until the envelope fits into `limit` bytes.
void cut_to_size(Ending& ending, std::size_t limit);

/// What helps with this error: commands that work as they are.
std::vector<Next> next_of(Error const& error);

/// `postrider 0.1.0`.
std::string tool_name();

/// The published JSON Schema of the envelope.
boost::json::object envelope_schema();

}  // namespace postrider::cli

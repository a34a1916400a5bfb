// The one checker of requests, made from an operation's inputs. It reports all problems at once,
// each with a JSON Pointer, and serves flags and JSON alike.
#pragma once

#include "operations/operation.hpp"

#include <postrider/error.hpp>

#include <boost/json/object.hpp>

#include <string>
#include <utility>
#include <vector>

namespace postrider::cli {

/// What was typed for one input, before it has a type.
struct TypedText {
    InputSpec const* input = nullptr;
    std::string text;
};

/// Adds what was typed to a request; it replaces what the request says. What cannot be read as the
/// input's type stays text, so that check_request() names it.
void merge_typed(boost::json::object& request, std::vector<TypedText> const& typed);

/// All that is wrong with a request. `complete`: missing inputs are problems too.
std::vector<Finding> check_request(std::span<InputSpec const> inputs,
                                   boost::json::object const& request,
                                   bool complete = true);

/// Puts defaults in, members in the order of the inputs.
boost::json::object with_defaults(std::span<InputSpec const> inputs,
                                  boost::json::object const& request);

/// JSON Schema of a request.
boost::json::object input_schema(std::span<InputSpec const> inputs);

/// A request to fill in: needed members with placeholders, the others with their defaults.
boost::json::object skeleton(std::span<InputSpec const> inputs);

}  // namespace postrider::cli

// A small validator of JSON Schema: the words that our schemas use, read strictly. An unknown word
// of a schema is an error, so that nothing is believed to be checked that is not.
#pragma once

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <string>
#include <vector>

namespace postrider::cli::test {

/// What is wrong with the value, one line each with a JSON Pointer. `closed`: members that a schema
/// does not name are wrong, unless it says `additionalProperties`.
std::vector<std::string> schema_faults(boost::json::object const& schema,
                                       boost::json::value const& value,
                                       bool closed = true);

}  // namespace postrider::cli::test

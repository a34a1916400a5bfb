// Reading JSON that a person or a program wrote: numbers to the nearest double, and none that no
// finite double holds.
#pragma once

#include <postrider/result.hpp>

#include <boost/json/value.hpp>

#include <string_view>

namespace postrider::core {

/// Errors: `usage.bad_value`, whose message names what is wrong, with a pointer to the member and
/// the number as it was written where a number is beyond the range of a double.
Result<boost::json::value> read_foreign_json(std::string_view text);

}  // namespace postrider::core

// Reading back what was stored: Boost.JSON 1.81 may miss the nearest double by one step, and then a
// value differs from the one that was hashed. Private to core.
#pragma once

#include <boost/json/value.hpp>

#include <string_view>

namespace postrider::core::detail {

/// Parses JSON with its numbers read to the nearest double. Gives null and an error when it is
/// none.
boost::json::value parse_exactly(std::string_view text, boost::system::error_code& failed);

/// The same; throws boost::system::system_error.
boost::json::value parse_exactly(std::string_view text);

}  // namespace postrider::core::detail

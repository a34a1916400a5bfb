// JSON from data files: what Boost.JSON reads, and refuses what would silently lose something.
#pragma once

#include <boost/json/value.hpp>

#include <string_view>

namespace postrider::script {

/// Throws `script.bad_data` with the line for broken JSON, members that occur twice, whole numbers
/// beyond 2^63 - 1, and numbers that are not finite.
boost::json::value parse_json(std::string_view text, std::string_view file);

}  // namespace postrider::script

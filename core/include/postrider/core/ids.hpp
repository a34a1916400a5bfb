// Ids of ours: a prefix and 26 Crockford letters that sort by time
// (`job_01KAH6M4ZQ8V3R2T5W7X9Y0B1C`).
#pragma once

#include <postrider/core/random.hpp>
#include <postrider/instant.hpp>

#include <string>
#include <string_view>

namespace postrider::core {

/// `prefix` without the underscore: job, pln, apr, acc, app, evt, req.
std::string new_id(std::string_view prefix, Instant now, Random& random);

/// No id of an instant at or after `at` sorts before it: where a look through old rows begins or
/// ends.
std::string least_id(std::string_view prefix, Instant at);

/// True for `prefix` + `_` + 26 Crockford letters.
bool is_id(std::string_view text, std::string_view prefix);

}  // namespace postrider::core

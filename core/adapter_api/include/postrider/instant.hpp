// Instants: UTC with milliseconds, written as RFC 3339 with `Z`. Reading a clock is core's
// business, not this file's.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace postrider {

using Milliseconds = std::chrono::milliseconds;
using Instant = std::chrono::sys_time<Milliseconds>;

/// `2027-03-01T17:00:00.000Z`.
std::string to_rfc3339(Instant at);

/// Reads RFC 3339 with `Z` or a numeric offset; fractions beyond milliseconds are cut. Empty when
/// it is anything else.
std::optional<Instant> parse_rfc3339(std::string_view text);

/// Reads `45s`, `10m`, `1h30m`, `3d`, `250ms`; a `d` is 24 hours. Empty when it is anything else,
/// or negative.
std::optional<Milliseconds> parse_duration(std::string_view text);

/// The shortest of the forms that parse_duration reads: `1h30m`.
std::string to_duration_text(Milliseconds duration);

}  // namespace postrider

// Small functions over text: lengths as TikTok counts them, times as we print them, the nearest
// known name.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tiktok/emulator/model/http.hpp"

namespace postrider::tiktok::emulator {

/// How many UTF-16 code units the text takes; nothing when it is not UTF-8.
std::optional<std::size_t> utf16_units(std::string_view text);

/// `2026-11-20T09:30:00.000Z`
std::string iso_time(TimePoint at);

/// Splits at every separator; empty parts are left out.
std::vector<std::string> split(std::string_view text, char separator);
std::string join(std::vector<std::string> const& parts, std::string_view separator);

/// The known name with the fewest edits from `name`; empty when none is close.
std::string nearest(std::string_view name, std::vector<std::string> const& known);

/// A handle with or without its `@`, always given back without.
std::string_view bare_handle(std::string_view handle);

/// Digits only, at most 19 of them, no sign and no blank.
std::optional<std::uint64_t> parse_digits(std::string_view text);

bool contains(std::vector<std::string> const& list, std::string_view word);

}  // namespace postrider::tiktok::emulator

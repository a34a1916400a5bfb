// "Did you mean ...?": the nearest known name, at most two edits away.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace postrider {

/// The nearest of `known`, or empty when none is within two edits (one for names of up to three
/// letters).
std::string nearest_name(std::string_view name, std::span<std::string const> known);

}  // namespace postrider

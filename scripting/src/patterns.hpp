// How much work one search with a Lua pattern can be. C functions are not counted, so the worst
// case is bounded before.
#pragma once

#include <cstddef>
#include <string_view>

namespace postrider::script {

/// Upper estimate of the steps of one search, as a power of two: 30 means a thousand million.
double pattern_cost(std::string_view pattern, std::size_t subject_size);

inline constexpr double pattern_cost_max = 28.2;  ///< about a second

}  // namespace postrider::script

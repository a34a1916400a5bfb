// Bugs that can be planted, to see that the simulator finds them: one line each, where the bug
// would be. Without POSTRIDER_MUTANTS, as in every release, none of this is compiled.
#pragma once

#include <span>
#include <string_view>

namespace postrider::core {

#ifdef POSTRIDER_MUTANTS
/// True when this bug is planted.
bool mutant(std::string_view name);
/// Plants one bug in place of any other; an empty name plants none.
void plant_mutant(std::string_view name);
std::span<std::string_view const> mutant_names();
#else
constexpr bool mutant(std::string_view /*name*/) {
    return false;
}
#endif

}  // namespace postrider::core

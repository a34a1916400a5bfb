// Planted bugs, and the seeds that find them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace postrider::simulate {

struct MutantResult {
    std::string name;
    bool found = false;
    std::uint64_t seed = 0;
    std::string network;
    std::string what;
};

/// Seeds from `from` on until one finds it, at most `seeds`. Empty where none can be planted.
std::vector<MutantResult> hunt_mutants(std::uint64_t from, std::uint64_t seeds);

}  // namespace postrider::simulate

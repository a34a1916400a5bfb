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
    std::string what;      ///< seen; of a loop which work, and the k that was seen first
    bool by_loop = false;  ///< by a store that fails at the k-th piece of work
    std::uint64_t seeds_run = 0;
};

struct Hunt {
    std::uint64_t from = 1;
    std::uint64_t seeds = 200;  ///< at most so many for each
    int workers = 2;
    std::string only;  ///< one mutant; empty = all
};

/// For each mutant seeds until one finds it, those of small runs first. Empty where none can be
/// planted.
std::vector<MutantResult> hunt_mutants(Hunt const& hunt);

}  // namespace postrider::simulate

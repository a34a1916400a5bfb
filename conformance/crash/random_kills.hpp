// Two engines on one store with work for both, killed, stopped and started at random instants.
#pragma once

#include "ground.hpp"
#include "report.hpp"

#include <cstdint>
#include <vector>

namespace postrider::crash {

struct RandomOptions {
    int kills = 50;
    std::uint64_t seed = 1;
    int jobs = 2;  ///< grounds at once
};

/// Rounds of one campaign each, until so many processes have been killed. Every tenth is stopped
/// for longer than a lease lasts instead, and must find that it may write nothing that is not its
/// own.
void run_random(Places const& places,
                std::vector<Recipe> const& recipes,
                RandomOptions const& options,
                Report& report);

}  // namespace postrider::crash

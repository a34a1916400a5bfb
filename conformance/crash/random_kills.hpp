// Two engines on one store with work for both, killed, stopped and started at random instants.
#pragma once

#include "ground.hpp"
#include "report.hpp"

#include <cstdint>
#include <vector>

namespace postrider::crash {

struct RandomOptions {
    int kills = 50;
    int long_stops = 0;  ///< of these, instead, so many processes sleep through a whole lease
    std::uint64_t seed = 1;
    int jobs = 2;  ///< grounds at once
};

/// Rounds of one campaign each, until so many processes have been killed. Some are stopped for a
/// moment instead, `long_stops` of them for longer than a lease lasts while the other engine goes
/// on and is killed; now and then both start again with the wall clock set wrong.
void run_random(Places const& places,
                std::vector<Recipe> const& recipes,
                RandomOptions const& options,
                Report& report);

}  // namespace postrider::crash

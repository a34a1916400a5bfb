// Every crash point at every hit, and a second crash while recovering from the first.
#pragma once

#include "ground.hpp"
#include "report.hpp"

#include <string>
#include <vector>

namespace postrider::crash {

struct PointsOptions {
    int jobs = 4;          ///< threads, each with a ground of its own
    int every = 1;         ///< only each n-th case
    bool recovery = true;  ///< kill the recovery too
    std::string only;      ///< the name of one case; empty = all
};

/// A case is `network/command/point:hit[+point:hit]`: the command is killed there, then the same
/// command is run again (and killed at the second place), then all that is left to do is done.
void run_points(Places const& places,
                std::vector<Recipe> const& recipes,
                PointsOptions const& options,
                Report& report);

/// What a whole run must have hit and did not: a point of a command.
std::vector<std::string> points_never_hit(std::vector<Recipe> const& recipes, Report const& report);

}  // namespace postrider::crash

// One post whose store fails once, or for a minute, at the k-th piece of work: k = 1, 2, 3 and so
// on until the post is out before it is reached.
#pragma once

#include "script.hpp"

#include <postrider/simulate/network.hpp>
#include <postrider/simulate/simulate.hpp>

#include <boost/json/object.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace postrider::simulate {

struct LoopResult {
    std::string network;
    std::string kind;  ///< of work; `memory`
    bool lasting = false;
    std::int64_t pieces = 0;  ///< that one post takes
    std::int64_t runs = 0;
    std::int64_t transactions = 0;   ///< of the undisturbed run
    std::vector<std::string> wrong;  ///< `k: what: sentence`, the first few
};

/// Of memory each piece is tried up to `memory_all`, and beyond it fewer and fewer.
LoopResult run_loop(NetworkKind const& kind,
                    LoopFault::Kind work,
                    bool lasting,
                    std::int64_t memory_all);

}  // namespace postrider::simulate

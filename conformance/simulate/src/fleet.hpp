// Many seeds: workers, each a process of its own, and what they found in sum.
#pragma once

#include <postrider/simulate/simulate.hpp>

#include <array>
#include <map>
#include <string>
#include <vector>

namespace postrider::simulate {

struct FleetOptions {
    std::uint64_t from = 1;
    std::uint64_t seeds = 100;
    int workers = 2;
    std::string network;  ///< empty = each in turn
    bool quiet = false;   ///< no line of progress
    SeedOptions seed;
};

struct FailedSeed {
    std::uint64_t seed = 0;
    std::string network;
    std::vector<Failure> failures;
};

struct Summary {
    std::uint64_t from = 0;
    std::uint64_t seeds = 0;
    double simulated_hours = 0;
    double cpu_seconds = 0;
    double real_seconds = 0;
    std::int64_t accounts = 0;
    std::int64_t jobs = 0;
    std::int64_t requests = 0;
    std::int64_t transitions = 0;
    std::uint64_t replayed = 0;  ///< seeds that were run a second time and compared
    std::map<std::string, std::int64_t, std::less<>> wrong;  ///< jobs or events, by word
    std::map<std::string, std::int64_t, std::less<>> reached;
    std::vector<FailedSeed> failed;
    std::vector<std::string> never_reached;

    [[nodiscard]] bool good() const { return failed.empty() && never_reached.empty(); }
};

NetworkKind const& kind_for(std::uint64_t seed, std::string const& network);
Summary run_fleet(FleetOptions const& options);
boost::json::object to_json(Summary const& summary);
std::string to_text(Summary const& summary);

}  // namespace postrider::simulate

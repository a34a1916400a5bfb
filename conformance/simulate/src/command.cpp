// The command line.
#include "fleet.hpp"
#include "loops.hpp"
#include "mutants.hpp"
#include "slots.hpp"

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <boost/json/serialize.hpp>

#include <cstdio>

namespace postrider::simulate {

namespace {

constexpr int exit_good = 0;
constexpr int exit_usage = 2;
constexpr int exit_wrong = 15;
constexpr std::uint64_t seeds_for_mutants = 800;  // at most, for each

int trace(FleetOptions const& options) {
    bool good = true;
    for (auto seed = options.from; seed < options.from + options.seeds; ++seed) {
        auto const report = run_seed(kind_for(seed, options.network), seed, options.seed);
        std::printf("seed %llu hash %016llx\n",
                    static_cast<unsigned long long>(seed),
                    static_cast<unsigned long long>(report.hash));
        for (auto const& failure : report.failures)
            std::puts(fmt::format("{:>13.3f} {} job {}: {}",
                                  static_cast<double>(failure.at_ms) / 1'000,
                                  word(failure.what),
                                  failure.job,
                                  failure.sentence)
                          .c_str());
        good = good && report.failures.empty();
    }
    return good ? exit_good : exit_wrong;
}

int measure(FleetOptions const& options, int whale_jobs) {
    auto const& kind =
        options.network.empty() ? networks().front() : kind_for(options.from, options.network);
    boost::json::object const turns{{"turns", measure_turns(kind, whale_jobs)}};
    std::puts(boost::json::serialize(turns).c_str());
    std::fflush(stdout);
    boost::json::object const slots{{"slots", measure_slots()}};
    std::puts(boost::json::serialize(slots).c_str());
    return exit_good;
}

int show_loops(FleetOptions const& options, std::int64_t memory_all) {
    bool good = true;
    std::puts(fmt::format("{:<8}  {:<9} {:<7} {:>7} {:>6}  {}",
                          "network",
                          "fails",
                          "how",
                          "pieces",
                          "runs",
                          "wrong")
                  .c_str());
    for (auto const& kind : networks()) {
        if (!options.network.empty() && kind.name != options.network) continue;
        for (auto const& [work, name] : Words<LoopFault::Kind>::table)
            for (bool const lasting : {false, true}) {
                auto const result = run_loop(kind, work, lasting, memory_all);
                std::puts(fmt::format("{:<8}  {:<9} {:<7} {:>7} {:>6}  {}",
                                      result.network,
                                      result.kind,
                                      lasting ? "lasting" : "once",
                                      result.pieces,
                                      result.runs,
                                      result.wrong.empty() ? "nothing" : result.wrong.front())
                              .c_str());
                std::fflush(stdout);
                good = good && result.wrong.empty();
            }
    }
    return good ? exit_good : exit_wrong;
}

int show_mutants(FleetOptions const& options, std::string const& only) {
    Hunt hunt;
    hunt.from = options.from;
    hunt.seeds = options.seeds;
    hunt.workers = options.workers;
    hunt.only = only;
    auto const results = hunt_mutants(hunt);
    if (results.empty()) {
        std::fputs("This build has no bugs to plant: configure with POSTRIDER_MUTANTS.\n", stderr);
        return exit_usage;
    }
    bool good = true;
    std::puts(
        fmt::format(
            "{:<26} {:>6}  {:<8}  {:<16} {:>5}", "planted", "seed", "network", "seen as", "tried")
            .c_str());
    for (auto const& result : results) {
        std::puts(fmt::format("{:<26} {:>6}  {:<8}  {:<16} {:>5}",
                              result.name,
                              !result.found    ? "-"
                              : result.by_loop ? "loop"
                                               : std::to_string(result.seed),
                              result.network,
                              result.found ? result.what : "NOT FOUND",
                              result.seeds_run)
                      .c_str());
        good = good && result.found;
    }
    return good ? exit_good : exit_wrong;
}

}  // namespace

int simulate_main(int argc, char const* const* argv) {
    FleetOptions options;
    bool json = false;
    bool slots = false;
    bool mutants = false;
    bool loops = false;
    std::int64_t memory_all = 300;
    int whale_jobs = 100'000;
    std::string mutant;
    CLI::App app(
        "The real engine, store and adapters on a virtual clock, under faults that a seed "
        "decides.",
        "postrider-simulate");
    app.add_option("--seeds", options.seeds, "how many seeds")->capture_default_str();
    app.add_option("--from", options.from, "the first seed")->capture_default_str();
    app.add_option("--jobs", options.workers, "workers at once")
        ->check(CLI::Range(1, 256))
        ->capture_default_str();
    app.add_option("--network", options.network, "one network; each in turn if not given");
    app.add_flag("--trace", options.seed.trace, "everything that happens, a line each");
    app.add_flag("--flawless", options.seed.flawless, "no fault at all");
    app.add_flag("--slots", slots, "instead: how much of a limit is used, and how even turns are");
    app.add_option("--large", whale_jobs, "with --slots: so many posts of one account at once")
        ->capture_default_str();
    app.add_flag("--loops", loops, "instead: fail the k-th piece of work of the store, for each k");
    app.add_option("--memory", memory_all, "with --loops: so many pieces of memory are tried each")
        ->capture_default_str();
    app.add_flag("--mutants", mutants, "instead: plant each known bug and see which seed finds it");
    app.add_option("--mutant", mutant, "with --mutants: this one only");
    app.add_flag("--json", json, "the summary as JSON");
    try {
        app.parse(argc, argv);
    } catch (CLI::ParseError const& problem) {
        return app.exit(problem) == 0 ? exit_good : exit_usage;
    }
    bool known = options.network.empty();
    for (auto const& kind : networks()) known = known || kind.name == options.network;
    if (!known) {
        std::fprintf(stderr, "There is no network %s to simulate.\n", options.network.c_str());
        return exit_usage;
    }
    if (slots) return measure(options, whale_jobs);
    if (loops) return show_loops(options, memory_all);
    if (mutants && app.count("--seeds") == 0) options.seeds = seeds_for_mutants;
    if (mutants) return show_mutants(options, mutant);
    if (options.seed.trace) return trace(options);
    auto const summary = run_fleet(options);
    std::puts(json ? boost::json::serialize(to_json(summary)).c_str() : to_text(summary).c_str());
    return summary.good() ? exit_good : exit_wrong;
}

}  // namespace postrider::simulate

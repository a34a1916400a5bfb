// The program: workers, each with seeds of its own, and the summary.
#include <postrider/simulate/simulate.hpp>

#include <cstdio>
#include <cstdlib>
#include <string>

namespace postrider::simulate {

int simulate_main(int argc, char const* const* argv) {
    std::uint64_t from = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1;
    std::uint64_t count = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1;
    SeedOptions options;
    options.trace = argc > 3;
    for (std::uint64_t seed = from; seed < from + count; ++seed) {
        auto const& kind = networks()[seed % networks().size()];
        auto const report = run_seed(kind, seed, options);
        std::printf(
            "seed %lu %s hash %016lx sim %.1fh cpu %.3f accounts %ld jobs %ld req %ld tr %ld\n",
            seed,
            kind.name.c_str(),
            report.hash,
            report.simulated_ms / 3.6e6,
            report.cpu_seconds,
            report.accounts,
            report.jobs,
            report.requests,
            report.transitions);
        for (auto const& failure : report.failures)
            std::printf("   %s job %d at %.3f: %s\n",
                        std::string(word(failure.what)).c_str(),
                        failure.job,
                        failure.at_ms / 1e3,
                        failure.sentence.c_str());
        if (options.trace)
            for (auto const& [name, n] : report.reached)
                std::printf("   %s %ld\n", name.c_str(), n);
    }
    return 0;
}

std::vector<std::string> must_be_reached() {
    return {};
}

}  // namespace postrider::simulate

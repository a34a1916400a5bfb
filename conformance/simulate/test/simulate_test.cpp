// A few dozen seeds, that they replay, and that the simulator finds what is wrong when it is.
#include "loops.hpp"

#include <postrider/core/mutant.hpp>
#include <postrider/simulate/simulate.hpp>

#include <gtest/gtest.h>

namespace postrider::simulate {
namespace {

NetworkKind const& kind_of(std::uint64_t seed) {
    return networks()[seed % networks().size()];
}

std::string told(SeedReport const& report) {
    std::string text = "seed " + std::to_string(report.seed);
    for (auto const& failure : report.failures)
        text += "\n" + std::string(word(failure.what)) + ": " + failure.sentence;
    return text;
}

// Small ones, for a debug build; `./dev simulate` runs the others.
constexpr std::uint64_t quick_seeds[] = {3, 4, 7, 12, 13, 14, 24, 26, 34, 54};

TEST(Simulate, NothingIsLostDoubledOrLeftInDoubt) {
    for (auto const seed : quick_seeds) {
        auto const report = run_seed(kind_of(seed), seed);
        EXPECT_TRUE(report.failures.empty()) << told(report);
        EXPECT_GT(report.requests, 0);
    }
}

TEST(Simulate, TheSameSeedIsTheSameRun) {
    for (std::uint64_t const seed : {7, 24}) {
        auto const once = run_seed(kind_of(seed), seed);
        auto const again = run_seed(kind_of(seed), seed);
        EXPECT_EQ(once.hash, again.hash);
        EXPECT_EQ(once.requests, again.requests);
        EXPECT_EQ(once.reached, again.reached);
    }
}

TEST(Simulate, AnotherSeedIsAnotherRun) {
    EXPECT_NE(run_seed(kind_of(7), 7).hash, run_seed(kind_of(7), 3).hash);
}

TEST(Simulate, WithoutFaultsEverythingIsPublished) {
    SeedOptions options;
    options.flawless = true;
    auto const report = run_seed(kind_of(14), 14, options);
    EXPECT_TRUE(report.failures.empty()) << told(report);
    EXPECT_EQ(report.reached.count("unknown"), 0u);
    EXPECT_EQ(report.reached.count("rejected"), 0u);
}

// `./dev simulate --loops` does it for every kind of work and every network.
TEST(Simulate, AnySyncOfTheStoreMayFailOnceOrForAMinute) {
    for (bool const lasting : {false, true}) {
        auto const result = run_loop(kind_of(2), LoopFault::Kind::sync, lasting, 0);
        EXPECT_TRUE(result.wrong.empty()) << result.wrong.front();
        EXPECT_GE(result.transactions, 5);
        EXPECT_EQ(result.runs, result.pieces + 1);
    }
}

TEST(Simulate, APieceOfMemoryMayBeMissing) {
    auto const result = run_loop(kind_of(2), LoopFault::Kind::memory, false, 3);
    EXPECT_TRUE(result.wrong.empty()) << result.wrong.front();
    EXPECT_GT(result.pieces, 100);
}

#ifdef POSTRIDER_MUTANTS
class PlantedBug : public testing::TestWithParam<char const*> {};

// Which seeds find the others is shown by `postrider-simulate --mutants`.
TEST_P(PlantedBug, IsFound) {
    core::plant_mutant(GetParam());
    bool found = false;
    // The second one has several processes.
    for (std::uint64_t const seed : {3, 9})
        found = found || !run_seed(kind_of(seed), seed).failures.empty();
    core::plant_mutant({});
    EXPECT_TRUE(found);
}

INSTANTIATE_TEST_SUITE_P(Simulate,
                         PlantedBug,
                         testing::Values("intent_after_send", "live_owner_rescued"));
#endif

}  // namespace
}  // namespace postrider::simulate

// The bound on the work of one search, before it is begun.
#include "patterns.hpp"

#include <gtest/gtest.h>

#include <string>

namespace postrider::script {
namespace {

TEST(PatternCost, GrowsWithWhatStretchesAndWithTheText) {
    EXPECT_LT(pattern_cost("^name$", 1'000), pattern_cost("name", 1'000));
    EXPECT_LT(pattern_cost("a.-b", 1'000), pattern_cost("a.-b.-c", 1'000));
    EXPECT_LT(pattern_cost("a.-b.-c", 10), pattern_cost("a.-b.-c", 1'000));
    EXPECT_GT(pattern_cost(".-.-.-.-b", 1'000'000), pattern_cost_max);
}

// Found by scripting/fuzz/pattern: many items over nothing came out below nothing.
TEST(PatternCost, IsNeverLessThanNothing) {
    EXPECT_GE(pattern_cost(".-.-me.", 0), 0);
    EXPECT_GE(pattern_cost(std::string(200, '*') + "%b()%1", 1), 0);
}

}  // namespace
}  // namespace postrider::script

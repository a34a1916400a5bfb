// The chunk plan: every worked value of the guide's arithmetic, and its rules over random sizes.
#include "chunks.hpp"

#include <gtest/gtest.h>

#include <random>

namespace postrider::tiktok {

namespace {

struct Worked {
    std::uint64_t size;
    std::uint64_t wanted;
    std::uint64_t chunk_size;
    std::uint64_t count;
    std::uint64_t last;
};

constexpr Worked worked[] = {
    {1, chunk_size_default, 1, 1, 1},
    {4'194'304, chunk_size_default, 4'194'304, 1, 4'194'304},
    {15'000'000, chunk_size_default, 15'000'000, 1, 15'000'000},
    {64'000'000, chunk_size_default, 64'000'000, 1, 64'000'000},
    {64'000'001, chunk_size_default, 10'000'000, 6, 14'000'001},
    {158'008'374, 5'242'880, 5'242'880, 30, 5'964'854},
    {602'285'541, chunk_size_default, 10'000'000, 60, 12'285'541},
    {4'294'967'296, chunk_size_default, 10'000'000, 429, 14'967'296},
};

void expect_rules(ChunkPlan const& plan) {
    SCOPED_TRACE(plan.size);
    EXPECT_EQ(plan.count, plan.size / plan.chunk_size);                             // R1
    EXPECT_EQ((plan.count - 1) * plan.chunk_size + plan.last_length(), plan.size);  // R2
    EXPECT_GE(plan.last_length(), plan.chunk_size);
    if (plan.size >= 5'000'000) {
        EXPECT_GE(plan.chunk_size, 5'000'000U);  // R3
    }
    EXPECT_LE(plan.chunk_size, 64'000'000U);
    EXPECT_LE(plan.last_length(), last_chunk_max);  // R4
    if (plan.size < 5'000'000) {
        EXPECT_EQ(plan.chunk_size, plan.size);  // R5
    }
    if (plan.size > 64'000'000) {
        EXPECT_GE(plan.count, 2U);  // R6
    }
    EXPECT_GE(plan.count, 1U);  // R7
    EXPECT_LE(plan.count, chunk_count_max);
    if (plan.count == 1) {
        EXPECT_EQ(plan.chunk_size, plan.size);  // R8
    }
}

}  // namespace

TEST(ChunkPlan, GivesTheWorkedValues) {
    for (auto const& row : worked) {
        auto const plan = plan_chunks(row.size, row.wanted);

        ASSERT_TRUE(plan) << row.size;
        EXPECT_EQ(plan->chunk_size, row.chunk_size) << row.size;
        EXPECT_EQ(plan->count, row.count) << row.size;
        EXPECT_EQ(plan->last_length(), row.last) << row.size;
        expect_rules(*plan);
    }
}

TEST(ChunkPlan, CutsTheOfficialExampleAsTheGuideDoes) {
    auto const plan = restore_plan(50'000'123, 10'000'000);

    ASSERT_TRUE(plan);
    EXPECT_EQ(plan->count, 5U);
    EXPECT_EQ(plan->last_length(), 10'000'123U);
    EXPECT_TRUE(plan->chunk_at(40'000'000)->last);
    EXPECT_EQ(plan->chunk_at(30'000'000)->length, 10'000'000U);
}

TEST(ChunkPlan, RefusesEmptyAndTooLargeFiles) {
    EXPECT_FALSE(plan_chunks(0));
    EXPECT_FALSE(plan_chunks(file_size_max + 1));
    EXPECT_TRUE(plan_chunks(file_size_max));
}

TEST(ChunkPlan, ObeysTheRulesForAnySizeAndWish) {
    std::mt19937_64 random{20'261'120};
    std::uniform_int_distribution<std::uint64_t> size{1, file_size_max};
    std::uniform_int_distribution<std::uint64_t> near{60'000'000, 132'000'000};
    std::uniform_int_distribution<std::uint64_t> wish{0, 200'000'000};
    for (int i = 0; i < 20'000; ++i) {
        auto const plan = plan_chunks(i % 2 == 0 ? size(random) : near(random), wish(random));

        ASSERT_TRUE(plan);
        expect_rules(*plan);
    }
}

TEST(ChunkPlan, ChunksCoverTheFileWithoutGaps) {
    for (auto const& row : worked) {
        auto const plan = *plan_chunks(row.size, row.wanted);
        std::uint64_t offset = 0;
        for (std::uint64_t i = 0; i < plan.count; ++i) {
            auto const chunk = plan.chunk_at(offset);
            ASSERT_TRUE(chunk);
            EXPECT_EQ(chunk->last, i + 1 == plan.count);
            offset += chunk->length;
        }
        EXPECT_EQ(offset, plan.size);
    }
}

TEST(ChunkPlan, KnowsNoChunkBetweenBorders) {
    auto const plan = *restore_plan(50'000'123, 10'000'000);

    EXPECT_FALSE(plan.chunk_at(1));
    EXPECT_FALSE(plan.chunk_at(50'000'000));
    EXPECT_FALSE(plan.chunk_at(50'000'123));
    EXPECT_FALSE(restore_plan(10, 20));
    EXPECT_FALSE(restore_plan(10, 0));
    EXPECT_FALSE(restore_plan(0, 0));
}

}  // namespace postrider::tiktok

// Events that only the running engine can give.
#include <postrider/test/engine_bench.hpp>

#include <gtest/gtest.h>

namespace postrider::core {
namespace {

using namespace std::chrono_literals;
using test::EngineBench;

std::vector<Event> events_of(EngineBench& bench, std::string const& type) {
    return *read_now<std::vector<Event>>(
        bench.store(), [&](Tables& tables) { return tables.events(0, {type}, 0); });
}

TEST(EngineEvents, SaysOnceThatItIsBehind) {
    EngineBench bench;
    for (int i = 0; i < 60; ++i) bench.add_job("beta", "a" + std::to_string(i), "p");
    bench.network().round_trip = 50s;

    ASSERT_TRUE(bench.run_until_idle());

    // Sixty posts, sixteen at once, fifty seconds each: the third round waits longer than a minute.
    auto const behind = events_of(bench, "engine.behind");
    ASSERT_EQ(behind.size(), 1U);
    EXPECT_EQ(behind[0].data.at("running").as_int64(), 16);
}

TEST(EngineEvents, IsNotBehindForWhatWasLateBeforeItBegan) {
    EngineBench bench;
    for (int i = 0; i < 20; ++i) bench.add_job("beta", "a" + std::to_string(i), "p");
    bench.clock().jump(90min);

    ASSERT_TRUE(bench.run_until_idle());

    EXPECT_TRUE(events_of(bench, "engine.behind").empty());
    EXPECT_EQ(bench.network().posts(), 20);
}

TEST(EngineEvents, EachStateThatAJobRestsInIsToldButNotEachPoll) {
    EngineBench bench;
    bench.add_job("alpha", "ann", "hello");
    bench.network().fault("publish", 1, test::Fault::lost_after);
    bench.network().processing = 60s;

    ASSERT_TRUE(bench.run_until_idle());

    // The second waiting is that of the first poll.
    std::vector<std::string> types;
    for (auto const& event : events_of(bench, "job.")) types.push_back(event.type);
    EXPECT_EQ(
        types,
        (std::vector<std::string>{"job.unknown", "job.waiting", "job.waiting", "job.published"}));
}

}  // namespace
}  // namespace postrider::core

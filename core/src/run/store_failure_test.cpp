// The store fails under a visit, at every write once. What follows must be as after a crash:
// nothing is decided by it, nothing stays held, nothing is sent twice.
#include <postrider/test/engine_bench.hpp>

#include <gtest/gtest.h>

namespace postrider::core {
namespace {

using namespace std::chrono_literals;
using test::EngineBench;

void expect_one_post(std::string const& network, int nth, char const* how = "setup.disk_full") {
    SCOPED_TRACE(nth);
    EngineBench bench;
    bench.faults().says = how;
    auto const id = bench.add_job(network, "ann", "hello");
    bench.fail_write(nth);
    bench.run_and_kill(10min);
    bench.fail_write(0);

    ASSERT_TRUE(bench.run_until_idle(24h));

    EXPECT_EQ(bench.job(id).state, JobState::published);
    EXPECT_TRUE(bench.job(id).lease_owner.empty());
    EXPECT_EQ(bench.network().posts(), 1);
}

TEST(StoreFailure, AtAnyWriteLeadsToOnePost) {
    for (int nth = 1; nth <= 25; ++nth) expect_one_post("alpha", nth);
}

TEST(StoreFailure, AStoreThatOthersKeepTooLongDecidesNothingEither) {
    for (int nth = 1; nth <= 25; ++nth) expect_one_post("alpha", nth, "setup.store_locked");
}

TEST(StoreFailure, AtAnyWriteOfABlindCommitLeadsToOnePost) {
    for (int nth = 1; nth <= 15; ++nth) expect_one_post("beta", nth);
}

TEST(StoreFailure, EndsTheEngineSoThatItsClaimsComeFree) {
    EngineBench bench;
    (void)bench.add_job("alpha", "ann", "hello");
    bench.fail_write(3);

    EXPECT_THROW(bench.run_until_idle(1h), std::runtime_error);
}

// Seed 19 of the simulator: the answer was on disk, the handle in it was not.
TEST(StoreFailure, TheAnswerToACommitAndItsHandleAreOneWrite) {
    for (int nth = 1; nth <= 15; ++nth) {
        SCOPED_TRACE(nth);
        EngineBench bench;
        auto const id = bench.add_job("alpha", "ann", "hello");
        bench.fail_write(nth);
        try {
            bench.run_until_idle(1h);
        } catch (std::runtime_error const&) {
        }
        auto const job = bench.job(id);
        if (job.intent && job.intent->outcome == "confirmed") {
            EXPECT_NE(job.state, JobState::unknown);
        }
    }
}

}  // namespace
}  // namespace postrider::core

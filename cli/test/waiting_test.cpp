// What a wait answers, by how the jobs stand.
#include "operations/job/waiting.hpp"

#include <postrider/catalogue.hpp>

#include <gtest/gtest.h>

namespace postrider::cli::test {

namespace {

core::Job ended_by(Error error, bool revivable) {
    core::Job job;
    job.state = core::JobState::rejected;
    job.error = std::move(error);
    job.revivable = revivable;
    return job;
}

}  // namespace

TEST(WaitError, SaysWhatEndedTheJobAndWhoseMoveItIs) {
    auto const error = error_of({ended_by(make_error("media.unsupported", "61 fps"), false)});
    ASSERT_TRUE(error);
    EXPECT_EQ(error->code(), "job.rejected");
    EXPECT_EQ(exit_code(error->kind()), 12);
    EXPECT_EQ(error->owner(), Owner::you);
    EXPECT_EQ(error->retry().when, RetryWhen::fix_first);
    EXPECT_EQ(error->message(), "61 fps");
    ASSERT_NE(error->cause(), nullptr);
    EXPECT_EQ(error->cause()->code(), "media.unsupported");
}

TEST(WaitError, AJobThatCanBeRevivedWaitsForAPerson) {
    auto const error = error_of({ended_by(make_error("network.unavailable"), true)});
    ASSERT_TRUE(error);
    EXPECT_EQ(error->retry().when, RetryWhen::person_first);
    EXPECT_EQ(error->owner(), Owner::network);
}

TEST(WaitError, ASpentBudgetKeepsItsOwnCode) {
    auto const error = error_of({ended_by(make_error("job.budget_spent"), true)});
    ASSERT_TRUE(error);
    EXPECT_EQ(error->code(), "job.budget_spent");
}

}  // namespace postrider::cli::test

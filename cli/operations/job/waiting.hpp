// Waiting for jobs: until they have settled or the time is up, with the engine run here when nobody
// else does it.
#pragma once

#include "operations/context.hpp"

#include <postrider/core/job.hpp>

#include <optional>
#include <string>
#include <vector>

namespace postrider::cli {

struct WaitWish {
    std::vector<std::string> ids;
    std::string until = "final";  ///< final, published, linked
    std::optional<Milliseconds> timeout;
};

inline constexpr Milliseconds wait_default{10 * 60'000};

/// Waits, then puts the jobs as they are into `answer`: `jobs`, `counts`, and the error that
/// surfaces.md 2.1 ("several jobs") asks for.
Result<Answer> wait_and_answer(Context& context, WaitWish const& wish, Answer answer);

/// The jobs as they are, and how many there are in each state: `jobs`, `counts`.
void put_jobs(Answer& answer, std::vector<core::Job> const& jobs);

/// The error of jobs as they stand after a wait, or nothing when all ended well.
std::optional<Error> error_of(std::vector<core::Job> const& jobs);

}  // namespace postrider::cli

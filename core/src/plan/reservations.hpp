// The calendar of quotas: what a plan would take of each rolling window, beside what stands in it
// already. Private to plan/.
#pragma once

#include <postrider/core/plan.hpp>
#include <postrider/core/rate.hpp>

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace postrider::core::detail {

/// One permit at one time.
struct Taken {
    Instant at{};
    std::string who;  ///< how a person knows it
};

/// The permits of one bucket over time. No half-open window may hold more than its size.
class Calendar {
 public:
    Calendar(int size, Milliseconds window) : size_(size), window_(window) {}

    void take(Taken taken);
    /// The fewest permits that leave no room for one more at this time; empty when there is room.
    [[nodiscard]] std::vector<Taken> clash(Instant at) const;
    /// The first time from then on with room for one more.
    [[nodiscard]] Instant free_from(Instant at) const;

 private:
    std::size_t size_limit() const { return static_cast<std::size_t>(size_ > 0 ? size_ : 1); }

    int size_;
    Milliseconds window_;
    std::vector<Taken> taken_;  // by time
};

/// Takes a permit of each quota for each job that the plan creates or changes, in order of time;
/// those that cannot fit get a finding. Gives the permits by bucket.
Result<boost::json::object> reserve_quotas(
    Tables& tables,
    std::vector<PlannedJob>& jobs,
    std::map<std::string, std::pair<Account, adapter::Descriptor const*>> const& logins,
    Instant now);

}  // namespace postrider::core::detail

// What happened to each job and each limit, read from the store's own events while time goes by.
#pragma once

#include "ground.hpp"

#include <postrider/adapter/descriptor.hpp>
#include <postrider/core/job.hpp>
#include <postrider/core/rate.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace postrider::rehearse {

/// A time for which a job did not go on, and why.
struct Wait {
    std::string reason;  ///< as jobs wait, or `approval`, or `late_burst`
    Instant from{};
    Instant to{};
};

struct Story {
    std::string job_id;
    bool planned = false;
    Instant due_at{};  ///< as it was planned; a late yes moves it
    std::vector<Wait> waits;
    std::optional<Wait> open;  ///< the one that has not ended
    bool at_rest = false;      ///< nothing comes of it any more without a person
};

/// How full a limit became.
struct LimitUse {
    core::BucketState last;  ///< size, window and source
    std::string name;
    std::string account;  ///< by name; empty: of the app
    std::string app_id;
    std::string network;
    adapter::WaitReason reason = adapter::WaitReason::rate;
    int used_before = 0;
    int peak = 0;
    Instant peak_at{};
    std::optional<Instant> full_at;  ///< for the first time
};

class Diary {
 public:
    explicit Diary(Ground& ground) : ground_(ground) {}

    /// The jobs of the ground as they stand now.
    Result<void> begin(Instant now);
    /// Reads what has happened since.
    Result<void> catch_up();
    /// Looks at the limits that the account's newest request passed.
    void look_at_limits(std::string const& account,
                        std::vector<std::string> const& buckets,
                        Instant now);
    /// Nothing will become of a planned job any more, or `now` is the end.
    Result<void> end(Instant now);

    /// With the account's name: a limit holds its newest request back.
    std::function<void(std::string const& account)> on_blocked;

    [[nodiscard]] bool all_at_rest() const { return open_ == 0; }
    [[nodiscard]] std::vector<Story> const& stories() const { return stories_; }
    [[nodiscard]] std::map<std::string, LimitUse> const& limits() const { return limits_; }

 private:
    void note(core::Tables& tables, core::Event const& event);
    Result<void> judge_rest(core::Tables& tables, Story& story);
    [[nodiscard]] bool is_late_burst(core::Tables& tables, Story const& story, Instant at) const;

    Ground& ground_;
    std::int64_t seen_ = 0;  ///< events up to here
    std::vector<Story> stories_;
    std::map<std::string, std::size_t> by_id_;
    std::map<std::string, std::string> account_ids_;  ///< by name
    std::map<std::string, LimitUse> limits_;
    std::map<std::string, core::BucketState> before_;
    Instant began_{};
    int open_ = 0;
    std::set<std::string> blocked_;  ///< accounts, since the last look
};

}  // namespace postrider::rehearse

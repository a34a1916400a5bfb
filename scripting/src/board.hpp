// The board on which jobs are placed: what is taken, and the rules that forbid an instant.
#pragma once

#include "expand.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace postrider::script {

struct Clash {
    Instant free_at{};     ///< the first instant that this rule might allow
    std::string sentence;  ///< the rule, its value, and what stands in the way
};

struct Rule {
    std::string name;  ///< as in the campaign: `spacing.account`
    std::function<std::optional<Clash>(Instant, Placement const&)> forbids;
};

class Board {
 public:
    explicit Board(CampaignDecl const& campaign);
    Board(Board const&) = delete;  // the rules look at this object
    Board& operator=(Board const&) = delete;

    [[nodiscard]] bool empty() const { return rules_.empty(); }
    [[nodiscard]] std::vector<Rule> const& rules() const { return rules_; }

    /// @param what  how messages call the job.
    void take(Instant at, std::string const& account, std::string const& app, std::string what);

    /// Names of the rules that forbid this instant, with what they say.
    [[nodiscard]] std::vector<std::pair<std::string, std::string>> clashes(
        Instant at, Placement const& placement) const;

    /// The first instant from `at` to `last` that none of the rules in `mask` (by number) forbids.
    [[nodiscard]] std::optional<Instant> free_from(Instant at,
                                                   Instant last,
                                                   Placement const& placement,
                                                   std::uint32_t mask) const;

 private:
    using Track = std::multimap<Instant, std::string>;
    using Tracks = std::map<std::string, Track>;
    using KeyOf = std::string const& (*)(Placement const&);

    void add_spacing(std::string name,
                     std::optional<Milliseconds> distance,
                     Tracks const& tracks,
                     KeyOf key);
    void add_cap(std::string name, std::int64_t most, bool week, Tracks const& tracks, KeyOf key);
    void add_blackout(CampaignDecl const& campaign);

    std::vector<Rule> rules_;
    Tracks accounts_;
    Tracks apps_;
};

}  // namespace postrider::script

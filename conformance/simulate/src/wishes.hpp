// What people want of each job, kept beside what the store says of it: no commit may leave that
// goes against it.
#pragma once

#include <postrider/instant.hpp>

#include <map>
#include <set>
#include <string>
#include <string_view>

namespace postrider::simulate {

inline constexpr std::string_view campaign_name = "spring";

struct Wish {
    // --- of the campaign
    bool planned = false;   ///< plans of the campaign speak of it
    bool left_out = false;  ///< the newest one does not
    int version = 0;        ///< of its words

    bool withdrawn = false;     ///< cancelled or declined, and not taken up again
    bool needs_yes = false;     ///< goes out only once a person has approved it
    std::set<std::string> yes;  ///< hashes of what was approved
    Milliseconds claimed{-1};   ///< when an engine took it last
};

/// Since when the account, or all of the campaign, is held by a person; -1 = it is not.
struct Held {
    Milliseconds since{-1};
    [[nodiscard]] bool before(Milliseconds moment) const {
        return since >= Milliseconds{0} && since < moment;
    }
};

/// The refreshes of one account, to tell a loss that nobody could help from one that the engine is
/// to blame for.
struct Refresh {
    /// When the last one of each process was answered; -1 = it is under way.
    std::map<std::string, Milliseconds, std::less<>> answered;
    bool lost = false;  ///< an answer, or what was to become of it, since the last login
};

}  // namespace postrider::simulate

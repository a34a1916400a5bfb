// Which accounts a person must connect again, and by when.
#pragma once

#include <postrider/core/store.hpp>

#include <string>
#include <vector>

namespace postrider::core {

struct Reconnect {
    std::string account;  ///< name
    std::string account_id;
    Instant by{};                   ///< the authorisation has ended, or ends, then
    std::optional<Instant> due_at;  ///< the first job that would find it ended
    bool refused = false;           ///< the network has refused it already
    std::string reason;
};

/// Accounts whose authorisation was refused, and those whose authorisation ends, refreshed or not,
/// before a job of theirs is due. Most urgent first.
Result<std::vector<Reconnect>> accounts_to_reconnect(Tables& tables, Instant now);

/// Appends `account.token_expiring` for each end that comes within a week and has not been told
/// yet.
Result<void> tell_expiring(Tables& tables, Instant now);

}  // namespace postrider::core

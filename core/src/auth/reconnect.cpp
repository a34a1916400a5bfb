// The refresh token's end against the calendar.
#include <postrider/core/reconnect.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

namespace postrider::core {

using namespace std::chrono_literals;

namespace {

constexpr auto told_ahead = std::chrono::hours{24 * 7};

// Without a refresh token the access token's end is the end.
std::optional<Instant> end_of(TokenPair const& tokens) {
    if (tokens.sealed_refresh.empty()) return tokens.access_expires_at;
    return tokens.refresh_expires_at;
}

}  // namespace

Result<std::vector<Reconnect>> accounts_to_reconnect(Tables& tables, Instant now) {
    auto accounts = tables.accounts();
    if (!accounts) return accounts.error();
    std::vector<Reconnect> found;
    for (auto const& account : *accounts) {
        Reconnect reconnect;
        reconnect.account = account.name;
        reconnect.account_id = account.id;
        auto tokens = tables.tokens(account.id);
        if (!tokens) return tokens.error();
        if (account.reconnect_needed) {
            reconnect.by = now;
            reconnect.refused = true;
            reconnect.reason = account.reconnect_reason;
        } else {
            auto const end = *tokens ? end_of(**tokens) : std::nullopt;
            if (!end) continue;
            reconnect.by = *end;
            reconnect.reason = fmt::format("its authorisation ends at {}", to_rfc3339(*end));
        }
        auto due = tables.first_due_after(account.id, reconnect.by);
        if (!due) return due.error();
        if (!*due && !reconnect.refused) continue;
        reconnect.due_at = *due;
        found.push_back(std::move(reconnect));
    }
    std::sort(found.begin(), found.end(), [](Reconnect const& left, Reconnect const& right) {
        return std::tie(left.by, left.account) < std::tie(right.by, right.account);
    });
    return found;
}

Result<void> tell_expiring(Tables& tables, Instant now) {
    auto reconnects = accounts_to_reconnect(tables, now);
    if (!reconnects) return reconnects.error();
    for (auto const& reconnect : *reconnects) {
        if (reconnect.refused || reconnect.by > now + told_ahead) continue;
        auto const name = fmt::format("token_expiring:{}", reconnect.account_id);
        auto const end = to_rfc3339(reconnect.by);
        auto told = tables.setting(name);
        if (!told) return told.error();
        if (*told == end) continue;
        if (auto put = tables.put_setting(name, end); !put) return put;
        boost::json::object data;
        data["account"] = reconnect.account;
        data["owner"] = word(Owner::creator);
        data["expires_at"] = end;
        data["due_at"] = to_rfc3339(*reconnect.due_at);
        auto added = tables.add_event("account.token_expiring", std::move(data), now);
        if (!added) return added;
    }
    return {};
}

}  // namespace postrider::core

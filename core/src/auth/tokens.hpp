// Access tokens: opened from the store, refreshed before they end, by one refresher at a time over
// all processes.
#pragma once

#include <postrider/core/engine.hpp>

#include <boost/asio/awaitable.hpp>

#include <set>
#include <string>

namespace postrider::core {

class Tokens {
 public:
    explicit Tokens(EngineParts& parts) : parts_(parts) {}

    struct Access {
        Secret token;
        std::int64_t generation = 0;
        Access() = default;
    };

    /// The account's access token, refreshed first when it is near its end. With `stale`, the token
    /// of that generation was refused by the network: it is refreshed unless a newer pair is there
    /// already. Errors: `account.reconnect_needed` (proved dead, or none stored),
    /// `network.unreachable` and other passing troubles of the refresh, only when the old token has
    /// ended too.
    boost::asio::awaitable<Result<Access>> access(Account account,
                                                  App app,
                                                  std::optional<std::int64_t> stale);

    /// Refreshes what would have to be refreshed when the account's next job is due: whatever is
    /// wrong with it shows before the post's time, not at it.
    boost::asio::awaitable<void> refresh_ahead();

 private:
    /// The right to refresh one pair.
    struct Turn {
        std::string name;   ///< of the refresher; empty = somebody else is at it
        std::string stood;  ///< who had it, took too long and is not proved dead; each ends with a
                            ///< space
    };

    boost::asio::awaitable<Result<void>> refresh(Account account,
                                                 App app,
                                                 TokenPair tokens,
                                                 Turn turn);
    boost::asio::awaitable<Result<void>> store_pair(TokenPair tokens, boost::json::object answer);
    boost::asio::awaitable<Result<void>> refused(Account account,
                                                 TokenPair tokens,
                                                 Turn turn,
                                                 std::string code);
    /// False where the refusal proves nothing: a newer pair is there, or another has the turn.
    boost::asio::awaitable<Result<bool>> mark_dead(Account account,
                                                   std::int64_t generation,
                                                   std::string refresher,
                                                   std::string reason);
    boost::asio::awaitable<Turn> become_refresher(std::string account_id, std::int64_t generation);
    boost::asio::awaitable<void> step_down(std::string account_id, Turn turn);
    Result<Access> open(TokenPair const& tokens) const;

    EngineParts& parts_;
    std::uint64_t turns_ = 0;        // tells refreshers of one process apart
    std::set<std::string> at_work_;  // refreshers of this process that have not ended
};

/// When a pair wants to be refreshed: the larger of five minutes and a tenth of its life before its
/// end; half of its life for tokens that live shorter than ten minutes.
Instant refresh_due(TokenPair const& tokens);

/// `expires_in` and the like, which some networks send as text.
std::optional<std::int64_t> seconds_member(boost::json::object const& object,
                                           std::string_view name);

/// Seals an answer of the token endpoint (or what a person handed over) into `tokens`; a missing
/// refresh token keeps the old one. Gives `network.bad_answer` when there is no access token in it.
Result<void> adopt_token_answer(TokenPair& tokens,
                                boost::json::object const& answer,
                                Vault const& vault,
                                Instant now);

}  // namespace postrider::core

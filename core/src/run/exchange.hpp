// One request to a network, with all that surrounds it: token, permits, what must be durable before
// and after.
#pragma once

#include "auth/tokens.hpp"
#include "run/circuits.hpp"

#include <postrider/core/engine.hpp>
#include <postrider/core/rate.hpp>

#include <boost/asio/awaitable.hpp>

#include <optional>
#include <string>
#include <vector>

namespace postrider::core {

/// Who asks, and for what.
struct ExchangeRequest {
    Account account;
    App app;
    adapter::Descriptor const* descriptor = nullptr;
    adapter::Send send;
    std::vector<adapter::MediaFacts> media;
    std::string holder;                       ///< of permits; begins with the owner's name
    std::optional<std::int64_t> stale_token;  ///< generation that the network has just refused
    /// Runs in the transaction that takes the permits, after they were taken. An error ends the
    /// exchange before it begins.
    Store::Work before;
    std::function<void(std::uint64_t)> progress;
    int retry_cost = 0;      ///< in tokens of the retry budget; 0 for a first try
    bool in_doubt = false;   ///< a look at a job whose commit is in doubt
    bool by_person = false;  ///< somebody waits for it: no circuit holds it up

    ExchangeRequest() = default;
};

struct ExchangeResult {
    std::optional<Error> refused;    ///< by us, before anything was sent
    std::optional<Blocked> blocked;  ///< no permit, or a circuit is open; nothing was sent
    TransportReply reply;
    Instant started_at{};
    Milliseconds duration{0};
    std::int64_t token_generation = 0;
    /// Gives the permits back; runs with the next thing that is written, and must run.
    Store::Work after;

    ExchangeResult() = default;
};

class Exchanges {
 public:
    explicit Exchanges(EngineParts& parts)
        : parts_(parts), tokens_(parts), circuits_(parts.random) {}

    boost::asio::awaitable<ExchangeResult> perform(ExchangeRequest request);
    Tokens& tokens() { return tokens_; }

 private:
    // Permits, circuits and what else must be durable before the first byte.
    boost::asio::awaitable<Result<std::optional<Blocked>>> let_go(ExchangeRequest const& request,
                                                                  std::vector<BucketUse> uses,
                                                                  CircuitUse circuit,
                                                                  Milliseconds deadline);

    EngineParts& parts_;
    Tokens tokens_;
    Circuits circuits_;
};

/// Digest of everything in a request that is not secret; kept with an intent.
std::string request_digest(adapter::Send const& send);

}  // namespace postrider::core

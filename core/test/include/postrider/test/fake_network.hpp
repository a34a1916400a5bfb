// A network that exists in this process: an adapter with every kind of step, and a transport that
// answers for it, counts what became public, and fails as it is told to. Time passes only through
// the clock that it is given.
#pragma once

#include <postrider/adapter/adapter.hpp>
#include <postrider/core/clock.hpp>
#include <postrider/core/transport.hpp>

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace postrider::test {

/// `alpha`: whoami (look) -> create (prepare) -> put (repeat) -> publish (commit by handle) ->
/// state (look).
adapter::Adapter const& alpha_adapter();
/// `beta`: send (blind commit) alone; find (look) is all that reconcile can ask.
adapter::Adapter const& beta_adapter();

enum class Fault {
    not_sent,
    lost_before,    ///< no answer, and the request had no effect
    lost_after,     ///< no answer, though it took effect
    error_before,   ///< HTTP 500 without effect
    error_after,    ///< HTTP 500 though it took effect
    too_many,       ///< HTTP 429
    token_refused,  ///< HTTP 401
    garbage,        ///< HTTP 200 with a body that does not parse, effect taken
    hang,           ///< no answer before the deadline, effect taken
    held,           ///< effect taken; who asked stands still for three minutes before it reads on
};

class FakeNetwork final : public core::Transport {
 public:
    explicit FakeNetwork(core::Clock& clock) : clock_(clock) {}

    boost::asio::awaitable<core::TransportReply> send(core::OutgoingRequest request) override;

    struct Thing {
        std::string id;
        std::string text;
        bool filled = false;
        int published = 0;  ///< how often it became public; more than once is the bug of bugs
        Instant published_at{};
    };
    /// One request as it arrived.
    struct Call {
        std::string step;
        std::string token;
        Instant at{};
        Fault const* fault = nullptr;
    };

    /// The n-th call (from 1) of a step meets this fault.
    void fault(std::string const& step, int nth, Fault fault) { faults_[{step, nth}] = fault; }
    [[nodiscard]] int posts() const;  ///< public things, each time counted
    [[nodiscard]] int calls(std::string const& step) const;
    [[nodiscard]] std::vector<Call> const& log() const { return log_; }

    /// Sees each request before anything is done with it.
    std::function<void(core::OutgoingRequest const&)> arrives;
    /// Answers in place of the network where it gives something.
    std::function<std::optional<core::TransportReply>(core::OutgoingRequest const&)> says;

    std::map<std::string, Thing> things;
    std::set<std::string> good_tokens{"access-1"};
    std::string refresh_token = "refresh-1";
    int refreshes = 0;
    bool refuse_refresh = false;
    bool refuse_app = false;  ///< the token endpoint does not take the app's secret
    Milliseconds round_trip{300};
    Milliseconds processing{4'000};
    bool never_ends = false;            ///< state says `working` for ever
    std::optional<Instant> down_until;  ///< until then every answer is HTTP 503, without effect
    std::string retry_after;            ///< what every answer of HTTP 5xx carries
    bool banned = false;                ///< the network refuses whatever this account publishes
    bool refuse_content = false;        ///< the network refuses after publishing was asked for

 private:
    core::TransportReply answer(std::string const& step,
                                std::string const& target,
                                std::string const& body);
    core::TransportReply token_endpoint(std::string const& body);

    core::Clock& clock_;
    std::map<std::pair<std::string, int>, Fault> faults_;
    std::map<std::string, int> counts_;
    std::vector<Call> log_;
    std::uint64_t next_id_ = 0;
};

}  // namespace postrider::test

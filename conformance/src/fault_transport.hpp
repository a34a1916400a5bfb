// Stands between the engine and a network, whatever network: counts, remembers, and spoils what it
// was told to spoil.
#pragma once

#include "spoil.hpp"
#include "watch.hpp"

#include <postrider/conformance/faults.hpp>
#include <postrider/conformance/suite.hpp>

#include <optional>
#include <string>
#include <vector>

namespace postrider::conformance {

/// The step name of requests that no adapter asked for: the engine refreshes a token.
inline constexpr std::string_view token_step = "token";

struct Injection {
    std::string step;
    Fault fault = Fault::not_sent;
    int first = 1;  ///< the occurrences of the step that are spoilt, from 1
    int last = 1;
};

/// One request that the engine sent.
struct Exchange {
    std::string step;
    adapter::Effect effect = adapter::Effect::look;
    int nth = 1;  ///< of its step
    bool has_token = false;
    bool has_body = false;
    bool spoilt = false;
    int looks_before = 0;  ///< how often the adapter had looked for proof by then
    int status = 0;        ///< 0 = no answer
};

class FaultTransport final : public core::Transport {
 public:
    FaultTransport(World& world, VirtualClock& clock, Watch const& watch)
        : world_(world), clock_(clock), watch_(watch) {}

    void inject(Injection injection) { injection_ = std::move(injection); }
    void too_many_body(std::string body) { too_many_body_ = std::move(body); }
    /// Every id of the network becomes a long one, but for this.
    void lengthen_ids(std::string keep) { keep_id_ = std::move(keep); }

    boost::asio::awaitable<core::TransportReply> send(core::OutgoingRequest request) override;

    /// The worker is killed while this request's answer is on its way.
    void die_after(int requests) { die_after_ = requests; }

    [[nodiscard]] std::vector<Exchange> const& log() const { return log_; }
    /// The worker is to be killed now; asked for by a fault, once.
    bool take_kill();
    /// 429 that nobody injected.
    [[nodiscard]] int refusals_drawn() const { return refusals_; }
    /// Violations that the kit itself brought about.
    [[nodiscard]] int own_violations() const { return own_violations_; }
    /// Why the fault could not be injected where it was to be; empty when it could.
    [[nodiscard]] std::string const& not_applicable() const { return not_applicable_; }
    [[nodiscard]] bool hit() const { return hit_; }
    [[nodiscard]] LongIds const& ids() const { return ids_; }

 private:
    boost::asio::awaitable<core::TransportReply> forward(core::OutgoingRequest request);
    boost::asio::awaitable<core::TransportReply> spoil(core::OutgoingRequest request, Fault fault);

    World& world_;
    VirtualClock& clock_;
    Watch const& watch_;
    std::optional<Injection> injection_;
    std::optional<std::string> keep_id_;
    LongIds ids_;
    std::string too_many_body_ = "{}";
    std::vector<Exchange> log_;
    std::string not_applicable_;
    int die_after_ = 0;
    bool kill_ = false;
    bool hit_ = false;
    int refusals_ = 0;
    int own_violations_ = 0;
};

}  // namespace postrider::conformance

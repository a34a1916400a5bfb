// Between one process and the network: delays, and all that can happen to a request and its answer.
// What has left arrives even when its sender is dead.
#pragma once

#include "eye.hpp"
#include "machine.hpp"

#include <postrider/core/transport.hpp>

#include <memory>
#include <optional>
#include <string>

namespace postrider::simulate {

class Wire final : public core::Transport {
 public:
    Wire(Machine& machine, SimulatedClock& clock, Eye const& eye, std::string process)
        : machine_(machine), clock_(clock), eye_(eye), process_(std::move(process)) {}

    boost::asio::awaitable<core::TransportReply> send(core::OutgoingRequest request) override;

 private:
    struct Flight;

    std::optional<Mishap> draw_mishap(core::OutgoingRequest const& request);
    void check_commit(Flight const& flight);
    void check_burst(int job);
    void check_wish(int job);
    void check_blind(int job);
    // What a token request has come to, for whoever asks later why an account was lost.
    void note_refresh_sent(std::string const& account);
    void note_refresh_ended(std::string const& account, bool lost);
    void tell_deeds(Flight const& flight);
    void launch(std::shared_ptr<Flight> const& flight, Milliseconds way_there);
    static void arrive(Machine& machine, std::shared_ptr<Flight> const& flight);

    Machine& machine_;
    SimulatedClock& clock_;
    Eye const& eye_;
    std::string process_;
};

}  // namespace postrider::simulate

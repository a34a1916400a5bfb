// Requests on their way out, for a person to see: told as they are answered, or kept back by a dry
// run.
#pragma once

#include <postrider/core/clock.hpp>
#include <postrider/core/transport.hpp>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <functional>
#include <string_view>

namespace postrider::cli {

/// A request as it may be shown: secrets stand there by name.
boost::json::object shown_request(core::OutgoingRequest const& request);

class WatchedTransport final : public core::Transport {
 public:
    /// @param refuse  everything that does more than look stays here.
    /// @param say     a line for each request and its answer; empty: none.
    WatchedTransport(core::Transport& wire,
                     core::Clock& clock,
                     bool refuse,
                     std::function<void(std::string_view)> say);

    boost::asio::awaitable<core::TransportReply> send(core::OutgoingRequest request) override;

    /// What was kept back, each once, in the order in which it would have gone.
    [[nodiscard]] boost::json::array const& refused() const { return refused_; }

 private:
    core::Transport& wire_;
    core::Clock& clock_;
    bool refuse_;
    std::function<void(std::string_view)> say_;
    boost::json::array refused_;
};

}  // namespace postrider::cli

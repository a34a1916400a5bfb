// A desk with a network in memory: an app, two accounts, a small campaign.
#pragma once

#include "test/desk.hpp"

#include <postrider/core/transport.hpp>

#include <sandbox/emulator/sandbox_network.hpp>

#include <string>
#include <vector>

namespace postrider::cli::test {

/// Hands requests to the network in memory, as its program would.
class MemoryTransport final : public core::Transport {
 public:
    boost::asio::awaitable<core::TransportReply> send(core::OutgoingRequest request) override;

    sandbox::SandboxNetwork network;
    std::vector<adapter::Effect> effects;  ///< of all that was sent
};

class Studio : public Desk {
 protected:
    void SetUp() override;

    void set_up_accounts();
    /// Writes a file into the desk's folder; gives its name.
    std::string write(std::string const& name, std::string const& text);
    std::string campaign(std::string const& extra = "", std::string const& caption = "Hello");
    static std::string hash_of(Ran const& planned);

    MemoryTransport memory;
};

}  // namespace postrider::cli::test

// A network that can be simulated: a model with many accounts that answers at once and keeps a
// ledger. Adapters bring theirs and make it known with a Registration; nothing here names one.
#pragma once

#include <postrider/adapter/adapter.hpp>
#include <postrider/core/random.hpp>
#include <postrider/core/transport.hpp>

#include <boost/json/object.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace postrider::simulate {

/// The application that all accounts were authorised under.
struct AppLogin {
    std::string client_id = "client";
    std::string client_secret = "secret";
    bool audited = true;
    boost::json::object options;  ///< texts, as a person would set them
};

struct AccountLogin {
    std::string handle;  ///< with its `@`
    std::string remote_id;
    std::vector<std::string> scopes;
    boost::json::object tokens;  ///< an answer of the token endpoint
};

/// Something that exists at the network and came from a job.
struct FoundPost {
    int job = -1;  ///< the number given to Network::post(); -1 = it belongs to none
    bool in_inbox = false;
    std::string text = {};  ///< as everybody sees it; empty = it has none
};

class Network {
 public:
    virtual ~Network() = default;
    virtual AppLogin app() = 0;
    /// Logs the account in, anew if it is asked for again.
    virtual AccountLogin login(int account) = 0;
    /// `network:handle`.
    [[nodiscard]] virtual std::string login_name(int account) const = 0;
    /// What job number `job` is to say. The ledger must be able to tell whose post it is, also
    /// when words are added to its caption.
    virtual adapter::Post post(int account, int job, core::Random& random) = 0;
    /// The whole request arrives now; or, with `cut_after`, so many bytes of its body and no more.
    virtual core::TransportReply answer(core::OutgoingRequest const& request,
                                        std::optional<std::uint64_t> cut_after) = 0;
    virtual void ban(int account, bool banned) = 0;
    /// What the account may choose among shrinks: what was approved cannot be sent as it is.
    virtual void narrow(int /*account*/, bool /*narrowed*/) {}
    /// All that exists now, doubles included.
    virtual std::vector<FoundPost> ledger() = 0;
    /// False where the network says nothing of what became of a job, whoever asks.
    [[nodiscard]] virtual bool tells(int /*job*/) { return true; }
    /// Rules that the network saw broken, by name.
    virtual std::vector<std::string> violations() { return {}; }
    [[nodiscard]] virtual std::string too_many_body() const { return "{}"; }
    [[nodiscard]] virtual std::string dead_token() const { return "expired"; }
};

/// What a network is built on.
struct Setting {
    int accounts = 1;
    std::uint64_t seed = 1;
    Milliseconds processing{5'000};  ///< how long it takes until a post is public
    std::function<Instant()> now;    ///< the network's own clock, which no fault touches
    bool audited = true;             ///< the application
    /// By account, what it may choose. Fewer than accounts, or one without a word: the usual.
    std::vector<adapter::CreatorFacts> facts{};
};

struct NetworkKind {
    std::string name;
    adapter::Adapter const* adapter = nullptr;
    std::function<std::unique_ptr<Network>(Setting const&)> make;
};

/// All that were made known, by name.
std::vector<NetworkKind> const& networks();

/// `Registration const known{{"name", adapter(), make}};` at namespace scope of an adapter's file.
struct Registration {
    explicit Registration(NetworkKind kind);
};

}  // namespace postrider::simulate

// The circuits of one process: what it has seen of each, what its retries have left, and the rows
// that it shares with others.
#pragma once

#include <postrider/core/circuit.hpp>
#include <postrider/core/random.hpp>
#include <postrider/core/rate.hpp>
#include <postrider/core/store.hpp>
#include <postrider/core/transport.hpp>

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace postrider::core {

/// What one request passes: the circuit of its endpoint group (the first bucket that it names, else
/// its effect) and that of its account, and the budget of the group's retries.
struct CircuitUse {
    std::string group;    ///< `network/group`
    std::string account;  ///< `network/account/id`
    CircuitAsker asker;
    int retry_cost = 0;    ///< 0: a first try
    bool exempt = false;   ///< a person asks and waits: passes always, and what comes of it counts
    bool guarded = false;  ///< one of the two is not closed
    int paid = 0;
};

CircuitUse circuit_use(std::string_view network,
                       adapter::Send const& send,
                       std::string_view account_id);

class Circuits {
 public:
    explicit Circuits(Random& random) : random_(random) {}

    /// Before anything else of a request is done: nothing, or what is in the way. Only reads; pays
    /// for a retry.
    Result<std::optional<Blocked>> look(Store& store, CircuitUse& use, Instant now);
    /// The same in the transaction that lets the request go, where a circuit is not closed: a probe
    /// is noted in `changed`, to be written when nothing else is in the way.
    Result<std::optional<Blocked>> enter(Tables& tables,
                                         CircuitUse const& use,
                                         Instant now,
                                         std::vector<CircuitState>& changed);
    /// It did not leave after all.
    void turn_back(CircuitUse const& use);
    /// What the answer means for the circuits; empty when nothing is to be written.
    Store::Work leave(CircuitUse const& use, TransportReply const& reply, Instant now);

 private:
    Blocked blocked(std::string const& key, CircuitUse const& use, Instant again_at);

    Random& random_;
    std::map<std::string, CircuitTally> tallies_;
    std::map<std::string, RetryBudget> budgets_;
};

}  // namespace postrider::core

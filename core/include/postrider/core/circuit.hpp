// Circuit breakers and retry budgets: how a network in trouble is left alone, and how traffic comes
// back. Pure: a state and what happened go in, a state comes out.
#pragma once

#include <postrider/instant.hpp>
#include <postrider/words.hpp>

#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace postrider::core {

struct CircuitPolicy {
    int requests_min = 20;      ///< fewer in the window say nothing
    int failures_percent = 50;  ///< of the requests in the window: opens
    Milliseconds window{30'000};
    Milliseconds rest{30'000};       ///< how long nothing passes; doubles when a probe fails
    Milliseconds rest_max{600'000};  ///< and never grows beyond this
    Milliseconds first_choice{
        2'000};            ///< after the rest, how long only looks at jobs in doubt may probe
    int rate_max = 64;     ///< requests a second at which a half open circuit closes
    int refusals_max = 5;  ///< of an account's authorisation, in a row
    bool by_steps = true;  ///< after a good probe 1, 2, 4, ... a second; false: closes at once
};

/// One circuit that is not closed. Shared by all processes; a closed one has no row.
struct CircuitState {
    enum class Phase { closed, open, half_open };

    std::string key;  ///< `network/group`, or `network/account/id`
    Phase phase = Phase::closed;
    Instant opened_at{};
    Instant until{};  ///< open: nothing passes before. half open: when the next request passes
    Milliseconds rest{0};
    std::string prober;      ///< open: who has the one probe that is under way
    Instant prober_until{};  ///< ... and when it counts as lost
    int rate = 0;            ///< half open: requests a second
    Instant rate_since{};
    int answers = 0;  ///< half open: since the first good probe
    int failures = 0;
    std::string evidence;  ///< one sentence
};

/// What one process has seen of a circuit that is closed.
struct CircuitTally {
    struct Seen {
        Instant at{};
        bool failed = false;
    };
    std::deque<Seen> seen;
    int refusals = 0;  ///< of an authorisation, in a row
};

/// Adds one answer and forgets what is older than the window.
CircuitTally tally(CircuitTally before, bool failed, Instant now, CircuitPolicy const& policy);
/// A refused authorisation, or any answer that was not one.
CircuitTally tally_refusal(CircuitTally before, bool refused);
/// True when what was seen opens the circuit.
bool trips(CircuitTally const& tally, CircuitPolicy const& policy);
/// One sentence of what was seen, kept with the circuit.
std::string evidence_of(CircuitTally const& tally, CircuitPolicy const& policy);

CircuitState open_circuit(std::string key,
                          std::string evidence,
                          Instant now,
                          CircuitPolicy const& policy);

/// A request that wants to pass.
struct CircuitAsker {
    std::string holder;
    Instant deadline{};     ///< of the request
    bool in_doubt = false;  ///< a look at a job whose commit is in doubt: probes before all others
};

struct CircuitPassage {
    bool passes = false;
    Instant again_at{};  ///< when it does not: no sooner than this
    CircuitState state;  ///< as it is afterwards; the same when it does not pass
};

CircuitPassage pass(CircuitState state,
                    CircuitAsker const& asker,
                    Instant now,
                    CircuitPolicy const& policy);

/// What an answer does to a circuit that is not closed. Answers to requests that left before it
/// opened say nothing.
CircuitState answered(CircuitState state,
                      std::string_view holder,
                      bool failed,
                      Instant now,
                      CircuitPolicy const& policy);

/// Tokens that retries of one endpoint group have to pay with; of one process.
struct RetryBudget {
    static constexpr int tokens_max = 500;
    static constexpr int cost = 5;
    static constexpr int cost_after_timeout = 10;
    /// With nothing left one retry in this time goes free: its success fills the budget again.
    static constexpr Milliseconds free_every{10'000};

    int tokens = tokens_max;
    Instant free_at{};
};

/// Pays for a retry. Gives the tokens that were taken (none for one that goes free), or nothing
/// when the budget is empty.
std::optional<int> pay(RetryBudget& budget, int cost, Instant now);
/// A success gives back what its retry cost, or 1.
void give_back(RetryBudget& budget, int cost);

}  // namespace postrider::core

namespace postrider {

template <>
struct Words<core::CircuitState::Phase> {
    static constexpr std::pair<core::CircuitState::Phase, std::string_view> table[] = {
        {core::CircuitState::Phase::closed, "closed"},
        {core::CircuitState::Phase::open, "open"},
        {core::CircuitState::Phase::half_open, "half_open"},
    };
};

}  // namespace postrider

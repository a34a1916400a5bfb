// When a circuit opens, who may pass, and how it closes again; and what retries cost.
#include <postrider/core/circuit.hpp>
#include <postrider/core/mutant.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace postrider::core {

using namespace std::chrono_literals;

namespace {

using Phase = CircuitState::Phase;

int failures_of(CircuitTally const& tally) {
    return static_cast<int>(std::count_if(
        tally.seen.begin(), tally.seen.end(), [](auto const& seen) { return seen.failed; }));
}

CircuitState rest_again(CircuitState state, Instant now, CircuitPolicy const& policy) {
    state.phase = Phase::open;
    state.rest = std::min(state.rest * 2, policy.rest_max);
    state.until = now + state.rest;
    state.prober.clear();
    state.rate = state.answers = state.failures = 0;
    return state;
}

CircuitState first_step(CircuitState state, Instant now, CircuitPolicy const& policy) {
    state.prober.clear();
    state.phase = policy.by_steps ? Phase::half_open : Phase::closed;
    state.rate = 1;
    state.rate_since = now;
    state.until = now + 1s;
    state.answers = 1;
    state.failures = 0;
    return state;
}

}  // namespace

CircuitTally tally(CircuitTally before, bool failed, Instant now, CircuitPolicy const& policy) {
    before.seen.push_back({now, failed});
    while (before.seen.front().at + policy.window <= now) before.seen.pop_front();
    return before;
}

CircuitTally tally_refusal(CircuitTally before, bool refused) {
    before.refusals = refused ? before.refusals + 1 : 0;
    return before;
}

bool trips(CircuitTally const& tally, CircuitPolicy const& policy) {
    if (tally.refusals >= policy.refusals_max) return true;
    auto const requests = static_cast<int>(tally.seen.size());
    return requests >= policy.requests_min &&
           failures_of(tally) * 100 >= requests * policy.failures_percent;
}

std::string evidence_of(CircuitTally const& tally, CircuitPolicy const& policy) {
    if (tally.refusals >= policy.refusals_max)
        return fmt::format("{} refusals of the authorisation in a row", tally.refusals);
    return fmt::format("{} of {} requests failed within {} s",
                       failures_of(tally),
                       tally.seen.size(),
                       policy.window / 1s);
}

CircuitState open_circuit(std::string key,
                          std::string evidence,
                          Instant now,
                          CircuitPolicy const& policy) {
    CircuitState state;
    state.key = std::move(key);
    state.phase = Phase::open;
    state.opened_at = now;
    state.rest = policy.rest;
    state.until = now + policy.rest;
    state.evidence = std::move(evidence);
    return state;
}

CircuitPassage pass(CircuitState state,
                    CircuitAsker const& asker,
                    Instant now,
                    CircuitPolicy const& policy) {
    CircuitPassage passage;
    auto const later = [&](Instant again_at) {
        passage.again_at = again_at;
        passage.state = std::move(state);
        return passage;
    };
    if (state.phase == Phase::open) {
        if (now < state.until) return later(state.until);
        if (!state.prober.empty() && now < state.prober_until)
            return later(std::min<Instant>(state.prober_until, now + 5s));
        auto const others = state.until + policy.first_choice;
        if (!asker.in_doubt && now < others) return later(others);
        state.prober = asker.holder;
        state.prober_until = asker.deadline;
    } else if (state.phase == Phase::half_open && !asker.in_doubt) {
        if (now < state.until) return later(state.until);
        state.until = now + 1000ms / std::max(state.rate, 1);
    }
    passage.passes = true;
    passage.state = std::move(state);
    return passage;
}

CircuitState answered(CircuitState state,
                      std::string_view holder,
                      bool failed,
                      Instant now,
                      CircuitPolicy const& policy) {
    if (state.phase == Phase::open) {
        if (state.prober != holder) return state;
        return failed || mutant("circuit_never_closes") ? rest_again(std::move(state), now, policy)
                                                        : first_step(std::move(state), now, policy);
    }
    if (state.phase != Phase::half_open) return state;
    ++state.answers;
    if (failed) {
        ++state.failures;
        bool const too_many = state.failures * 100 >= state.answers * policy.failures_percent;
        return too_many ? rest_again(std::move(state), now, policy) : state;
    }
    if (now - state.rate_since < 1s) return state;
    state.rate *= 2;
    state.rate_since = now;
    if (state.rate > policy.rate_max) state.phase = Phase::closed;
    return state;
}

std::optional<int> pay(RetryBudget& budget, int cost, Instant now) {
    if (budget.tokens >= cost) {
        budget.tokens -= cost;
        return cost;
    }
    if (now < budget.free_at) return std::nullopt;
    budget.free_at = now + RetryBudget::free_every;
    return 0;
}

void give_back(RetryBudget& budget, int cost) {
    budget.tokens = std::min(RetryBudget::tokens_max, budget.tokens + std::max(cost, 1));
}

}  // namespace postrider::core

// Asking circuits before a request and telling them its answer.
#include "run/circuits.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace postrider::core {

using namespace std::chrono_literals;

namespace {

CircuitPolicy group_policy() {
    return {};
}

// An account whose authorisation is refused again and again is asked about rarely, and comes back
// at once.
CircuitPolicy account_policy() {
    CircuitPolicy policy;
    policy.rest = 5min;
    policy.rest_max = 1h;
    policy.by_steps = false;
    return policy;
}

CircuitPolicy policy_of(std::string const& key, CircuitUse const& use) {
    return key == use.account ? account_policy() : group_policy();
}

bool network_failed(TransportReply const& reply) {
    return reply.verdict != adapter::Verdict::replied || reply.http.status >= 500;
}

}  // namespace

CircuitUse circuit_use(std::string_view network,
                       adapter::Send const& send,
                       std::string_view account_id) {
    CircuitUse use;
    auto const group = send.buckets.empty() ? std::string(word(send.effect)) : send.buckets.front();
    use.group = fmt::format("{}/{}", network, group);
    use.account = fmt::format("{}/account/{}", network, account_id);
    return use;
}

Blocked Circuits::blocked(std::string const& key, CircuitUse const& use, Instant again_at) {
    Blocked result;
    result.reason = adapter::WaitReason::circuit;
    result.bucket = key;
    result.owner = key == use.account ? Owner::creator : Owner::network;
    // Whoever waits here does not come back all at once.
    auto const spread = use.asker.in_doubt ? 0ms : Milliseconds{1'000};
    result.until = again_at + Milliseconds{static_cast<std::int64_t>(
                                  random_.below(static_cast<std::uint64_t>(spread.count()) + 1))};
    return result;
}

Result<std::optional<Blocked>> Circuits::look(Store& store, CircuitUse& use, Instant now) {
    std::optional<Blocked> held;
    auto read = store.read([&](Tables& tables) -> Result<void> {
        for (auto const& key : {use.group, use.account}) {
            auto state = tables.circuit(key);
            if (!state) return state.error();
            if (!*state) continue;
            use.guarded = true;
            auto const passage = pass(**state, use.asker, now, policy_of(key, use));
            if (!passage.passes && !use.exempt) held = blocked(key, use, passage.again_at);
        }
        return {};
    });
    if (!read) return read.error();
    if (held || use.retry_cost == 0 || use.exempt) return held;
    auto& budget = budgets_[use.group];
    auto const paid = pay(budget, use.retry_cost, now);
    if (!paid) return std::optional<Blocked>(blocked(use.group, use, budget.free_at));
    use.paid = *paid;
    return held;
}

Result<std::optional<Blocked>> Circuits::enter(Tables& tables,
                                               CircuitUse const& use,
                                               Instant now,
                                               std::vector<CircuitState>& changed) {
    for (auto const& key : {use.group, use.account}) {
        auto state = tables.circuit(key);
        if (!state) return state.error();
        if (!*state || use.exempt) continue;
        auto passage = pass(**state, use.asker, now, policy_of(key, use));
        if (!passage.passes) return std::optional<Blocked>(blocked(key, use, passage.again_at));
        changed.push_back(std::move(passage.state));
    }
    return std::optional<Blocked>();
}

void Circuits::turn_back(CircuitUse const& use) {
    budgets_[use.group].tokens += use.paid;
}

Store::Work Circuits::leave(CircuitUse const& use, TransportReply const& reply, Instant now) {
    bool const failed = network_failed(reply);
    bool const unauthorized = !failed && reply.http.status == 401;
    if (!failed && reply.http.status < 400) give_back(budgets_[use.group], use.retry_cost);

    auto& group = tallies_[use.group];
    group = tally(std::move(group), failed, now, group_policy());
    // An endpoint that takes the token says nothing about another one that never does.
    auto const account_there = use.account + " " + use.group;
    auto& account = tallies_[account_there];
    if (!failed) account = tally_refusal(std::move(account), unauthorized);

    std::vector<CircuitState> opened;
    for (auto const& key : {use.group, use.account}) {
        auto const policy = policy_of(key, use);
        auto& seen = tallies_[key == use.account ? account_there : key];
        if (!trips(seen, policy)) continue;
        opened.push_back(open_circuit(key, evidence_of(seen, policy), now, policy));
        seen = {};
    }
    if (account.refusals == 0) tallies_.erase(account_there);
    if (!use.guarded && opened.empty()) return {};
    return [use, failed, unauthorized, now, opened](Tables& tables) -> Result<void> {
        for (auto const& key : {use.group, use.account}) {
            auto stored = tables.circuit(key);
            if (!stored) return stored.error();
            Result<void> written;
            if (*stored) {
                bool const of_account = key == use.account;
                // A network that fails says nothing about the account.
                if (of_account && failed) continue;
                written = tables.put_circuit(answered(**stored,
                                                      use.asker.holder,
                                                      of_account ? unauthorized : failed,
                                                      now,
                                                      policy_of(key, use)));
            } else {
                auto const fresh =
                    std::find_if(opened.begin(), opened.end(), [&key](auto const& state) {
                        return state.key == key;
                    });
                if (fresh != opened.end()) written = tables.put_circuit(*fresh);
            }
            if (!written) return written;
        }
        return {};
    };
}

}  // namespace postrider::core

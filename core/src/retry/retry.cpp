// Backoff, and what follows an error.
#include <postrider/core/mutant.hpp>
#include <postrider/core/retry.hpp>

#include <algorithm>

namespace postrider::core {

using adapter::WaitReason;
using namespace std::chrono_literals;

Milliseconds backoff_delay(int failures, RetryPolicy const& policy, Random& random) {
    int const doublings = std::clamp(failures - 1, 0, 30);
    auto const ceiling =
        std::min<std::int64_t>(policy.cap.count(), policy.base.count() << doublings);
    return Milliseconds{
        static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(ceiling) + 1))};
}

RetryDecision decide(Error const& error,
                     FailureFacts const& facts,
                     RetryPolicy const& policy,
                     Random& random) {
    RetryDecision decision;
    auto wait = [&decision](WaitReason reason, std::optional<Milliseconds> delay, bool counts) {
        decision.what = RetryDecision::What::wait;
        decision.reason = reason;
        decision.delay = delay;
        decision.counts = counts;
        return decision;
    };

    if (error.kind() == ErrorKind::approval) {
        decision.what = RetryDecision::What::ask_person;
        return decision;
    }
    // The account's authorisation is lost: its jobs rest until somebody connects it again.
    if (error.kind() == ErrorKind::unauthorized && error.retry().when == RetryWhen::person_first)
        return wait(WaitReason::account, std::nullopt, false);
    // An app whose secret was changed at the network is no fault of its posts: they rest until the
    // operator has stored the new one, and ask now and then in case it was mended elsewhere.
    if (error.code() == "app.bad_credentials") return wait(WaitReason::account, 10min, false);
    // Nor is a process that stands still with the account's new token in hand.
    if (error.code() == "account.token_held") return wait(WaitReason::account, 1min, false);

    switch (error.retry().when) {
        case RetryWhen::after: {
            auto const delay = error.retry().delay.value_or(60s);
            auto const jitter =
                Milliseconds{static_cast<std::int64_t>(random.below(delay.count() / 10 + 1))};
            bool const quota = delay > 10min;
            return wait(quota ? WaitReason::quota : WaitReason::rate, delay + jitter, false);
        }
        case RetryWhen::backoff:
        case RetryWhen::reconcile_first: {
            if (facts.effect != adapter::Effect::look && facts.failures >= policy.failures_max) {
                decision.revivable = true;
                decision.budget_spent = true;
                return decision;
            }
            return wait(WaitReason::backoff, backoff_delay(facts.failures, policy, random), true);
        }
        case RetryWhen::person_first:
            decision.revivable = true;
            return decision;
        case RetryWhen::never:
        case RetryWhen::fix_first:
            return decision;
    }
    return decision;
}

std::optional<Milliseconds> next_look(int looks, Milliseconds since_commit) {
    if (since_commit > 72h) return std::nullopt;
    if (looks > 3 && mutant("looking_ends_early")) return std::nullopt;
    if (since_commit > 2h) return 30min;
    if (looks >= 8) return 5min;
    Milliseconds delay{2s};
    for (int i = 0; i < looks; ++i) delay = delay * 3 / 2;
    return std::min<Milliseconds>(delay, 60s);
}

}  // namespace postrider::core

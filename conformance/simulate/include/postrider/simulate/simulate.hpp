// The real engine, the real store and a real adapter for some simulated hours: on a virtual clock,
// a disk in memory and a network that counts what became public. A seed decides all that happens,
// and the same seed gives the same run.
#pragma once

#include <postrider/simulate/network.hpp>

#include <boost/json/object.hpp>

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace postrider::simulate {

/// What can be wrong with a run. The order is that of the summary.
enum class Wrong {
    lost,             ///< a job that was accepted is gone, or never came to rest
    doubled,          ///< a job has more than one post
    phantom,          ///< said to be published, and it is not there
    denied,           ///< said to have come to nothing, and it is there
    wrong_unknown,    ///< in doubt although the truth could be seen
    false_rescue,     ///< taken from a process that was alive
    refused_by_rate,  ///< the network refused by rate within the limits that it declared
    old_fence,        ///< a write by somebody who did not hold the job
    bad_transition,   ///< a move between states that is not allowed
    unarmed,          ///< a commit left before its intent was on disk
    two_commits,      ///< two commits of one job under way
    held_permit,      ///< a permit that nobody holds any more and that is not given back
    unwanted,         ///< a commit that a person had withdrawn, held, or not approved
    too_late,         ///< a commit after the last moment of its job
    other_words,      ///< a post that says another thing than its job
    untold,           ///< a hook's action that was never done
    account_lost,     ///< an account's tokens are dead, and the network is not to blame
    held_up,          ///< a circuit that stays open although nothing fails any more
    late_burst,       ///< more late posts of an account in an hour than it bears
    forgotten,        ///< the store lost what it had acknowledged
    secret_shown,     ///< a token in an event or in a job's timeline
    stopped,          ///< a process gave up although nothing was wrong with its disk
    not_replayed,     ///< the same seed gave another run
};

struct Failure {
    Wrong what = Wrong::lost;
    int job = -1;
    std::int64_t at_ms = 0;  ///< simulated, since the beginning
    std::string sentence;
};

struct SeedReport {
    std::uint64_t seed = 0;
    std::string network;
    std::uint64_t hash = 0;  ///< of everything that happened
    std::int64_t simulated_ms = 0;
    double cpu_seconds = 0;
    std::int64_t accounts = 0;
    std::int64_t jobs = 0;
    std::int64_t requests = 0;
    std::int64_t transitions = 0;                              ///< durable changes of jobs
    std::map<std::string, std::int64_t, std::less<>> reached;  ///< faults and paths, how often
    std::vector<Failure> failures;
};

struct SeedOptions {
    bool trace = false;     ///< everything that happens, a line each, to standard output
    bool flawless = false;  ///< no fault at all, whatever the seed says
};

/// Faults and paths that a large enough number of seeds has to reach.
std::vector<std::string> must_be_reached();

SeedReport run_seed(NetworkKind const& kind, std::uint64_t seed, SeedOptions const& options = {});

/// The program: arguments, workers, summary, exit code.
int simulate_main(int argc, char const* const* argv);

}  // namespace postrider::simulate

namespace postrider {

template <>
struct Words<simulate::Wrong> {
    using W = simulate::Wrong;
    static constexpr std::pair<W, std::string_view> table[] = {
        {W::lost, "lost"},
        {W::doubled, "doubled"},
        {W::phantom, "phantom"},
        {W::denied, "denied"},
        {W::wrong_unknown, "wrong_unknown"},
        {W::false_rescue, "false_rescue"},
        {W::refused_by_rate, "refused_by_rate"},
        {W::old_fence, "old_fence"},
        {W::bad_transition, "bad_transition"},
        {W::unarmed, "unarmed"},
        {W::two_commits, "two_commits"},
        {W::held_permit, "held_permit"},
        {W::unwanted, "unwanted"},
        {W::too_late, "too_late"},
        {W::other_words, "other_words"},
        {W::untold, "untold"},
        {W::account_lost, "account_lost"},
        {W::held_up, "held_up"},
        {W::late_burst, "late_burst"},
        {W::forgotten, "forgotten"},
        {W::secret_shown, "secret_shown"},
        {W::stopped, "stopped"},
        {W::not_replayed, "not_replayed"},
    };
};

}  // namespace postrider

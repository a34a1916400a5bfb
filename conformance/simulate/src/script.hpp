// What a seed decides before anything runs: how many, how long, when, and what goes wrong.
#pragma once

#include <postrider/core/random.hpp>
#include <postrider/instant.hpp>
#include <postrider/words.hpp>

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace postrider::simulate {

/// What can happen to one request.
enum class Mishap {
    not_sent,
    lost_before,     ///< no answer, and nothing has happened
    lost_after,      ///< no answer, and it has happened
    late,            ///< it has happened; the answer would come after our deadline
    slow,            ///< the answer comes just before the deadline
    cut_request,     ///< the connection breaks in the middle of the body
    cut_answer,      ///< half of the answer's body arrives as if it were all
    page_before,     ///< a proxy's page with 200, and nothing has happened
    page_after,      ///< the same, and it has happened
    unauthorized,    ///< the token is not taken
    too_many,        ///< 429
    too_many_after,  ///< 429 with Retry-After
    error_before,    ///< 5xx, and nothing has happened
    error_after,     ///< 5xx, and it has happened
};
constexpr std::size_t mishap_count = 14;
std::string_view name_of(Mishap mishap);

struct JobPlan {
    int account = 0;
    Milliseconds added{0};  ///< when a person adds it
    Milliseconds due{0};
    bool asap = false;
    bool skip_when_late = false;
    Milliseconds last_moment{0};  ///< it must not go out after it; 0 = none
    bool in_campaign = false;     ///< it comes with a plan, from the beginning
    bool asks = false;            ///< a person has to approve it, also where the network does not
    bool notifies = false;        ///< somebody is told what became of it
    bool holds = false;           ///< its account is held when it is rejected or in doubt
};

struct Window {
    Milliseconds from{0};
    Milliseconds to{0};
    int kind = 0;
};

/// The one failure of a loop, see loops.hpp.
struct LoopFault {
    enum class Kind { read, write, sync, truncate, lock, memory };
    Kind kind = Kind::write;
    std::int64_t nth = 0;
    bool lasting = false;  ///< for a minute
};

struct Script {
    std::uint64_t seed = 0;
    int accounts = 3;
    int processes = 1;
    int concurrency = 16;
    Milliseconds length{0};  ///< faults end here
    Milliseconds poll{30'000};
    Milliseconds processing{5'000};
    std::vector<JobPlan> jobs;

    double mishap_rate = 0;  ///< of each request
    std::array<double, mishap_count> mishap_weights{};
    std::vector<Window> outages;  ///< kind: 0 not sent, 1 lost, 2 error
    std::vector<Window> bans;     ///< kind: account
    Milliseconds mean_kill{0};    ///< between kills of one process; 0 = never
    bool kills_in_writes = false;
    Milliseconds mean_pause{0};
    std::vector<Milliseconds> power_cuts;
    std::vector<Window> downtimes;    ///< the machine is switched off
    std::vector<Window> clock_jumps;  ///< `to` is by how much
    double disk_error_rate = 0;       ///< of each piece of work
    std::vector<Window> disk_full;

    Milliseconds mean_deed{0};    ///< between what people do to jobs; 0 = they only add them
    Milliseconds mean_answer{0};  ///< between their looks at what they are asked
    double declines = 0;          ///< of what they are asked
    double mute = 0;              ///< of notices: the channel that they go to fails

    std::optional<LoopFault> loop;

    [[nodiscard]] bool may_lose_power() const { return !power_cuts.empty(); }
};

/// Without any trouble: `accounts` with `jobs_each`, due within `length` (all at once when it is
/// 0); `whale_jobs` more for the first account.
Script quiet_script(int accounts, int jobs_each, Milliseconds length, int whale_jobs);

Script make_script(std::uint64_t seed, bool flawless);

}  // namespace postrider::simulate

namespace postrider {

template <>
struct Words<simulate::LoopFault::Kind> {
    using K = simulate::LoopFault::Kind;
    static constexpr std::pair<K, std::string_view> table[] = {
        {K::read, "read"},
        {K::write, "write"},
        {K::sync, "sync"},
        {K::truncate, "truncate"},
        {K::lock, "lock"},
        {K::memory, "memory"},
    };
};

}  // namespace postrider

// The states of a job: which are final, and the one table of moves that are allowed.
#include <postrider/core/job.hpp>

#include <cstddef>
#include <cstdint>
#include <iterator>

namespace postrider::core {
namespace {

using S = JobState;

constexpr std::uint16_t bit(JobState state) {
    return static_cast<std::uint16_t>(1U << static_cast<unsigned>(state));
}

template <class... States>
constexpr std::uint16_t any_of(States... states) {
    return static_cast<std::uint16_t>((0U | ... | bit(states)));
}

struct Row {
    JobState from;
    bool final;
    std::uint16_t to;
};

// surfaces.md, section 1, row by row. To be at it still (`running`, `waiting`, `unknown`) is a move
// of its own: a lease that changes hands, another reason to wait, one more look.
constexpr Row table[] = {
    {S::awaiting_approval, false, any_of(S::scheduled, S::cancelled)},
    {S::scheduled, false, any_of(S::running, S::waiting, S::awaiting_approval, S::cancelled)},
    {S::running,
     false,
     any_of(S::running,
            S::waiting,
            S::awaiting_approval,
            S::unknown,
            S::published,
            S::handed_off,
            S::rejected,
            S::cancelled)},
    {S::waiting,
     false,
     any_of(S::waiting,
            S::running,
            S::scheduled,
            S::awaiting_approval,
            S::unknown,
            S::rejected,
            S::cancelled)},
    {S::unknown,
     false,
     any_of(S::unknown, S::waiting, S::scheduled, S::published, S::handed_off, S::rejected)},
    {S::published, true, any_of()},
    {S::handed_off, true, any_of(S::published)},
    {S::rejected, true, any_of(S::scheduled, S::awaiting_approval)},
    {S::cancelled, true, any_of(S::scheduled, S::awaiting_approval)},
};

constexpr bool in_order_of_the_enumeration() {
    for (std::size_t i = 0; i < std::size(table); ++i)
        if (static_cast<std::size_t>(table[i].from) != i) return false;
    return std::size(table) == std::size(Words<JobState>::table);
}
static_assert(in_order_of_the_enumeration());

constexpr Row const& row_of(JobState state) {
    return table[static_cast<std::size_t>(state)];
}

}  // namespace

bool is_final(JobState state) {
    return row_of(state).final;
}

bool may_become(JobState from, JobState to) {
    return (row_of(from).to & bit(to)) != 0;
}

}  // namespace postrider::core

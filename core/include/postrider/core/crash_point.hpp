// Places where a process may be killed on purpose: on each side of every durable transaction and of
// every request. Together with the number of the hit they name every instant that matters to a
// recovery. Only builds with tests have them; elsewhere crash_point() is nothing.
#pragma once

#include <postrider/words.hpp>

#include <array>
#include <utility>

namespace postrider::core {

enum class CrashPoint {
    commit_before,   ///< all pieces of a transaction have run, none of it is durable
    commit_after,    ///< it is durable, and nobody has been told
    request_before,  ///< what must be durable before a request is so, and no byte has left
    request_after,   ///< the answer is here, and nothing of it is durable
};

}  // namespace postrider::core

namespace postrider {

template <>
struct Words<core::CrashPoint> {
    using P = core::CrashPoint;
    static constexpr std::pair<P, std::string_view> table[] = {
        {P::commit_before, "commit.before"},
        {P::commit_after, "commit.after"},
        {P::request_before, "request.before"},
        {P::request_after, "request.after"},
    };
};

}  // namespace postrider

namespace postrider::core {

#ifdef POSTRIDER_CRASH_POINTS
/// Ends this process with SIGKILL when `POSTRIDER_CRASH_AT` is this point's word and hit, such as
/// `commit.after:3`. Any thread.
void crash_point(CrashPoint point);
#else
inline void crash_point(CrashPoint /*point*/) {}
#endif

}  // namespace postrider::core

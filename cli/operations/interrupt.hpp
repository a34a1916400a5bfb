// SIGINT and SIGTERM. A handler does nothing but note the signal; a thread of its own wakes whoever
// waits, and if nobody leaves in time it prints the answer and ends the process. One run a process,
// so the state is the process's.
#pragma once

#include <functional>

namespace postrider::cli {

/// The signal that came, or 0.
int interrupt_signal();

/// Starts to watch. `give_up` is called on the watching thread when the run has not ended by itself
/// in time; it prints and ends the process.
void watch_signals(std::function<void(int signal)> give_up);

/// While it lives, a signal calls `wake` (on the watching thread) and the run has `grace_ms` to end
/// by itself.
class WakeOnSignal {
 public:
    WakeOnSignal(std::function<void()> wake, int grace_ms);
    ~WakeOnSignal();
    WakeOnSignal(WakeOnSignal const&) = delete;
    WakeOnSignal& operator=(WakeOnSignal const&) = delete;
};

/// For tests: as if no signal had come.
void forget_signal();

}  // namespace postrider::cli

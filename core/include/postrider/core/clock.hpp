// Time as a parameter: the wall clock, a monotonic clock, and sleeping. Nothing else in core asks
// what time it is.
#pragma once

#include <postrider/instant.hpp>

#include <boost/asio/awaitable.hpp>

namespace postrider::core {

class Clock {
 public:
    virtual ~Clock() = default;
    /// Wall time, UTC. May jump.
    [[nodiscard]] virtual Instant now() const = 0;
    /// Never goes back; only differences mean something.
    [[nodiscard]] virtual Milliseconds monotonic() const = 0;
    /// Ends after `duration`, or early when the coroutine is cancelled. Never throws for
    /// cancellation.
    virtual boost::asio::awaitable<void> sleep(Milliseconds duration) = 0;
};

/// The machine's clock. `POSTRIDER_CLOCK` style offsets are the caller's business: `offset` is
/// added to wall time.
class SystemClock final : public Clock {
 public:
    explicit SystemClock(Milliseconds offset = Milliseconds{0}) : offset_(offset) {}
    [[nodiscard]] Instant now() const override;
    [[nodiscard]] Milliseconds monotonic() const override;
    boost::asio::awaitable<void> sleep(Milliseconds duration) override;

 private:
    Milliseconds offset_;
};

}  // namespace postrider::core

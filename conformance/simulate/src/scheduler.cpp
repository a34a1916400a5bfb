// Picking who is next.
#include "scheduler.hpp"

namespace postrider::simulate {

namespace asio = boost::asio;

std::optional<Milliseconds> Scheduler::next_timer() const {
    if (timers_.empty()) return std::nullopt;
    return timers_.begin()->first.first;
}

void Scheduler::wake(Milliseconds now) {
    while (!timers_.empty() && timers_.begin()->first.first <= now) {
        ready_.push_back(std::move(timers_.begin()->second));
        timers_.erase(timers_.begin());
    }
}

void Scheduler::run_one() {
    // Each handler is the only one that its coroutine waits for, so any order is a possible one.
    auto const chosen = random_.below(ready_.size());
    std::swap(ready_[chosen], ready_.back());
    auto handler = std::move(ready_.back());
    ready_.pop_back();
    handler->run();
}

void Scheduler::drop_all() {
    // What is destroyed may leave something behind.
    while (!ready_.empty() || !timers_.empty()) {
        auto ready = std::exchange(ready_, {});
        auto timers = std::exchange(timers_, {});
    }
}

asio::awaitable<void> SimulatedClock::delay(Milliseconds duration) {
    auto initiate = [this](auto handler, Milliseconds wanted) {
        scheduler_.push_at(time_.elapsed + wanted,
                           [held = std::move(handler)]() mutable { std::move(held)(); });
    };
    co_await asio::async_initiate<decltype(asio::use_awaitable) const, void()>(
        initiate, asio::use_awaitable, duration);
}

}  // namespace postrider::simulate

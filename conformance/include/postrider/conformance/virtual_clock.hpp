// Time that jumps: whoever sleeps is woken in order as soon as nothing else is left to do. With it
// a case of many hours costs milliseconds, and runs the same each time.
#pragma once

#include <postrider/core/clock.hpp>

#include <boost/asio/async_result.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <thread>
#include <utility>

namespace postrider::conformance {

class VirtualClock final : public core::Clock {
 public:
    VirtualClock(boost::asio::io_context& loop, Instant start) : loop_(loop), start_(start) {}

    [[nodiscard]] Instant now() const override { return start_ + elapsed_; }
    [[nodiscard]] Milliseconds monotonic() const override { return elapsed_; }

    /// The engine's way to sleep. It looks around every few milliseconds while a request is under
    /// way; a simulated hour of that would be long, so no nap is shorter than a second.
    boost::asio::awaitable<void> sleep(Milliseconds duration) override {
        return delay(std::max<Milliseconds>(duration, std::chrono::seconds(1)));
    }

    /// Exactly so long; for networks and faults.
    boost::asio::awaitable<void> delay(Milliseconds duration) {
        auto initiate = [this](auto handler, Milliseconds wanted) {
            auto kept = std::make_shared<decltype(handler)>(std::move(handler));
            auto wake = [kept]() mutable { (*kept)(); };
            sleepers_.emplace(std::make_pair(elapsed_ + wanted, ++order_), std::move(wake));
        };
        co_await boost::asio::async_initiate<decltype(boost::asio::use_awaitable) const, void()>(
            initiate, boost::asio::use_awaitable, duration);
    }

    /// Everybody who sleeps dies where they stand, as the end of a process does it.
    void kill_sleepers() {
        sleepers_.clear();
        loop_.restart();
        loop_.poll();
    }

    /// Nobody is there to act; time passes all the same.
    void pass(Milliseconds duration) { elapsed_ += duration; }

    /// From now on time passes as it does outside: for a network whose clock cannot be pushed.
    void keep_real_time() { real_since_ = std::chrono::steady_clock::now(); }

    /// While one of these lives something outside this process is at work, and time must not jump.
    [[nodiscard]] std::shared_ptr<void> hold() {
        ++held_;
        return {static_cast<void*>(nullptr), [this](void*) { --held_; }};
    }

    /// Runs the loop until `done()` or until `limit` has passed. True when done() was met.
    bool run_until(std::function<bool()> const& done, Milliseconds limit) {
        auto const end = elapsed_ + limit;
        for (;;) {
            if (real_since_) {
                auto const real = std::chrono::steady_clock::now() - *real_since_;
                elapsed_ = std::max(elapsed_, std::chrono::floor<Milliseconds>(real));
            }
            loop_.restart();
            loop_.poll();
            if (done()) return true;
            if (held_ > 0) {
                loop_.restart();
                loop_.run_one_for(std::chrono::seconds(1));
                continue;
            }
            auto const next = sleepers_.begin();
            if (next == sleepers_.end() || next->first.first > end) return false;
            if (real_since_ && next->first.first > elapsed_) {
                std::this_thread::sleep_for(next->first.first - elapsed_);
                continue;
            }
            elapsed_ = std::max(elapsed_, next->first.first);
            auto wake = std::move(next->second);
            sleepers_.erase(next);
            boost::asio::post(loop_, std::move(wake));
        }
    }

 private:
    boost::asio::io_context& loop_;
    Instant start_;
    Milliseconds elapsed_{0};
    std::uint64_t order_ = 0;
    int held_ = 0;
    std::optional<std::chrono::steady_clock::time_point> real_since_;
    std::map<std::pair<Milliseconds, std::uint64_t>, std::function<void()>> sleepers_;
};

}  // namespace postrider::conformance

// Time that jumps: sleepers are woken in order when nothing else is left to do. With it a simulated
// day costs milliseconds.
#pragma once

#include <postrider/core/clock.hpp>

#include <boost/asio/async_result.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <functional>
#include <map>
#include <memory>
#include <utility>

namespace postrider::test {

class VirtualClock final : public core::Clock {
 public:
    VirtualClock(boost::asio::io_context& loop, Instant start) : loop_(&loop), start_(start) {}

    [[nodiscard]] Instant now() const override { return start_ + elapsed_ + jump_; }
    [[nodiscard]] Milliseconds monotonic() const override { return elapsed_; }

    boost::asio::awaitable<void> sleep(Milliseconds duration) override {
        auto initiate = [this](auto handler, Milliseconds wanted) {
            auto shared = std::make_shared<decltype(handler)>(std::move(handler));
            sleepers_.emplace(std::make_pair(elapsed_ + wanted, ++order_),
                              [shared]() mutable { (*shared)(); });
        };
        co_await boost::asio::async_initiate<decltype(boost::asio::use_awaitable) const, void()>(
            initiate, boost::asio::use_awaitable, duration);
    }

    /// Drops whoever sleeps, as the end of their process does, and serves another loop.
    void forget_sleepers() { sleepers_.clear(); }
    void move_to(boost::asio::io_context& loop) { loop_ = &loop; }

    /// The wall clock alone moves, as when somebody sets it.
    void jump(Milliseconds by) { jump_ += by; }

    /// Runs the loop, jumping to the next sleeper whenever it is idle, until `done()` or `limit`
    /// has passed. True when done() was met.
    bool run_until(std::function<bool()> const& done, Milliseconds limit) {
        auto const end = elapsed_ + limit;
        for (;;) {
            loop_->restart();
            loop_->poll();
            if (done()) return true;
            if (sleepers_.empty()) {
                // Only work on other threads (a file check) can move anything now.
                loop_->restart();
                if (loop_->run_one_for(std::chrono::milliseconds(200)) == 0) return done();
                continue;
            }
            auto next = sleepers_.begin();
            if (next->first.first > end) return false;
            elapsed_ = std::max(elapsed_, next->first.first);
            auto wake = std::move(next->second);
            sleepers_.erase(next);
            boost::asio::post(*loop_, std::move(wake));
        }
    }

 private:
    boost::asio::io_context* loop_;
    Instant start_;
    Milliseconds elapsed_{0};
    Milliseconds jump_{0};
    std::uint64_t order_ = 0;
    std::map<std::pair<Milliseconds, std::uint64_t>, std::function<void()>> sleepers_;
};

}  // namespace postrider::test

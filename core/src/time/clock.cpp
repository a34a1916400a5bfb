// The machine's clock.
#include <postrider/core/clock.hpp>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace postrider::core {

Instant SystemClock::now() const {
    return std::chrono::floor<Milliseconds>(std::chrono::system_clock::now()) + offset_;
}

Milliseconds SystemClock::monotonic() const {
    return std::chrono::floor<Milliseconds>(std::chrono::steady_clock::now().time_since_epoch());
}

boost::asio::awaitable<void> SystemClock::sleep(Milliseconds duration) {
    auto executor = co_await boost::asio::this_coro::executor;
    boost::asio::steady_timer timer(executor, duration);
    boost::system::error_code ended;
    co_await timer.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, ended));
}

}  // namespace postrider::core

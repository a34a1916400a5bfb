// What every store gives on top of submit(): the blocking and the awaitable form.
#include <postrider/core/store.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <future>

namespace postrider::core {

namespace asio = boost::asio;

Result<void> Store::write(Work work) {
    std::promise<Result<void>> promise;
    auto future = promise.get_future();
    submit(std::move(work),
           [&promise](Result<void> result) { promise.set_value(std::move(result)); });
    return future.get();
}

asio::awaitable<Result<void>> write(Store& store, Store::Work work) {
    auto executor = co_await asio::this_coro::executor;
    auto initiate = [&store, executor](auto handler, Store::Work piece) {
        // The handler is move-only and Done must be copyable, so it travels behind a pointer.
        auto shared = std::make_shared<decltype(handler)>(std::move(handler));
        store.submit(std::move(piece), [shared, executor](Result<void> result) mutable {
            asio::post(executor, [shared, result = std::move(result)]() mutable {
                (*shared)(std::move(result));
            });
        });
    };
    auto result =
        co_await asio::async_initiate<decltype(asio::use_awaitable) const, void(Result<void>)>(
            initiate, asio::use_awaitable, std::move(work));
    co_return result;
}

}  // namespace postrider::core

// What the server and its connections share: the event loop, and the model under its lock, with the
// files that follow each change. Not for users of the library.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <type_traits>

#include "tiktok/emulator/model/model.hpp"
#include "tiktok/emulator/server/server.hpp"

namespace postrider::tiktok::emulator {

namespace asio = boost::asio;

class Hub {
 public:
    /// Throws std::runtime_error when the state file is damaged or belongs to another scenario.
    Hub(Scenario scenario, ServerOptions the_options);

    /// Runs `f` while nobody else uses the model, then writes what has changed.
    template <class F>
    auto with(F f) {
        std::lock_guard const lock(mutex);
        if constexpr (std::is_void_v<std::invoke_result_t<F>>) {
            f();
            flush(false);
        } else {
            auto result = f();
            flush(false);
            return result;
        }
    }

    /// Under the lock. The state goes to its file before the answer goes to the client.
    void flush(bool everything);
    /// Sets the timer for what happens next without a request. In the loop's thread.
    void rearm();
    void ask_to_stop();

    ServerOptions options;
    std::uint16_t port = 0;  ///< that it listens on; before, the one of the state file

    std::mutex mutex;  ///< guards the model and the files
    std::optional<Model> model;

    std::mutex wait_mutex;
    std::condition_variable wait_condition;
    bool stop_asked = false;

    // Last, so that it goes first: its destructor ends the connections, which still use the model.
    asio::io_context io{1};
    asio::steady_timer timer{io};

 private:
    std::optional<json::object> load_state();
    TimePoint clock_origin(std::optional<json::object> const& saved) const;

    TimePoint saved_real_{};
    std::uint64_t state_written_ = ~std::uint64_t{0};
    std::uint64_t ledger_written_ = ~std::uint64_t{0};
    std::chrono::steady_clock::time_point ledger_time_{};
};

/// Serves one connection until it ends. Runs in the loop's thread; lives as long as it needs to.
void serve(Hub& hub, asio::ip::tcp::socket socket);

}  // namespace postrider::tiktok::emulator

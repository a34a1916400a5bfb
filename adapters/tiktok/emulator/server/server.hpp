// The model behind a real socket: HTTP/1.1 with keep-alive, API, authorize page, uploads and
// control on one port.
//
// One thread serves all connections. Tests look at the model through with_model, from any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "tiktok/emulator/model/model.hpp"

namespace postrider::tiktok::emulator {

struct ServerOptions {
    std::string address = "127.0.0.1";
    std::uint16_t port = 0;  ///< 0: the port of the state file when it is free, else any
    Clock clock{};           ///< empty: the real one, running `time_scale` times as fast
    std::int64_t time_scale = 1;
    FaultScript faults{};
    std::string ledger_file{};    ///< empty: none
    std::string state_file{};     ///< empty: none. Read at the start when it exists
    bool handle_signals = false;  ///< SIGTERM and SIGINT end wait()
};

class Server {
 public:
    explicit Server(Scenario scenario, ServerOptions options = {});
    ~Server();
    Server(Server const&) = delete;
    Server& operator=(Server const&) = delete;

    /// Binds, starts the thread and gives the base URL. Throws std::runtime_error with one
    /// sentence.
    std::string start();
    std::string const& base_url() const;
    /// Ends all connections at once, writes the files. May be called twice.
    void stop();
    /// Until POST /_emulator/shutdown, a handled signal, or stop().
    void wait();

    /// Runs `f(Model&)` while no request is handled, and gives what it gives.
    template <class F>
    auto with_model(F f) {
        if constexpr (std::is_void_v<std::invoke_result_t<F, Model&>>) {
            locked([&](Model& model) { f(model); });
        } else {
            std::optional<std::invoke_result_t<F, Model&>> result;
            locked([&](Model& model) { result.emplace(f(model)); });
            return std::move(*result);
        }
    }

    /// The ready line: where it listens and how to connect to it.
    json::object ready();

 private:
    struct Impl;

    void locked(std::function<void(Model&)> const& f);

    std::unique_ptr<Impl> impl_;
};

}  // namespace postrider::tiktok::emulator

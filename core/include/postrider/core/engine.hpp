// The engine: picks what is due, asks the adapter what to do, performs it, and keeps the promises
// about effects.
#pragma once

#include <postrider/core/adapters.hpp>
#include <postrider/core/bell.hpp>
#include <postrider/core/clock.hpp>
#include <postrider/core/random.hpp>
#include <postrider/core/store.hpp>
#include <postrider/core/transport.hpp>
#include <postrider/core/vault.hpp>

#include <boost/asio/awaitable.hpp>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace postrider::core {

struct EngineSettings {
    int concurrency = 16;                ///< attempts at once
    Milliseconds poll{500};              ///< how often other processes' work is looked for
    Milliseconds idle_horizon{120'000};  ///< `until idle` waits for what is due within this
    Milliseconds lease{30'000};
};

/// Everything the engine is given. All of it outlives the engine.
struct EngineParts {
    Store& store;
    Transport& transport;
    Clock& clock;
    Random& random;
    Adapters& adapters;
    Vault const& vault;
    /// True when the process that holds this owner name is proved dead. Empty: no proof is ever
    /// possible.
    std::function<bool(std::string const& owner)> owner_is_dead;
    std::string owner;  ///< this process's own name among lease owners
    /// Whether a local file is still the one that was probed: nothing, or `media.changed`. Called
    /// on a worker thread.
    std::function<Result<void>(adapter::MediaFacts const&)> check_media;
    /// Appends one line of NDJSON (given without its end) to a channel of the configuration,
    /// durably: `hook.channel_unknown`, `hook.channel_failed`. Called on the event loop's thread,
    /// and short. Empty: there are no channels.
    std::function<Result<void>(std::string const& channel, std::string const& line)> notify = {};
    /// Rings when others add work. Without one, what they add is found by and by.
    Bell* bell = nullptr;
};

/// For live displays: what a job is doing. Called on the event loop's thread.
struct Progress {
    std::string job_id;
    std::string account;
    std::string post_key;
    std::string step;
    std::uint64_t sent_bytes = 0;
    std::uint64_t total_bytes = 0;
    std::string state;
};

/// AppView of a stored app: defaults of the descriptor filled in.
adapter::AppView app_view(App const& app, adapter::Descriptor const& descriptor);
adapter::AccountView account_view(Account const& account);

class Engine {
 public:
    Engine(EngineParts parts, EngineSettings settings);
    ~Engine();

    /// Runs until `idle` (nothing is held, nothing due within the horizon), until an instant, or
    /// for ever.
    struct Until {
        bool idle = false;
        bool once = false;  ///< what is due now, then leave
        std::optional<Instant> at;
        std::function<bool()> settled;  ///< polled after each change; true = leave
    };
    boost::asio::awaitable<Result<void>> run(Until until);
    /// Finishes what is in a store transaction and leaves; jobs go on at the next run. Any thread.
    void stop();
    void on_progress(std::function<void(Progress const&)> callback);

    /// Asks the network what it says of this creator now (looks only), and stores the answer.
    boost::asio::awaitable<Result<adapter::CreatorFacts>> look_at_creator(std::string account_id);
    /// One observation of an `unknown` job, now. Gives the job as it is afterwards.
    boost::asio::awaitable<Result<Job>> reconcile_now(std::string job_id);

 private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace postrider::core

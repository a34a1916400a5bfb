// The engine's own state. Its loop is in engine.cpp, what it frees of the dead in rescue.cpp, what
// it does for a person who waits in by_hand.cpp.
#pragma once

#include "run/attempt.hpp"
#include "run/hook_runner.hpp"

#include <postrider/core/engine.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/thread_pool.hpp>

#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace postrider::core {

class Engine::Impl {
 public:
    Impl(EngineParts parts, EngineSettings settings)
        : parts_(std::move(parts)), settings_(settings), exchanges_(parts_), hooks_(parts_) {}

    boost::asio::awaitable<Result<void>> run(Until until);
    boost::asio::awaitable<Result<adapter::CreatorFacts>> look_at_creator(std::string account_id);
    boost::asio::awaitable<Result<Job>> reconcile_now(std::string job_id);

    void stop() { stopping_ = true; }
    void on_progress(std::function<void(Progress const&)> callback) {
        progress_ = std::move(callback);
    }

 private:
    /// What the store says of the work ahead, read at once.
    struct Outlook {
        std::optional<Instant> due;
        std::optional<Instant> hook;
        std::vector<std::string> owners;  ///< who holds jobs
    };
    Result<Outlook> look_ahead();
    boost::asio::awaitable<Result<int>> claim();
    boost::asio::awaitable<Result<int>> claim_due();
    boost::asio::awaitable<Result<bool>> rescue(std::vector<std::string> owners);
    boost::asio::awaitable<Result<void>> rescue_permits();
    boost::asio::awaitable<void> care_for_tokens(bool calendar);
    boost::asio::awaitable<Result<void>> tell_if_behind(Instant due, Instant now);
    boost::asio::awaitable<void> visit(Job job);
    boost::asio::awaitable<void> note_turned_away(std::string account_id, Instant until);
    boost::asio::any_io_executor workers() {
        if (!pool_) pool_ = std::make_unique<boost::asio::thread_pool>(1);
        return pool_->get_executor();
    }
    static Job claimed(Job job, std::string const& owner, Instant now);

    EngineParts parts_;
    EngineSettings settings_;
    Exchanges exchanges_;
    HookRunner hooks_;
    std::function<void(Progress const&)> progress_;
    std::unique_ptr<boost::asio::thread_pool> pool_;
    std::atomic<bool> stopping_{false};
    int running_ = 0;
    bool claiming_ = false;   // one claim at a time
    bool more_room_ = false;  // a visit has ended meanwhile
    std::uint64_t looks_ = 0;
    std::optional<Error> broken_;  // the store failed under a visit
    Instant begun_at_{};
    bool behind_ = false;
    std::map<std::string, int> turned_away_;  // by account: jobs in a row that could not begin
};

}  // namespace postrider::core

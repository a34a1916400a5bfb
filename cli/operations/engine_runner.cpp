// The one file of cli where coroutines run.
#include "operations/engine_runner.hpp"

#include "operations/channels.hpp"
#include "operations/context_parts.hpp"
#include "operations/interrupt.hpp"
#include "operations/printer.hpp"
#include "operations/watched_transport.hpp"
#include "terminal/progress.hpp"

#include <postrider/catalogue.hpp>
#include <postrider/core/curl_transport.hpp>
#include <postrider/core/engine.hpp>
#include <postrider/core/owner_lock.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include <fmt/format.h>

#include <map>
#include <optional>
#include <thread>

#include <unistd.h>

namespace postrider::cli {

namespace {

namespace asio = boost::asio;
namespace fs = std::filesystem;

fs::path owners_folder(fs::path const& store) {
    auto folder = store;
    folder += ".owners";
    return folder;
}

// Owners that only look do not count as engines.
constexpr std::string_view engine_prefix = "engine-";

Error interrupted_error() {
    return make_error("wait.timeout", "A signal ended this command; jobs go on at the next run.");
}

}  // namespace

class EngineRunner::Impl {
 public:
    explicit Impl(Context& context) : context_(context) {}
    ~Impl() {
        if (!abandoned_) return;
        // Coroutines are still suspended in the loop and point into the engine; the process is
        // about to end.
        static_cast<void>(engine_.release());
        static_cast<void>(watched_.release());
        static_cast<void>(curl_.release());
        static_cast<void>(loop_.release());
    }
    Impl(Impl const&) = delete;
    Impl& operator=(Impl const&) = delete;

    template <class T, class Make>
    Result<T> finish(std::string_view purpose, Make make) {
        if (auto ready = prepare(purpose); !ready) return ready.error();
        std::optional<Result<T>> result;
        auto whole = [&]() -> asio::awaitable<void> {
            auto work = make(*engine_);
            auto outcome = co_await std::move(work);
            result.emplace(std::move(outcome));
        };
        std::exception_ptr failure;
        asio::co_spawn(*loop_, whole, [&failure](std::exception_ptr thrown) { failure = thrown; });
        {
            WakeOnSignal const awake([this] { loop_->stop(); }, 3'000);
            loop_->restart();
            loop_->run();
        }
        if (failure) std::rethrow_exception(failure);
        if (!result) {
            abandoned_ = true;
            return interrupted_error();
        }
        return *std::move(result);
    }

    asio::awaitable<Result<core::TransportReply>> exchange(core::OutgoingRequest request) {
        auto work = transport().send(std::move(request));
        auto reply = co_await std::move(work);
        co_return Result<core::TransportReply>(std::move(reply));
    }

    Result<bool> run(EngineWish wish) {
        // A dry run is no engine to others: nothing of theirs is taken from them.
        bool const dry = context_.globals().dry_run;
        core::Engine::Until until;
        until.idle = wish.idle;
        until.once = wish.once;
        until.at = wish.at;
        until.settled = std::move(wish.settled);
        if (dry) {
            // What is due now is looked at once; what is refused would come again for ever.
            until.once = true;
            until.idle = false;
            until.at.reset();
        }
        for (;;) {
            if (auto ready = prepare(dry ? "dry" : "engine"); !ready) return ready.error();
            auto ended = run_engine(until);
            if (ended) return !context_.interrupted();
            bool const busy = ended.error().code() == "setup.store_locked";
            if (!busy || until.once || context_.interrupted()) return ended.error();
            context_.say("Another program holds the store; the engine goes on when it is free.");
            // Under a new name: what the old one still held is taken over, as from a dead process.
            engine_.reset();
            owner_lock_.reset();
            for (int i = 0; i < 10 && !context_.interrupted(); ++i)
                std::this_thread::sleep_for(std::chrono::milliseconds(100));
        }
    }

    [[nodiscard]] boost::json::array refused_requests() const {
        return watched_ ? watched_->refused() : boost::json::array();
    }

 private:
    Result<void> run_engine(core::Engine::Until const& until) {
        LiveProgress display(context_.host(), context_.globals(), context_.printer().paint_err());
        engine_->on_progress([this, &display](core::Progress const& progress) {
            tell(progress);
            display.show({progress.job_id,
                          progress.account,
                          progress.post_key,
                          progress.step,
                          progress.state,
                          progress.sent_bytes,
                          progress.total_bytes});
        });
        std::optional<Result<void>> result;
        auto whole = [&]() -> asio::awaitable<void> {
            auto work = engine_->run(until);
            auto outcome = co_await std::move(work);
            result.emplace(std::move(outcome));
        };
        std::exception_ptr failure;
        asio::co_spawn(*loop_, whole, [&failure](std::exception_ptr thrown) { failure = thrown; });
        {
            // The engine leaves at the end of the transactions that it is in.
            WakeOnSignal const awake([this] { engine_->stop(); }, 10'000);
            if (context_.interrupted()) engine_->stop();
            loop_->restart();
            loop_->run();
        }
        if (failure) std::rethrow_exception(failure);
        engine_->on_progress({});
        return result.value_or(Result<void>());
    }

    // Where a job stands, each time that this changes.
    void tell(core::Progress const& progress) {
        if (!context_.globals().verbose) return;
        auto line = fmt::format("{} {} {}: {} {}",
                                progress.job_id,
                                escape_controls(progress.account),
                                escape_controls(progress.post_key),
                                progress.state,
                                progress.step);
        if (told_[progress.job_id] == line) return;
        context_.say(line);
        told_[progress.job_id] = std::move(line);
    }

    Result<void> prepare(std::string_view purpose) {
        if (engine_ && purpose_ == purpose) return {};
        auto settings = context_.settings();
        if (!settings) return settings.error();
        auto store = context_.store();
        if (!store) return store.error();
        auto vault = context_.vault();
        if (!vault) return vault.error();
        auto adapters = context_.adapters();
        if (!adapters) return adapters.error();
        engine_.reset();
        owner_lock_.reset();
        auto const folder = owners_folder((*settings)->store);
        auto owner = core::OwnerLock::take(
            folder, fmt::format("{}-{}-{:016x}", purpose, getpid(), context_.random().next()));
        if (!owner) return owner.error();
        owner_lock_.emplace(*std::move(owner));
        purpose_ = purpose;
        core::EngineSettings engine_settings;
        engine_settings.concurrency = (*settings)->concurrency;
        core::EngineParts parts{
            **store,
            transport(),
            context_.clock(),
            context_.random(),
            **adapters,
            **vault,
            [folder](std::string const& name) { return core::owner_is_dead(folder, name); },
            owner_lock_->owner(),
            [this](adapter::MediaFacts const& facts) {
                return context_.media_probe().check_unchanged(facts);
            }};
        // Of a dry run nobody is told.
        parts.notify = [channels = (*settings)->channels, dry = context_.globals().dry_run](
                           std::string const& name, std::string const& line) -> Result<void> {
            return dry ? Result<void>() : tell_channel(channels, name, line);
        };
        // Of a copy in memory there is none; nor is it needed where the kernel gives no watch.
        bell_.reset();
        if (auto bell = core::store_bell(loop_->get_executor(), (*settings)->store);
            bell && !context_.globals().dry_run)
            bell_ = *std::move(bell);
        parts.bell = bell_.get();
        engine_ = std::make_unique<core::Engine>(std::move(parts), engine_settings);
        return {};
    }

    core::Transport& transport() {
        auto const& globals = context_.globals();
        if (!globals.dry_run && !globals.verbose) return wire();
        if (!watched_) {
            std::function<void(std::string_view)> say;
            if (globals.verbose)
                say = [this](std::string_view line) { context_.say(escape_controls(line)); };
            watched_ = std::make_unique<WatchedTransport>(
                wire(), context_.clock(), globals.dry_run, std::move(say));
        }
        return *watched_;
    }

    core::Transport& wire() {
        if (context_.host().transport) return *context_.host().transport;
        if (!curl_) {
            core::CurlOptions options;
            options.user_agent = "postrider";
            curl_ = std::make_unique<core::CurlTransport>(loop_->get_executor(), options);
        }
        return *curl_;
    }

    Context& context_;
    std::unique_ptr<asio::io_context> loop_ = std::make_unique<asio::io_context>(1);
    bool abandoned_ = false;
    std::unique_ptr<core::CurlTransport> curl_;
    std::unique_ptr<WatchedTransport> watched_;
    std::map<std::string, std::string> told_;  // job -> the last line about it
    std::optional<core::OwnerLock> owner_lock_;
    std::string purpose_;
    std::unique_ptr<core::Bell> bell_;
    std::unique_ptr<core::Engine> engine_;
};

EngineRunner::EngineRunner(Context& context) : impl_(std::make_unique<Impl>(context)) {}
EngineRunner::~EngineRunner() = default;

Result<adapter::CreatorFacts> EngineRunner::look_at_creator(std::string const& account_id) {
    return impl_->finish<adapter::CreatorFacts>(
        "look", [&account_id](core::Engine& engine) { return engine.look_at_creator(account_id); });
}

Result<core::TransportReply> EngineRunner::send(core::OutgoingRequest request) {
    return impl_->finish<core::TransportReply>(
        "look", [&](core::Engine&) { return impl_->exchange(std::move(request)); });
}

Result<core::Job> EngineRunner::reconcile_now(std::string const& job_id) {
    return impl_->finish<core::Job>(
        "look", [&job_id](core::Engine& engine) { return engine.reconcile_now(job_id); });
}

Result<bool> EngineRunner::run(EngineWish wish) {
    return impl_->run(std::move(wish));
}

boost::json::array EngineRunner::refused_requests() const {
    return impl_->refused_requests();
}

bool EngineRunner::runs_elsewhere(fs::path const& store) {
    auto const folder = owners_folder(store);
    std::error_code failed;
    for (auto const& entry : fs::directory_iterator(folder, failed)) {
        auto const owner = entry.path().stem().string();
        if (!owner.starts_with(engine_prefix)) continue;
        // Of this process itself: an engine that this command has had before.
        if (owner.starts_with(fmt::format("{}{}-", engine_prefix, getpid()))) continue;
        if (!core::owner_is_dead(folder, owner)) return true;
    }
    return false;
}

}  // namespace postrider::cli

// send(): starts an exchange, waits for its end, cancellation or a stall, and hands the reply back
// to the coroutine.
#include <postrider/core/curl_transport.hpp>

#include "curl_loop.hpp"
#include "exchange.hpp"

#include <postrider/core/crash_point.hpp>

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace postrider::core {

namespace asio = boost::asio;
using detail::CurlLibrary;
using detail::CurlLoop;
using detail::Exchange;

namespace {

using Steady = std::chrono::steady_clock;
constexpr auto progress_interval = std::chrono::milliseconds{250};
constexpr auto stood_still = std::chrono::seconds{1};  // a timer that rings so late
constexpr auto reading_time = std::chrono::seconds{1};

// Whoever waits for an exchange. Boost 1.81 has no type-erased handler that can only be moved.
class Waiter {
 public:
    virtual ~Waiter() = default;
    virtual void complete(TransportReply reply) = 0;
};

template <class Handler>
class HandlerWaiter final : public Waiter {
 public:
    HandlerWaiter(Handler handler, asio::any_io_executor const& fallback)
        : handler_(std::move(handler)), work_(asio::get_associated_executor(handler_, fallback)) {}

    void complete(TransportReply reply) override {
        auto slot = asio::get_associated_cancellation_slot(handler_);
        if (slot.is_connected()) slot.clear();
        // Posted: the coroutine may send its next request at once, and this may be inside the loop
        // over curl's messages.
        asio::post(work_.get_executor(),
                   [handler = std::move(handler_), reply = std::move(reply)]() mutable {
                       std::move(handler)(std::move(reply));
                   });
        work_.reset();
    }

 private:
    using Executor = typename asio::associated_executor<Handler, asio::any_io_executor>::type;
    Handler handler_;
    asio::executor_work_guard<Executor> work_;
};

TransportReply not_sent(std::string why) {
    TransportReply reply;
    reply.failure = std::move(why);
    return reply;
}

}  // namespace

class CurlTransport::Impl : public std::enable_shared_from_this<Impl> {
 public:
    Impl(asio::any_io_executor executor, CurlOptions options)
        : executor_(std::move(executor)),
          options_(std::move(options)),
          watch_timer_(executor_),
          deadline_timer_(executor_) {}

    ~Impl() { close(); }

    /// Lets go of everything that is under way. Whoever waits for it holds this object by way of
    /// its own frame, so that the destructor alone would never come.
    void close() {
        watch_timer_.cancel();
        deadline_timer_.cancel();
        auto const abandoned = std::move(running_);
        running_.clear();
        for (auto const& [easy, running] : abandoned) loop_->remove(easy);
    }

    asio::any_io_executor const& executor() const { return executor_; }

    void start(OutgoingRequest request, std::unique_ptr<Waiter> waiter, std::uint64_t& id) {
        auto progress = std::move(request.progress);
        std::string why = open();
        std::unique_ptr<Exchange> exchange;
        if (why.empty()) {
            exchange = std::make_unique<Exchange>(*curl_, options_, std::move(request));
            why = exchange->prepare();
        }
        if (!why.empty()) return waiter->complete(not_sent(std::move(why)));

        CURL* const easy = exchange->easy();
        if (progress) {
            exchange->on_progress =
                [this, next = Steady::time_point{}, progress](std::uint64_t sent_bytes) mutable {
                    auto const now = Steady::now();
                    if (now < next) return;
                    next = now + progress_interval;
                    asio::post(executor_, [progress, sent_bytes] { progress(sent_bytes); });
                };
        }
        id = ++last_id_;
        auto& running = running_[easy];
        running.id = id;
        running.due = exchange->deadline();
        running.exchange = std::move(exchange);
        running.waiter = std::move(waiter);
        running.progress = std::move(progress);
        if (!loop_->add(easy)) return finish(easy, CURLE_FAILED_INIT);
        watch();
        watch_deadlines();
    }

    void cancel(std::uint64_t id) {
        for (auto& [easy, running] : running_)
            if (running.id == id) return abandon(easy, "it was cancelled");
    }

 private:
    struct Running {
        std::uint64_t id = 0;
        std::unique_ptr<Exchange> exchange;
        std::optional<Steady::time_point> due;  // by when it is given up here
        std::unique_ptr<Waiter> waiter;
        std::function<void(std::uint64_t)> progress;
    };

    // libcurl and the loop around it come with the first request.
    std::string open() {
        if (loop_) return {};
        auto const library = CurlLibrary::get();
        if (!library) return library.error().message();
        curl_ = *library;
        loop_ = CurlLoop::create(
            executor_, *curl_, [this](CURL* easy, CURLcode code) { finish(easy, code); });
        return {};
    }

    void abandon(CURL* easy, std::string why) {
        loop_->remove(easy);
        running_.at(easy).exchange->give_up(std::move(why));
        finish(easy, CURLE_ABORTED_BY_CALLBACK);
    }

    void finish(CURL* easy, CURLcode code) {
        auto const found = running_.find(easy);
        if (found == running_.end()) return;
        auto running = std::move(found->second);
        running_.erase(found);
        if (running_.empty()) {
            watch_timer_.cancel();
            deadline_timer_.cancel();
        }
        auto reply = running.exchange->result(code);
        running.exchange.reset();  // the handle dies before its waiter learns of it
        if (running.progress && reply.sent_bytes > 0)
            asio::post(executor_,
                       [progress = std::move(running.progress), sent = reply.sent_bytes] {
                           progress(sent);
                       });
        running.waiter->complete(std::move(reply));
    }

    // Rings at the next deadline.
    void watch_deadlines() {
        std::optional<Steady::time_point> next;
        for (auto const& [easy, running] : running_)
            if (running.due) next = next ? std::min(*next, *running.due) : *running.due;
        if (!next) return;
        deadline_timer_.expires_at(*next);
        deadline_timer_.async_wait(
            [weak = weak_from_this(), at = *next](boost::system::error_code const& failed) {
                auto const self = weak.lock();
                if (failed || !self) return;
                self->end_late(at);
                self->watch_deadlines();
            });
    }

    void end_late(Steady::time_point rang_for) {
        auto const now = Steady::now();
        // The process stood still (stopped, frozen, moved to another machine): what came meanwhile
        // is read before anything is given up.
        bool const stood = now - rang_for > stood_still;
        std::vector<CURL*> late;
        for (auto& [easy, running] : running_) {
            if (!running.due || *running.due > now) continue;
            if (stood)
                running.due = now + reading_time;
            else
                late.push_back(easy);
        }
        for (auto* const easy : late) abandon(easy, "the time ran out");
    }

    // Looks some times per stall limit whether the uploads still move. curl's own check cannot tell
    // an upload that hangs from a network that thinks about its answer.
    void watch() {
        bool const uploads = std::any_of(running_.begin(), running_.end(), [](auto const& entry) {
            return entry.second.exchange->uploads_file();
        });
        if (watching_ || !uploads) return;
        watching_ = true;
        watch_timer_.expires_after(std::max(options_.upload_stall / 8, Milliseconds{10}));
        watch_timer_.async_wait([weak = weak_from_this()](boost::system::error_code const&) {
            auto const self = weak.lock();
            if (!self) return;
            self->watching_ = false;
            self->end_stalled();
            self->watch();
        });
    }

    void end_stalled() {
        auto const since = Steady::now() - options_.upload_stall;
        std::vector<CURL*> stalled;
        for (auto const& [easy, running] : running_)
            if (running.exchange->stalled(since)) stalled.push_back(easy);
        for (auto* const easy : stalled)
            abandon(easy, "the upload stood still: the network took no more of it");
    }

    asio::any_io_executor executor_;
    CurlOptions options_;
    CurlLibrary const* curl_ = nullptr;
    std::shared_ptr<CurlLoop> loop_;
    asio::steady_timer watch_timer_;
    asio::steady_timer deadline_timer_;
    bool watching_ = false;
    std::uint64_t last_id_ = 0;
    std::map<CURL*, Running> running_;
};

namespace {

// What async_initiate runs once the coroutine waits. A class with a constructor, because g++ 12
// destroys temporaries of simpler types twice inside a co_await expression.
template <class Impl>
class Start {
 public:
    Start(std::shared_ptr<Impl> impl, OutgoingRequest request)
        : impl_(std::move(impl)), request_(std::move(request)) {}

    template <class Handler>
    void operator()(Handler&& handler) {
        auto slot = asio::get_associated_cancellation_slot(handler);
        // The id is known only after the start, and the slot must be filled before the handler
        // moves away.
        auto const id = std::make_shared<std::uint64_t>(0);
        if (slot.is_connected()) {
            std::weak_ptr<Impl> const weak = impl_;
            slot.assign([weak, id](asio::cancellation_type) {
                // Posted: a cancellation may be emitted from anywhere, also from inside a callback
                // of curl.
                if (auto const impl = weak.lock())
                    asio::post(impl->executor(), [weak, id] {
                        if (auto const alive = weak.lock()) alive->cancel(*id);
                    });
            });
        }
        auto waiter = std::make_unique<HandlerWaiter<std::decay_t<Handler>>>(
            std::forward<Handler>(handler), impl_->executor());
        impl_->start(std::move(request_), std::move(waiter), *id);
    }

 private:
    std::shared_ptr<Impl> impl_;
    OutgoingRequest request_;
};

}  // namespace

CurlTransport::CurlTransport(asio::any_io_executor executor, CurlOptions options)
    : impl_(std::make_shared<Impl>(std::move(executor), std::move(options))) {}

CurlTransport::~CurlTransport() {
    impl_->close();
}

asio::awaitable<TransportReply> CurlTransport::send(OutgoingRequest request) {
    auto const cancellation = co_await asio::this_coro::cancellation_state;
    if (cancellation.cancelled() != asio::cancellation_type::none)
        co_return not_sent("it was cancelled");
    // A cancellation is answered by a reply, not by an exception from the wait below.
    bool const throws = co_await asio::this_coro::throw_if_cancelled();
    co_await asio::this_coro::throw_if_cancelled(false);
    crash_point(CrashPoint::request_before);
    Start<Impl> start(impl_, std::move(request));
    auto exchange = asio::async_initiate<asio::use_awaitable_t<> const, void(TransportReply)>(
        std::move(start), asio::use_awaitable);
    auto reply = co_await std::move(exchange);
    crash_point(CrashPoint::request_after);
    co_await asio::this_coro::throw_if_cancelled(throws);
    co_return reply;
}

Result<std::string> CurlTransport::library_version() {
    auto const library = CurlLibrary::get();
    if (!library) return library.error();
    return std::string{(*library)->version_info(CURLVERSION_NOW)->version};
}

}  // namespace postrider::core

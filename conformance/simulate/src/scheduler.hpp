// Time and turns of one simulated process: handlers that are ready, of which a seed picks the next,
// and timers that the simulation lets come due. One thread, no kernel.
#pragma once

#include <postrider/core/clock.hpp>
#include <postrider/core/random.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/execution.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <map>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

namespace postrider::simulate {

/// Time of the whole simulated machine.
struct MachineTime {
    Instant began{};
    Milliseconds elapsed{0};      ///< what really passed
    Milliseconds wall_offset{0};  ///< how far the wall clock was set wrong

    [[nodiscard]] Instant truth() const { return began + elapsed; }
    [[nodiscard]] Instant wall() const { return began + elapsed + wall_offset; }
};

class Handler {
 public:
    virtual ~Handler() = default;
    virtual void run() = 0;
};

class Scheduler : public boost::asio::execution_context {
 public:
    explicit Scheduler(std::uint64_t seed) : random_(seed) {}
    ~Scheduler() = default;

    template <class F>
    void push(F handler) {
        ready_.push_back(std::make_unique<Held<F>>(std::move(handler)));
    }
    template <class F>
    void push_at(Milliseconds when, F handler) {
        // Timers of one moment come in an order that the seed decides.
        timers_.emplace(std::make_pair(when, random_.next()),
                        std::make_unique<Held<F>>(std::move(handler)));
    }

    [[nodiscard]] bool ready() const { return !ready_.empty(); }
    [[nodiscard]] std::optional<Milliseconds> next_timer() const;
    /// Timers that are due become ready.
    void wake(Milliseconds now);
    /// Runs one handler that is ready.
    void run_one();
    /// Everybody dies where they stand, as the end of a process does it.
    void drop_all();

 private:
    template <class F>
    class Held final : public Handler {
     public:
        explicit Held(F f) : f_(std::move(f)) {}
        void run() override {
            auto f = std::move(f_);
            f();
        }

     private:
        F f_;
    };

    core::SeededRandom random_;
    std::vector<std::unique_ptr<Handler>> ready_;
    std::multimap<std::pair<Milliseconds, std::uint64_t>, std::unique_ptr<Handler>> timers_;
};

/// What Asio needs to know of a Scheduler: handlers never run inside execute().
class SchedulerExecutor {
 public:
    explicit SchedulerExecutor(Scheduler& scheduler) : scheduler_(&scheduler) {}

    [[nodiscard]] boost::asio::execution_context& query(
        boost::asio::execution::context_t /*property*/) const noexcept {
        return *scheduler_;
    }
    static constexpr boost::asio::execution::blocking_t query(
        boost::asio::execution::blocking_t /*property*/) noexcept {
        return boost::asio::execution::blocking_t(boost::asio::execution::blocking.never);
    }
    template <class F>
    void execute(F&& f) const {
        scheduler_->push(std::decay_t<F>(std::forward<F>(f)));
    }
    bool operator==(SchedulerExecutor const& other) const noexcept = default;

 private:
    Scheduler* scheduler_;
};

/// The clock of one process. Its naps have a least length: the engine looks around every few
/// milliseconds while a request is under way, and a simulated day of that would be long.
class SimulatedClock final : public core::Clock {
 public:
    SimulatedClock(MachineTime const& time, Scheduler& scheduler, Milliseconds least_nap)
        : time_(time), scheduler_(scheduler), least_nap_(least_nap) {}

    [[nodiscard]] Instant now() const override { return time_.wall(); }
    [[nodiscard]] Milliseconds monotonic() const override { return time_.elapsed; }
    boost::asio::awaitable<void> sleep(Milliseconds duration) override {
        return delay(std::max(duration, least_nap_));
    }
    /// Exactly so long; for what the wire does.
    boost::asio::awaitable<void> delay(Milliseconds duration);

 private:
    MachineTime const& time_;
    Scheduler& scheduler_;
    Milliseconds least_nap_;
};

}  // namespace postrider::simulate

// Four processes with more work than a limit allows, against a server with a sliding window; and
// the engine with a thousand accounts, and with one that has a hundred thousand jobs.
#include "slots.hpp"

#include "simulation.hpp"

#include <postrider/core/rate.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <deque>

namespace postrider::simulate {

using namespace std::chrono_literals;
namespace json = boost::json;

namespace {

constexpr auto slot_hours = 1h;
constexpr int slot_processes = 4;
constexpr int slot_lanes = 12;  // requests at once; 600 a minute of 0.3 s each are 3

// One request after another through one bucket, for as many lanes as there is work.
class SlotRun {
 public:
    explicit SlotRun(int limit) : limit_(limit), chance_(7) {
        spec_.name = "calls";
        spec_.size = limit;
        spec_.window = 1min;
        core::StoreOptions options;
        options.in_memory = true;
        options.inline_writes = true;
        auto opened = core::open_store("", options);
        if (opened) store_ = *std::move(opened);
    }

    json::object run() {
        for (int lane = 0; lane < slot_lanes; ++lane) later(0ms, [this, lane] { ask(lane); });
        while (events_.next_timer() && *events_.next_timer() <= slot_hours) {
            elapsed_ = *events_.next_timer();
            events_.wake(elapsed_);
            while (events_.ready()) events_.run_one();
        }
        double const minutes = std::chrono::duration<double, std::ratio<60>>(slot_hours).count();
        return {{"per_minute", limit_},
                {"used_percent", 100.0 * arrived_ / (minutes * limit_)},
                {"bound_percent", 100.0 * 60 / 60.3},
                {"refused", refused_}};
    }

 private:
    void later(Milliseconds delay, std::function<void()> what) {
        events_.push_at(elapsed_ + delay, std::move(what));
    }
    Instant now() const { return Instant{Milliseconds{1'900'000'000'000}} + elapsed_; }

    void ask(int lane) {
        auto const holder = fmt::format("worker{}/{}/{}", lane % slot_processes, lane, ++requests_);
        std::vector<core::BucketUse> const uses{{"n/app/acc/calls", &spec_}};
        auto taken =
            core::write_now<std::optional<core::Blocked>>(*store_, [&](core::Tables& tables) {
                return core::acquire_permits(tables, uses, holder, now(), now() + 30s);
            });
        if (!taken) return;
        if (*taken) {
            later(std::max<Milliseconds>((*taken)->until - now(), 1ms),
                  [this, lane] { ask(lane); });
            return;
        }
        double const spread = chance_.unit() + chance_.unit() + chance_.unit() - 1.5;
        auto const trip = Milliseconds{static_cast<std::int64_t>(290 * std::exp(spread / 2)) + 1};
        auto const there = Milliseconds{
            static_cast<std::int64_t>(chance_.unit() * static_cast<double>(trip.count()))};
        later(there, [this] { arrive(); });
        later(trip, [this, lane, uses, holder] {
            (void)store_->write([&](core::Tables& tables) {
                return core::end_permits(tables, uses, holder, core::PermitEnd::replied, now());
            });
            ask(lane);
        });
    }

    void arrive() {
        while (!window_.empty() && window_.front() + 1min <= elapsed_) window_.pop_front();
        if (static_cast<int>(window_.size()) >= limit_) {
            ++refused_;
            return;
        }
        window_.push_back(elapsed_);
        ++arrived_;
    }

    int limit_;
    core::SeededRandom chance_;
    Scheduler events_{7};
    Milliseconds elapsed_{0};
    adapter::BucketSpec spec_;
    std::unique_ptr<core::Store> store_;
    std::deque<Milliseconds> window_;
    std::int64_t requests_ = 0;
    std::int64_t arrived_ = 0;
    std::int64_t refused_ = 0;
};

double jain(std::vector<double> const& shares) {
    double sum = 0;
    double squares = 0;
    for (auto const share : shares) {
        sum += share;
        squares += share * share;
    }
    return squares > 0 ? sum * sum / (static_cast<double>(shares.size()) * squares) : 0;
}

double p99_delay_ms(NetworkKind const& kind, int whale_jobs) {
    SeedReport report;
    Simulation simulation(kind, quiet_script(200, 5, 1h, whale_jobs), {}, report);
    auto const others = static_cast<std::size_t>(whale_jobs);
    auto const all_started = [&] {
        auto const& jobs = simulation.truth().jobs;
        return std::all_of(jobs.begin() + static_cast<std::ptrdiff_t>(others),
                           jobs.end(),
                           [](auto const& job) { return job.started_ms >= 0; });
    };
    simulation.run_for(3h, all_started);
    std::vector<double> delays;
    auto const& jobs = simulation.truth().jobs;
    for (std::size_t i = others; i < jobs.size(); ++i)
        delays.push_back(
            static_cast<double>(jobs[i].started_ms - simulation.script().jobs[i].due.count()));
    std::sort(delays.begin(), delays.end());
    return delays.empty() ? 0 : delays[delays.size() * 99 / 100];
}

}  // namespace

json::object measure_slots() {
    json::array rows;
    for (int const limit : {6, 30, 600}) rows.push_back(SlotRun(limit).run());
    return {
        {"hours", slot_hours.count()}, {"processes", slot_processes}, {"rates", std::move(rows)}};
}

json::object measure_turns(NetworkKind const& kind) {
    constexpr int accounts = 1'000;
    SeedReport report;
    Simulation simulation(kind, quiet_script(accounts, 6, 0ms, 0), {}, report);
    auto const shares = [&] {
        std::vector<double> posts(accounts);
        auto const& jobs = simulation.truth().jobs;
        for (std::size_t i = 0; i < jobs.size(); ++i)
            if (jobs[i].row.state == core::JobState::published)
                ++posts[static_cast<std::size_t>(simulation.script().jobs[i].account)];
        return posts;
    };
    auto const half_done = [&] {
        auto const posts = shares();
        double sum = 0;
        for (auto const one : posts) sum += one;
        return sum >= accounts * 3;
    };
    simulation.run_for(10h, half_done);
    auto const alone = p99_delay_ms(kind, 0);
    auto const beside = p99_delay_ms(kind, 100'000);
    return {{"network", kind.name},
            {"accounts", accounts},
            {"jain", jain(shares())},
            {"p99_start_delay_ms", alone},
            {"p99_start_delay_beside_100000_jobs_ms", beside}};
}

}  // namespace postrider::simulate

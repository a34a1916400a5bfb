// Four processes with more work than a limit allows, against a server with a sliding window; and
// the engine with a thousand accounts, and with one that has a hundred thousand jobs.
#include "slots.hpp"

#include "simulation.hpp"

#include <postrider/core/rate.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <ctime>
#include <deque>
#include <numeric>

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

// How long after their time posts of ordinary accounts begin, beside one account that has
// `whale_jobs` due at once.
json::object beside_whale(NetworkKind const& kind, int whale_jobs) {
    auto const began = std::clock();
    SeedReport report;
    Simulation simulation(kind, quiet_script(200, 5, 1h, whale_jobs), {}, report);
    auto const others = static_cast<std::size_t>(whale_jobs);
    auto const& jobs = simulation.truth().jobs;
    // Whoever has begun has begun: each is looked at until then, and not again.
    auto waiting = others;
    auto const all_started = [&] {
        while (waiting < jobs.size() && jobs[waiting].started_ms >= 0) ++waiting;
        return waiting == jobs.size();
    };
    simulation.run_for(3h, all_started);
    std::vector<double> delays;
    for (std::size_t i = others; i < jobs.size(); ++i)
        delays.push_back(
            static_cast<double>(jobs[i].started_ms - simulation.script().jobs[i].due.count()));
    std::sort(delays.begin(), delays.end());
    std::int64_t claims = 0;
    int done = 0;
    for (std::size_t i = 0; i < others; ++i) {
        claims += jobs[i].row.fence;
        done += jobs[i].row.state == core::JobState::published ? 1 : 0;
    }
    return {{"jobs", whale_jobs},
            {"p99_start_delay_ms", delays[delays.size() * 99 / 100]},
            {"worst_start_delay_ms", delays.back()},
            {"claims_of_the_large_one", claims},
            {"published_of_the_large_one", done},
            {"cpu_seconds",
             static_cast<double>(std::clock() - began) / static_cast<double>(CLOCKS_PER_SEC)}};
}

}  // namespace

json::object measure_slots() {
    json::array rows;
    for (int const limit : {6, 30, 600}) rows.push_back(SlotRun(limit).run());
    return {
        {"hours", slot_hours.count()}, {"processes", slot_processes}, {"rates", std::move(rows)}};
}

json::object measure_turns(NetworkKind const& kind, int whale_jobs) {
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
    int rounds = 0;
    auto const half_done = [&] {
        if (++rounds % 10 != 0) return false;  // it looks at every job
        auto const posts = shares();
        return std::accumulate(posts.begin(), posts.end(), 0.0) >= accounts * 3;
    };
    simulation.run_for(10h, half_done);
    return {{"network", kind.name},
            {"accounts", accounts},
            {"jain", jain(shares())},
            {"alone", beside_whale(kind, 0)},
            {"beside", beside_whale(kind, whale_jobs)}};
}

}  // namespace postrider::simulate

// One round: start two engines, disturb them until the work is done, judge.
#include "random_kills.hpp"

#include <postrider/core/random.hpp>

#include <fmt/format.h>
#include <signal.h>
#include <sys/wait.h>

#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <thread>

namespace postrider::crash {

namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

constexpr auto longer_than_a_lease = 31s;
constexpr std::int64_t clock_wrong_by_ms = 10'000;  // either way; limits wait it out

/// What is still to be done, over all grounds.
struct Left {
    std::atomic<int> kills;
    std::atomic<int> long_stops;
};

class Round {
 public:
    Round(Ground& ground, std::uint64_t seed, Left& left, Report& report)
        : ground_(ground), random_(seed), left_(left), report_(report) {}

    void run(std::string const& name) {
        ground_.renew();
        std::vector<std::string> problems;
        ground_.command("apply");
        ground_.command("grant");  // where an approval is needed; without either the judge says so
        for (auto& engine : engines_) engine = ground_.start_engine();
        while ((left_.kills > 0 || asleep_) && alive()) disturb();
        wake();
        for (auto& engine : engines_) engine.reset();
        ground_.set_clock_wrong_by({});
        auto const last = ground_.command("run");
        if (last.exit != 0)
            problems.push_back(fmt::format(
                "run ended with {}: {}", last.exit, boost::json::serialize(last.envelope)));
        for (auto& problem : ground_.judge()) problems.push_back(std::move(problem));
        report_.ended(name, problems);
        for (auto const& problem : problems) fmt::print(stderr, "{}: {}\n", name, problem);
    }

 private:
    bool alive() const {
        for (auto const& engine : engines_) {
            siginfo_t ended{};
            if (::waitid(
                    P_PID, static_cast<id_t>(engine->pid()), &ended, WEXITED | WNOHANG | WNOWAIT) ==
                    0 &&
                ended.si_pid == 0)
                return true;
        }
        return false;
    }

    void disturb() {
        std::this_thread::sleep_for(std::chrono::milliseconds(5 + random_.below(400)));
        if (asleep_ && steady_clock::now() >= asleep_until_) wake();
        auto& engine = engines_[random_.below(engines_.size())];
        if (left_.kills <= 0 || engine.get() == asleep_) return;
        if (!asleep_ && random_.below(20) == 0 && take(left_.long_stops)) {
            engine->signal(SIGSTOP);
            asleep_ = engine.get();
            asleep_until_ = steady_clock::now() + longer_than_a_lease;
            return;
        }
        if (random_.below(10) == 0) {
            engine->signal(SIGSTOP);
            std::this_thread::sleep_for(std::chrono::milliseconds(200 + random_.below(2'000)));
            engine->signal(SIGCONT);
            report_.count("stopped");
            return;
        }
        if (!asleep_ && random_.below(10) == 0) {
            auto const drawn =
                static_cast<std::int64_t>(random_.below(2 * clock_wrong_by_ms)) - clock_wrong_by_ms;
            ground_.set_clock_wrong_by(Milliseconds{drawn});
            report_.count("clock_jumped");
            for (auto& each : engines_) kill(each);
            return;
        }
        kill(engine);
    }

    static bool take(std::atomic<int>& left) {
        for (int now = left; now > 0;)
            if (left.compare_exchange_weak(now, now - 1)) return true;
        return false;
    }

    void kill(std::unique_ptr<test::Background>& engine) {
        engine->signal(SIGKILL);
        engine->wait();
        --left_.kills;
        report_.killed("random", {});
        engine = ground_.start_engine();
    }

    void wake() {
        if (!asleep_) return;
        bool const slept_enough = steady_clock::now() >= asleep_until_;
        asleep_->signal(SIGCONT);
        asleep_ = nullptr;
        report_.count(slept_enough ? "stopped_longer_than_a_lease" : "stopped");
    }

    Ground& ground_;
    core::SeededRandom random_;
    Left& left_;
    Report& report_;
    test::Background* asleep_ = nullptr;
    steady_clock::time_point asleep_until_;
    std::array<std::unique_ptr<test::Background>, 2> engines_;
};

}  // namespace

void run_random(Places const& places,
                std::vector<Recipe> const& recipes,
                RandomOptions const& options,
                Report& report) {
    Left left{options.kills, options.long_stops};
    std::atomic<bool> broken{false};
    std::vector<std::thread> threads;
    for (int number = 0; number < options.jobs; ++number)
        threads.emplace_back([&, number] {
            try {
                auto const& recipe = recipes[static_cast<std::size_t>(number) % recipes.size()];
                Ground ground(places, recipe, "load.lua");
                for (int turn = 0; left.kills > 0; ++turn) {
                    auto const seed = options.seed * 1'000'003 +
                                      static_cast<std::uint64_t>(number) * 1'009 +
                                      static_cast<std::uint64_t>(turn);
                    Round round(ground, seed, left, report);
                    round.run(fmt::format("{}/random/{}", recipe.network, seed));
                    fmt::print(stderr, "{} cases, {} kills\n", report.cases(), report.kills());
                }
            } catch (std::exception const& failure) {
                fmt::print(stderr, "{}\n", failure.what());
                broken = true;
                left.kills = 0;
            }
        });
    for (auto& thread : threads) thread.join();
    if (broken) report.ended("set-up", {"a ground could not be made"});
}

}  // namespace postrider::crash

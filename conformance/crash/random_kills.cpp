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

class Round {
 public:
    Round(Ground& ground, std::uint64_t seed, std::atomic<int>& left, Report& report)
        : ground_(ground), random_(seed), left_(left), report_(report) {}

    void run(std::string const& name) {
        ground_.renew();
        std::vector<std::string> problems;
        ground_.command("apply");
        ground_.command("grant");  // where an approval is needed; without either the judge says so
        for (auto& engine : engines_) engine = ground_.start_engine();
        while (left_ > 0 && alive()) disturb();
        for (auto& engine : engines_) engine.reset();
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
        auto& engine = engines_[random_.below(engines_.size())];
        if (random_.below(10) == 0) {
            engine->signal(SIGSTOP);
            std::this_thread::sleep_for(std::chrono::milliseconds(200 + random_.below(2'000)));
            engine->signal(SIGCONT);
            report_.count("stopped");
            return;
        }
        engine->signal(SIGKILL);
        engine->wait();
        --left_;
        report_.killed("random", {});
        engine = ground_.start_engine();
    }

    Ground& ground_;
    core::SeededRandom random_;
    std::atomic<int>& left_;
    Report& report_;
    std::array<std::unique_ptr<test::Background>, 2> engines_;
};

}  // namespace

void run_random(Places const& places,
                std::vector<Recipe> const& recipes,
                RandomOptions const& options,
                Report& report) {
    std::atomic<int> left{options.kills};
    std::atomic<bool> broken{false};
    std::vector<std::thread> threads;
    for (int number = 0; number < options.jobs; ++number)
        threads.emplace_back([&, number] {
            try {
                auto const& recipe = recipes[static_cast<std::size_t>(number) % recipes.size()];
                Ground ground(places, recipe, "load.lua");
                for (int turn = 0; left > 0; ++turn) {
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
                left = 0;
            }
        });
    for (auto& thread : threads) thread.join();
    if (broken) report.ended("set-up", {"a ground could not be made"});
}

}  // namespace postrider::crash

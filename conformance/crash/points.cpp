// Handing cases to threads, and one case from its first crash to its judgement.
#include "points.hpp"

#include <postrider/core/crash_point.hpp>

#include <fmt/format.h>
#include <signal.h>

#include <algorithm>
#include <atomic>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <thread>

namespace postrider::crash {

namespace {

constexpr int killed = 128 + SIGKILL;
constexpr int hits_max =
    500;  // a command that has more transactions than this goes round in circles

struct Case {
    std::size_t recipe = 0;
    std::size_t command = 0;
    std::string first;   // point:hit
    std::string second;  // empty = the recovery is left alone

    std::string name(std::vector<Recipe> const& recipes) const {
        return fmt::format("{}/{}/{}{}{}",
                           recipes[recipe].network,
                           Ground::commands[command],
                           first,
                           second.empty() ? "" : "+",
                           second);
    }
};

// Hits of one point of one command, tried one after the other until there are no more.
struct Line {
    std::size_t recipe = 0;
    std::size_t command = 0;
    core::CrashPoint point{};
    int next = 1;
    bool over = false;
};

class Work {
 public:
    Work(std::vector<Recipe> const& recipes, PointsOptions const& options) : options_(options) {
        for (std::size_t recipe = 0; recipe < recipes.size(); ++recipe)
            for (std::size_t command = 0; command < std::size(Ground::commands); ++command)
                for (auto const& [point, name] : Words<core::CrashPoint>::table)
                    lines_.push_back({recipe, command, point, 1, false});
        // The longest first, so that no thread is left alone with one at the end.
        std::reverse(lines_.begin(), lines_.end());
    }

    /// The next case of a recipe.
    std::optional<Case> take(std::size_t recipe) {
        std::lock_guard lock(mutex_);
        if (!second_.empty()) {
            for (auto at = second_.begin(); at != second_.end(); ++at) {
                if (at->recipe != recipe) continue;
                auto found = *at;
                second_.erase(at);
                return found;
            }
        }
        for (auto& line : lines_) {
            if (line.recipe != recipe || line.over || line.next > hits_max) continue;
            Case next;
            next.recipe = line.recipe;
            next.command = line.command;
            next.first = fmt::format("{}:{}", word(line.point), line.next);
            line.next += options_.every;
            return next;
        }
        return std::nullopt;
    }

    void tell(Case const& done, bool was_hit) {
        std::lock_guard lock(mutex_);
        if (!done.second.empty()) return;
        if (!was_hit) {
            for (auto& line : lines_)
                if (line.recipe == done.recipe && line.command == done.command &&
                    done.first.starts_with(word(line.point)))
                    line.over = true;
            return;
        }
        if (!options_.recovery) return;
        for (auto const& [point, name] : Words<core::CrashPoint>::table)
            for (int hit : {1, 2}) {
                if (options_.every > 1 && ++skipped_ % options_.every != 0) continue;
                auto again = done;
                again.second = fmt::format("{}:{}", name, hit);
                second_.push_back(std::move(again));
            }
    }

 private:
    PointsOptions options_;
    std::mutex mutex_;
    std::vector<Line> lines_;
    std::deque<Case> second_;
    int skipped_ = 0;
};

// A grant finds nothing to decide where no approval is needed, or where the crash came after it.
bool well(std::string_view command, test::ProgramAnswer const& answer, Ground& ground) {
    if (answer.exit == 0) return true;
    if (command != "grant" || answer.text("/error/code") != "not_found.approval") return false;
    for (auto const& job : ground.where_jobs_stand())
        if (job.starts_with("awaiting_approval")) return false;
    return true;
}

// True when the first point was hit.
bool run_case(Ground& ground, Case const& wanted, std::string const& name, Report& report) {
    ground.renew();
    std::vector<std::string> problems;
    bool hit = false;
    for (std::size_t index = 0; index < std::size(Ground::commands); ++index) {
        auto const command = Ground::commands[index];
        std::deque<std::string> crashes;
        if (index == wanted.command) {
            crashes.push_back(wanted.first);
            if (!wanted.second.empty()) crashes.push_back(wanted.second);
        }
        while (!crashes.empty()) {
            auto const answer = ground.command(command, crashes.front());
            if (answer.exit != killed) {
                // What is over is not repeated; a recovery may have fewer transactions than hits.
                if (!well(command, answer, ground))
                    problems.push_back(fmt::format("{} ended with {}: {}",
                                                   command,
                                                   answer.exit,
                                                   boost::json::serialize(answer.envelope)));
                break;
            }
            if (crashes.size() == (wanted.second.empty() ? 1U : 2U)) hit = true;
            report.killed(fmt::format("{} {}",
                                      name.substr(0, name.find('/')),
                                      crashes.front().substr(0, crashes.front().find(':'))) +
                              fmt::format(" in {}", command),
                          ground.where_jobs_stand());
            crashes.pop_front();
        }
        if (index == wanted.command && !hit) return false;
        auto const answer = ground.command(command);
        if (!well(command, answer, ground))
            problems.push_back(fmt::format("{} ended with {} after the crash: {}",
                                           command,
                                           answer.exit,
                                           boost::json::serialize(answer.envelope)));
    }
    for (auto& problem : ground.judge()) problems.push_back(std::move(problem));
    report.ended(name, problems);
    for (auto const& problem : problems) fmt::print(stderr, "{}: {}\n", name, problem);
    return true;
}

std::optional<Case> parse_case(std::string const& name, std::vector<Recipe> const& recipes) {
    auto const first = name.find('/');
    auto const second = name.find('/', first + 1);
    if (second == std::string::npos) return std::nullopt;
    Case found;
    auto const network = name.substr(0, first);
    auto const command = name.substr(first + 1, second - first - 1);
    auto const points = name.substr(second + 1);
    auto const plus = points.find('+');
    found.first = points.substr(0, plus);
    if (plus != std::string::npos) found.second = points.substr(plus + 1);
    found.recipe = recipes.size();
    for (std::size_t i = 0; i < recipes.size(); ++i)
        if (recipes[i].network == network) found.recipe = i;
    found.command = std::size(Ground::commands);
    for (std::size_t i = 0; i < std::size(Ground::commands); ++i)
        if (Ground::commands[i] == command) found.command = i;
    if (found.recipe == recipes.size() || found.command == std::size(Ground::commands))
        return std::nullopt;
    return found;
}

}  // namespace

void run_points(Places const& places,
                std::vector<Recipe> const& recipes,
                PointsOptions const& options,
                Report& report) {
    if (!options.only.empty()) {
        auto const wanted = parse_case(options.only, recipes);
        if (!wanted) throw std::runtime_error("there is no case " + options.only);
        Ground ground(places, recipes[wanted->recipe], "one.lua");
        if (!run_case(ground, *wanted, options.only, report))
            report.ended(options.only, {"the point was not hit"});
        return;
    }
    Work work(recipes, options);
    std::vector<std::thread> threads;
    std::atomic<bool> broken{false};
    for (int number = 0; number < options.jobs; ++number)
        threads.emplace_back([&, number] {
            try {
                // A thread stays with one network while there is work for it.
                for (std::size_t turn = 0; turn < recipes.size(); ++turn) {
                    auto const recipe = (static_cast<std::size_t>(number) + turn) % recipes.size();
                    std::unique_ptr<Ground> ground;
                    while (auto next = work.take(recipe)) {
                        if (!ground)
                            ground = std::make_unique<Ground>(places, recipes[recipe], "one.lua");
                        work.tell(*next, run_case(*ground, *next, next->name(recipes), report));
                        if (report.cases() % 25 == 0)
                            fmt::print(
                                stderr, "{} cases, {} kills\n", report.cases(), report.kills());
                    }
                }
            } catch (std::exception const& failure) {
                fmt::print(stderr, "{}\n", failure.what());
                broken = true;
            }
        });
    for (auto& thread : threads) thread.join();
    if (broken) report.ended("set-up", {"a ground could not be made"});
}

std::vector<std::string> points_never_hit(std::vector<Recipe> const& recipes,
                                          Report const& report) {
    auto const whole = report.to_json();
    auto const& hit = whole.at("kills_by_point").as_object();
    std::vector<std::string> missing;
    for (auto const& recipe : recipes)
        for (auto const command : Ground::commands)
            for (auto const& [point, name] : Words<core::CrashPoint>::table) {
                // Only the engine sends, and a grant that has nothing to decide writes nothing.
                if (name.starts_with("request") && command != "run") continue;
                if (command == "grant" && !recipe.approval) continue;
                auto const key = fmt::format("{} {} in {}", recipe.network, name, command);
                if (!hit.contains(key)) missing.push_back(key);
            }
    return missing;
}

}  // namespace postrider::crash

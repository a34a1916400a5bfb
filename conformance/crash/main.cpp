// postrider-crash: real processes on a real store against a real server, killed on purpose.
#include "points.hpp"
#include "random_kills.hpp"

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>

namespace {

namespace fs = std::filesystem;
using namespace postrider::crash;

constexpr int exit_found = 15;

std::vector<Recipe> all_recipes(fs::path const& adapters) {
    std::vector<Recipe> recipes;
    for (auto const& entry : fs::directory_iterator(adapters))
        if (fs::exists(entry.path() / "crash/crash.json"))
            recipes.push_back(read_recipe(entry.path() / "crash"));
    std::sort(recipes.begin(), recipes.end(), [](Recipe const& a, Recipe const& b) {
        return a.network < b.network;
    });
    return recipes;
}

void print(boost::json::object const& report, double seconds) {
    fmt::print("{} cases, {} processes killed, {:.0f} s\n",
               report.at("cases").to_number<std::uint64_t>(),
               report.at("kills").to_number<std::uint64_t>(),
               seconds);
    for (auto const* table : {"kills_by_point", "jobs_stood", "counters"})
        for (auto const& row : report.at(table).as_object())
            fmt::print("  {:<44} {}\n",
                       std::string_view(row.key()),
                       row.value().to_number<std::uint64_t>());
    for (auto const& failure : report.at("failures").as_array())
        fmt::print("FAILED {}: {}\n  again: ./dev crash --only {}\n",
                   std::string_view(failure.as_object().at("case").as_string()),
                   std::string_view(failure.as_object().at("problem").as_string()),
                   std::string_view(failure.as_object().at("case").as_string()));
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app{
        "Kills postrider at every crash point, and at random, and looks what was published."};
    PointsOptions points;
    RandomOptions random;
    random.kills = 0;
    std::string network;
    bool json = false;
    bool no_recovery = false;
    app.add_option("--jobs", points.jobs, "cases at once")->check(CLI::Range(1, 64));
    app.add_option("--every", points.every, "only each n-th case")->check(CLI::Range(1, 1000));
    app.add_option("--random", random.kills, "no points: so many kills at random instants");
    app.add_option("--long-stops", random.long_stops, "so many sleep through a whole lease");
    app.add_option("--seed", random.seed, "of the random kills");
    app.add_option("--network", network, "one network only");
    app.add_option(
        "--only", points.only, "one case by its name, such as NETWORK/run/commit.after:3");
    app.add_flag("--no-recovery", no_recovery, "do not kill the recovery too");
    app.add_flag("--json", json, "the report as JSON");
    CLI11_PARSE(app, argc, argv);
    points.recovery = !no_recovery;
    random.jobs = points.jobs;

    auto const began = std::chrono::steady_clock::now();
    Report report;
    try {
        auto recipes = all_recipes(fs::path(POSTRIDER_SOURCE_DIR) / "adapters");
        std::erase_if(recipes, [&](Recipe const& recipe) {
            return !network.empty() && recipe.network != network;
        });
        if (recipes.empty()) throw std::runtime_error("no adapter of that name has a crash folder");
        Places const places{POSTRIDER_BUILD_DIR, fs::path(POSTRIDER_SOURCE_DIR) / "examples/media"};
        if (random.kills > 0) {
            run_random(places, recipes, random, report);
        } else {
            run_points(places, recipes, points, report);
            if (points.only.empty() && points.every == 1)
                for (auto const& missing : points_never_hit(recipes, report))
                    report.ended(missing, {"this point was never hit"});
        }
    } catch (std::exception const& failure) {
        fmt::print(stderr, "{}\n", failure.what());
        return exit_found;
    }
    std::chrono::duration<double> const took = std::chrono::steady_clock::now() - began;
    auto result = report.to_json();
    if (json) {
        result["seconds"] = took.count();
        fmt::print("{}\n", boost::json::serialize(result));
    } else {
        print(result, took.count());
    }
    return report.good() ? 0 : exit_found;
}

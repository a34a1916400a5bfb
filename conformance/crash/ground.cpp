// Making a ground: an installation with one campaign planned, and judging it afterwards.
#include "ground.hpp"

#include <postrider/core/clock.hpp>
#include <postrider/test/large_mp4.hpp>

#include <fmt/format.h>

#include <stdexcept>

namespace postrider::crash {

namespace fs = std::filesystem;
namespace json = boost::json;

Recipe read_recipe(fs::path const& folder) {
    auto const file = folder / "crash.json";
    auto const value = json::parse(test::read_file(file));
    auto const& object = value.as_object();
    Recipe recipe;
    recipe.folder = folder;
    recipe.network = object.at("network").as_string();
    if (auto const* remembers = object.if_contains("emulator_remembers"))
        recipe.emulator_remembers = remembers->as_bool();
    if (auto const* approval = object.if_contains("approval"))
        recipe.approval = approval->as_bool();
    if (auto const* scenario = object.if_contains("scenario"))
        recipe.scenario = json::serialize(*scenario);
    if (auto const* large = object.if_contains("large_video")) {
        recipe.large_from = large->as_object().at("from").as_string();
        recipe.large_bytes = large->as_object().at("size_bytes").to_number<std::uint64_t>();
    }
    return recipe;
}

namespace {

test::Installation::Plan plan_of(Places const& places, Recipe const& recipe) {
    test::Installation::Plan plan;
    plan.build = places.build;
    plan.network = recipe.network;
    plan.scenario = recipe.scenario;
    plan.emulator_remembers = recipe.emulator_remembers;
    return plan;
}

}  // namespace

Ground::Ground(Places const& places, Recipe const& recipe, std::string const& script)
    : installation_(plan_of(places, recipe)) {
    installation_.set_up();
    auto const folder = installation_.folder() / "campaign";
    fs::create_directories(folder);
    script_ = (folder / "campaign.lua").string();
    test::write_file(script_, test::read_file(recipe.folder / script));
    for (auto const& entry : fs::directory_iterator(places.media))
        if (entry.path().extension() == ".mp4")
            fs::copy_file(entry.path(), folder / entry.path().filename());
    if (!recipe.large_from.empty())
        test::write_large_mp4(folder / recipe.large_from, folder / "large.mp4", recipe.large_bytes);
    auto const planned = installation_.run({"campaign", "plan", script_});
    if (planned.exit != 0)
        throw std::runtime_error("planning failed: " + json::serialize(planned.envelope));
    hash_ = planned.text("/data/plan/plan_hash");
    jobs_ = planned.at("/data/counts/create").to_number<std::size_t>();
    installation_.save();
}

void Ground::renew() {
    installation_.restore();
}

test::ProgramAnswer Ground::command(std::string_view name, std::string const& crash_at) {
    auto& environment = installation_.environment();
    if (crash_at.empty())
        environment.erase("POSTRIDER_CRASH_AT");
    else
        environment["POSTRIDER_CRASH_AT"] = crash_at;
    test::ProgramAnswer answer;
    if (name == "apply")
        answer = installation_.run({"campaign", "apply", script_, "--hash", hash_});
    else if (name == "grant")
        answer = installation_.run(
            {"approval", "grant", "--person", "maria", "--hash", hash_, "--passphrase-stdin"},
            std::string(test::passphrase) + "\n");
    else
        // Permits of the dead cool for a whole window, and a clock that was wrong makes it longer.
        answer = installation_.run({"run", "--until", "idle"}, {}, std::chrono::minutes(5));
    environment.erase("POSTRIDER_CRASH_AT");
    return answer;
}

std::unique_ptr<test::Background> Ground::start_engine() {
    auto& environment = installation_.environment();
    if (clock_wrong_by_ == Milliseconds{0})
        environment.erase("POSTRIDER_CLOCK");
    else
        environment["POSTRIDER_CLOCK"] = to_rfc3339(core::SystemClock(clock_wrong_by_).now());
    auto engine = installation_.start({"run", "--until", "idle"});
    environment.erase("POSTRIDER_CLOCK");
    return engine;
}

std::vector<std::string> Ground::judge() {
    std::vector<std::string> problems;
    std::size_t published = 0;
    for (auto const& at : where_jobs_stand()) {
        if (at.starts_with("published"))
            ++published;
        else
            problems.push_back(fmt::format("a job ended as {}", at));
    }
    if (published != jobs_)
        problems.push_back(fmt::format("{} of {} jobs are published", published, jobs_));
    auto const ledger = installation_.ledger();
    auto const posts = ledger.at("posts").as_array().size();
    if (posts != jobs_)
        problems.push_back(fmt::format("the network holds {} posts of {} jobs", posts, jobs_));
    for (auto const& twice : ledger.at("doubles").as_array())
        problems.push_back("published twice: " + json::serialize(twice));
    for (auto const& broken : installation_.violations())
        problems.push_back("a rule was broken: " + json::serialize(broken));
    return problems;
}

std::vector<std::string> Ground::where_jobs_stand() {
    std::vector<std::string> stand;
    std::string cursor;  // pages small enough not to be cut
    do {
        std::vector<std::string> arguments{"job", "list", "--limit", "40"};
        if (!cursor.empty()) arguments.insert(arguments.end(), {"--cursor", cursor});
        auto const page = installation_.run(arguments);
        auto const items = page.at("/data/items");
        if (!items.is_array()) break;
        for (auto const& job : items.as_array()) {
            auto const& step = job.as_object().at("step");
            stand.push_back(
                fmt::format("{} {}",
                            std::string(job.as_object().at("state").as_string()),
                            step.is_string() ? std::string(step.as_string()) : std::string("-")));
        }
        auto const next = page.at("/meta/next_cursor");
        cursor = next.is_string() ? std::string(next.as_string()) : std::string();
    } while (!cursor.empty());
    return stand;
}

}  // namespace postrider::crash

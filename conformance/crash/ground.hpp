// What a crash case stands on: one network's emulator and one campaign, planned and ready to be
// applied, which can be made new for each case.
#pragma once

#include <postrider/instant.hpp>
#include <postrider/test/installation.hpp>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace postrider::crash {

/// A folder that an adapter brings: crash.json, and campaigns for it.
struct Recipe {
    std::filesystem::path folder;
    std::string network;
    bool emulator_remembers = false;  ///< its memory survives a stop, in a file
    bool approval = true;             ///< its posts need a person
    std::string scenario;
    std::string large_from;  ///< an example video to be made larger; empty = none
    std::uint64_t large_bytes = 0;
};

/// Throws std::runtime_error for a folder that is no recipe.
Recipe read_recipe(std::filesystem::path const& folder);

/// Where the programs and the example videos are.
struct Places {
    std::filesystem::path build;
    std::filesystem::path media;
};

class Ground {
 public:
    /// Sets everything up and plans `script`, a file of the recipe's folder.
    Ground(Places const& places, Recipe const& recipe, std::string const& script);

    /// Everything as it was after planning.
    void renew();

    /// The commands that bring the plan to its end, in order.
    static constexpr std::string_view commands[] = {"apply", "grant", "run"};
    /// Runs one of them; with `crash_at` the program is to die there.
    test::ProgramAnswer command(std::string_view name, std::string const& crash_at = {});
    std::unique_ptr<test::Background> start_engine();
    /// Of engines that start from now on.
    void set_clock_wrong_by(Milliseconds offset) { clock_wrong_by_ = offset; }

    /// What is wrong now that all is done: a post that is missing or there twice, a job that is not
    /// settled, a rule of the network that was broken. One sentence each.
    std::vector<std::string> judge();
    /// `state step` of each job.
    std::vector<std::string> where_jobs_stand();
    [[nodiscard]] std::size_t jobs() const { return jobs_; }

 private:
    test::Installation installation_;
    std::string script_;
    std::string hash_;
    std::size_t jobs_ = 0;
    Milliseconds clock_wrong_by_{0};
};

}  // namespace postrider::crash

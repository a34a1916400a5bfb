// A whole installation in a folder: a network's emulator as a program of its own, a store, an app,
// connected accounts. It drives the `postrider` binary as a stranger would, and reads the
// emulator's ledger. Whatever goes wrong in setting up is thrown.
#pragma once

#include <postrider/test/process.hpp>

#include <boost/json.hpp>

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace postrider::test {

/// What one run of the program said.
struct ProgramAnswer {
    int exit = -1;
    boost::json::object envelope;
    std::string err;
    /// Value at a JSON Pointer of the envelope; null when there is none.
    [[nodiscard]] boost::json::value at(std::string_view pointer) const;
    [[nodiscard]] std::string text(std::string_view pointer) const;
};

inline constexpr std::string_view passphrase = "correct horse battery";

class Installation {
 public:
    struct Plan {
        std::filesystem::path build;  ///< the build tree whose program is driven
        std::string network;
        std::string scenario;  ///< the emulator's files as JSON text; empty = its own defaults
        std::string faults;
        bool emulator_remembers = true;  ///< it has a file to go on from after a stop
    };

    explicit Installation(Plan plan);

    // --- the emulator
    void start_emulator();
    void kill_emulator();
    boost::json::object ledger() { return get("/_emulator/ledger"); }
    boost::json::array violations() {
        return get("/_emulator/violations").at("violations").as_array();
    }
    boost::json::array requests() { return get("/_emulator/requests").at("requests").as_array(); }
    boost::json::object get(std::string const& path);
    boost::json::object post(std::string const& path, std::string const& body);

    // --- the program
    ProgramAnswer run(std::vector<std::string> arguments,
                      std::string const& input = {},
                      std::chrono::seconds limit = std::chrono::seconds(120));
    std::unique_ptr<Background> start(std::vector<std::string> arguments);
    /// Added to the environment of each program that is started from now on.
    Environment& environment() { return environment_; }
    /// init, app add, account connect for every creator of the scenario.
    void set_up(std::string_view audited = "yes");
    /// Plan, apply and grant of a campaign's script; gives the plan's hash.
    std::string approve(std::string const& script);
    ProgramAnswer run_until_idle() { return run({"run", "--until", "idle"}); }
    /// Of each job, newest first.
    std::vector<std::string> states();

    // --- starting over
    /// Keeps a copy of everything as it is now: store, keys, and the emulator's memory.
    void save();
    /// The emulator is stopped, everything becomes what it was at save(), and it is started again.
    void restore();

    [[nodiscard]] std::filesystem::path folder() const { return folder_.path(); }

 private:
    ProgramAnswer must(std::vector<std::string> arguments, std::string const& input = {});
    std::vector<std::string> command(std::vector<std::string> arguments) const;
    Plan plan_;
    TempFolder folder_;
    Environment environment_;
    std::string listen_ = "127.0.0.1:0";
    std::string base_;
    boost::json::object connect_;
    std::unique_ptr<Background> emulator_;
};

}  // namespace postrider::test

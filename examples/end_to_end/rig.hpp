// A whole installation in a temporary folder: the emulator as a program of its own, a store, an
// app, connected accounts. Tests drive the `postrider` binary as a stranger would, and read the
// emulator's ledger.
#pragma once

#include <postrider/test/process.hpp>

#include <boost/json.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace postrider::end_to_end {

struct Answer {
    int exit = -1;
    boost::json::object envelope;
    std::string err;
    /// Value at a JSON Pointer of the envelope; null when there is none.
    [[nodiscard]] boost::json::value at(std::string_view pointer) const;
    [[nodiscard]] std::string text(std::string_view pointer) const;
};

class Rig {
 public:
    /// `scenario` and `faults` are the emulator's files as JSON text; empty = its own defaults.
    explicit Rig(std::string scenario = {}, std::string faults = {});
    ~Rig();

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
    /// Waits until the emulator has answered this many uploads; false after ten seconds.
    bool uploads_seen(int count);

    // --- the program
    Answer run(std::vector<std::string> arguments, std::string const& input = {});
    std::unique_ptr<test::Background> start(std::vector<std::string> arguments);
    /// init, app add, account connect for every creator of the scenario.
    void set_up(std::string_view audited = "yes");
    /// Writes campaign.lua and copies the example videos beside it.
    void campaign(std::string_view lua);
    /// plan, apply and grant; gives the plan's hash.
    std::string approve();
    Answer run_until_idle() { return run({"run", "--until", "idle"}); }
    std::vector<std::string> states();

    [[nodiscard]] std::filesystem::path folder() const { return folder_.path(); }
    [[nodiscard]] std::string script() const {
        return (folder_.path() / "campaign/campaign.lua").string();
    }

 private:
    std::vector<std::string> command(std::vector<std::string> arguments) const;
    test::TempFolder folder_;
    test::Environment environment_;
    std::string listen_ = "127.0.0.1:0";
    std::string base_;
    boost::json::object connect_;
    std::unique_ptr<test::Background> emulator_;
};

inline constexpr std::string_view passphrase = "correct horse battery";

/// A campaign of one post for one account, as soon as possible.
std::string one_post(std::string_view media, std::string_view caption = "hello");

}  // namespace postrider::end_to_end

// The installation that end-to-end tests work on, with the example videos at hand.
#pragma once

#include <postrider/test/installation.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace postrider::end_to_end {

using Answer = test::ProgramAnswer;
using test::passphrase;

class Rig : public test::Installation {
 public:
    /// `scenario` and `faults` are the emulator's files as JSON text; empty = its own defaults.
    explicit Rig(std::string scenario = {}, std::string faults = {});

    /// As Installation::run(); an answer without an envelope fails the test.
    Answer run(std::vector<std::string> arguments, std::string const& input = {});
    /// Waits until the emulator has answered this many uploads; false after ten seconds.
    bool uploads_seen(int count);
    /// Writes campaign.lua and copies the example videos beside it.
    void campaign(std::string_view lua);
    std::string approve() { return Installation::approve(script()); }

    [[nodiscard]] std::string script() const {
        return (folder() / "campaign/campaign.lua").string();
    }
};

/// A campaign of one post for one account, as soon as possible.
std::string one_post(std::string_view media, std::string_view caption = "hello");

}  // namespace postrider::end_to_end

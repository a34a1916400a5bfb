// A desk to run commands at: a folder of its own, an environment, and every envelope checked
// against its schema.
#pragma once

#include "operations/host.hpp"

#include <boost/json/object.hpp>

#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace postrider::cli::test {

/// How one run ended.
struct Ran {
    int exit = 0;
    std::string out;
    std::string err;
    boost::json::object envelope;  ///< empty when stdout was no envelope

    [[nodiscard]] boost::json::object const& data() const {
        return envelope.at("data").as_object();
    }
    [[nodiscard]] std::string code() const;  ///< of the error; empty when there is none
};

class Desk : public ::testing::Test {
 protected:
    void SetUp() override;
    void TearDown() override;

    /// Runs one command as from a pipe. Its envelope is validated, closed, with the schema of the
    /// operation that it names.
    Ran run(std::vector<std::string> const& arguments, std::string const& input = {});
    /// The same, and it must end with 0.
    Ran good(std::vector<std::string> const& arguments, std::string const& input = {});

    std::filesystem::path folder;
    std::map<std::string, std::string> environment;
    core::Transport* transport = nullptr;
    bool at_terminal = false;  ///< a person sits there, and types what the input holds
};

/// Envelope and data against the published schemas, closed; and each `next` against the table of
/// operations. `whole`: the data is complete; `concise`: it was asked for like that.
void expect_sound(boost::json::object const& envelope, bool whole = true, bool concise = false);

}  // namespace postrider::cli::test

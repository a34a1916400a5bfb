// A campaign's folder, a host with made-up networks and accounts, and short ways to ask what a
// script became.
#pragma once

#include <postrider/script/campaign.hpp>

#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace postrider::script {

class ScriptTest : public ::testing::Test {
 protected:
    ScriptTest();
    ~ScriptTest() override;

    void write(std::string const& path, std::string_view text);
    /// A file that the fake probe takes for a video (or for an image, by its name).
    void write_media(std::string const& path, std::string_view text = "moving pictures");

    Result<LoadedCampaign> load(std::string_view script, std::string const& name = "launch.lua");
    /// The script with `local postrider = require "postrider" { api = 1 }` as its first line.
    Result<LoadedCampaign> load_api(std::string const& body);
    /// One campaign with one post; `fields` go into the post, `more` into the campaign.
    Result<LoadedCampaign> load_post(std::string const& fields, std::string const& more = "");
    /// The notes that a script prints before it returns an empty campaign.
    std::vector<std::string> notes(std::string const& body);
    Error error(Result<LoadedCampaign> const& result);
    LoadedCampaign good(Result<LoadedCampaign> result);

    /// Expects an error with this code at this line of launch.lua.
    void expect_error(Result<LoadedCampaign> const& result,
                      std::string_view code,
                      int line,
                      std::string_view part = "");

    std::filesystem::path folder;
    std::filesystem::path outside;
    std::vector<core::Account> accounts;
    std::vector<core::Job> stored;
    adapter::Descriptor alpha;
    adapter::Descriptor beta;
    std::map<std::string, adapter::MediaFacts> facts;  ///< by file name, instead of the usual
    ScriptHost host;
    ScriptLimits limits;
    int probes = 0;
};

}  // namespace postrider::script

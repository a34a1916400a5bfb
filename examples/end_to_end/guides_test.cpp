// The guides are run: every block marked `sh` of the ten-minute guide, in order, in one shell; and
// every Lua block of the campaign guide is checked as a campaign of its own.
#include "rig.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <map>
#include <sstream>

namespace postrider::end_to_end {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;
using testing::HasSubstr;

std::vector<std::string> blocks(std::string const& page, std::string const& mark) {
    std::vector<std::string> found;
    std::istringstream lines(page);
    bool inside = false;
    for (std::string line; std::getline(lines, line);) {
        if (!inside && line == "```" + mark) {
            inside = true;
            found.emplace_back();
        } else if (inside && line == "```") {
            inside = false;
        } else if (inside) {
            found.back() += line + "\n";
        }
    }
    return found;
}

std::string replaced(std::string text, std::string const& from, std::string const& to) {
    for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
        text.replace(at, from.size(), to);
    return text;
}

std::string guide(std::string const& name) {
    return test::read_file(fs::path(POSTRIDER_SOURCE_DIR) / "docs/guides" / name);
}

std::string free_port() {
    int const fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    ::inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
    socklen_t length = sizeof address;
    ::bind(fd, reinterpret_cast<sockaddr*>(&address), length);
    ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length);
    ::close(fd);
    return std::to_string(ntohs(address.sin_port));
}

TEST(Guides, TenMinutesRunAsWritten) {
    test::TempFolder const home;
    std::string script = "set -eu\ntrap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n";
    for (auto const& block : blocks(guide("ten-minutes.md"), "sh")) script += block;
    script = replaced(script, "$PWD/build/dev", POSTRIDER_BUILD_DIR);
    script = replaced(script, "18090", free_port());
    test::write_file(home / "guide.sh", script);

    auto const outcome = test::run_program(
        {"/bin/bash", "-c", "cd " POSTRIDER_SOURCE_DIR " && . \"$HOME/guide.sh\""},
        {},
        {{"HOME", home.path().string()}, {"POSTRIDER_OUTPUT", "json"}});

    EXPECT_EQ(outcome.exit, 0) << outcome.out << outcome.err;
    EXPECT_THAT(outcome.out, HasSubstr(R"("counts":{"published":1})")) << outcome.err;
    EXPECT_THAT(outcome.out,
                testing::EndsWith("{\"cancel\":0,\"change\":0,\"create\":0,\"unchanged\":1}\n"));
    auto const ledger = json::parse(test::read_file(home / "first/ledger.json"));
    EXPECT_EQ(ledger.at("count").to_number<int>(), 1);
}

TEST(Guides, EveryCampaignOfTheCampaignGuidePasses) {
    ::setenv("POSTRIDER_CLOCK", "2027-02-01T09:00:00.000Z", 1);  // its dates lie in 2027
    Rig rig;
    rig.set_up();
    rig.run({"account", "set", "tiktok:@nova_fr", "--tag", "france"});
    rig.run({"account", "set", "tiktok:@nova_de", "--tag", "germany"});
    auto const scripts = blocks(guide("campaigns.md"), "lua");
    EXPECT_GT(scripts.size(), 3U);
    auto const assumptions = blocks(guide("campaigns.md"), "json");
    ASSERT_EQ(assumptions.size(), 1U);
    test::write_file(rig.folder() / "assume.json", assumptions.front());
    std::map<std::string, std::string> clashes;  // by post
    for (auto const& script : scripts) {
        rig.campaign(script);
        test::write_file(
            rig.folder() / "campaign/posts.csv",
            "id,day,hour,video,text\nbread,2027-03-01,18:00,spring-bread.mp4,Spring bread.\n");
        auto const planned = rig.run({"campaign", "plan", rig.script()});
        EXPECT_EQ(planned.exit, 0) << script << json::serialize(planned.envelope);
        auto const simulated = rig.run({"campaign",
                                        "simulate",
                                        rig.script(),
                                        "--assume",
                                        (rig.folder() / "assume.json").string()});
        EXPECT_EQ(simulated.exit, 0) << script << json::serialize(simulated.envelope);
        auto const found = simulated.at("/data/clashes");
        for (auto const& clash : found.as_array())
            clashes[std::string(clash.at("post").as_string())] = clash.at("kind").as_string();
    }
    // The outage of the guide's assumptions makes one post late, which asks its approver again.
    EXPECT_EQ(clashes, (std::map<std::string, std::string>{{"croissant", "approval"}}));
    ::unsetenv("POSTRIDER_CLOCK");
}

}  // namespace
}  // namespace postrider::end_to_end

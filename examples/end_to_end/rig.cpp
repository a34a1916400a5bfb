// The example videos, and waiting for uploads.
#include "rig.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <thread>

namespace postrider::end_to_end {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

Rig::Rig(std::string scenario, std::string faults)
    : Installation({POSTRIDER_BUILD_DIR, "tiktok", std::move(scenario), std::move(faults), true}) {}

Answer Rig::run(std::vector<std::string> arguments, std::string const& input) {
    auto answer = Installation::run(std::move(arguments), input);
    EXPECT_FALSE(answer.envelope.empty()) << answer.err;
    return answer;
}

bool Rig::uploads_seen(int count) {
    for (int turn = 0; turn < 500; ++turn) {
        int seen = 0;
        for (auto const& request : requests())
            if (request.as_object().at("endpoint").as_string() == "upload") ++seen;
        if (seen >= count) return true;
        std::this_thread::sleep_for(20ms);
    }
    return false;
}

void Rig::campaign(std::string_view lua) {
    test::write_file(script(), lua);
    for (auto const& entry :
         fs::directory_iterator(fs::path(POSTRIDER_SOURCE_DIR) / "examples/media"))
        if (entry.path().extension() == ".mp4")
            fs::copy_file(entry.path(),
                          folder() / "campaign" / entry.path().filename(),
                          fs::copy_options::skip_existing);
}

std::string one_post(std::string_view media, std::string_view caption) {
    return fmt::format(R"lua(
local postrider = require "postrider" {{ api = 1 }}
return postrider.campaign {{
  name = "one", zone = "Europe/Paris", accounts = {{ "tiktok:@acmebakery" }},
  posts = {{ postrider.post {{
    key = "p1", media = "{}", when = "asap", caption = "{}",
    options = {{ tiktok = {{ privacy_level = "PUBLIC_TO_EVERYONE", allow_comment = true, allow_duet = false,
      allow_stitch = false, disclosure = "none" }} }},
  }} }},
}}
)lua",
                       media,
                       caption);
}

}  // namespace postrider::end_to_end

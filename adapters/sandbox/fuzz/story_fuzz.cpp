// Whole stories of posts, with the network answering anything at all: see
// conformance/fuzz/adapter_story.hpp. The first letter of the input chooses the post: t a text, v a
// video, p two photos.
#include "adapter_story.hpp"
#include "sandbox/sandbox.hpp"

#include <boost/json/parse.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace {

namespace json = boost::json;
using namespace postrider;
using namespace postrider::adapter;

JobView job_of(char choice) {
    JobView job;
    job.job_id = "job_1";
    job.key = "spring/monday/sandbox:@ann";
    job.post.kind = choice == 'v'   ? PostKind::video
                    : choice == 'p' ? PostKind::photo
                                    : PostKind::text;
    int const files = choice == 'v' ? 1 : choice == 'p' ? 2 : 0;
    for (int i = 0; i < files; ++i) {
        MediaFacts media;
        media.path = "/media/" + std::to_string(i);
        media.size_bytes = 1'000;
        job.post.media.push_back(media);
    }
    job.post.caption = "Bread";
    job.post.options = {{"audience", "everyone"}};
    job.account.name = "sandbox:@ann";
    job.app.options = {{"api_base", "http://sandbox.invalid"}};
    job.now = *parse_rfc3339("2026-11-20T12:00:00Z");
    return job;
}

bool takes_bytes(std::string_view url) {
    return url.starts_with("http://sandbox.invalid/");
}

bool says_public(json::value const& value) {
    if (auto const* text = value.if_string()) return *text == "public";
    if (auto const* object = value.if_object())
        return std::any_of(object->begin(), object->end(), [](auto const& member) {
            return says_public(member.value());
        });
    if (auto const* array = value.if_array())
        return std::any_of(array->begin(), array->end(), says_public);
    return false;
}

bool proved(Finish const& end, std::vector<std::string> const& bodies) {
    if (end.handed_off) return false;  // this network has no inbox
    return std::any_of(bodies.begin(), bodies.end(), [](std::string const& body) {
        boost::system::error_code bad;
        auto const value = json::parse(body, bad);
        return !bad && says_public(value);
    });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    std::string_view text(reinterpret_cast<char const*>(data), size);
    if (text.empty()) return 0;
    conformance::StorySetting setting;
    setting.adapter = sandbox::sandbox_adapter();
    setting.job = job_of(text.front());
    setting.takes_bytes = takes_bytes;
    setting.proved = proved;
    conformance::tell_story(setting, text.substr(1));
    return 0;
}

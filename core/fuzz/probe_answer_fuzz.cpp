// A line that came from the media probe, which had a stranger's file in its hands. The first line
// of the input is the path that was asked about.
#include "media/probe_answer.hpp"
#include "promise.hpp"

#include <algorithm>
#include <string>

using namespace postrider;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    std::string_view const text(reinterpret_cast<char const*>(data), size);
    auto const end = std::min(text.find('\n'), text.size());
    auto const path = text.substr(0, end);
    auto const answer =
        core::detail::parse_answer(text.substr(std::min(end + 1, text.size())), path);
    if (!answer) return 0;
    auto const facts = core::detail::facts_of(*answer, "probe", path);
    if (facts) {
        fuzz::promise(facts->path == path, "facts are of the file that was asked about", path);
        fuzz::promise(facts->sha256.size() == 71 && facts->width >= 0 && facts->duration_ms >= 0,
                      "facts make sense",
                      text);
    } else {
        fuzz::promise(facts.error().code().starts_with("media.") ||
                          facts.error().code() == "setup.helper_missing",
                      "a refusal has a code of ours",
                      facts.error().code());
    }
    auto const hash = core::detail::hash_of(*answer, "probe", path);
    fuzz::promise(!hash || hash->size() == 71, "a hash is a hash", text);
    return 0;
}

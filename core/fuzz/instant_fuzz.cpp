// Instants and durations: what is read, is written in one form, and that form means the same.
#include "promise.hpp"

#include <postrider/instant.hpp>

using namespace postrider;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    std::string_view const text(reinterpret_cast<char const*>(data), size);
    if (auto const at = parse_rfc3339(text)) {
        auto const written = to_rfc3339(*at);
        auto const again = parse_rfc3339(written);
        fuzz::promise(again && *again == *at, "an instant reads back", written);
    }
    if (auto const duration = parse_duration(text)) {
        fuzz::promise(duration->count() >= 0, "no duration is negative", text);
        auto const written = to_duration_text(*duration);
        auto const again = parse_duration(written);
        fuzz::promise(again && *again == *duration, "a duration reads back", written);
    }
    return 0;
}

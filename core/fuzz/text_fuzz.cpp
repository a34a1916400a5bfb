// Lengths of text in every unit, and the nearest of known names.
#include "promise.hpp"

#include <postrider/suggest.hpp>
#include <postrider/text_length.hpp>

#include <array>
#include <string>

using namespace postrider;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    std::string_view const text(reinterpret_cast<char const*>(data), size);
    auto const bytes = text_length(text, TextUnit::byte);
    auto const units = text_length(text, TextUnit::utf16);
    auto const points = text_length(text, TextUnit::code_point);
    auto const graphemes = text_length(text, TextUnit::grapheme);
    fuzz::promise(bytes == text.size(), "bytes are counted", text);
    fuzz::promise(graphemes <= points && points <= units && units <= bytes,
                  "a larger unit never counts more",
                  text);
    fuzz::promise((graphemes == 0) == text.empty(), "something is something", text);
    std::array<std::string, 3> const known = {"privacy_level", "allow_comment", "now"};
    auto const near = nearest_name(text, known);
    fuzz::promise(near.empty() || text.size() <= near.size() + 2, "the nearest name is near", near);
    return 0;
}

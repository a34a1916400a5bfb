// Lengths of text in the units that networks count in.
#pragma once

#include <postrider/words.hpp>

#include <cstddef>
#include <string_view>
#include <utility>

namespace postrider {

enum class TextUnit { utf16, code_point, grapheme, byte };

template <>
struct Words<TextUnit> {
    static constexpr std::pair<TextUnit, std::string_view> table[] = {
        {TextUnit::utf16, "utf16"},
        {TextUnit::code_point, "code_point"},
        {TextUnit::grapheme, "grapheme"},
        {TextUnit::byte, "byte"},
    };
};

/// Length of UTF-8 text in a unit; an ill-formed byte counts as one. Graphemes follow the parts of
/// UAX 29 that matter for captions: combining marks, variation selectors, joiners, regional pairs,
/// skin tones, CR LF.
std::size_t text_length(std::string_view utf8, TextUnit unit);

bool is_valid_utf8(std::string_view text);

}  // namespace postrider

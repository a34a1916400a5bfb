// Widths follow the parts of Unicode's East Asian Width that show up in captions and handles.
#include "terminal/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

namespace postrider::cli {

namespace {

struct Scalar {
    std::uint32_t value = 0;
    std::size_t bytes = 1;
    bool well_formed = true;
};

Scalar first_scalar(std::string_view text) {
    auto const lead = static_cast<unsigned char>(text.front());
    std::size_t length = lead < 0x80    ? 1
                         : lead >= 0xf0 ? 4
                         : lead >= 0xe0 ? 3
                         : lead >= 0xc2 ? 2
                                        : 0;
    if (length == 0 || length > text.size()) return {lead, 1, false};
    if (length == 1) return {lead, 1, true};
    std::uint32_t value = lead & (0xffU >> (length + 1));
    for (std::size_t i = 1; i < length; ++i) {
        auto const byte = static_cast<unsigned char>(text[i]);
        if ((byte & 0xc0U) != 0x80) return {lead, 1, false};
        value = (value << 6) | (byte & 0x3fU);
    }
    return {value, length, true};
}

using Range = std::pair<std::uint32_t, std::uint32_t>;

constexpr std::array<Range, 12> no_width = {{{0x300, 0x36f},
                                             {0x483, 0x489},
                                             {0x591, 0x5bd},
                                             {0x610, 0x61a},
                                             {0x64b, 0x65f},
                                             {0x1ab0, 0x1aff},
                                             {0x1dc0, 0x1dff},
                                             {0x200b, 0x200f},
                                             {0x20d0, 0x20ff},
                                             {0xfe00, 0xfe0f},
                                             {0xfe20, 0xfe2f},
                                             {0x1f3fb, 0x1f3ff}}};
constexpr std::array<Range, 13> double_width = {{{0x1100, 0x115f},
                                                 {0x231a, 0x231b},
                                                 {0x23e9, 0x23ec},
                                                 {0x2614, 0x2615},
                                                 {0x2e80, 0x303e},
                                                 {0x3041, 0x33ff},
                                                 {0x3400, 0x4dbf},
                                                 {0x4e00, 0xa4cf},
                                                 {0xac00, 0xd7a3},
                                                 {0xf900, 0xfaff},
                                                 {0xff00, 0xff60},
                                                 {0x1f300, 0x1faff},
                                                 {0x20000, 0x3fffd}}};

template <std::size_t N>
bool in_ranges(std::array<Range, N> const& ranges, std::uint32_t value) {
    return std::any_of(ranges.begin(), ranges.end(), [value](Range const& range) {
        return value >= range.first && value <= range.second;
    });
}

std::size_t width_of(std::uint32_t value) {
    if (in_ranges(no_width, value)) return 0;
    return in_ranges(double_width, value) ? 2 : 1;
}

// Characters that move the cursor, ring, or turn the reading order around.
bool is_unsafe(std::uint32_t value) {
    return value < 0x20 || (value >= 0x7f && value < 0xa0) ||
           (value >= 0x202a && value <= 0x202e) || (value >= 0x2066 && value <= 0x2069);
}

}  // namespace

std::size_t display_width(std::string_view utf8) {
    std::size_t width = 0;
    while (!utf8.empty()) {
        auto const scalar = first_scalar(utf8);
        width += width_of(scalar.value);
        utf8.remove_prefix(scalar.bytes);
    }
    return width;
}

std::string cut_to_width(std::string_view utf8, std::size_t width) {
    if (display_width(utf8) <= width) return std::string(utf8);
    if (width == 0) return {};
    std::string kept;
    std::size_t used = 0;
    while (!utf8.empty()) {
        auto const scalar = first_scalar(utf8);
        auto const more = width_of(scalar.value);
        if (used + more > width - 1) break;
        kept.append(utf8.substr(0, scalar.bytes));
        used += more;
        utf8.remove_prefix(scalar.bytes);
    }
    while (kept.ends_with(' ')) kept.pop_back();
    return kept + "…";
}

std::string padded(std::string_view utf8, std::size_t width) {
    std::string text(utf8);
    auto const used = display_width(utf8);
    if (used < width) text.append(width - used, ' ');
    return text;
}

std::string escape_controls(std::string_view utf8) {
    std::string safe;
    safe.reserve(utf8.size());
    while (!utf8.empty()) {
        auto const scalar = first_scalar(utf8);
        if (!scalar.well_formed)
            safe += fmt::format("\\x{:02x}", scalar.value);
        else if (scalar.value == '\n')
            safe += "\\n";
        else if (scalar.value == '\t')
            safe += "\\t";
        else if (is_unsafe(scalar.value))
            safe += scalar.value < 0x100 ? fmt::format("\\x{:02x}", scalar.value)
                                         : fmt::format("\\u{:04x}", scalar.value);
        else
            safe.append(utf8.substr(0, scalar.bytes));
        utf8.remove_prefix(scalar.bytes);
    }
    return safe;
}

std::string Paint::in(std::string_view code, std::string_view text) const {
    if (!on_) return std::string(text);
    return fmt::format("\x1b[{}m{}\x1b[0m", code, text);
}

std::string Paint::state(std::string_view word, std::string_view shown) const {
    static constexpr std::string_view fine[] = {
        "published", "handed_off", "granted", "create", "ok", "applied"};
    static constexpr std::string_view wrong[] = {"rejected", "error", "declined", "bad"};
    static constexpr std::string_view open[] = {
        "unknown", "awaiting_approval", "warning", "pending", "change", "cancel", "cancelled"};
    auto const among = [word](auto const& words) {
        return std::find(std::begin(words), std::end(words), word) != std::end(words);
    };
    if (among(fine)) return good(shown);
    if (among(wrong)) return bad(shown);
    if (among(open)) return wary(shown);
    return std::string(shown);
}

}  // namespace postrider::cli

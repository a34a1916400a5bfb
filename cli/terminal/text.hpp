// Text on a terminal: how wide it is, cutting it, keeping its control characters away, colours.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace postrider::cli {

/// Columns that UTF-8 text takes: wide characters two, combining ones none.
std::size_t display_width(std::string_view utf8);

/// At most `width` columns; what was longer ends with `…`.
std::string cut_to_width(std::string_view utf8, std::size_t width);

/// Spaces after it up to `width` columns.
std::string padded(std::string_view utf8, std::size_t width);

/// Outside text made harmless: control characters, C1 ones and bidirectional overrides become
/// `\x1b` style escapes.
std::string escape_controls(std::string_view utf8);

/// Colours, or none where they would disturb.
class Paint {
 public:
    explicit Paint(bool on) : on_(on) {}
    [[nodiscard]] std::string bold(std::string_view text) const { return in("1", text); }
    [[nodiscard]] std::string faint(std::string_view text) const { return in("2", text); }
    [[nodiscard]] std::string good(std::string_view text) const { return in("32", text); }
    [[nodiscard]] std::string bad(std::string_view text) const { return in("31", text); }
    [[nodiscard]] std::string wary(std::string_view text) const { return in("33", text); }
    /// Words of states and levels in the colour that people expect.
    [[nodiscard]] std::string state(std::string_view word, std::string_view shown) const;

 private:
    [[nodiscard]] std::string in(std::string_view code, std::string_view text) const;
    bool on_;
};

}  // namespace postrider::cli

// One table from an enumeration to its words, used by the store, JSON, Lua and the terminal alike.
#pragma once

#include <optional>
#include <string_view>
#include <utility>

namespace postrider {

/// Specialised next to each enumeration: `static constexpr std::pair<E, std::string_view> table[]`.
template <class E>
struct Words;

template <class E>
constexpr std::string_view word(E value) {
    for (auto const& [candidate, text] : Words<E>::table)
        if (candidate == value) return text;
    return "?";
}

template <class E>
constexpr std::optional<E> from_word(std::string_view text) {
    for (auto const& [candidate, name] : Words<E>::table)
        if (name == text) return candidate;
    return std::nullopt;
}

}  // namespace postrider

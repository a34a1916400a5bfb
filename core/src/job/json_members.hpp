// Reading members of stored JSON with a default. What is missing or of another type is the default:
// rows written by an older version must still read. Private to core.
#pragma once

#include <postrider/instant.hpp>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postrider::core::detail {

inline std::string_view view(boost::json::string const& text) {
    return {text.data(), text.size()};
}

inline std::string read_text(boost::json::object const& object, std::string_view name) {
    auto const* member = object.if_contains(name);
    return member && member->is_string() ? std::string{view(member->get_string())} : std::string{};
}

inline bool read_flag(boost::json::object const& object, std::string_view name) {
    auto const* member = object.if_contains(name);
    return member && member->is_bool() && member->get_bool();
}

inline std::optional<std::int64_t> read_number(boost::json::object const& object,
                                               std::string_view name) {
    auto const* member = object.if_contains(name);
    if (!member) return std::nullopt;
    if (member->is_int64()) return member->get_int64();
    auto const max = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    if (member->is_uint64() && member->get_uint64() <= max)
        return static_cast<std::int64_t>(member->get_uint64());
    return std::nullopt;
}

inline std::optional<Milliseconds> read_duration_ms(boost::json::object const& object,
                                                    std::string_view name) {
    auto const number = read_number(object, name);
    return number ? std::optional(Milliseconds{*number}) : std::nullopt;
}

inline std::optional<Instant> read_instant(boost::json::object const& object,
                                           std::string_view name) {
    return parse_rfc3339(read_text(object, name));
}

/// Makes every number null that is not finite: JSON has none, and what is written has to read back.
inline void keep_finite(boost::json::value& value) {
    if (value.is_double() && !std::isfinite(value.get_double())) value = nullptr;
    if (auto* array = value.if_array())
        for (auto& element : *array) keep_finite(element);
    if (auto* object = value.if_object())
        for (auto& member : *object) keep_finite(member.value());
}

inline boost::json::object read_object(boost::json::object const& object, std::string_view name) {
    auto const* member = object.if_contains(name);
    if (!member || !member->is_object()) return {};
    boost::json::value copy(*member);
    keep_finite(copy);
    return std::move(copy.get_object());
}

inline boost::json::array read_array(boost::json::object const& object, std::string_view name) {
    auto const* member = object.if_contains(name);
    if (!member || !member->is_array()) return {};
    boost::json::value copy(*member);
    keep_finite(copy);
    return std::move(copy.get_array());
}

inline std::vector<std::string> read_texts(boost::json::object const& object,
                                           std::string_view name) {
    std::vector<std::string> texts;
    auto const* member = object.if_contains(name);
    if (!member || !member->is_array()) return texts;
    for (auto const& element : member->get_array())
        if (element.is_string()) texts.emplace_back(view(element.get_string()));
    return texts;
}

inline boost::json::array texts_json(std::vector<std::string> const& texts) {
    boost::json::array array;
    for (auto const& text : texts) array.emplace_back(text);
    return array;
}

/// Empty text is null: "there is none".
inline boost::json::value text_or_null(std::string const& text) {
    return text.empty() ? boost::json::value(nullptr) : boost::json::value(text);
}

inline boost::json::value instant_or_null(std::optional<Instant> at) {
    return at ? boost::json::value(to_rfc3339(*at)) : boost::json::value(nullptr);
}

}  // namespace postrider::core::detail

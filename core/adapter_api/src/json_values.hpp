// Reading and writing JSON members with a default, and keeping numbers finite. Private to
// adapter_api.
#pragma once

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

namespace postrider::detail {

/// JSON has no infinity, and Boost.JSON reads one from `8E9999`: anything that is not finite
/// becomes 0.
inline double finite(double number) {
    return std::isfinite(number) ? number : 0.0;
}

/// A copy in which every number that is not finite is null.
boost::json::value finite_copy(boost::json::value const& value);

inline std::string text_member(boost::json::object const& object, std::string_view name) {
    auto const* member = object.if_contains(name);
    if (!member || !member->is_string()) return {};
    return {member->get_string().data(), member->get_string().size()};
}

inline bool bool_member(boost::json::object const& object, std::string_view name) {
    auto const* member = object.if_contains(name);
    return member && member->is_bool() && member->get_bool();
}

/// The whole number of a member; 0 when it is missing, something else, or does not fit.
inline std::int64_t int_member(boost::json::object const& object, std::string_view name) {
    auto const* member = object.if_contains(name);
    if (!member) return 0;
    if (member->is_int64()) return member->get_int64();
    auto const max = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    if (member->is_uint64() && member->get_uint64() <= max)
        return static_cast<std::int64_t>(member->get_uint64());
    return 0;
}

inline std::uint64_t uint_member(boost::json::object const& object, std::string_view name) {
    auto const* member = object.if_contains(name);
    if (!member) return 0;
    if (member->is_uint64()) return member->get_uint64();
    if (member->is_int64() && member->get_int64() >= 0)
        return static_cast<std::uint64_t>(member->get_int64());
    return 0;
}

inline double double_member(boost::json::object const& object, std::string_view name) {
    auto const* member = object.if_contains(name);
    if (!member) return 0;
    if (member->is_double()) return finite(member->get_double());
    if (member->is_int64()) return static_cast<double>(member->get_int64());
    if (member->is_uint64()) return static_cast<double>(member->get_uint64());
    return 0;
}

}  // namespace postrider::detail

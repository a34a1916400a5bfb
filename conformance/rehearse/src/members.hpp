// Reading and writing members of JSON objects, as the files of the rehearsal share it.
#pragma once

#include <boost/json/object.hpp>

#include <string>
#include <string_view>

namespace postrider::rehearse {

/// Empty where there is no such text.
inline std::string text_member(boost::json::object const& object, std::string_view name) {
    auto const* member = object.if_contains(name);
    return member && member->is_string() ? std::string(member->get_string()) : std::string();
}

}  // namespace postrider::rehearse

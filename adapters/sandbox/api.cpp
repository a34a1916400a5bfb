// See api.hpp.
#include "api.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <algorithm>

namespace postrider::sandbox {

namespace {

namespace json = boost::json;

json::object parse_object(std::string_view body) {
    boost::system::error_code failed;
    auto value = json::parse(body, failed);
    return !failed && value.is_object() ? std::move(value.get_object()) : json::object{};
}

std::string text(json::object const& object, std::string_view name) {
    auto const* member = object.if_contains(name);
    return member && member->is_string() ? std::string{member->get_string()} : std::string{};
}

// An id goes into the path of the next request: what cannot stand there as it is is none.
std::string id(json::object const& object, std::string_view name) {
    constexpr std::size_t length_max = 128;
    auto value = text(object, name);
    bool const plain = std::all_of(value.begin(), value.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '-' || c == '_' || c == '.' || c == '~';
    });
    return plain && !value.starts_with('.') && value.size() <= length_max ? value : std::string{};
}

RemotePost read_post(json::object const& object) {
    return {id(object, "id"), text(object, "state"), text(object, "link"), text(object, "reason")};
}

}  // namespace

Refusal parse_refusal(std::string_view body) {
    auto const object = parse_object(body);
    return {text(object, "error"), text(object, "message")};
}

Profile parse_profile(std::string_view body) {
    auto const object = parse_object(body);
    Profile profile{text(object, "id"), text(object, "handle"), text(object, "name"), {}};
    if (auto const* list = object.if_contains("audiences"); list && list->is_array())
        for (auto const& audience : list->get_array())
            if (audience.is_string()) profile.audiences.emplace_back(audience.get_string());
    return profile;
}

std::string parse_draft(std::string_view body) {
    return id(parse_object(body), "draft");
}

RemotePost parse_post(std::string_view body) {
    return read_post(parse_object(body));
}

Lookup parse_lookup(std::string_view body) {
    auto const object = parse_object(body);
    auto const* list = object.if_contains("posts");
    if (!list || !list->is_array()) return {};
    Lookup lookup;
    lookup.readable = true;
    if (!list->get_array().empty() && list->get_array().front().is_object())
        lookup.post = read_post(list->get_array().front().get_object());
    return lookup;
}

}  // namespace postrider::sandbox

// Walks over the values of a JSON text; anything that is no JSON stays as it is.
#include "spoil.hpp"

#include <fmt/format.h>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <functional>
#include <string_view>

namespace postrider::conformance {

namespace json = boost::json;

namespace {

// Calls back for each member of each object inside `value`.
void each_member(json::value& value,
                 std::function<void(std::string_view, json::value&)> const& visit) {
    if (auto* object = value.if_object()) {
        for (auto& member : *object) {
            visit(member.key(), member.value());
            each_member(member.value(), visit);
        }
    } else if (auto* array = value.if_array()) {
        for (auto& element : *array) each_member(element, visit);
    }
}

std::optional<json::value> parsed(std::string const& body) {
    boost::system::error_code bad;
    auto value = json::parse(body, bad);
    if (bad || (!value.is_object() && !value.is_array())) return std::nullopt;
    return value;
}

bool names_an_id(std::string_view name) {
    return name == "id" || name == "ids" || name.ends_with("_id") || name.ends_with("_ids");
}

bool names_a_state(std::string_view name) {
    return name == "status" || name == "state" || name == "phase" || name == "stage";
}

}  // namespace

std::optional<std::string> with_new_word(std::string const& body) {
    auto value = parsed(body);
    if (!value) return std::nullopt;
    bool found = false;
    each_member(*value, [&](std::string_view name, json::value& member) {
        if (!names_a_state(name) || !member.is_string()) return;
        member = "SOMETHING_NEW";
        found = true;
    });
    if (!found) return std::nullopt;
    return json::serialize(*value);
}

std::string LongIds::longer(std::string const& id) {
    auto const [entry, fresh] = longer_.try_emplace(id);
    // Odd and above 2^53: a detour over floating point cannot keep it.
    if (fresh) entry->second = fmt::format("{}", 7'312'345'678'901'234'501 + 2 * longer_.size());
    return entry->second;
}

std::string LongIds::lengthen(std::string const& body, std::string const& keep) {
    auto value = parsed(body);
    if (!value) return body;
    auto const change = [&](json::value& id) {
        if (auto const* text = id.if_string(); text && !text->empty() && *text != keep) {
            if (std::string_view(*text) != keep) id = longer(std::string(*text));
        } else if (id.is_int64() && fmt::format("{}", id.get_int64()).size() < 19) {
            id = std::stoll(longer(fmt::format("{}", id.get_int64())));
        }
    };
    each_member(*value, [&](std::string_view name, json::value& member) {
        if (!names_an_id(name)) return;
        if (auto* list = member.if_array())
            for (auto& element : *list) change(element);
        else
            change(member);
    });
    return json::serialize(*value);
}

std::string LongIds::shorten(std::string text) const {
    for (auto const& [id, longer] : longer_)
        for (auto at = text.find(longer); at != std::string::npos; at = text.find(longer, at))
            text.replace(at, longer.size(), id);
    return text;
}

std::string LongIds::shorten_id(std::string const& id) const {
    for (auto const& [known, longer] : longer_)
        if (longer == id) return known;
    return id;
}

}  // namespace postrider::conformance

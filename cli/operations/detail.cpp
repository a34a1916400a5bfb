// Walks schema and value side by side.
#include "operations/detail.hpp"

#include <boost/json/array.hpp>

#include <algorithm>
#include <string_view>

namespace postrider::cli {

namespace {

namespace json = boost::json;

constexpr std::string_view definitions = "#/$defs/";

/// Walks what a schema describes: what to leave out of it, and which names it knows.
class Shortener {
 public:
    explicit Shortener(json::object const& root) : root_(root) {}

    json::object schema(json::object const& full) const {
        json::object shorter;
        for (auto const& member : full) shorter[member.key()] = inner(member.value());
        auto* properties = member_object(shorter, "properties");
        if (!properties) return shorter;
        json::object kept;
        for (auto const& property : *properties)
            if (!is_left_out(property.value())) kept[property.key()] = property.value();
        *properties = std::move(kept);
        if (auto* required = shorter.if_contains("required"); required && required->is_array()) {
            auto& names = required->get_array();
            auto const gone = [&](json::value const& name) {
                auto const* property = properties->if_contains(name.as_string());
                return !property || may_be_null(property->as_object());
            };
            names.erase(std::remove_if(names.begin(), names.end(), gone), names.end());
            if (names.empty()) shorter.erase("required");
        }
        return shorter;
    }

    json::value value(json::object const& full, json::value const& whole) const {
        auto const& shape = shape_for(full, whole);
        if (auto const* array = whole.if_array()) {
            auto const* items = shape.if_contains("items");
            if (!items) return whole;
            json::array shorter;
            for (auto const& item : *array) shorter.push_back(value(items->as_object(), item));
            return shorter;
        }
        if (auto const* object = whole.if_object()) return members(shape, *object);
        return whole;
    }

    json::object const& resolve(json::object const& schema) const {
        auto const* reference = schema.if_contains("$ref");
        if (!reference) return schema;
        std::string_view name = reference->as_string();
        name.remove_prefix(definitions.size());
        return resolve(root_.at("$defs").as_object().at(name).as_object());
    }

    bool may_have(json::object const& schema, std::string_view path) const {
        auto const& shape = resolve(schema);
        if (auto const* either = shape.if_contains("anyOf")) {
            auto const& choices = either->as_array();
            return std::any_of(choices.begin(), choices.end(), [&](json::value const& choice) {
                return may_have(choice.as_object(), path);
            });
        }
        auto const dot = path.find('.');
        auto const* properties = shape.if_contains("properties");
        auto const* property =
            properties ? properties->as_object().if_contains(path.substr(0, dot)) : nullptr;
        if (!property) return shape.empty() || shape.contains("additionalProperties");
        return dot == std::string_view::npos ||
               may_have(property->as_object(), path.substr(dot + 1));
    }

    // Of an answer that is a list; null when it is none.
    json::object const* item_schema() const {
        auto const* properties = resolve(root_).if_contains("properties");
        auto const* items = properties ? properties->as_object().if_contains("items") : nullptr;
        auto const* one = items ? items->as_object().if_contains("items") : nullptr;
        return one ? &one->as_object() : nullptr;
    }

 private:
    static json::object* member_object(json::object& object, std::string_view name) {
        auto* member = object.if_contains(name);
        return member ? member->if_object() : nullptr;
    }

    static bool is_left_out(json::value const& property) {
        return property.as_object().contains("x-detail");
    }

    json::value inner(json::value const& part) const {
        if (auto const* object = part.if_object()) return schema(*object);
        if (auto const* array = part.if_array()) {
            json::array shorter;
            for (auto const& element : *array) shorter.push_back(inner(element));
            return shorter;
        }
        return part;
    }

    bool may_be_null(json::object const& schema) const {
        auto const& shape = resolve(schema);
        if (auto const* either = shape.if_contains("anyOf")) {
            auto const& choices = either->as_array();
            return std::any_of(choices.begin(), choices.end(), [&](json::value const& choice) {
                return may_be_null(choice.as_object());
            });
        }
        auto const* type = shape.if_contains("type");
        return type ? type->as_string() == "null" : !shape.contains("enum");
    }

    // Of several shapes the one that is of the value's kind.
    json::object const& shape_for(json::object const& schema, json::value const& whole) const {
        auto const& shape = resolve(schema);
        auto const* either = shape.if_contains("anyOf");
        if (!either) return shape;
        std::string_view const kind = whole.is_object()  ? "object"
                                      : whole.is_array() ? "array"
                                                         : "neither";
        for (auto const& choice : either->as_array()) {
            auto const& one = shape_for(choice.as_object(), whole);
            auto const* type = one.if_contains("type");
            if (type && type->as_string() == kind) return one;
        }
        return shape;
    }

    json::object members(json::object const& shape, json::object const& whole) const {
        auto const* properties = shape.if_contains("properties");
        auto const* more = shape.if_contains("additionalProperties");
        json::object shorter;
        for (auto const& member : whole) {
            auto const* property =
                properties ? properties->as_object().if_contains(member.key()) : nullptr;
            if (property) {
                if (is_left_out(*property) || member.value().is_null()) continue;
                shorter[member.key()] = value(property->as_object(), member.value());
            } else if (more && more->is_object()) {
                shorter[member.key()] = value(more->get_object(), member.value());
            } else {
                shorter[member.key()] = member.value();
            }
        }
        return shorter;
    }

    json::object const& root_;
};

}  // namespace

json::object concise_schema(json::object const& schema) {
    return Shortener(schema).schema(schema);
}

json::value concise_value(json::object const& schema, json::value const& value) {
    return Shortener(schema).value(schema, value);
}

json::value concise_item(json::object const& schema, json::value const& item) {
    Shortener const shortener(schema);
    auto const* one = shortener.item_schema();
    return one ? shortener.value(*one, item) : item;
}

bool item_may_have(json::object const& schema, std::string_view path) {
    Shortener const shortener(schema);
    auto const* one = shortener.item_schema();
    return !one || shortener.may_have(*one, path);
}

std::vector<std::string> item_members(json::object const& schema) {
    Shortener const shortener(schema);
    std::vector<std::string> names;
    auto const* one = shortener.item_schema();
    auto const* properties = one ? shortener.resolve(*one).if_contains("properties") : nullptr;
    if (properties)
        for (auto const& member : properties->as_object()) names.emplace_back(member.key());
    return names;
}

}  // namespace postrider::cli

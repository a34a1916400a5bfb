// Walks schema and value side by side.
#include "test/schema_check.hpp"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include <postrider/instant.hpp>

#include <algorithm>
#include <regex>
#include <set>

namespace postrider::cli::test {

namespace {

namespace json = boost::json;

bool has_type(json::value const& value, std::string_view type) {
    if (type == "object") return value.is_object();
    if (type == "array") return value.is_array();
    if (type == "string") return value.is_string();
    if (type == "boolean") return value.is_bool();
    if (type == "null") return value.is_null();
    if (type == "integer") return value.is_int64() || value.is_uint64();
    if (type == "number") return value.is_number();
    return false;
}

class Walker {
 public:
    Walker(json::object const& root, bool closed) : root_(root), closed_(closed) {}

    void walk(json::object const& schema, json::value const& value, std::string const& at) {
        static std::set<std::string_view> const known = {
            "$schema", "$id",         "$defs",    "$ref",
            "type",    "properties",  "required", "additionalProperties",
            "items",   "enum",        "const",    "anyOf",
            "oneOf",   "if",          "then",     "else",
            "minimum", "maximum",     "minItems", "pattern",
            "format",  "description", "default",  "x-untrusted",
            "x-detail"};
        for (auto const& word : schema)
            if (!known.contains(word.key()))
                fault(at, "the schema uses " + std::string(word.key()));
        if (auto const* reference = schema.if_contains("$ref"))
            walk(resolve(reference->as_string()), value, at);
        check_type(schema, value, at);
        check_values(schema, value, at);
        check_object(schema, value, at);
        check_array(schema, value, at);
        check_choices(schema, value, at);
    }

    std::vector<std::string> faults;

 private:
    void fault(std::string const& at, std::string what) {
        faults.push_back((at.empty() ? "/" : at) + ": " + what);
    }

    json::object const& resolve(std::string_view reference) {
        auto const name = reference.substr(std::string_view("#/$defs/").size());
        return root_.at("$defs").as_object().at(name).as_object();
    }

    void check_type(json::object const& schema, json::value const& value, std::string const& at) {
        auto const* type = schema.if_contains("type");
        if (!type) return;
        bool fits = false;
        if (type->is_string()) fits = has_type(value, type->get_string());
        if (type->is_array())
            for (auto const& one : type->get_array())
                fits = fits || has_type(value, one.as_string());
        if (!fits)
            fault(
                at,
                json::serialize(value).substr(0, 60) + " is not of type " + json::serialize(*type));
    }

    void check_values(json::object const& schema, json::value const& value, std::string const& at) {
        if (auto const* one = schema.if_contains("const"); one && *one != value)
            fault(at, "is not the constant");
        if (auto const* words = schema.if_contains("enum")) {
            auto const& list = words->as_array();
            if (std::find(list.begin(), list.end(), value) == list.end())
                fault(at, json::serialize(value) + " is none of " + json::serialize(*words));
        }
        if (auto const* least = schema.if_contains("minimum");
            least && value.is_int64() && value.get_int64() < least->as_int64())
            fault(at, "is below the minimum");
        if (auto const* most = schema.if_contains("maximum");
            most && value.is_int64() && value.get_int64() > most->as_int64())
            fault(at, "is above the maximum");
        if (auto const* pattern = schema.if_contains("pattern"); pattern && value.is_string())
            if (!std::regex_search(std::string(value.get_string()),
                                   std::regex(std::string(pattern->as_string()))))
                fault(at, json::serialize(value) + " does not match " + json::serialize(*pattern));
        if (auto const* format = schema.if_contains("format"); format && value.is_string())
            if (!parse_rfc3339(std::string_view(value.get_string()))) fault(at, "is no instant");
    }

    void check_object(json::object const& schema, json::value const& value, std::string const& at) {
        auto const* object = value.if_object();
        if (!object) return;
        if (auto const* required = schema.if_contains("required"))
            for (auto const& name : required->as_array())
                if (!object->contains(name.as_string()))
                    fault(at, "has no " + std::string(name.as_string()));
        auto const* properties = schema.if_contains("properties");
        auto const* more = schema.if_contains("additionalProperties");
        for (auto const& member : *object) {
            auto const path = at + "/" + std::string(member.key());
            auto const* inner =
                properties ? properties->as_object().if_contains(member.key()) : nullptr;
            if (inner)
                walk(inner->as_object(), member.value(), path);
            else if (more && more->is_object())
                walk(more->get_object(), member.value(), path);
            else if (more && more->is_bool() && !more->get_bool())
                fault(path, "is not allowed");
            else if (!more && properties && closed_)
                fault(path, "is not in the schema");
        }
    }

    void check_array(json::object const& schema, json::value const& value, std::string const& at) {
        auto const* array = value.if_array();
        if (!array) return;
        if (auto const* least = schema.if_contains("minItems");
            least && array->size() < least->to_number<std::size_t>())
            fault(at, "has too few items");
        auto const* items = schema.if_contains("items");
        if (!items) return;
        std::size_t index = 0;
        for (auto const& item : *array)
            walk(items->as_object(), item, at + "/" + std::to_string(index++));
    }

    bool fits(json::object const& schema, json::value const& value) {
        Walker other(root_, closed_);
        other.walk(schema, value, "");
        return other.faults.empty();
    }

    void check_choices(json::object const& schema,
                       json::value const& value,
                       std::string const& at) {
        for (auto const* word : {"anyOf", "oneOf"}) {
            auto const* choices = schema.if_contains(word);
            if (!choices) continue;
            Walker best(root_, closed_);
            bool found = false;
            for (auto const& choice : choices->as_array()) {
                Walker tried(root_, closed_);
                tried.walk(choice.as_object(), value, at);
                found = found || tried.faults.empty();
                if (best.faults.empty() || tried.faults.size() < best.faults.size())
                    best.faults = tried.faults;
            }
            if (!found) faults.insert(faults.end(), best.faults.begin(), best.faults.end());
        }
        auto const* condition = schema.if_contains("if");
        if (!condition) return;
        // The condition speaks of one member; the others are not its business.
        Walker open(root_, false);
        open.walk(condition->as_object(), value, at);
        auto const* branch = schema.if_contains(open.faults.empty() ? "then" : "else");
        if (!branch) return;
        Walker side(root_, false);
        side.walk(branch->as_object(), value, at);
        faults.insert(faults.end(), side.faults.begin(), side.faults.end());
    }

    json::object const& root_;
    bool closed_;
};

}  // namespace

std::vector<std::string> schema_faults(json::object const& schema,
                                       json::value const& value,
                                       bool closed) {
    Walker walker(schema, closed);
    walker.walk(schema, value, "");
    return walker.faults;
}

}  // namespace postrider::cli::test

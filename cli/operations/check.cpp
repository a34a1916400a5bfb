// Types of inputs: reading them from what was typed, checking them, and saying in JSON Schema what
// they are.
#include "operations/check.hpp"

#include <postrider/instant.hpp>
#include <postrider/suggest.hpp>

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace postrider::cli {

namespace {

namespace json = boost::json;

json::value typed_value(InputSpec const& input, std::string const& text) {
    switch (input.type) {
        case InputType::integer: {
            std::int64_t number = 0;
            auto const* end = text.data() + text.size();
            auto const read = std::from_chars(text.data(), end, number);
            if (read.ec == std::errc{} && read.ptr == end) return number;
            return json::string(text);
        }
        case InputType::boolean:
            if (text == "true" || text == "yes") return true;
            if (text == "false" || text == "no") return false;
            return json::string(text);
        case InputType::object: {
            json::error_code failed;
            auto value = json::parse(text, failed);
            if (!failed) return value;
            return json::string(text);
        }
        default:
            return json::string(text);
    }
}

Finding problem(std::string path, std::string message) {
    Finding finding;
    finding.code = "usage.bad_value";
    finding.path = std::move(path);
    finding.message = std::move(message);
    return finding;
}

bool has_control_character(std::string_view text) {
    return std::any_of(text.begin(), text.end(), [](unsigned char c) {
        return (c < 0x20 && c != '\n' && c != '\t') || c == 0x7f;
    });
}

// One value, or one element of a list. Empty message: it is right.
Finding check_value(InputSpec const& input, json::value const& value, std::string const& path) {
    auto fault = problem(path, {});
    fault.got = value;
    auto const* text = value.if_string();
    switch (input.type) {
        case InputType::text:
        case InputType::path:
            if (!text) {
                fault.message = "expected text";
            } else if (text->empty() && (input.positional || input.type == InputType::path)) {
                fault.message = "must not be empty";
            } else if (has_control_character(*text)) {
                fault.message = "holds control characters";
                fault.got = nullptr;
            }
            break;
        case InputType::boolean:
            if (!value.is_bool()) fault.message = "expected true or false";
            break;
        case InputType::integer: {
            if (!value.is_int64() && !value.is_uint64()) {
                fault.message = "expected a whole number";
                break;
            }
            bool const huge = value.is_uint64() && value.get_uint64() > INT64_MAX;
            auto const number = huge ? INT64_MAX : value.to_number<std::int64_t>();
            bool const bounded = input.min != 0 || input.max != 0;
            if (bounded && (huge || number < input.min || number > input.max))
                fault.message = fmt::format("must be from {} to {}", input.min, input.max);
            else if (huge)
                fault.message = "is too large a number";
            break;
        }
        case InputType::duration:
            if (!text || !parse_duration(*text))
                fault.message = "expected a duration such as 45s, 10m, 1h30m or 3d";
            break;
        case InputType::instant:
            if (!text || !parse_rfc3339(*text))
                fault.message = "expected an instant with its offset, such as 2027-03-01T17:00:00Z";
            break;
        case InputType::object:
            if (!value.is_object()) fault.message = "expected a JSON object";
            break;
        case InputType::choice: {
            auto const words = parted(input.values, '|');
            if (text &&
                std::find(words.begin(), words.end(), std::string_view(*text)) != words.end())
                break;
            for (auto const& word : words) fault.allowed.emplace_back(word);
            fault.message = fmt::format("is not one of {}", fmt::join(words, ", "));
            if (text)
                if (auto const near = nearest_name(*text, words); !near.empty())
                    fault.message += fmt::format("; did you mean '{}'?", near);
            break;
        }
    }
    return fault;
}

std::string_view type_word(InputType type) {
    switch (type) {
        case InputType::integer:
            return "integer";
        case InputType::boolean:
            return "boolean";
        case InputType::object:
            return "object";
        default:
            return "string";
    }
}

json::value placeholder_value(InputSpec const& input) {
    switch (input.type) {
        case InputType::integer:
            return input.min;
        case InputType::boolean:
            return false;
        case InputType::object:
            return json::object{};
        case InputType::choice:
            return json::string(parted(input.values, '|').front());
        default:
            return json::string("");
    }
}

}  // namespace

void merge_typed(json::object& request, std::vector<TypedText> const& typed) {
    for (auto const& [input, text] : typed)
        if (input->repeatable) request[input->name] = json::array{};
    for (auto const& [input, text] : typed) {
        if (input->repeatable)
            request[input->name].as_array().push_back(typed_value(*input, text));
        else
            request[input->name] = typed_value(*input, text);
    }
}

std::vector<Finding> check_request(std::span<InputSpec const> inputs,
                                   json::object const& request,
                                   bool complete) {
    std::vector<Finding> problems;
    std::vector<std::string> known;
    for (auto const& input : inputs) known.emplace_back(input.name);
    for (auto const& member : request) {
        std::string const name(member.key());
        auto const* input = find_input(inputs, name);
        auto const path = "/" + name;
        if (!input) {
            auto fault = problem(path, fmt::format("unknown member '{}'", name));
            fault.code = "usage.unknown_field";
            if (auto const near = nearest_name(name, known); !near.empty())
                fault.message += fmt::format("; did you mean '{}'?", near);
            for (auto const& other : known) fault.allowed.emplace_back(other);
            problems.push_back(std::move(fault));
            continue;
        }
        if (input->repeatable && member.value().is_array()) {
            std::size_t index = 0;
            for (auto const& element : member.value().get_array()) {
                auto fault = check_value(*input, element, fmt::format("{}/{}", path, index++));
                if (!fault.message.empty()) problems.push_back(std::move(fault));
            }
            continue;
        }
        auto fault = input->repeatable ? problem(path, "expected a list")
                                       : check_value(*input, member.value(), path);
        if (!fault.message.empty()) problems.push_back(std::move(fault));
    }
    if (!complete) return problems;
    for (auto const& input : inputs) {
        if (!input.required) continue;
        auto const* value = request.if_contains(input.name);
        bool const there = value && !(value->is_array() && value->get_array().empty());
        if (there) continue;
        auto fault = problem("/" + std::string(input.name), {});
        fault.code = "usage.missing_input";
        fault.message =
            fmt::format("{} is needed: {}",
                        input.positional ? std::string(input.name) : flag_of(input.name),
                        input.help);
        problems.push_back(std::move(fault));
    }
    return problems;
}

json::object with_defaults(std::span<InputSpec const> inputs, json::object const& request) {
    json::object complete;
    for (auto const& input : inputs) {
        if (auto const* value = request.if_contains(input.name))
            complete[input.name] = *value;
        else if (!input.fallback.empty())
            complete[input.name] = typed_value(input, std::string(input.fallback));
    }
    return complete;
}

json::object input_schema(std::span<InputSpec const> inputs) {
    json::object properties;
    json::array required;
    for (auto const& input : inputs) {
        json::object schema;
        schema["type"] = type_word(input.type);
        if (input.type == InputType::choice) {
            json::array words;
            for (auto const& word : parted(input.values, '|')) words.emplace_back(word);
            schema["enum"] = std::move(words);
        }
        if (input.type == InputType::instant) schema["format"] = "date-time";
        if (input.type == InputType::duration) schema["pattern"] = "^([0-9]+(ms|s|m|h|d))+$";
        if (input.type == InputType::integer && (input.min != 0 || input.max != 0)) {
            schema["minimum"] = input.min;
            schema["maximum"] = input.max;
        }
        if (input.repeatable) {
            json::object list;
            list["type"] = "array";
            list["items"] = std::move(schema);
            schema = std::move(list);
        }
        schema["description"] = input.help;
        if (!input.fallback.empty())
            schema["default"] = typed_value(input, std::string(input.fallback));
        if (input.required) required.emplace_back(input.name);
        properties[input.name] = std::move(schema);
    }
    json::object schema;
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema";
    schema["type"] = "object";
    schema["additionalProperties"] = false;
    if (!required.empty()) schema["required"] = std::move(required);
    schema["properties"] = std::move(properties);
    return schema;
}

json::object skeleton(std::span<InputSpec const> inputs) {
    json::object request;
    for (auto const& input : inputs) {
        if (!input.fallback.empty()) {
            request[input.name] = typed_value(input, std::string(input.fallback));
        } else if (input.required) {
            auto value = placeholder_value(input);
            if (input.repeatable) {
                json::array one;
                one.push_back(std::move(value));
                request[input.name] = std::move(one);
            } else {
                request[input.name] = std::move(value);
            }
        }
    }
    return request;
}

}  // namespace postrider::cli

// The small functions around an operation: names as they are typed, and typed access to a checked
// request.
#include "operations/operation.hpp"

#include <algorithm>

namespace postrider::cli {

std::string Request::text(std::string_view name) const {
    auto const* value = values_.if_contains(name);
    if (!value || !value->is_string()) return {};
    return std::string(value->get_string());
}

std::vector<std::string> Request::texts(std::string_view name) const {
    std::vector<std::string> found;
    auto const* value = values_.if_contains(name);
    if (!value) return found;
    if (value->is_string()) found.emplace_back(value->get_string());
    if (value->is_array())
        for (auto const& item : value->get_array())
            if (item.is_string()) found.emplace_back(item.get_string());
    return found;
}

bool Request::flag(std::string_view name) const {
    auto const* value = values_.if_contains(name);
    return value && value->is_bool() && value->get_bool();
}

std::int64_t Request::integer(std::string_view name) const {
    auto const* value = values_.if_contains(name);
    if (!value) return 0;
    if (value->is_int64()) return value->get_int64();
    if (value->is_uint64()) return static_cast<std::int64_t>(value->get_uint64());
    return 0;
}

std::optional<Milliseconds> Request::duration(std::string_view name) const {
    if (!has(name)) return std::nullopt;
    return parse_duration(text(name));
}

std::optional<Instant> Request::instant(std::string_view name) const {
    if (!has(name)) return std::nullopt;
    return parse_rfc3339(text(name));
}

std::string command_of(Operation const& operation) {
    std::string command(operation.name);
    std::replace(command.begin(), command.end(), '.', ' ');
    return command;
}

std::string flag_of(std::string_view input_name) {
    std::string flag = "--" + std::string(input_name);
    std::replace(flag.begin(), flag.end(), '_', '-');
    return flag;
}

std::vector<std::string> parted(std::string_view text, char separator) {
    std::vector<std::string> words;
    while (!text.empty()) {
        auto const end = text.find(separator);
        auto const word = text.substr(0, end);
        if (!word.empty()) words.emplace_back(word);
        if (end == std::string_view::npos) break;
        text.remove_prefix(end + 1);
    }
    return words;
}

InputSpec const* find_input(std::span<InputSpec const> inputs, std::string_view name) {
    for (auto const& input : inputs)
        if (input.name == name) return &input;
    return nullptr;
}

}  // namespace postrider::cli

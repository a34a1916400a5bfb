// Strict reading of one JSON object.
#include "tiktok/emulator/model/fields.hpp"

#include <fmt/format.h>

#include <boost/json/parse.hpp>

#include "tiktok/emulator/model/text.hpp"

namespace postrider::tiktok::emulator {
namespace {

constexpr std::size_t document_size_max = 64 * 1024 * 1024;

json::object const& as_object(json::value const& value, std::string const& where) {
    if (auto const* object = value.if_object()) return *object;
    throw SpecError(fmt::format("{} is not an object", where));
}

}  // namespace

Fields::Fields(json::object const& object, std::string where)
    : object_(&object), where_(std::move(where)) {}

Fields::Fields(json::value const& value, std::string where)
    : object_(&as_object(value, where)), where_(std::move(where)) {}

std::string Fields::path(std::string_view name) const {
    return where_.empty() ? std::string(name) : fmt::format("{}.{}", where_, name);
}

json::value const* Fields::find(std::string_view name) {
    asked_.emplace_back(name);
    return object_->if_contains(name);
}

json::value const* Fields::any(std::string_view name) {
    return find(name);
}

bool Fields::is_null(std::string_view name) {
    json::value const* value = find(name);
    return value != nullptr && value->is_null();
}

std::optional<std::string> Fields::text(std::string_view name, std::size_t size_max) {
    json::value const* value = find(name);
    if (value == nullptr) return std::nullopt;
    auto const* string = value->if_string();
    if (string == nullptr) throw SpecError(fmt::format("{} is not a string", path(name)));
    if (string->size() > size_max) {
        throw SpecError(fmt::format("{} is longer than {} bytes", path(name), size_max));
    }
    return std::string(string->data(), string->size());
}

std::optional<std::int64_t> Fields::integer(std::string_view name,
                                            std::int64_t least,
                                            std::int64_t most) {
    json::value const* value = find(name);
    if (value == nullptr) return std::nullopt;
    if (!value->is_int64()) throw SpecError(fmt::format("{} is not an integer", path(name)));
    std::int64_t const number = value->get_int64();
    if (number < least || number > most) {
        throw SpecError(
            fmt::format("{} is {}, not between {} and {}", path(name), number, least, most));
    }
    return number;
}

std::optional<bool> Fields::flag(std::string_view name) {
    json::value const* value = find(name);
    if (value == nullptr) return std::nullopt;
    if (!value->is_bool()) throw SpecError(fmt::format("{} is not true or false", path(name)));
    return value->get_bool();
}

json::object const* Fields::object(std::string_view name) {
    json::value const* value = find(name);
    if (value == nullptr) return nullptr;
    return &as_object(*value, path(name));
}

json::array const* Fields::list(std::string_view name, std::size_t count_max) {
    json::value const* value = find(name);
    if (value == nullptr) return nullptr;
    auto const* array = value->if_array();
    if (array == nullptr) throw SpecError(fmt::format("{} is not a list", path(name)));
    if (array->size() > count_max) {
        throw SpecError(fmt::format("{} has more than {} members", path(name), count_max));
    }
    return array;
}

std::optional<std::vector<std::string>> Fields::texts(std::string_view name,
                                                      std::size_t count_max) {
    json::array const* array = list(name, count_max);
    if (array == nullptr) return std::nullopt;
    std::vector<std::string> out;
    for (json::value const& value : *array) {
        auto const* string = value.if_string();
        if (string == nullptr) {
            throw SpecError(fmt::format("{} is not a list of strings", path(name)));
        }
        out.emplace_back(string->data(), string->size());
    }
    return out;
}

std::string Fields::need_text(std::string_view name, std::size_t size_max) {
    auto value = text(name, size_max);
    if (!value) throw SpecError(fmt::format("{} is missing", path(name)));
    return std::move(*value);
}

std::int64_t Fields::need_integer(std::string_view name, std::int64_t least, std::int64_t most) {
    auto const value = integer(name, least, most);
    if (!value) throw SpecError(fmt::format("{} is missing", path(name)));
    return *value;
}

bool Fields::need_flag(std::string_view name) {
    auto const value = flag(name);
    if (!value) throw SpecError(fmt::format("{} is missing", path(name)));
    return *value;
}

std::vector<std::string> Fields::unknown() const {
    std::vector<std::string> out;
    for (auto const& member : *object_) {
        std::string_view const key{member.key().data(), member.key().size()};
        if (!contains(asked_, key)) out.emplace_back(key);
    }
    return out;
}

void Fields::done() const {
    auto const strangers = unknown();
    if (strangers.empty()) return;
    std::string const guess = nearest(strangers.front(), asked_);
    std::string sentence = fmt::format("unknown member {}", path(strangers.front()));
    if (!guess.empty()) sentence += fmt::format("; did you mean {}?", guess);
    throw SpecError(sentence);
}

json::object parse_object(std::string_view text, std::string const& what) {
    if (text.size() > document_size_max) throw SpecError(fmt::format("{} is too large", what));
    boost::system::error_code error;
    json::value value = json::parse(json::string_view{text.data(), text.size()}, error);
    if (error) throw SpecError(fmt::format("{} is not JSON: {}", what, error.message()));
    if (!value.is_object()) throw SpecError(fmt::format("{} is not a JSON object", what));
    return std::move(value.get_object());
}

}  // namespace postrider::tiktok::emulator

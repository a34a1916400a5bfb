// A handler of Boost.JSON's own parser builds the value, so that doubled members and too large
// numbers are seen.
#include "json_text.hpp"

#include "script_error.hpp"

#include <fmt/format.h>
#include <boost/json/basic_parser_impl.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace postrider::script {
namespace {

namespace json = boost::json;
using json::error_code;
using json::string_view;

struct Builder {
    static constexpr std::size_t max_object_size = std::numeric_limits<std::size_t>::max();
    static constexpr std::size_t max_array_size = std::numeric_limits<std::size_t>::max();
    static constexpr std::size_t max_key_size = std::numeric_limits<std::size_t>::max();
    static constexpr std::size_t max_string_size = std::numeric_limits<std::size_t>::max();

    struct Open {
        json::value value;
        std::string key;
    };

    json::value root;
    std::vector<Open> open;
    std::string text;  // of a key, string or number that comes in parts
    std::string complaint;

    bool refuse(error_code& ec, std::string message) {
        complaint = std::move(message);
        ec = json::error::syntax;
        return false;
    }

    void put(json::value value) {
        if (open.empty())
            root = std::move(value);
        else if (auto* array = open.back().value.if_array())
            array->push_back(std::move(value));
        else
            open.back().value.get_object()[open.back().key] = std::move(value);
    }

    bool close() {
        auto value = std::move(open.back().value);
        open.pop_back();
        put(std::move(value));
        return true;
    }

    bool on_document_begin(error_code&) { return true; }
    bool on_document_end(error_code&) { return true; }
    bool on_object_begin(error_code&) { return open.push_back({json::object(), {}}), true; }
    bool on_object_end(std::size_t, error_code&) { return close(); }
    bool on_array_begin(error_code&) { return open.push_back({json::array(), {}}), true; }
    bool on_array_end(std::size_t, error_code&) { return close(); }
    bool on_key_part(string_view part, std::size_t, error_code&) {
        return text.append(part.data(), part.size()), true;
    }
    bool on_key(string_view part, std::size_t, error_code& ec) {
        text.append(part.data(), part.size());
        if (open.back().value.get_object().contains(text))
            return refuse(ec, fmt::format("the member '{}' is there twice", text));
        open.back().key = std::move(text);
        text.clear();
        return true;
    }
    bool on_string_part(string_view part, std::size_t, error_code&) {
        return text.append(part.data(), part.size()), true;
    }
    bool on_string(string_view part, std::size_t, error_code&) {
        text.append(part.data(), part.size());
        put(json::string(text));
        text.clear();
        return true;
    }
    bool on_number_part(string_view part, error_code&) {
        return text.append(part.data(), part.size()), true;
    }
    bool on_int64(std::int64_t number, string_view, error_code&) {
        return text.clear(), put(number), true;
    }
    bool on_uint64(std::uint64_t, string_view part, error_code& ec) { return too_large(part, ec); }
    bool on_double(double number, string_view part, error_code& ec) {
        if ((text + std::string(part)).find_first_of(".eE") == std::string::npos)
            return too_large(part, ec);
        text.append(part.data(), part.size());
        if (!std::isfinite(number)) return too_far(ec);
        // Boost.JSON 1.81 may miss the nearest double by one step.
        std::from_chars(text.data(), text.data() + text.size(), number);
        text.clear();
        put(number);
        return true;
    }
    bool too_far(error_code& ec) {
        auto const* object = open.empty() ? nullptr : open.back().value.if_object();
        return refuse(ec,
                      fmt::format("the number {}{} is beyond what a number can hold",
                                  text.substr(0, 40),
                                  object ? fmt::format(" of '{}'", open.back().key) : ""));
    }
    bool too_large(string_view part, error_code& ec) {
        return refuse(ec,
                      fmt::format("the whole number {}{} is beyond 2^63 - 1; write it as text",
                                  text,
                                  std::string_view(part.data(), part.size())));
    }
    bool on_bool(bool value, error_code&) { return put(value), true; }
    bool on_null(error_code&) { return put(nullptr), true; }
    bool on_comment_part(string_view, error_code&) { return true; }
    bool on_comment(string_view, error_code&) { return true; }
};

}  // namespace

json::value parse_json(std::string_view text, std::string_view file) {
    json::basic_parser<Builder> parser{json::parse_options{}};
    error_code trouble;
    auto const read = parser.write_some(false, text.data(), text.size(), trouble);
    auto const rest = std::min(text.find_first_not_of(" \t\r\n", read), text.size());
    if (!trouble && rest < text.size()) trouble = json::error::extra_data;
    if (!trouble) return std::move(parser.handler().root);
    auto const line = 1 + static_cast<int>(std::count(
                              text.begin(),
                              text.begin() + static_cast<std::ptrdiff_t>(
                                                 trouble == json::error::extra_data ? rest : read),
                              '\n'));
    auto const& complaint = parser.handler().complaint;
    throw ScriptError(
        "script.bad_data",
        complaint.empty() ? fmt::format("not JSON: {}", trouble.message()) : complaint)
        .in({std::string(file), line});
}

}  // namespace postrider::script

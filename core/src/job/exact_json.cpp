// See exact_json.hpp.
#include "job/exact_json.hpp"

#include <postrider/catalogue.hpp>
#include <postrider/core/foreign_json.hpp>

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/value_stack.hpp>

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <string>
#include <vector>

namespace postrider::core::detail {
namespace {

namespace json = boost::json;
using boost::system::error_code;

/// Builds a value as Boost.JSON's own handler does, but for doubles.
struct ExactHandler {
    static constexpr std::size_t max_object_size = json::object::max_size();
    static constexpr std::size_t max_array_size = json::array::max_size();
    static constexpr std::size_t max_key_size = json::string::max_size();
    static constexpr std::size_t max_string_size = json::string::max_size();

    bool on_document_begin(error_code&) { return true; }
    bool on_document_end(error_code&) { return true; }
    bool on_object_begin(error_code&) { return true; }
    bool on_object_end(std::size_t size, error_code&) { return stack.push_object(size), true; }
    bool on_array_begin(error_code&) { return true; }
    bool on_array_end(std::size_t size, error_code&) { return stack.push_array(size), true; }
    bool on_key_part(json::string_view part, std::size_t, error_code&) {
        return stack.push_chars(part), true;
    }
    bool on_key(json::string_view rest, std::size_t, error_code&) {
        return stack.push_key(rest), true;
    }
    bool on_string_part(json::string_view part, std::size_t, error_code&) {
        return stack.push_chars(part), true;
    }
    bool on_string(json::string_view rest, std::size_t, error_code&) {
        return stack.push_string(rest), true;
    }
    bool on_number_part(json::string_view part, error_code&) {
        number.append(part.data(), part.size());
        return true;
    }
    bool on_int64(std::int64_t value, json::string_view, error_code&) {
        number.clear();
        return stack.push_int64(value), true;
    }
    bool on_uint64(std::uint64_t value, json::string_view, error_code&) {
        number.clear();
        return stack.push_uint64(value), true;
    }
    bool on_double(double value, json::string_view rest, error_code& failed) {
        number.append(rest.data(), rest.size());
        // What is closer to zero than any double stays the zero that the parser gave; what is
        // further away than any would be written as a word that is no JSON.
        std::from_chars(number.data(), number.data() + number.size(), value);
        if (!std::isfinite(value)) {
            failed = json::error::exponent_overflow;
            return false;  // the number stays, to be named
        }
        number.clear();
        return stack.push_double(value), true;
    }
    bool on_bool(bool value, error_code&) { return stack.push_bool(value), true; }
    bool on_null(error_code&) { return stack.push_null(), true; }
    bool on_comment_part(json::string_view, error_code&) { return true; }
    bool on_comment(json::string_view, error_code&) { return true; }

    json::value_stack stack;
    std::string number;  ///< the part of one that was already seen
};

/// The same, and knows where it is. For what is foreign: rows of the store are read often.
struct PlacedHandler : ExactHandler {
    struct Level {
        bool list = false;
        std::size_t index = 0;
        std::string key;
    };

    // A value begins: in a list it is the next one.
    void begin() {
        if (!levels.empty() && levels.back().list) ++levels.back().index;
    }
    std::string pointer() const {
        std::string path;
        for (auto const& level : levels)
            path += "/" + (level.list ? std::to_string(level.index - 1) : escaped(level.key));
        return path;
    }
    static std::string escaped(std::string const& key) {
        std::string text;
        for (char const letter : key)
            if (letter == '~')
                text += "~0";
            else if (letter == '/')
                text += "~1";
            else
                text += letter;
        return text;
    }

    bool on_object_begin(error_code& failed) {
        begin();
        levels.push_back({});
        return ExactHandler::on_object_begin(failed);
    }
    bool on_object_end(std::size_t size, error_code& failed) {
        levels.pop_back();
        return ExactHandler::on_object_end(size, failed);
    }
    bool on_array_begin(error_code& failed) {
        begin();
        levels.push_back({true, 0, {}});
        return ExactHandler::on_array_begin(failed);
    }
    bool on_array_end(std::size_t size, error_code& failed) {
        levels.pop_back();
        return ExactHandler::on_array_end(size, failed);
    }
    bool on_key_part(json::string_view part, std::size_t size, error_code& failed) {
        key.append(part.data(), part.size());
        return ExactHandler::on_key_part(part, size, failed);
    }
    bool on_key(json::string_view rest, std::size_t size, error_code& failed) {
        key.append(rest.data(), rest.size());
        levels.back().key = std::move(key);
        key.clear();
        return ExactHandler::on_key(rest, size, failed);
    }
    bool on_string(json::string_view rest, std::size_t size, error_code& failed) {
        begin();
        return ExactHandler::on_string(rest, size, failed);
    }
    bool on_int64(std::int64_t value, json::string_view rest, error_code& failed) {
        begin();
        return ExactHandler::on_int64(value, rest, failed);
    }
    bool on_uint64(std::uint64_t value, json::string_view rest, error_code& failed) {
        begin();
        return ExactHandler::on_uint64(value, rest, failed);
    }
    bool on_double(double value, json::string_view rest, error_code& failed) {
        begin();
        return ExactHandler::on_double(value, rest, failed);
    }
    bool on_bool(bool value, error_code& failed) {
        begin();
        return ExactHandler::on_bool(value, failed);
    }
    bool on_null(error_code& failed) {
        begin();
        return ExactHandler::on_null(failed);
    }

    std::vector<Level> levels;
    std::string key;  ///< the part of one that was already seen
};

template <class Handler>
json::value parse_with(json::basic_parser<Handler>& parser,
                       std::string_view text,
                       error_code& failed) {
    parser.handler().stack.reset();
    auto const read = parser.write_some(false, text.data(), text.size(), failed);
    if (!failed && text.find_first_not_of(" \t\r\n", read) != text.npos)
        failed = json::error::extra_data;
    if (failed) return nullptr;
    return parser.handler().stack.release();
}

}  // namespace

json::value parse_exactly(std::string_view text, error_code& failed) {
    json::basic_parser<ExactHandler> parser{json::parse_options()};
    return parse_with(parser, text, failed);
}

json::value parse_exactly(std::string_view text) {
    error_code failed;
    auto value = parse_exactly(text, failed);
    if (failed) throw boost::system::system_error(failed);
    return value;
}

}  // namespace postrider::core::detail

namespace postrider::core {

Result<boost::json::value> read_foreign_json(std::string_view text) {
    boost::json::basic_parser<detail::PlacedHandler> parser{boost::json::parse_options()};
    boost::system::error_code failed;
    auto value = detail::parse_with(parser, text, failed);
    if (!failed) return value;
    auto const& handler = parser.handler();
    if (handler.number.empty() || failed != boost::json::error::exponent_overflow)
        return make_error("usage.bad_value", fmt::format("is not JSON: {}", failed.message()));
    Finding finding;
    finding.code = "usage.bad_value";
    finding.path = handler.pointer();
    finding.message = fmt::format("{} at {} is beyond what a number can hold",
                                  std::string_view(handler.number).substr(0, 40),
                                  finding.path.empty() ? "the beginning" : finding.path);
    auto message = finding.message;
    return make_error("usage.bad_value", std::move(message)).with_at(std::move(finding));
}

}  // namespace postrider::core

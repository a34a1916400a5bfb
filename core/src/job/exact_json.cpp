// See exact_json.hpp.
#include "job/exact_json.hpp"

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/value_stack.hpp>

#include <charconv>
#include <string>

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
    bool on_double(double value, json::string_view rest, error_code&) {
        number.append(rest.data(), rest.size());
        // What is out of range stays as the parser gave it.
        std::from_chars(number.data(), number.data() + number.size(), value);
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

}  // namespace

json::value parse_exactly(std::string_view text, error_code& failed) {
    json::basic_parser<ExactHandler> parser{json::parse_options()};
    parser.handler().stack.reset();
    auto const read = parser.write_some(false, text.data(), text.size(), failed);
    if (!failed && read < text.size()) failed = json::error::extra_data;
    if (failed) return nullptr;
    return parser.handler().stack.release();
}

json::value parse_exactly(std::string_view text) {
    error_code failed;
    auto value = parse_exactly(text, failed);
    if (failed) throw boost::system::system_error(failed);
    return value;
}

}  // namespace postrider::core::detail

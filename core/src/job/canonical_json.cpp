// Canonical JSON by RFC 8785, and SHA-256 of text. Whole numbers are written exactly, also beyond
// 2^53: ids of networks are text anyway, and a rounded count would hash two different posts alike.
#include <postrider/core/canonical_json.hpp>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <fmt/format.h>
#include <sodium/crypto_hash_sha256.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <iterator>
#include <vector>

namespace postrider::core {
namespace {

namespace json = boost::json;

// UTF-8 sorts as UTF-16 does, but for one thing: what lies beyond the basic plane (lead byte F0 and
// up) is written with surrogates, which sort before U+E000 to U+FFFF (lead bytes EE and EF).
int utf16_rank(unsigned char byte) {
    if (byte >= 0xF0) return byte - 2;
    if (byte >= 0xEE) return byte + 0x10;
    return byte;
}

bool utf16_less(std::string_view left, std::string_view right) {
    return std::lexicographical_compare(
        left.begin(), left.end(), right.begin(), right.end(), [](char a, char b) {
            return utf16_rank(static_cast<unsigned char>(a)) <
                   utf16_rank(static_cast<unsigned char>(b));
        });
}

void write_text(std::string& out, std::string_view text) {
    out += '"';
    for (char const letter : text) {
        switch (letter) {
            case '"':
                out += "\\\"";
                break;
            case '\\':
                out += "\\\\";
                break;
            case '\b':
                out += "\\b";
                break;
            case '\t':
                out += "\\t";
                break;
            case '\n':
                out += "\\n";
                break;
            case '\f':
                out += "\\f";
                break;
            case '\r':
                out += "\\r";
                break;
            default:
                if (static_cast<unsigned char>(letter) < 0x20)
                    fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<int>(letter));
                else
                    out += letter;
        }
    }
    out += '"';
}

// The form of ECMAScript's Number::toString: plain digits from 1e-7 (without it) up to 1e21
// (without it), else with an exponent that has a sign and no leading zero.
void write_double(std::string& out, double number) {
    if (!std::isfinite(number)) {
        out += "null";
        return;
    }
    if (number == 0) {
        out += '0';  // minus zero too
        return;
    }
    if (number < 0) out += '-';

    std::array<char, 64> buffer{};
    auto const end = std::to_chars(buffer.data(),
                                   buffer.data() + buffer.size(),
                                   std::fabs(number),
                                   std::chars_format::scientific)
                         .ptr;
    std::string_view const shortest(buffer.data(), static_cast<std::size_t>(end - buffer.data()));
    auto const mark = shortest.find('e');
    std::string digits(1, shortest[0]);
    if (mark > 2) digits.append(shortest.substr(2, mark - 2));
    // Where the decimal point stands, counted from before the first digit.
    int const point =
        std::atoi(std::string(shortest.substr(mark + 1)).c_str()) + 1;  // NOLINT(cert-err34-c)
    int const count = static_cast<int>(digits.size());

    if (count <= point && point <= 21) {
        out += digits;
        out.append(static_cast<std::size_t>(point - count), '0');
    } else if (0 < point && point <= 21) {
        out.append(digits, 0, static_cast<std::size_t>(point));
        out += '.';
        out.append(digits, static_cast<std::size_t>(point));
    } else if (-6 < point && point <= 0) {
        out += "0.";
        out.append(static_cast<std::size_t>(-point), '0');
        out += digits;
    } else {
        out += digits[0];
        if (count > 1) {
            out += '.';
            out.append(digits, 1);
        }
        fmt::format_to(std::back_inserter(out), "e{:+}", point - 1);
    }
}

void write(std::string& out, json::value const& value) {
    switch (value.kind()) {
        case json::kind::null:
            out += "null";
            return;
        case json::kind::bool_:
            out += value.get_bool() ? "true" : "false";
            return;
        case json::kind::int64:
            out += std::to_string(value.get_int64());
            return;
        case json::kind::uint64:
            out += std::to_string(value.get_uint64());
            return;
        case json::kind::double_:
            write_double(out, value.get_double());
            return;
        case json::kind::string: {
            auto const& text = value.get_string();
            write_text(out, {text.data(), text.size()});
            return;
        }
        case json::kind::array: {
            char separator = '[';
            for (auto const& element : value.get_array()) {
                out += separator;
                separator = ',';
                write(out, element);
            }
            out += separator == '[' ? "[]" : "]";
            return;
        }
        case json::kind::object: {
            std::vector<json::key_value_pair const*> members;
            members.reserve(value.get_object().size());
            for (auto const& member : value.get_object()) members.push_back(&member);
            auto const name = [](json::key_value_pair const* member) {
                return std::string_view{member->key().data(), member->key().size()};
            };
            std::sort(members.begin(), members.end(), [&](auto const* left, auto const* right) {
                return utf16_less(name(left), name(right));
            });
            char separator = '{';
            for (auto const* member : members) {
                out += separator;
                separator = ',';
                write_text(out, name(member));
                out += ':';
                write(out, member->value());
            }
            out += separator == '{' ? "{}" : "}";
            return;
        }
    }
}

}  // namespace

std::string canonical_json(json::value const& value) {
    std::string out;
    write(out, value);
    return out;
}

std::string sha256_text(std::string_view text) {
    // This hash is plain arithmetic in libsodium: it needs no sodium_init(), which would cost every
    // start of the program.
    std::array<unsigned char, crypto_hash_sha256_BYTES> digest{};
    crypto_hash_sha256(
        digest.data(), reinterpret_cast<unsigned char const*>(text.data()), text.size());
    std::string out = "sha256:";
    for (auto const byte : digest) fmt::format_to(std::back_inserter(out), "{:02x}", byte);
    return out;
}

}  // namespace postrider::core

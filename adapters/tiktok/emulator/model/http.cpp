// Reading of targets, forms and header values.
#include "tiktok/emulator/model/http.hpp"

#include <algorithm>

namespace postrider::tiktok::emulator {
namespace {

constexpr std::size_t form_size_max = 64 * 1024;
constexpr std::size_t form_members_max = 64;

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

std::optional<std::string> decode(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '+') {
            out += ' ';
        } else if (text[i] == '%') {
            if (i + 2 >= text.size()) return std::nullopt;
            int const high = hex_digit(text[i + 1]);
            int const low = hex_digit(text[i + 2]);
            if (high < 0 || low < 0) return std::nullopt;
            out += static_cast<char>(high * 16 + low);
            i += 2;
        } else {
            out += text[i];
        }
    }
    return out;
}

}  // namespace

bool equal_ignoring_case(std::string_view a, std::string_view b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
        return lower(x) == lower(y);
    });
}

std::optional<std::string_view> Request::header(std::string_view name) const {
    for (Header const& header : headers) {
        if (equal_ignoring_case(header.name, name)) return header.value;
    }
    return std::nullopt;
}

std::string_view Request::path() const {
    std::string_view const all = target;
    return all.substr(0, all.find('?'));
}

std::string_view Request::query() const {
    std::string_view const all = target;
    auto const mark = all.find('?');
    return mark == std::string_view::npos ? std::string_view{} : all.substr(mark + 1);
}

std::optional<Form> parse_form(std::string_view text) {
    if (text.size() > form_size_max) return std::nullopt;
    Form form;
    while (!text.empty()) {
        auto const end = text.find('&');
        std::string_view const pair = text.substr(0, end);
        text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
        if (pair.empty()) continue;
        auto const equals = pair.find('=');
        auto name = decode(pair.substr(0, equals));
        auto value =
            decode(equals == std::string_view::npos ? std::string_view{} : pair.substr(equals + 1));
        if (!name || !value) return std::nullopt;
        if (form.size() == form_members_max) return std::nullopt;
        form.emplace(std::move(*name), std::move(*value));
    }
    return form;
}

std::string percent_encode(std::string_view text) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    constexpr std::string_view plain = "-._~";
    std::string out;
    for (char const c : text) {
        bool const alnum = (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z');
        if (alnum || plain.find(c) != std::string_view::npos) {
            out += c;
        } else {
            auto const byte = static_cast<unsigned char>(c);
            out += '%';
            out += digits[byte >> 4];
            out += digits[byte & 15];
        }
    }
    return out;
}

std::string media_type(std::string_view content_type) {
    std::string_view type = content_type.substr(0, content_type.find(';'));
    while (!type.empty() && type.back() == ' ') type.remove_suffix(1);
    while (!type.empty() && type.front() == ' ') type.remove_prefix(1);
    std::string out(type);
    std::transform(out.begin(), out.end(), out.begin(), lower);
    return out;
}

}  // namespace postrider::tiktok::emulator

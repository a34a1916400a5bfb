// Each place where the value could stand is tried, and the outcome read again: only a text that
// says what is wanted, and says the rest as before, is given back.
#include "operations/store/toml_edit.hpp"

#include <toml++/toml.h>

#include <algorithm>
#include <sstream>
#include <vector>

namespace postrider::cli {

namespace {

std::optional<toml::table> read_toml(std::string const& text) {
    try {
        return toml::parse(text);
    } catch (toml::parse_error const&) {
        return std::nullopt;
    }
}

// Columns of a source position count characters, not bytes.
std::size_t offset_of(std::string const& text, toml::source_position const& position) {
    std::size_t at = 0;
    for (std::uint32_t line = 1; line < position.line; ++line) {
        at = text.find('\n', at);
        if (at == std::string::npos) return text.size();
        ++at;
    }
    for (std::uint32_t column = 1; column < position.column && at < text.size(); ++column) {
        ++at;
        while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xc0U) == 0x80U) ++at;
    }
    return at;
}

std::vector<std::string> lines_of(std::string const& text) {
    std::vector<std::string> lines;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);) lines.push_back(line);
    return lines;
}

std::string joined(std::vector<std::string> const& lines) {
    std::string text;
    for (auto const& line : lines) text += line + "\n";
    return text;
}

std::string stripped(std::string line) {
    line.erase(
        std::remove_if(line.begin(), line.end(), [](char c) { return c == ' ' || c == '\t'; }),
        line.end());
    return line.substr(0, line.find('#'));
}

bool is_header(std::string const& line) {
    return stripped(line).starts_with("[");
}

// Behind the last line of the section that says something, so that comments above the next section
// stay with it.
std::size_t end_of_section(std::vector<std::string> const& lines, std::size_t begin) {
    auto end = begin;
    while (end < lines.size() && !is_header(lines[end])) ++end;
    while (end > begin && stripped(lines[end - 1]).empty()) --end;
    return end;
}

std::string with_line(std::vector<std::string> lines, std::size_t at, std::string line) {
    lines.insert(lines.begin() + static_cast<std::ptrdiff_t>(at), std::move(line));
    return joined(lines);
}

std::vector<std::string> candidates(std::string const& text,
                                    toml::table const& table,
                                    std::string const& key,
                                    std::string const& value) {
    std::vector<std::string> found;
    if (auto const node = table.at_path(key)) {
        auto const& source = node.node()->source();
        auto const begin = offset_of(text, source.begin);
        auto const end = offset_of(text, source.end);
        if (begin < end) found.push_back(text.substr(0, begin) + value + text.substr(end));
        return found;
    }
    auto const lines = lines_of(text);
    auto const dot = key.find('.');
    auto const section = dot == std::string::npos ? std::string() : key.substr(0, dot);
    auto const name = dot == std::string::npos ? key : key.substr(dot + 1);
    if (!section.empty()) {
        for (std::size_t i = 0; i < lines.size(); ++i)
            if (stripped(lines[i]) == "[" + section + "]")
                found.push_back(
                    with_line(lines, end_of_section(lines, i + 1), name + " = " + value));
        auto const gap = lines.empty() || lines.back().empty() ? "" : "\n";
        found.push_back(joined(lines) + gap + "[" + section + "]\n" + name + " = " + value + "\n");
    }
    found.push_back(with_line(lines, end_of_section(lines, 0), key + " = " + value));
    // A file that begins with remarks about itself keeps them at its head.
    found.push_back(
        with_line(lines,
                  static_cast<std::size_t>(std::find_if(lines.begin(), lines.end(), is_header) -
                                           lines.begin()),
                  key + " = " + value));
    return found;
}

}  // namespace

std::optional<std::string> with_toml_value(std::string const& text,
                                           std::string const& key,
                                           std::string const& value) {
    auto const before = read_toml(text);
    auto const wanted = read_toml(key + " = " + value);
    if (!before || !wanted) return std::nullopt;
    auto expected = *before;
    auto const dot = key.find('.');
    auto const place = wanted->at_path(key);
    auto* table = &expected;
    if (dot != std::string::npos) {
        expected.insert(key.substr(0, dot), toml::table());
        table = expected[key.substr(0, dot)].as_table();
    }
    if (!table || !place) return std::nullopt;
    place.visit([&](auto const& node) {
        table->insert_or_assign(dot == std::string::npos ? key : key.substr(dot + 1), node);
    });
    for (auto& candidate : candidates(text, *before, key, value)) {
        auto const after = read_toml(candidate);
        if (after && *after == expected) return std::move(candidate);
    }
    return std::nullopt;
}

}  // namespace postrider::cli

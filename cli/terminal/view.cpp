// Lays out tables and name-value lines.
#include "terminal/view.hpp"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <set>

namespace postrider::cli {

namespace {

namespace json = boost::json;

std::vector<std::string> words_of(std::string_view text) {
    std::vector<std::string> words;
    std::string word;
    for (char const c : text) {
        if (c == ' ' || c == '\n') {
            if (!word.empty()) words.push_back(std::move(word));
            word.clear();
        } else {
            word += c;
        }
    }
    if (!word.empty()) words.push_back(std::move(word));
    return words;
}

std::string cell_of(json::value const* value) {
    if (!value || value->is_null()) return "-";
    if (value->is_string()) return escape_controls(value->get_string());
    if (value->is_bool()) return value->get_bool() ? "yes" : "no";
    if (value->is_array()) {
        std::string joined;
        for (auto const& element : value->get_array()) {
            if (!joined.empty()) joined += ", ";
            joined += cell_of(&element);
        }
        return joined.empty() ? "-" : joined;
    }
    if (value->is_object()) {
        std::string joined;
        for (auto const& member : value->get_object()) {
            if (!joined.empty()) joined += ", ";
            joined += std::string(member.key()) + " " + cell_of(&member.value());
        }
        return joined.empty() ? "-" : joined;
    }
    if (value->is_double()) return fmt::format("{}", value->get_double());  // 30, not 3E1
    return json::serialize(*value);
}

json::value const* at_path(json::object const& object, std::string_view path) {
    auto const dot = path.find('.');
    auto const* value = object.if_contains(path.substr(0, dot));
    if (!value || dot == std::string_view::npos) return value;
    return value->is_object() ? at_path(value->get_object(), path.substr(dot + 1)) : nullptr;
}

// The word that heads a column is the last one of its path, without underscores.
std::string head_of(std::string_view column) {
    auto const dot = column.rfind('.');
    std::string head(dot == std::string_view::npos ? column : column.substr(dot + 1));
    std::replace(head.begin(), head.end(), '_', ' ');
    return head;
}

// Our own names read better without underscores; names that come from data stay as they are.
std::string label_of(std::string_view name) {
    bool const ours = std::all_of(
        name.begin(), name.end(), [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; });
    std::string label(name);
    if (ours) std::replace(label.begin(), label.end(), '_', ' ');
    return label;
}

std::string render_list(json::array const& list,
                        std::vector<std::string> columns,
                        std::size_t width,
                        Paint const& paint) {
    std::vector<std::vector<std::string>> rows;
    for (auto const& item : list) {
        std::vector<std::string> row;
        if (item.is_object())
            for (auto const& column : columns)
                row.push_back(cell_of(at_path(item.get_object(), column)));
        rows.push_back(std::move(row));
    }
    std::vector<std::string> heads;
    for (auto const& column : columns) heads.push_back(head_of(column));
    return render_table(heads, rows, width, paint);
}

bool is_list_of_objects(json::value const& value) {
    return value.is_array() && !value.get_array().empty() && value.get_array().front().is_object();
}

void render_members(std::string& text,
                    json::object const& object,
                    std::set<std::string> const& shown,
                    std::size_t width,
                    std::size_t indent) {
    std::size_t longest = 0;
    for (auto const& member : object)
        if (!shown.contains(std::string(member.key())))
            longest = std::max(longest, member.key().size());
    for (auto const& member : object) {
        std::string const name(member.key());
        if (shown.contains(name) || member.value().is_null()) continue;
        std::string const margin(indent, ' ');
        auto const* inner = member.value().if_object();
        if (inner && !inner->empty()) {
            text += margin + label_of(name) + "\n";
            render_members(text, *inner, {}, width, indent + 2);
            continue;
        }
        if (is_list_of_objects(member.value())) {
            text += margin + label_of(name) + "\n";
            for (auto const& item : member.value().get_array())
                text += cut_to_width(margin + "  " + cell_of(&item), width) + "\n";
            continue;
        }
        // A single value is never cut: people copy hashes, links and commands from here.
        text += margin + padded(label_of(name), longest + 2) + cell_of(&member.value()) + "\n";
    }
}

}  // namespace

std::string render_table(std::vector<std::string> const& heads,
                         std::vector<std::vector<std::string>> const& rows,
                         std::size_t width,
                         Paint const& paint) {
    std::vector<std::size_t> widths;
    for (auto const& head : heads) widths.push_back(display_width(head));
    for (auto const& row : rows)
        for (std::size_t i = 0; i < row.size() && i < widths.size(); ++i)
            widths[i] = std::max(widths[i], display_width(row[i]));
    // Too wide: the widest column gives way, down to what its head needs, until it fits.
    std::size_t const gaps = widths.empty() ? 0 : 2 * (widths.size() - 1);
    auto const total = [&] { return std::accumulate(widths.begin(), widths.end(), gaps); };
    while (width > 0 && total() > width) {
        auto const widest = std::max_element(widths.begin(), widths.end());
        auto const least = std::max<std::size_t>(
            8, display_width(heads[static_cast<std::size_t>(widest - widths.begin())]));
        if (*widest <= least) break;
        *widest = std::max(least, *widest - std::min(*widest, total() - width));
    }
    std::string text;
    auto const line = [&](std::vector<std::string> const& cells, bool head) {
        std::string whole;
        for (std::size_t i = 0; i < cells.size() && i < widths.size(); ++i) {
            auto shown = cut_to_width(cells[i], widths[i]);
            auto const room = widths[i] - std::min(widths[i], display_width(shown));
            whole += head ? paint.bold(shown) : paint.state(cells[i], shown);
            if (i + 1 < cells.size()) whole += std::string(room + 2, ' ');
        }
        text += whole + "\n";
    };
    line(heads, true);
    for (auto const& row : rows) line(row, false);
    return text;
}

std::string render_view(json::object const& data,
                        std::string_view view,
                        std::size_t width,
                        Paint const& paint) {
    std::string tables;
    std::set<std::string> shown;
    while (!view.empty()) {
        auto const end = view.find(';');
        auto const part = view.substr(0, end);
        view = end == std::string_view::npos ? std::string_view{} : view.substr(end + 1);
        auto const colon = part.find(':');
        if (colon == std::string_view::npos) continue;
        auto const names = words_of(part.substr(0, colon));
        if (names.empty()) continue;
        if (names.front() == "hide") {
            for (auto const& name : words_of(part.substr(colon + 1))) shown.insert(name);
            continue;
        }
        auto const* list = data.if_contains(names.front());
        if (!list || !list->is_array()) continue;
        shown.insert(names.front());
        if (!tables.empty()) tables += "\n";
        if (list->get_array().empty())
            tables += paint.faint("no " + head_of(names.front())) + "\n";
        else
            tables +=
                render_list(list->get_array(), words_of(part.substr(colon + 1)), width, paint);
    }
    std::string members;
    render_members(members, data, shown, width, 0);
    if (!members.empty() && !tables.empty()) members += "\n";
    return members + tables;
}

}  // namespace postrider::cli

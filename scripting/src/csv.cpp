// Cells in quotes may hold separators, doubled quotes and line ends; nothing is trimmed.
#include "csv.hpp"

#include <postrider/instant.hpp>

#include "script_error.hpp"
#include "zone.hpp"

#include <charconv>
#include <cmath>
#include <cstdint>

namespace postrider::script {

std::vector<CsvRecord> parse_csv(std::string_view text, char separator, std::string_view file) {
    std::vector<CsvRecord> records;
    CsvRecord record{1, {}};
    std::string cell;
    int line = 1;
    int opened = 0;
    bool quoted = false;
    bool was_quoted = false;
    auto const fail = [&](int where, std::string message) {
        throw ScriptError("script.bad_data", std::move(message)).in({std::string(file), where});
    };
    auto const end_cell = [&] {
        record.cells.push_back(std::move(cell));
        cell.clear();
        was_quoted = false;
    };
    auto const end_record = [&] {
        bool const empty = record.cells.empty() && cell.empty() && !was_quoted;
        if (!empty) {
            end_cell();
            records.push_back(std::move(record));
        }
        record = {line, {}};
    };
    for (std::size_t i = 0; i < text.size(); ++i) {
        char const letter = text[i];
        if (letter == '\n') ++line;
        if (quoted) {
            if (letter != '"')
                cell += letter;
            else if (i + 1 < text.size() && text[i + 1] == '"')
                cell += text[i++];
            else
                quoted = false;
        } else if (letter == '"') {
            if (!cell.empty() || was_quoted)
                fail(line,
                     "a quote in the middle of a cell; put the whole cell in quotes and double the "
                     "ones inside");
            quoted = was_quoted = true;
            opened = line;
        } else if (letter == separator) {
            end_cell();
        } else if (letter == '\n') {
            end_record();
        } else if (letter == '\r' && (i + 1 == text.size() || text[i + 1] == '\n')) {
            continue;
        } else {
            if (was_quoted) fail(line, "text after the closing quote of a cell");
            cell += letter;
        }
    }
    if (quoted) fail(opened, "a quote that is never closed");
    ++line;
    end_record();
    return records;
}

std::vector<std::string> const& csv_types() {
    static std::vector<std::string> const types = {"text",
                                                   "number",
                                                   "integer",
                                                   "boolean",
                                                   "date",
                                                   "time",
                                                   "datetime",
                                                   "duration",
                                                   "path",
                                                   "list"};
    return types;
}

std::string_view csv_complaint(std::string_view type, std::string_view cell) {
    auto const* const end = cell.data() + cell.size();
    if (type == "integer") {
        std::int64_t value = 0;
        auto const [stop, trouble] = std::from_chars(cell.data(), end, value);
        return trouble == std::errc{} && stop == end ? "" : "a whole number";
    }
    if (type == "number") {
        double value = 0;
        auto const [stop, trouble] = std::from_chars(cell.data(), end, value);
        return trouble == std::errc{} && stop == end && std::isfinite(value) ? "" : "a number";
    }
    if (type == "boolean")
        return cell == "true" || cell == "false" || cell == "yes" || cell == "no"
                   ? ""
                   : "true, false, yes or no";
    if (type == "date") return parse_day(cell) ? "" : "a date such as 2027-03-01";
    if (type == "time") return parse_clock(cell) ? "" : "a time of day such as 18:00";
    if (type == "datetime") return parse_wall(cell) ? "" : "a wall time such as 2027-03-01 18:00";
    if (type == "duration") return parse_duration(cell) ? "" : "a duration such as 45s or 1h30m";
    return "";
}

}  // namespace postrider::script

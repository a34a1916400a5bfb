// csv(): the rows of a file, typed and checked, all bad rows told at once.
#include "csv.hpp"
#include "data_parts.hpp"
#include "lua_values.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace postrider::script {
namespace {

namespace json = boost::json;

FieldBinding const csv_fields[] = {
    {"columns",
     Form::any,
     false,
     "name -> type (with `?` when a cell may be empty); else all are text",
     "table<string, string>|string[]"},
    {"key", Form::text, false, "column that must be filled and different in every row"},
    {"separator", Form::text, false, "one character; else a comma"},
    {"header", Form::boolean, false, "whether the first line names the columns; else true"},
};

struct Column {
    std::string name;  // empty: by its number
    std::string type = "text";
    bool optional = false;
    std::size_t place = 0;
};

void read_type(Column& column, std::string_view type, std::string_view mark) {
    column.optional = type.ends_with('?');
    if (column.optional) type.remove_suffix(1);
    column.type = type;
    auto const& known = csv_types();
    if (std::find(known.begin(), known.end(), type) == known.end())
        throw ScriptError("script.not_allowed", fmt::format("'{}' is no type of a column", type))
            .at(std::string(mark))
            .with_got(json::string(type))
            .known(type, known);
}

std::vector<Column> named_columns(lua_State* L,
                                  Fields const& fields,
                                  CsvRecord const& header,
                                  std::string_view path) {
    std::vector<Column> columns;
    if (!fields.push("columns")) {
        for (std::size_t i = 0; i < header.cells.size(); ++i)
            columns.push_back({header.cells[i], "text", true, i});
        return columns;
    }
    for (auto const& name : text_keys(L, -1, "'columns' of csv", "columns")) {
        auto const found = std::find(header.cells.begin(), header.cells.end(), name);
        if (found == header.cells.end())
            throw ScriptError("script.unknown_column",
                              fmt::format("'{}' has no column '{}'", path, name))
                .at(name)
                .with_got(json::string(name))
                .known(name, header.cells);
        Column column{name, "text", false, static_cast<std::size_t>(found - header.cells.begin())};
        lua_pushstring(L, name.c_str());
        lua_rawget(L, -2);
        if (!is_text(L, -1)) throw fields.wrong_type(name, "the name of a type", -1);
        read_type(column, view(L, -1), name);
        lua_pop(L, 1);
        columns.push_back(std::move(column));
    }
    lua_pop(L, 1);
    return columns;
}

std::vector<Column> numbered_columns(lua_State* L, Fields const& fields, std::size_t width) {
    std::vector<Column> columns;
    if (!fields.push("columns")) {
        for (std::size_t i = 0; i < width; ++i) columns.push_back({{}, "text", true, i});
        return columns;
    }
    for (auto const& type : read_texts(L, -1, "'columns' of csv without a header", "columns")) {
        Column column{{}, "text", false, columns.size()};
        read_type(column, type, type);
        columns.push_back(std::move(column));
    }
    lua_pop(L, 1);
    return columns;
}

void push_cell(lua_State* L, Column const& column, std::string const& cell) {
    auto const* const end = cell.data() + cell.size();
    if (column.type == "integer") {
        std::int64_t value = 0;
        std::from_chars(cell.data(), end, value);
        lua_pushinteger(L, value);
    } else if (column.type == "number") {
        double value = 0;
        std::from_chars(cell.data(), end, value);
        lua_pushnumber(L, value);
    } else if (column.type == "boolean") {
        lua_pushboolean(L, cell == "true" || cell == "yes" ? 1 : 0);
    } else if (column.type == "list") {
        lua_newtable(L);
        lua_Integer count = 0;
        for (auto const& item : split(cell, ';')) {
            auto const first = item.find_first_not_of(" \t");
            if (first == std::string::npos) continue;
            push_text(
                L, std::string_view(item).substr(first, item.find_last_not_of(" \t") - first + 1));
            lua_rawseti(L, -2, ++count);
        }
    } else {
        push_text(L, cell);
    }
}

class Problems {
 public:
    void add(ScriptError problem) {
        if (problems_.size() < 50) problems_.push_back(std::move(problem));
    }
    void raise_if_any() {
        if (problems_.empty()) return;
        auto first = std::move(problems_.front());
        problems_.erase(problems_.begin());
        first.more = std::move(problems_);
        throw first;
    }

 private:
    std::vector<ScriptError> problems_;
};

// Checks a cell without touching Lua, so that all bad rows are told at once.
void check_cell(Context& ctx,
                Column const& column,
                std::string const& cell,
                Place const& place,
                Problems& problems) {
    auto const name = column.name.empty() ? std::to_string(column.place + 1) : column.name;
    auto const add = [&](std::string_view code, std::string message) {
        problems.add(ScriptError(code, std::move(message))
                         .in(place)
                         .with_got(json::string(std::string_view(cell).substr(0, 100))));
    };
    if (cell.empty() && column.type != "text") {
        if (!column.optional) add("script.bad_data", fmt::format("column '{}' is empty", name));
        return;
    }
    if (auto const wanted = csv_complaint(column.type, cell); !wanted.empty())
        add("script.bad_data",
            fmt::format(
                "column '{}': '{}' is not {}", name, std::string_view(cell).substr(0, 60), wanted));
    if (column.type != "path") return;
    try {
        (void)ctx.folder.resolve(cell);
    } catch (ScriptError& error) {
        add(error.code, fmt::format("column '{}': {}", name, error.message));
    }
}

int read_csv(lua_State* L) {
    auto const path = std::string(text_argument(L, 1, "csv", "the path"));
    lua_settop(L, 2);
    if (lua_isnil(L, 2)) {
        lua_newtable(L);
        lua_replace(L, 2);
    }
    Fields const fields(L, 2, csv_table, fmt::format("csv '{}'", path));
    auto const separator = fields.text("separator", ",");
    if (separator.size() != 1 || separator == "\"" || separator == "\n")
        throw fields.error(
            "script.not_allowed", "separator", "'separator' of csv is one character");
    auto& ctx = context(L);
    auto records = parse_csv(read_data(ctx, path), separator.front(), path);
    bool const header = fields.boolean("header", true);
    if (header && records.empty())
        throw ScriptError("script.bad_data", fmt::format("'{}' has no header line", path))
            .in({path, 1});
    std::size_t const width = records.empty() ? 0 : records.front().cells.size();
    auto const columns = header ? named_columns(L, fields, records.front(), path)
                                : numbered_columns(L, fields, width);
    if (header)
        for (auto const& column : columns) ctx.columns.emplace_back(path, column.name);
    auto const wanted_width = header ? width : columns.size();
    Column const* key = nullptr;
    if (auto const name = fields.text("key"); !name.empty()) {
        std::vector<std::string> names;
        for (auto const& column : columns) {
            names.push_back(column.name);
            if (column.name == name) key = &column;
        }
        if (!key)
            throw fields
                .error("script.unknown_column",
                       "key",
                       fmt::format("the key '{}' is no column of '{}'", name, path))
                .with_got(json::string(name))
                .known(name, names);
    }
    if (header) records.erase(records.begin());

    Problems problems;
    std::map<std::string, int> seen;
    for (auto const& record : records) {
        Place const place{path, record.line};
        if (record.cells.size() != wanted_width) {
            problems.add(
                ScriptError(
                    "script.bad_data",
                    fmt::format("the row has {} cells, not {}", record.cells.size(), wanted_width))
                    .in(place));
            continue;
        }
        for (auto const& column : columns)
            check_cell(ctx, column, record.cells[column.place], place, problems);
        if (!key) continue;
        auto const& value = record.cells[key->place];
        auto const [other, is_new] = seen.emplace(value, record.line);
        if (value.empty())
            problems.add(
                ScriptError("script.bad_data", fmt::format("the key '{}' is empty", key->name))
                    .in(place));
        else if (!is_new)
            problems.add(
                ScriptError(
                    "script.duplicate_key",
                    fmt::format("the key '{}' is that of line {} too", value, other->second))
                    .in(place)
                    .with_got(json::string(value)));
    }
    problems.raise_if_any();

    lua_newtable(L);  // rows
    int const rows = lua_gettop(L);
    lua_newtable(L);  // row -> line
    int const lines = rows + 1;
    lua_pushvalue(L, lines);
    lua_newtable(L);  // columns that may be nil
    for (auto const& column : columns) {
        if (column.name.empty()) continue;
        lua_pushboolean(L, 1);
        lua_setfield(L, -2, column.name.c_str());
    }
    push_strict_metatable(L, fmt::format("a row of '{}'", path));
    int const metatable = rows + 2;
    lua_Integer number = 0;
    for (auto const& record : records) {
        lua_createtable(L, 0, static_cast<int>(columns.size()));
        for (auto const& column : columns) {
            auto const& cell = record.cells[column.place];
            if (cell.empty() && column.optional) continue;
            push_cell(L, column, cell);
            if (column.name.empty())
                lua_rawseti(L, -2, static_cast<lua_Integer>(column.place) + 1);
            else
                lua_setfield(L, -2, column.name.c_str());
        }
        lua_pushvalue(L, metatable);
        lua_setmetatable(L, -2);
        lua_pushvalue(L, -1);
        lua_pushinteger(L, record.line);
        lua_rawset(L, lines);
        lua_rawseti(L, rows, ++number);
    }
    lua_settop(L, rows);
    return 1;
}

}  // namespace

TableBinding const csv_table{"csv", "CsvFields", "How to read the file.", csv_fields};

std::vector<FunctionBinding> const csv_functions = {
    {"csv",
     "path: string, fields?: postrider.CsvFields",
     "table[]",
     "The rows of a file, checked; `row.line` is the line in the file. Types: text number integer "
     "boolean date time datetime duration path list (items parted by `;`).",
     "file_missing bad_data unknown_column duplicate_key",
     guarded<read_csv>},
};

}  // namespace postrider::script

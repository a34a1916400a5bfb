// The checker of tables. It reads raw: a metatable of the script's cannot show it something else
// than what is there.
#include "strict.hpp"

#include <postrider/text_length.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace postrider::script {

namespace json = boost::json;

namespace {

std::string_view form_word(Form form) {
    switch (form) {
        case Form::text:
            return "text";
        case Form::integer:
            return "a whole number";
        case Form::number:
            return "a number";
        case Form::boolean:
            return "true or false";
        case Form::duration:
            return "a duration such as \"45s\", \"10m\", \"1h30m\" or \"3d\"";
        case Form::words:
            return "one of its words";
        case Form::texts:
            return "a list of text";
        case Form::any:
            break;
    }
    return "something else";
}

}  // namespace

std::string title_of(lua_State* L, int index, TableBinding const& table, char const* field) {
    std::string title(table.name);
    if (!lua_istable(L, index)) return title;
    index = lua_absindex(L, index);
    lua_pushstring(L, field);
    lua_rawget(L, index);
    if (is_text(L, -1)) title += fmt::format(" {}", shown(L, -1));
    lua_pop(L, 1);
    return title;
}

Fields::Fields(lua_State* L, int index, TableBinding const& table, std::string title)
    : L_(L),
      index_(lua_absindex(L, index)),
      table_(table),
      title_(title.empty() ? std::string(table.name) : std::move(title)) {
    if (!lua_istable(L, index_))
        throw ScriptError("script.wrong_type",
                          fmt::format("{} takes a table, not {}", title_, type_word(L, index_)))
            .at(std::string(table.name));
    luaL_checkstack(L, 10, nullptr);
    check_unknown();
    for (auto const& field : table_.fields) check_field(field);
    if (problems_.empty()) return;
    auto first = std::move(problems_.front());
    problems_.erase(problems_.begin());
    first.more = std::move(problems_);
    throw first;
}

void Fields::check_unknown() {
    std::vector<std::string> unknown;
    lua_pushnil(L_);
    while (lua_next(L_, index_) != 0) {
        lua_pop(L_, 1);
        if (!is_text(L_, -1)) {
            problems_.push_back(ScriptError(
                "script.unknown_field",
                fmt::format("{} has named fields only, not {}", title_, shown(L_, -1))));
            continue;
        }
        auto const name = view(L_, -1);
        bool const known = std::any_of(table_.fields.begin(),
                                       table_.fields.end(),
                                       [&](auto const& field) { return field.name == name; });
        if (!known) unknown.emplace_back(name);
    }
    // The order of lua_next differs from run to run.
    std::sort(unknown.begin(), unknown.end());
    std::vector<std::string> names;
    for (auto const& field : table_.fields)
        if (field.stage == 1) names.emplace_back(field.name);
    for (auto const& name : unknown)
        problems_.push_back(ScriptError("script.unknown_field",
                                        fmt::format("unknown field '{}' in {}", name, title_))
                                .at(name)
                                .with_got(json::string(name))
                                .known(name, names));
}

void Fields::check_field(FieldBinding const& field) {
    if (!push(field.name)) {
        if (field.needed)
            problems_.push_back(
                ScriptError("script.missing_field",
                            fmt::format("{} needs the field '{}'", title_, field.name))
                    .at(std::string(table_.name))
                    .with_got(json::string(field.name)));
        return;
    }
    bool good = true;
    switch (field.form) {
        case Form::text:
            good = is_text(L_, -1) && is_valid_utf8(view(L_, -1));
            break;
        case Form::integer:
            good = lua_type(L_, -1) == LUA_TNUMBER && lua_isinteger(L_, -1) != 0;
            break;
        case Form::number:
            good = lua_type(L_, -1) == LUA_TNUMBER;
            break;
        case Form::boolean:
            good = lua_isboolean(L_, -1);
            break;
        case Form::duration:
            good = is_text(L_, -1) && parse_duration(view(L_, -1)).has_value();
            break;
        case Form::words: {
            auto const words = split(field.words, '|');
            if (is_text(L_, -1) &&
                std::find(words.begin(), words.end(), view(L_, -1)) == words.end()) {
                auto const given = std::string(view(L_, -1));
                problems_.push_back(error("script.not_allowed",
                                          field.name,
                                          fmt::format("'{}' of {} takes {}, not {}",
                                                      field.name,
                                                      title_,
                                                      fmt::join(words, ", "),
                                                      shown(L_, -1)))
                                        .with_got(json::string(given))
                                        .known(given, words));
                break;
            }
            good = is_text(L_, -1);
            break;
        }
        case Form::texts:
            good = lua_istable(L_, -1);
            if (!good) break;
            try {
                read_texts(L_, -1, fmt::format("'{}' of {}", field.name, title_), field.name);
            } catch (ScriptError& trouble) {
                problems_.push_back(std::move(trouble));
            }
            break;
        case Form::any:
            break;
    }
    if (field.stage > 1)
        problems_.push_back(
            error("script.not_allowed",
                  field.name,
                  fmt::format("'{}' of {} comes with stage {}", field.name, title_, field.stage)));
    else if (!good)
        problems_.push_back(wrong_type(field.name, form_word(field.form), -1));
    lua_pop(L_, 1);
}

bool Fields::push(std::string_view name) const {
    push_text(L_, name);
    if (lua_rawget(L_, index_) != LUA_TNIL) return true;
    lua_pop(L_, 1);
    return false;
}

bool Fields::has(std::string_view name) const {
    if (!push(name)) return false;
    lua_pop(L_, 1);
    return true;
}

std::string Fields::text(std::string_view name, std::string_view otherwise) const {
    if (!push(name)) return std::string(otherwise);
    std::string value(view(L_, -1));
    lua_pop(L_, 1);
    return value;
}

std::int64_t Fields::integer(std::string_view name, std::int64_t otherwise) const {
    if (!push(name)) return otherwise;
    auto const value = lua_tointeger(L_, -1);
    lua_pop(L_, 1);
    return value;
}

bool Fields::boolean(std::string_view name, bool otherwise) const {
    if (!push(name)) return otherwise;
    bool const value = lua_toboolean(L_, -1) != 0;
    lua_pop(L_, 1);
    return value;
}

std::optional<Milliseconds> Fields::duration(std::string_view name) const {
    if (!push(name)) return std::nullopt;
    auto const value = parse_duration(view(L_, -1));
    lua_pop(L_, 1);
    return value;
}

std::vector<std::string> Fields::texts(std::string_view name) const {
    if (!push(name)) return {};
    auto values = read_texts(L_, -1, fmt::format("'{}' of {}", name, title_), name);
    lua_pop(L_, 1);
    return values;
}

ScriptError Fields::error(std::string_view code, std::string_view name, std::string message) const {
    ScriptError result(code, std::move(message));
    result.at(std::string(name));
    return result;
}

ScriptError Fields::wrong_type(std::string_view name, std::string_view wanted, int index) const {
    auto const text = lua_type(L_, index) == LUA_TSTRING;
    return error(misfit_code(L_, index),
                 name,
                 fmt::format("'{}' of {} must be {}, not {}",
                             name,
                             title_,
                             wanted,
                             text ? shown(L_, index) : type_word(L_, index)))
        .with_got(shown_json(L_, index));
}

std::vector<std::string> read_texts(lua_State* L,
                                    int index,
                                    std::string const& what,
                                    std::string_view mark) {
    std::vector<std::string> values;
    each_element(L, index, what, mark, [&](int i) {
        if (!is_text(L, -1))
            throw ScriptError(
                "script.wrong_type",
                fmt::format("item {} of {} must be text, not {}", i, what, type_word(L, -1)))
                .at(std::string(mark));
        if (!is_valid_utf8(view(L, -1)))
            throw ScriptError("script.wrong_type",
                              fmt::format("item {} of {} is not UTF-8", i, what))
                .at(std::string(mark));
        values.emplace_back(view(L, -1));
    });
    return values;
}

std::vector<std::string> text_keys(lua_State* L,
                                   int index,
                                   std::string const& what,
                                   std::string_view mark) {
    index = lua_absindex(L, index);
    if (!lua_istable(L, index))
        throw ScriptError("script.wrong_type",
                          fmt::format("{} must be a table, not {}", what, type_word(L, index)))
            .at(std::string(mark));
    std::vector<std::string> keys;
    lua_pushnil(L);
    while (lua_next(L, index) != 0) {
        lua_pop(L, 1);
        if (!is_text(L, -1))
            throw ScriptError("script.wrong_type",
                              fmt::format("{} has names as keys, not {}", what, shown(L, -1)))
                .at(std::string(mark));
        keys.emplace_back(view(L, -1));
    }
    std::sort(keys.begin(), keys.end());
    return keys;
}

void check_key(std::string_view key, std::string_view more, std::string const& what) {
    auto const plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
    bool good = !key.empty() && key.size() <= 63 && plain(key.front());
    for (char const letter : key)
        good = good && (plain(letter) || more.find(letter) != std::string_view::npos);
    if (good) return;
    throw ScriptError(
        "script.bad_key",
        fmt::format(
            "{} must be 1 to 63 of a-z, 0-9 and {}, beginning with a letter or digit", what, more))
        .at(std::string(key))
        .with_got(json::string(key.substr(0, 100)));
}

std::vector<std::string> split(std::string_view text, char separator) {
    std::vector<std::string> parts;
    for (std::size_t start = 0; start <= text.size();) {
        auto const end = std::min(text.find(separator, start), text.size());
        parts.emplace_back(text.substr(start, end - start));
        start = end + 1;
    }
    return parts;
}

}  // namespace postrider::script

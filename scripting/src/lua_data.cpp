// Data files of the campaign's folder: csv(), json(), text(). A name that the data does not have is
// an error, not nil.
#include "data_parts.hpp"
#include "json_text.hpp"
#include "lua_values.hpp"

#include <postrider/core/canonical_json.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace postrider::script {
namespace {

namespace json = boost::json;

constexpr std::size_t data_size_max = std::size_t{64} << 20U;

// __index of rows and objects. Upvalues: lines or nil, names that are known though nil, what to
// call it.
int strict_index(lua_State* L) {
    lua_pushvalue(L, 2);
    if (lua_rawget(L, lua_upvalueindex(2)) != LUA_TNIL) return lua_pushnil(L), 1;
    bool const has_lines = lua_istable(L, lua_upvalueindex(1));
    if (has_lines && is_text(L, 2) && view(L, 2) == "line") {
        lua_pushvalue(L, 1);
        lua_rawget(L, lua_upvalueindex(1));
        return 1;
    }
    if (!is_text(L, 2)) return lua_pushnil(L), 1;
    std::vector<std::string> names;
    for (int const table : {1, lua_upvalueindex(2)}) {
        lua_pushnil(L);
        while (lua_next(L, table) != 0) {
            lua_pop(L, 1);
            if (is_text(L, -1)) names.emplace_back(view(L, -1));
        }
    }
    std::sort(names.begin(), names.end());
    auto const name = std::string(view(L, 2));
    throw ScriptError("script.unknown_column",
                      fmt::format("{} has no {} '{}'",
                                  view(L, lua_upvalueindex(3)),
                                  has_lines ? "column" : "member",
                                  name))
        .at(name)
        .with_got(json::string(name))
        .known(name, names);
}

void push_json(lua_State* L, json::value const& value, std::string_view path) {
    luaL_checkstack(L, 12, "JSON");
    switch (value.kind()) {
        case json::kind::null:
            lua_pushnil(L);
            return;
        case json::kind::bool_:
            lua_pushboolean(L, value.get_bool() ? 1 : 0);
            return;
        case json::kind::int64:
            lua_pushinteger(L, value.get_int64());
            return;
        case json::kind::uint64:
            lua_pushinteger(L, static_cast<lua_Integer>(value.get_uint64()));
            return;
        case json::kind::double_:
            lua_pushnumber(L, value.get_double());
            return;
        case json::kind::string:
            push_text(L, {value.get_string().data(), value.get_string().size()});
            return;
        case json::kind::array: {
            lua_newtable(L);
            lua_Integer count = 0;
            for (auto const& element : value.get_array()) {
                if (element.is_null())
                    throw ScriptError(
                        "script.bad_data",
                        fmt::format("'{}' has null in a list; leave the element out", path));
                push_json(L, element, path);
                lua_rawseti(L, -2, ++count);
            }
            return;
        }
        case json::kind::object:
            break;
    }
    lua_newtable(L);
    lua_pushnil(L);   // no lines
    lua_newtable(L);  // members that are null
    for (auto const& member : value.get_object()) {
        push_text(L, {member.key().data(), member.key().size()});
        if (member.value().is_null()) {
            lua_pushboolean(L, 1);
            lua_rawset(L, -3);
        } else {
            push_json(L, member.value(), path);
            lua_rawset(L, -5);
        }
    }
    push_strict_metatable(L, fmt::format("an object of '{}'", path));
    lua_setmetatable(L, -2);
}

int read_json(lua_State* L) {
    auto const path = std::string(text_argument(L, 1, "json", "the path"));
    auto const value = parse_json(read_data(context(L), path), path);
    context(L).charge(0);
    push_json(L, value, path);
    return 1;
}

int read_text(lua_State* L) {
    push_text(L, read_data(context(L), text_argument(L, 1, "text", "the path")));
    return 1;
}

}  // namespace

std::string read_data(Context& ctx, std::string_view path) {
    auto text = ctx.folder.read(path, data_size_max);
    ctx.charge(2 * text.size());
    ctx.work(text.size());
    ctx.add_input(fmt::format("file:{}", path), core::sha256_text(text));
    ctx.data_files.emplace_back(path);
    return checked_utf8(std::move(text), path);
}

void push_strict_metatable(lua_State* L, std::string const& what) {
    push_text(L, what);
    lua_pushcclosure(L, guarded<strict_index>, 3);
    lua_newtable(L);
    lua_insert(L, -2);
    lua_setfield(L, -2, "__index");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
}

// raw.file: the C++ half of find_file.
int raw_file(lua_State* L) {
    auto const path = text_argument(L, 1, "find_file", "the path");
    (void)context(L).folder.resolve(path);
    push_text(L, path);
    return 1;
}

std::vector<FunctionBinding> const data_functions = {
    {"json",
     "path: string",
     "table",
     "The value in a file; a member that is not there is an error, `rawget` asks quietly.",
     "file_missing bad_data",
     guarded<read_json>},
    {"text",
     "path: string",
     "string",
     "The text of a file, without a byte order mark.",
     "file_missing bad_data",
     guarded<read_text>},
    {"find_file",
     "path: string",
     "string?, postrider.Error?",
     "The path, or nil and the error where there is no such file.",
     "file_outside"},
};

}  // namespace postrider::script

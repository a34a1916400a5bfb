// The standard library as scripts see it: the parts that reach nothing, in an order and a form that
// is the same on every machine. No function here has an address to show, a clock, or a way to work
// for long without being counted.
#include "lua_help.hpp"
#include "order.hpp"
#include "patterns.hpp"
#include "sandbox.hpp"

#include "bindings.hpp"
#include "lua_values.hpp"

#include <postrider/text_length.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace postrider::script {

extern std::string_view const embedded_library;    // made from scripting/lua/library.lua
extern std::string_view const embedded_postrider;  // made from scripting/lua/postrider.lua

namespace {

// --- Text

int base_tostring(lua_State* L) {
    luaL_checkany(L, 1);
    push_tostring(L, 1);
    return 1;
}

int base_print(lua_State* L) {
    std::string note;
    for (int i = 1, count = lua_gettop(L); i <= count; ++i) {
        if (i > 1) note += '\t';
        note += push_tostring(L, i);
        lua_pop(L, 1);
    }
    if (!is_valid_utf8(note))
        for (auto& letter : note)
            if ((static_cast<unsigned char>(letter) & 0x80U) != 0) letter = '?';
    auto& ctx = context(L);
    ctx.charge(note.size() + sizeof note);
    if (ctx.notes.size() >= 10'000)
        throw ScriptError("script.limit", "a script prints at most 10000 notes");
    ctx.notes.push_back(std::move(note));
    return 0;
}

// A metatable that would let the script see the collector work, or work while nobody counts, is
// refused.
int base_setmetatable(lua_State* L) {
    if (lua_istable(L, 2))
        for (char const* name : {"__gc", "__mode"}) {
            lua_pushstring(L, name);
            lua_rawget(L, 2);
            if (!lua_isnil(L, -1))
                throw ScriptError("script.not_allowed",
                                  fmt::format("'{}' is not there in campaign scripts", name))
                    .at(name);
            lua_pop(L, 1);
        }
    int const count = lua_gettop(L);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, count, 1);
    return 1;
}

int call_original(lua_State* L) {
    int const count = lua_gettop(L);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, count, LUA_MULTRET);
    return lua_gettop(L);
}

int text_search(lua_State* L) {
    if (lua_isstring(L, 1) != 0 && lua_isstring(L, 2) != 0) {
        auto const subject = view(L, 1);
        context(L).work(subject.size() / 4);
        auto const pattern = view(L, 2);
        if (pattern.size() > 2000)
            throw ScriptError("script.limit", "a pattern has at most 2000 bytes");
        if (pattern_cost(pattern, subject.size()) > pattern_cost_max)
            throw ScriptError(
                "script.limit",
                fmt::format(
                    "this pattern could take for ever on a text of {} bytes: search in shorter "
                    "parts, or with fewer of * + - ?",
                    subject.size()));
    }
    return call_original(L);
}

int text_rep(lua_State* L) {
    auto const text = luaL_checkstring(L, 1) ? view(L, 1).size() : 0;
    auto const count = luaL_checkinteger(L, 2);
    auto const separator = static_cast<std::size_t>(luaL_len(L, lua_isnoneornil(L, 3) ? 1 : 3));
    auto const part = text + (lua_isnoneornil(L, 3) ? 0 : separator);
    auto const limit = context(L).limits.memory_bytes / 2;
    if (count > 0 && part > 0 && static_cast<std::size_t>(count) > limit / part)
        throw ScriptError("script.limit", "string.rep would make a text that is too long")
            .at("rep");
    return call_original(L);
}

// Lua's own, but arguments of %s are turned into text by our tostring, and %p is not there.
int text_format(lua_State* L) {
    auto const format = std::string_view(luaL_checkstring(L, 1), lua_rawlen(L, 1));
    int argument = 1;
    for (std::size_t i = 0; i < format.size(); ++i) {
        if (format[i] != '%') continue;
        auto const kind = format.find_first_not_of("-+ #0123456789.", i + 1);
        if (kind == std::string_view::npos) break;
        i = kind;
        if (format[kind] == '%') continue;
        ++argument;
        if (format[kind] == 'p')
            throw ScriptError("script.not_allowed", "'%p' is not there: it would show an address")
                .at("format");
        if (format[kind] == 's' && argument <= lua_gettop(L)) {
            push_tostring(L, argument);
            lua_replace(L, argument);
        }
    }
    return call_original(L);
}

int table_concat(lua_State* L) {
    auto const first = luaL_optinteger(L, 3, 1);
    auto const last = lua_isnoneornil(L, 4) ? luaL_len(L, 1) : luaL_checkinteger(L, 4);
    if (last > first &&
        static_cast<lua_Unsigned>(last) - static_cast<lua_Unsigned>(first) > 10'000'000)
        throw ScriptError("script.limit", "table.concat joins at most ten million parts")
            .at("concat");
    return call_original(L);
}

// --- Names

int unknown_global(lua_State* L) {
    std::string const name = is_text(L, 2) ? std::string(view(L, 2)) : type_word(L, 2);
    static std::vector<std::string> const absent = {"_G",
                                                    "_VERSION",
                                                    "collectgarbage",
                                                    "coroutine",
                                                    "debug",
                                                    "dofile",
                                                    "getmetatable",
                                                    "io",
                                                    "load",
                                                    "loadfile",
                                                    "os",
                                                    "package",
                                                    "rawset"};
    if (std::find(absent.begin(), absent.end(), name) != absent.end())
        throw ScriptError("script.not_allowed",
                          fmt::format("'{}' is not there in campaign scripts", name))
            .at(name);
    throw ScriptError("script.unknown_field", fmt::format("there is no global '{}'", name))
        .at(name)
        .known(name, global_names());
}

int set_global(lua_State* L) {
    std::string const name = is_text(L, 2) ? std::string(view(L, 2)) : type_word(L, 2);
    throw ScriptError("script.not_allowed",
                      fmt::format("'{}' is not declared: write `local {} = ...`", name, name))
        .at(name);
}

// --- Putting it together

void wrap(lua_State* L, char const* name, lua_CFunction wrapper) {
    lua_getfield(L, -1, name);
    lua_pushcclosure(L, wrapper, 1);
    lua_setfield(L, -2, name);
}

void forget(lua_State* L, std::initializer_list<char const*> names) {
    for (auto const* name : names) {
        lua_pushnil(L);
        lua_setfield(L, -2, name);
    }
}

void open_standard(lua_State* L) {
    luaL_requiref(L, LUA_GNAME, luaopen_base, 0);
    wrap(L, "setmetatable", guarded<base_setmetatable>);
    luaL_Reg const own[] = {{"pairs", guarded<base_pairs>},
                            {"next", guarded<base_next>},
                            {"ipairs", guarded<base_ipairs>},
                            {"tostring", guarded<base_tostring>},
                            {"print", guarded<base_print>},
                            {nullptr, nullptr}};
    luaL_setfuncs(L, own, 0);
    lua_setfield(L, LUA_REGISTRYINDEX, "postrider.base");

    luaL_requiref(L, LUA_STRLIBNAME, luaopen_string, 0);
    forget(L, {"dump"});
    for (auto const* name : {"find", "match", "gmatch", "gsub"})
        wrap(L, name, guarded<text_search>);
    wrap(L, "rep", guarded<text_rep>);
    wrap(L, "format", guarded<text_format>);
    lua_pushliteral(L, "");
    lua_getmetatable(L, -1);
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_pop(L, 3);

    luaL_requiref(L, LUA_TABLIBNAME, luaopen_table, 0);
    wrap(L, "concat", guarded<table_concat>);
    lua_pop(L, 1);
    luaL_requiref(L, LUA_MATHLIBNAME, luaopen_math, 0);
    forget(L, {"random", "randomseed"});
    lua_pop(L, 1);
    luaL_requiref(L, LUA_UTF8LIBNAME, luaopen_utf8, 0);
    lua_pop(L, 1);
}

// Compiles a piece of the Lua half. Its name begins with '=', by which where() knows that it is not
// the script's.
void load_embedded(lua_State* L, std::string_view text, char const* name) {
    if (luaL_loadbufferx(L, text.data(), text.size(), name, "t") != LUA_OK) lua_error(L);
}

}  // namespace

std::vector<std::string> const& global_names() {
    static std::vector<std::string> const names = {
        "assert", "error",    "ipairs",   "math",     "next",    "pairs",  "pcall",
        "print",  "rawequal", "rawget",   "rawlen",   "require", "select", "setmetatable",
        "string", "table",    "tonumber", "tostring", "type",    "utf8",   "xpcall"};
    return names;
}

void open_library(lua_State* L) {
    open_standard(L);
    register_classes(L);

    // Sorting, inserting and moving as counted Lua: the C ones run for as long as __len says, and
    // sort by the clock.
    load_embedded(L, embedded_library, "=[postrider library]");
    lua_getfield(L, LUA_REGISTRYINDEX, "postrider.base");
    luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
    lua_getfield(L, -1, LUA_TABLIBNAME);
    lua_remove(L, -2);
    push_raw_functions(L);
    lua_call(L, 3, 0);

    // The environment: the names above, and an error for every other one.
    lua_newtable(L);
    lua_getfield(L, LUA_REGISTRYINDEX, "postrider.base");
    lua_getfield(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
    for (auto const& name : global_names()) {
        lua_getfield(L, -2, name.c_str());
        if (lua_isnil(L, -1)) {
            lua_pop(L, 1);
            lua_getfield(L, -1, name.c_str());
        }
        if (lua_isnil(L, -1))
            lua_pop(L, 1);
        else
            lua_setfield(L, -4, name.c_str());
    }
    lua_pop(L, 2);
    lua_pushcfunction(L, guarded<require_module>);
    lua_setfield(L, -2, "require");

    lua_newtable(L);
    lua_pushcfunction(L, guarded<unknown_global>);
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, guarded<set_global>);
    lua_setfield(L, -2, "__newindex");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_setmetatable(L, -2);
    lua_setfield(L, LUA_REGISTRYINDEX, "postrider.env");

    load_embedded(L, embedded_postrider, "=[postrider]");
    lua_getfield(L, LUA_REGISTRYINDEX, "postrider.base");
    push_raw_functions(L);
    lua_call(L, 2, 1);
    finish_module(L);
}

}  // namespace postrider::script

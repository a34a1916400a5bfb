// pairs, next and ipairs: numbers first, then text, then false and true, whatever order the table
// has inside.
#include "order.hpp"

#include "lua_help.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace postrider::script {
namespace {

struct Key {
    int rank = 0;  // numbers, texts, booleans
    bool whole = false;
    lua_Integer integer = 0;
    lua_Number number = 0;
    std::string_view text;

    friend bool operator<(Key const& a, Key const& b) {
        if (a.rank != b.rank) return a.rank < b.rank;
        if (a.rank == 1) return a.text < b.text;
        if (a.whole && b.whole) return a.integer < b.integer;
        return a.number < b.number;
    }
};

Key key_at(lua_State* L, int index) {
    Key key;
    switch (lua_type(L, index)) {
        case LUA_TNUMBER:
            key.whole = lua_isinteger(L, index) != 0;
            if (key.whole) key.integer = lua_tointeger(L, index);
            key.number = lua_tonumber(L, index);
            return key;
        case LUA_TSTRING:
            key.rank = 1;
            key.text = view(L, index);
            return key;
        case LUA_TBOOLEAN:
            key.rank = 2;
            key.whole = true;
            key.integer = lua_toboolean(L, index);
            return key;
        default:
            throw ScriptError(
                "script.not_allowed",
                fmt::format("a table with keys of type {} has no order to visit it in; "
                            "use numbers or text as keys",
                            type_word(L, index)));
    }
}

// Keys of the table at 1 in order. The views stay valid while the table holds the keys.
std::vector<Key> sorted_keys(lua_State* L) {
    std::vector<Key> keys;
    lua_pushnil(L);
    while (lua_next(L, 1) != 0) {
        lua_pop(L, 1);
        keys.push_back(key_at(L, -1));
    }
    std::sort(keys.begin(), keys.end());
    return keys;
}

void push_key(lua_State* L, Key const& key) {
    if (key.rank == 1)
        push_text(L, key.text);
    else if (key.rank == 2)
        lua_pushboolean(L, static_cast<int>(key.integer));
    else if (key.whole)
        lua_pushinteger(L, key.integer);
    else
        lua_pushnumber(L, key.number);
}

int next_step(lua_State* L) {
    // Upvalues: the keys in order, how many have been visited.
    lua_settop(L, 1);
    auto place = lua_tointeger(L, lua_upvalueindex(2));
    for (;;) {
        ++place;
        if (lua_rawgeti(L, lua_upvalueindex(1), place) == LUA_TNIL) return 1;
        lua_pushvalue(L, -1);
        lua_rawget(L, 1);
        if (!lua_isnil(L, -1)) break;  // not taken away meanwhile
        lua_pop(L, 2);
    }
    lua_pushinteger(L, place);
    lua_replace(L, lua_upvalueindex(2));
    return 2;
}

int ipairs_step(lua_State* L) {
    auto const i = luaL_checkinteger(L, 2) + 1;
    if (lua_isuserdata(L, 1) && i > luaL_len(L, 1)) return lua_pushnil(L), 1;
    lua_pushinteger(L, i);
    return lua_geti(L, 1, i) == LUA_TNIL ? 1 : 2;
}

}  // namespace

int base_pairs(lua_State* L) {
    if (luaL_getmetafield(L, 1, "__pairs") != LUA_TNIL) {
        lua_pushvalue(L, 1);
        lua_call(L, 1, 3);
        return 3;
    }
    if (!lua_istable(L, 1)) wrong_argument(L, 1, "pairs", "the argument", "a table");
    lua_settop(L, 1);
    auto const keys = sorted_keys(L);
    context(L).work(4 * keys.size());
    lua_createtable(L, static_cast<int>(keys.size()), 0);
    for (std::size_t i = 0; i < keys.size(); ++i) {
        push_key(L, keys[i]);
        lua_rawseti(L, 2, static_cast<lua_Integer>(i) + 1);
    }
    lua_pushinteger(L, 0);
    lua_pushcclosure(L, guarded<next_step>, 2);
    lua_pushvalue(L, 1);
    lua_pushnil(L);
    return 3;
}

// The smallest key, or the one that follows: the order of pairs, without its memory of what was
// there at the start.
int base_next(lua_State* L) {
    if (!lua_istable(L, 1)) wrong_argument(L, 1, "next", "the argument", "a table");
    lua_settop(L, 2);
    bool const begin = lua_isnil(L, 2);
    Key const after = begin ? Key{} : key_at(L, 2);
    std::optional<Key> best;
    std::size_t seen = 0;
    lua_pushnil(L);
    while (lua_next(L, 1) != 0) {
        lua_pop(L, 1);
        ++seen;
        auto const key = key_at(L, -1);
        if ((begin || after < key) && (!best || key < *best)) best = key;
    }
    context(L).work(seen);
    if (!best) return lua_pushnil(L), 1;
    push_key(L, *best);
    lua_pushvalue(L, -1);
    lua_rawget(L, 1);
    return 2;
}

int base_ipairs(lua_State* L) {
    luaL_checkany(L, 1);
    lua_pushcfunction(L, guarded<ipairs_step>);
    lua_pushvalue(L, 1);
    lua_pushinteger(L, 0);
    return 3;
}

}  // namespace postrider::script

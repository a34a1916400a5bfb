// Values of scripts in words: types, texts for messages, and tostring without addresses.
#include "lua_help.hpp"

#include <postrider/text_length.hpp>

#include <fmt/format.h>

namespace postrider::script {

namespace json = boost::json;

json::value plain_json(lua_State* L, int index) {
    switch (lua_type(L, index)) {
        case LUA_TSTRING:
            return json::string(view(L, index));
        case LUA_TBOOLEAN:
            return lua_toboolean(L, index) != 0;
        case LUA_TNUMBER:
            if (lua_isinteger(L, index)) return static_cast<std::int64_t>(lua_tointeger(L, index));
            return lua_tonumber(L, index);
        default:
            return nullptr;
    }
}

std::string type_word(lua_State* L, int index) {
    switch (lua_type(L, index)) {
        case LUA_TNONE:
        case LUA_TNIL:
            return "nothing";
        case LUA_TSTRING:
            return "text";
        case LUA_TUSERDATA: {
            std::string name = "value";
            if (luaL_getmetafield(L, index, "__name") != LUA_TNIL) {
                name = view(L, -1);
                lua_pop(L, 1);
            }
            return name;
        }
        default:
            return luaL_typename(L, index);
    }
}

std::string_view misfit_code(lua_State* L, int index) {
    return luaL_testudata(L, index, "Ask") ? "script.choice_not_ask" : "script.wrong_type";
}

std::string shown(lua_State* L, int index) {
    switch (lua_type(L, index)) {
        case LUA_TSTRING: {
            auto text = std::string(view(L, index).substr(0, 60));
            while (!text.empty() && (static_cast<unsigned char>(text.back()) & 0x80) != 0)
                text.pop_back();
            for (auto& letter : text)
                if (static_cast<unsigned char>(letter) < 0x20) letter = ' ';
            return fmt::format("'{}{}'", text, view(L, index).size() > text.size() ? "…" : "");
        }
        case LUA_TNUMBER:
        case LUA_TBOOLEAN: {
            std::string text(push_tostring(L, index));
            lua_pop(L, 1);
            return text;
        }
        default:
            return type_word(L, index);
    }
}

json::value shown_json(lua_State* L, int index) {
    if (is_text(L, index) && view(L, index).size() > 200) return json::string(shown(L, index));
    return plain_json(L, index);
}

std::string_view text_argument(lua_State* L,
                               int index,
                               std::string_view function,
                               std::string_view what) {
    if (!is_text(L, index)) wrong_argument(L, index, function, what, "text");
    if (!is_valid_utf8(view(L, index)))
        throw ScriptError("script.wrong_type", fmt::format("{} of {} is not UTF-8", what, function))
            .at(std::string(function));
    return view(L, index);
}

void wrong_argument(lua_State* L,
                    int index,
                    std::string_view function,
                    std::string_view what,
                    std::string_view wanted) {
    throw ScriptError(
        "script.wrong_type",
        fmt::format("{} of {} must be {}, not {}", what, function, wanted, type_word(L, index)))
        .at(std::string(function))
        .with_got(shown_json(L, index));
}

std::string_view push_tostring(lua_State* L, int index) {
    index = lua_absindex(L, index);
    if (luaL_callmeta(L, index, "__tostring") != 0) {
        if (!lua_isstring(L, -1))
            throw ScriptError("script.wrong_type", "__tostring must give text");
        return view(L, -1);
    }
    switch (lua_type(L, index)) {
        case LUA_TNIL:
            push_text(L, "nil");
            break;
        case LUA_TBOOLEAN:
            push_text(L, lua_toboolean(L, index) != 0 ? "true" : "false");
            break;
        case LUA_TNUMBER:
        case LUA_TSTRING:
            lua_pushvalue(L, index);
            break;
        default:
            push_text(L, type_word(L, index));
            break;
    }
    return view(L, -1);
}

}  // namespace postrider::script

// Between C++ and Lua: exceptions become error objects, values of ours become userdata, words for
// types.
//
// The C++ build of Lua is linked: an error unwinds the stack and runs destructors. guarded() stands
// around every function that Lua may call, because an exception that is not Lua's own would be
// swallowed by pcall without a word.
#pragma once

#include "context.hpp"

#include <lua.hpp>

#include <cstdint>
#include <exception>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace postrider::script {

inline Context& context(lua_State* L) {
    return **static_cast<Context**>(lua_getextraspace(L));
}

/// Raises a Lua error object for it, placed where the script is now if it has no place of its own.
/// Does not return.
[[noreturn]] void raise(lua_State* L, ScriptError error);

/// Pushes that object: a table {code, kind, message, file, line, allowed, ...} that prints as
/// printed() does.
void push_error(lua_State* L, ScriptError error);

/// The innermost frame of a script on the stack.
Place where(lua_State* L);

/// What an error value on the stack says, as an Error. `trace` is added as context where it is not
/// empty.
Error to_error(lua_State* L, int index, std::string const& trace);

/// The same for an exception that never was in Lua.
Error to_error(Context& ctx, ScriptError error);

template <int (*F)(lua_State*)>
int guarded(lua_State* L) {
    std::optional<ScriptError> trouble;
    try {
        return F(L);
    } catch (ScriptError& error) {
        trouble.emplace(std::move(error));
    } catch (std::bad_alloc const&) {
        trouble.emplace("script.limit", "the script needs more memory than it may have");
    } catch (std::exception const& error) {
        trouble.emplace("internal.exception", error.what());
    }
    raise(L, *std::move(trouble));
}

// --- Values of ours

/// T has `static constexpr char const* lua_name`, its class's name in classes().
template <class T>
int destroy(lua_State* L) {
    static_cast<T*>(lua_touserdata(L, 1))->~T();
    return 0;
}

template <class T>
void push(lua_State* L, T value) {
    auto* room = lua_newuserdatauv(L, sizeof(T), 0);
    new (room) T(std::move(value));
    luaL_setmetatable(L, T::lua_name);
}

template <class T>
T* test(lua_State* L, int index) {
    return static_cast<T*>(luaL_testudata(L, index, T::lua_name));
}

template <class T>
T& self(lua_State* L) {
    if (auto* value = test<T>(L, 1)) return *value;
    throw ScriptError("script.wrong_type", "call this function with a colon: value:name(...)");
}

// --- Plain values

inline std::string_view view(lua_State* L, int index) {
    std::size_t size = 0;
    auto const* text = lua_tolstring(L, index, &size);
    return {text, size};
}

inline void push_text(lua_State* L, std::string_view text) {
    lua_pushlstring(L, text.data(), text.size());
}

inline bool is_text(lua_State* L, int index) {
    return lua_type(L, index) == LUA_TSTRING;
}

/// `text`, `number`, `table`, `Post`, ...; `nothing` for nil.
std::string type_word(lua_State* L, int index);

/// `script.wrong_type`, or `script.choice_not_ask` where the value is an ask: it says more.
std::string_view misfit_code(lua_State* L, int index);

/// The value as a message shows it: text in quotes, cut; tables and functions by their type.
std::string shown(lua_State* L, int index);
boost::json::value shown_json(lua_State* L, int index);

/// Text, numbers and booleans as JSON, everything else as null.
boost::json::value plain_json(lua_State* L, int index);

/// Argument `index` of a function named `function`, which must be text.
std::string_view text_argument(lua_State* L,
                               int index,
                               std::string_view function,
                               std::string_view what);
[[noreturn]] void wrong_argument(lua_State* L,
                                 int index,
                                 std::string_view function,
                                 std::string_view what,
                                 std::string_view wanted);

/// Like Lua's tostring, but nothing has an address. Pushes the text and gives it.
std::string_view push_tostring(lua_State* L, int index);

}  // namespace postrider::script

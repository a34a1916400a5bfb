// Strict reading of a table that a script hands over: names, types, words and what is missing, all
// problems at once.
#pragma once

#include <postrider/instant.hpp>

#include "bindings.hpp"
#include "lua_help.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postrider::script {

/// `post 'teaser'`: the table's name with the value of one of its fields, if that is text.
std::string title_of(lua_State* L, int index, TableBinding const& table, char const* field);

class Fields {
 public:
    /// Checks the table at `index` against the binding and throws all that is wrong with it.
    /// @param title  how messages call it; empty = the binding's name.
    Fields(lua_State* L, int index, TableBinding const& table, std::string title = {});

    [[nodiscard]] std::string const& title() const { return title_; }
    [[nodiscard]] bool has(std::string_view name) const;
    /// Pushes the value; false, and nothing pushed, when there is none.
    [[nodiscard]] bool push(std::string_view name) const;

    [[nodiscard]] std::string text(std::string_view name, std::string_view otherwise = {}) const;
    [[nodiscard]] std::int64_t integer(std::string_view name, std::int64_t otherwise = 0) const;
    [[nodiscard]] bool boolean(std::string_view name, bool otherwise = false) const;
    [[nodiscard]] std::optional<Milliseconds> duration(std::string_view name) const;
    [[nodiscard]] std::vector<std::string> texts(std::string_view name) const;

    /// An error about one field.
    [[nodiscard]] ScriptError error(std::string_view code,
                                    std::string_view name,
                                    std::string message) const;
    /// An error about its type; `index` is where the value stands.
    [[nodiscard]] ScriptError wrong_type(std::string_view name,
                                         std::string_view wanted,
                                         int index) const;

 private:
    void check_unknown();
    void check_field(FieldBinding const& field);

    lua_State* L_;
    int index_;
    TableBinding const& table_;
    std::string title_;
    std::vector<ScriptError> problems_;
};

/// Reads a list whose elements are all text. `what` names it in messages.
std::vector<std::string> read_texts(lua_State* L,
                                    int index,
                                    std::string const& what,
                                    std::string_view mark);

/// Calls `visit(i)` with each element of a plain list on top of the stack. Throws when it is not a
/// list.
template <class F>
void each_element(
    lua_State* L, int index, std::string const& what, std::string_view mark, F visit) {
    index = lua_absindex(L, index);
    if (!lua_istable(L, index))
        throw ScriptError("script.wrong_type", what + " must be a list, not " + type_word(L, index))
            .at(std::string(mark));
    auto const count = static_cast<lua_Integer>(lua_rawlen(L, index));
    luaL_checkstack(L, 10, nullptr);
    lua_pushnil(L);
    while (lua_next(L, index) != 0) {
        lua_pop(L, 1);
        if (lua_isinteger(L, -1) == 0 || lua_tointeger(L, -1) < 1 || lua_tointeger(L, -1) > count)
            throw ScriptError("script.wrong_type",
                              what + " must be a list, but has the key " + shown(L, -1))
                .at(std::string(mark));
    }
    for (lua_Integer i = 1; i <= count; ++i) {
        lua_rawgeti(L, index, i);
        visit(static_cast<int>(i));
        lua_pop(L, 1);
    }
}

/// Names of a table with text keys, sorted. Throws when it has other keys.
std::vector<std::string> text_keys(lua_State* L,
                                   int index,
                                   std::string const& what,
                                   std::string_view mark);

/// Throws `script.bad_key` unless the text is a key: `[a-z0-9][more]{0,62}`.
void check_key(std::string_view key, std::string_view more, std::string const& what);

std::vector<std::string> split(std::string_view text, char separator);

}  // namespace postrider::script

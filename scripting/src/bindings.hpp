// The one table of everything that a script can name: functions, the tables that they take, the
// classes that they give. Scripts are checked by it, and stubs, linter configuration and the
// reference page are written from it.
#pragma once

#include <lua.hpp>

#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace postrider::script {

/// What the checker knows about the value of a field before the binding itself looks at it.
enum class Form {
    text,
    integer,
    number,
    boolean,
    duration,  ///< `1h30m`
    words,     ///< one of `words`
    texts,     ///< list of text
    any,       ///< the binding looks
};

struct FieldBinding {
    std::string_view name;
    Form form = Form::any;
    bool needed = false;
    std::string_view doc;
    std::string_view type = {};   ///< for the stubs, where the form does not say it
    std::string_view words = {};  ///< parted by '|'
    int stage = 1;                ///< above 1: known by name, and refused by it
};

/// A table that a function takes.
struct TableBinding {
    std::string_view name;        ///< as messages call it: `post`
    std::string_view class_name;  ///< as the stubs call it: `PostFields`
    std::string_view doc;
    std::span<FieldBinding const> fields;
};

struct FunctionBinding {
    std::string_view name;
    std::string_view params;   ///< `path: string, t?: postrider.CsvFields`
    std::string_view returns;  ///< type of the result; empty = none
    std::string_view doc;
    std::string_view raises;       ///< codes without `script.`, parted by blanks
    lua_CFunction call = nullptr;  ///< null: written in Lua, or of a later stage
    int stage = 1;
};

/// A field of a value of ours; `push` finds the value at stack index 1.
struct PropertyBinding {
    std::string_view name;
    std::string_view type;
    std::string_view doc;
    lua_CFunction push = nullptr;
};

struct ClassBinding {
    std::string_view name;
    std::string_view doc;
    std::span<PropertyBinding const> properties = {};
    std::span<FunctionBinding const> methods = {};
    lua_CFunction destroy = nullptr;
    /// Called instead of the search in properties and methods when the key is a number.
    lua_CFunction index = nullptr;
    lua_CFunction length = nullptr;
    lua_CFunction call = nullptr;
    lua_CFunction equal = nullptr;
    lua_CFunction text = nullptr;
    std::string_view base = {};  ///< for the stubs: what else it is, such as a list
};

// Each file of bindings brings its part; bindings.cpp puts them together.
std::vector<FunctionBinding> const& functions();  ///< of the module, by name
std::vector<TableBinding const*> const& tables();
std::vector<ClassBinding const*> const& classes();
std::vector<PropertyBinding> const& module_values();  ///< `ask`, `version`, `api`

FunctionBinding const* find_function(std::string_view name);

/// Creates the metatables of classes().
void register_classes(lua_State* L);
/// Pushes a table of the C++ half: what the Lua half calls raw.
void push_raw_functions(lua_State* L);
/// Takes the table of Lua functions at the top of the stack, and makes the module of it and
/// functions().
void finish_module(lua_State* L);
/// `require`, for scripts.
int require_module(lua_State* L);

}  // namespace postrider::script

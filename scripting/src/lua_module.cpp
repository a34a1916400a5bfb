// The module itself: require, ask, needs, the values, and what of the C++ half the Lua half is
// given.
#include "lua_values.hpp"
#include "sandbox.hpp"
#include "zone.hpp"

#include <postrider/core/canonical_json.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace postrider::script {

int raw_file(lua_State* L);

namespace {

namespace json = boost::json;

constexpr lua_Integer api_version = 1;
constexpr char const* module_name = "postrider.module";
constexpr char const* modules_name = "postrider.modules";

// --- ask, needs

int ask_call(lua_State* L) {
    push(L, AskValue{std::string(text_argument(L, 2, "ask", "the note"))});
    return 1;
}

int ask_value(lua_State* L) {
    push(L, AskValue{});
    return 1;
}

std::array<int, 3> read_version(std::string_view text) {
    std::array<int, 3> version{};
    std::size_t part = 0;
    for (auto const& digits : split(text, '.')) {
        if (part == version.size() || digits.empty() || digits.size() > 6 ||
            digits.find_first_not_of("0123456789") != std::string::npos)
            throw ScriptError("script.api", fmt::format("'{}' is no version such as \"1.3\"", text))
                .at(std::string(text));
        version[part++] = std::stoi(digits);
    }
    return version;
}

int check_version(lua_State* L) {
    auto const wanted = text_argument(L, 1, "needs", "the version");
    auto const& have = context(L).host.version;
    if (read_version(have) < read_version(wanted))
        throw ScriptError(
            "script.api",
            fmt::format("this campaign needs postrider {}, and this is {}", wanted, have))
            .at(std::string(wanted))
            .with_got(json::string(have));
    return 0;
}

int version_value(lua_State* L) {
    return push_text(L, context(L).host.version), 1;
}
int api_value(lua_State* L) {
    return lua_pushinteger(L, api_version), 1;
}

// --- The C++ half

int raw_fail(lua_State* L) {
    ScriptError error(view(L, 1), std::string(view(L, 2)));
    if (is_text(L, 3)) error.at(std::string(view(L, 3)));
    throw error;
}

int raw_type_word(lua_State* L) {
    return push_text(L, type_word(L, 1)), 1;
}

int raw_is_slots(lua_State* L) {
    return lua_pushboolean(L, test<SlotsValue>(L, 1) ? 1 : 0), 1;
}

// The value if it is a whole number, else nil.
int raw_integer(lua_State* L) {
    int whole = 0;
    auto const value = lua_tointegerx(L, 1, &whole);
    if (whole != 0 && lua_type(L, 1) == LUA_TNUMBER)
        lua_pushinteger(L, value);
    else
        lua_pushnil(L);
    return 1;
}

int raw_pick(lua_State* L) {
    auto const count = static_cast<std::uint64_t>(lua_tointeger(L, 2));
    lua_pushinteger(
        L, static_cast<lua_Integer>(seeded(fmt::format("pick\n{}", view(L, 1))) % count) + 1);
    return 1;
}

// --- require

FieldBinding const require_api_fields[] = {
    {"api", Form::integer, false, "which version of these functions: 1"},
};
TableBinding const api_table{
    "require", "RequireApi", "Which version of the functions.", require_api_fields};

[[noreturn]] void api_missing() {
    throw ScriptError(
        "script.api",
        "name the version of the functions: local postrider = require \"postrider\" { api = 1 }")
        .at("postrider");
}

int choose_api(lua_State* L) {
    if (!lua_istable(L, 2)) api_missing();
    Fields const fields(L, 2, api_table);
    if (!fields.has("api")) api_missing();
    if (auto const wanted = fields.integer("api"); wanted != api_version) {
        auto error =
            fields
                .error("script.api",
                       "api",
                       fmt::format("there is no api {}: this program has {}", wanted, api_version))
                .with_got(wanted);
        error.allowed.emplace_back(api_version);
        throw error;
    }
    lua_getfield(L, LUA_REGISTRYINDEX, module_name);
    return 1;
}

int api_unchosen(lua_State*) {
    api_missing();
}

void push_chooser(lua_State* L) {
    lua_newtable(L);
    lua_newtable(L);
    luaL_Reg const meta[] = {{"__call", guarded<choose_api>},
                             {"__index", guarded<api_unchosen>},
                             {"__newindex", guarded<api_unchosen>},
                             {nullptr, nullptr}};
    luaL_setfuncs(L, meta, 0);
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_setmetatable(L, -2);
}

void check_module_name(std::string_view name) {
    bool good = !name.empty() && name.size() <= 64;
    for (char const c : name)
        good = good && ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                        (c >= '0' && c <= '9') || c == '_' || c == '-');
    if (!good)
        throw ScriptError("script.file_outside",
                          fmt::format("require takes the name of a file in the campaign's folder, "
                                      "without '.lua', not '{}'",
                                      name.substr(0, 60)))
            .at(std::string(name));
}

// --- The module

int module_index(lua_State* L) {
    lua_pushvalue(L, 2);
    if (lua_rawget(L, lua_upvalueindex(1)) != LUA_TNIL) return 1;
    auto const name = shown(L, 2);
    auto const text = is_text(L, 2) ? std::string(view(L, 2)) : name;
    if (auto const* later = find_function(text); later && later->stage > 1)
        throw ScriptError("script.not_allowed",
                          fmt::format("'{}' comes with stage {}", text, later->stage))
            .at(text);
    std::vector<std::string> names;
    for (auto const& function : functions())
        if (function.stage == 1) names.emplace_back(function.name);
    for (auto const& value : module_values()) names.emplace_back(value.name);
    std::sort(names.begin(), names.end());
    throw ScriptError("script.unknown_field", fmt::format("postrider has no function {}", name))
        .at(text)
        .with_got(json::string(text))
        .known(text, names);
}

int module_fixed(lua_State* L) {
    throw ScriptError(
        "script.not_allowed",
        fmt::format("the postrider table cannot be changed, also not its {}", shown(L, 2)));
}

}  // namespace

ClassBinding const ask_class{.name = "Ask",
                             .doc = "Leaves a choice to the approver.",
                             .destroy = destroy<AskValue>,
                             .call = guarded<ask_call>,
                             .base = "fun(note: string): postrider.Ask"};

std::vector<FunctionBinding> const module_functions = {
    {"each",
     "list: any[], fn: fun(item: any, index: integer): any",
     "any[]",
     "The results of the function for each item, without nils.",
     "wrong_type"},
    {"needs", "version: string", "", "Refuses an older program.", "api", guarded<check_version>},
    {"pick",
     "list: any[], key: string",
     "any",
     "One element, decided by the key and the list's length alone.",
     "wrong_type"},
};

std::vector<PropertyBinding> const& module_values() {
    static std::vector<PropertyBinding> const values = {
        {"ask",
         "postrider.Ask",
         "Leaves a choice to the approver; `ask \"a sentence\"` tells them something.",
         guarded<ask_value>},
        {"version", "string", "of the program", guarded<version_value>},
        {"api", "integer", "1", guarded<api_value>},
    };
    return values;
}

void push_raw_functions(lua_State* L) {
    lua_newtable(L);
    luaL_Reg const raw[] = {{"fail", guarded<raw_fail>},
                            {"type_word", guarded<raw_type_word>},
                            {"is_slots", guarded<raw_is_slots>},
                            {"integer", guarded<raw_integer>},
                            {"pick", guarded<raw_pick>},
                            {"file", guarded<raw_file>},
                            {"account", find_function("account")->call},
                            {nullptr, nullptr}};
    luaL_setfuncs(L, raw, 0);
}

void finish_module(lua_State* L) {
    // At the top: what the Lua half made. Every function of the table is either there or in C++.
    lua_newtable(L);
    for (auto const& function : functions()) {
        if (function.stage > 1) continue;
        push_text(L, function.name);
        if (function.call) {
            lua_pushcfunction(L, function.call);
        } else {
            lua_pushvalue(L, -1);
            lua_rawget(L, -4);
        }
        lua_rawset(L, -3);
    }
    for (auto const& value : module_values()) {
        push_text(L, value.name);
        lua_pushcfunction(L, value.push);
        lua_call(L, 0, 1);
        lua_rawset(L, -3);
    }
    // Scripts get an empty table in front of it, so that nothing of it can be replaced.
    lua_pushcclosure(L, guarded<module_index>, 1);
    lua_newtable(L);
    lua_newtable(L);
    lua_rotate(L, -3, -1);
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, guarded<module_fixed>);
    lua_setfield(L, -2, "__newindex");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_setmetatable(L, -2);
    lua_setfield(L, LUA_REGISTRYINDEX, module_name);
    lua_pop(L, 1);
}

int require_module(lua_State* L) {
    auto const name = std::string(text_argument(L, 1, "require", "the name"));
    if (name == "postrider") return push_chooser(L), 1;
    check_module_name(name);
    lua_settop(L, 1);
    luaL_getsubtable(L, LUA_REGISTRYINDEX, modules_name);
    if (lua_getfield(L, 2, name.c_str()) != LUA_TNIL) {
        if (lua_islightuserdata(L, -1))
            throw ScriptError("script.cycle",
                              fmt::format("'{}.lua' requires itself, by way of others", name))
                .at(name);
        return 1;
    }
    lua_pop(L, 1);
    auto& ctx = context(L);
    auto const path = name + ".lua";
    auto text = ctx.folder.read(path, std::size_t{4} << 20U);
    ctx.add_input(fmt::format("script:{}", path), core::sha256_text(text));
    lua_pushlightuserdata(L, L);  // being loaded
    lua_setfield(L, 2, name.c_str());
    load_chunk(L, path, std::move(text));
    lua_call(L, 0, 1);
    if (lua_isnil(L, -1)) {
        lua_pop(L, 1);
        lua_pushboolean(L, 1);
    }
    lua_pushvalue(L, -1);
    lua_setfield(L, 2, name.c_str());
    return 1;
}

}  // namespace postrider::script

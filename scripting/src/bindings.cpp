// Puts the parts of the binding table together, and makes metatables of its classes.
#include "bindings.hpp"

#include "lua_values.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace postrider::script {
namespace {

// One __index for every class; its binding is the upvalue.
int class_index(lua_State* L) {
    auto const& binding = *static_cast<ClassBinding const*>(lua_touserdata(L, lua_upvalueindex(1)));
    if (!is_text(L, 2)) {
        if (binding.index && lua_type(L, 2) == LUA_TNUMBER) return binding.index(L);
        throw ScriptError("script.unknown_field",
                          fmt::format("a {} has no field {}", binding.name, shown(L, 2)));
    }
    auto const name = std::string(view(L, 2));
    for (auto const& property : binding.properties)
        if (property.name == name) return property.push(L);
    for (auto const& method : binding.methods)
        if (method.name == name) return lua_pushcfunction(L, method.call), 1;
    std::vector<std::string> names;
    for (auto const& property : binding.properties) names.emplace_back(property.name);
    for (auto const& method : binding.methods) names.emplace_back(method.name);
    throw ScriptError("script.unknown_field",
                      fmt::format("a {} has no field '{}'", binding.name, name))
        .at(name)
        .with_got(boost::json::string(name))
        .known(name, names);
}

int class_fixed(lua_State* L) {
    throw ScriptError("script.not_allowed",
                      fmt::format("a {} cannot be changed: make a new one", type_word(L, 1)));
}

}  // namespace

std::vector<FunctionBinding> const& functions() {
    static std::vector<FunctionBinding> const all = [] {
        std::vector<FunctionBinding> list;
        for (auto const* part : {&campaign_functions,
                                 &post_functions,
                                 &media_functions,
                                 &caption_functions,
                                 &time_functions,
                                 &every_functions,
                                 &data_functions,
                                 &csv_functions,
                                 &account_functions,
                                 &route_functions,
                                 &hook_functions,
                                 &module_functions})
            list.insert(list.end(), part->begin(), part->end());
        std::sort(
            list.begin(), list.end(), [](auto const& a, auto const& b) { return a.name < b.name; });
        return list;
    }();
    return all;
}

std::vector<TableBinding const*> const& tables() {
    static std::vector<TableBinding const*> const all = {&campaign_table,
                                                         &post_table,
                                                         &catch_up_table,
                                                         &spacing_table,
                                                         &caps_table,
                                                         &blackout_table,
                                                         &conflict_table,
                                                         &zone_rule_table,
                                                         &hooks_table,
                                                         &media_table,
                                                         &find_media_table,
                                                         &require_table,
                                                         &caption_table,
                                                         &csv_table,
                                                         &every_table,
                                                         &accounts_table,
                                                         &route_table};
    return all;
}

std::vector<ClassBinding const*> const& classes() {
    static std::vector<ClassBinding const*> const all = {&campaign_class,
                                                         &post_class,
                                                         &media_class,
                                                         &account_class,
                                                         &caption_class,
                                                         &time_class,
                                                         &slots_class,
                                                         &route_class,
                                                         &action_class,
                                                         &ask_class};
    return all;
}

FunctionBinding const* find_function(std::string_view name) {
    for (auto const& function : functions())
        if (function.name == name) return &function;
    return nullptr;
}

void register_classes(lua_State* L) {
    for (auto const* binding : classes()) {
        luaL_newmetatable(L, std::string(binding->name).c_str());  // also sets __name
        lua_pushlightuserdata(L, const_cast<ClassBinding*>(binding));
        lua_pushcclosure(L, guarded<class_index>, 1);
        lua_setfield(L, -2, "__index");
        for (auto const& [name, function] :
             {std::pair{"__newindex", lua_CFunction{guarded<class_fixed>}},
              {"__gc", binding->destroy},
              {"__len", binding->length},
              {"__call", binding->call},
              {"__eq", binding->equal},
              {"__tostring", binding->text}}) {
            if (!function) continue;
            lua_pushcfunction(L, function);
            lua_setfield(L, -2, name);
        }
        lua_pushboolean(L, 0);
        lua_setfield(L, -2, "__metatable");
        lua_pop(L, 1);
    }
}

}  // namespace postrider::script

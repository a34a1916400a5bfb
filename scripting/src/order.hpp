// The order in which scripts visit a table: the same on every machine.
#pragma once

#include <lua.hpp>

namespace postrider::script {

int base_pairs(lua_State* L);
int base_next(lua_State* L);
int base_ipairs(lua_State* L);

}  // namespace postrider::script

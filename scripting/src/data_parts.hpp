// What the readers of data files share.
#pragma once

#include "lua_help.hpp"

#include <string>
#include <string_view>

namespace postrider::script {

/// The text of a data file: inside the folder, UTF-8, recorded as an input.
std::string read_data(Context& ctx, std::string_view path);

/// Pops a table of lines (or nil) and a set of names that may be nil; pushes a metatable by which
/// every other name is `script.unknown_column`.
void push_strict_metatable(lua_State* L, std::string const& what);

}  // namespace postrider::script

// Reading what a script may write for one of our values: an Account or its name, a Media or its
// path, a Time or its text.
#pragma once

#include "lua_help.hpp"
#include "strict.hpp"
#include "values.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace postrider::script {

/// Name of the account at `index`: an Account, a name or an id. Throws `script.unknown_account`.
std::string read_account(lua_State* L, int index, std::string const& what);
std::vector<std::string> read_accounts(lua_State* L,
                                       int index,
                                       std::string const& what,
                                       std::string_view mark);

MediaValue read_media(lua_State* L, int index, std::string const& what);

/// A Time, `2027-03-01 18:00[:00]`, or RFC 3339. Throws `script.bad_time`.
TimeValue read_time(lua_State* L, int index, std::string const& what, std::string_view mark);
TimeValue parse_time(std::string_view text, std::string_view mark);

CaptionValue read_caption(lua_State* L, int index, std::string const& what, std::string_view mark);

/// Throws `script.unknown_zone`, with the nearest name.
void check_zone(std::string_view zone);

boost::json::object read_hooks(lua_State* L, int index, std::string const& what);

// Of each file of bindings: its part of the tables in bindings.hpp.
extern std::vector<FunctionBinding> const campaign_functions, post_functions, media_functions,
    caption_functions, time_functions, every_functions, data_functions, csv_functions,
    account_functions, route_functions, hook_functions, module_functions;

extern TableBinding const campaign_table, catch_up_table, spacing_table, caps_table, blackout_table,
    conflict_table, zone_rule_table, post_table, hooks_table, media_table, find_media_table,
    require_table, caption_table, csv_table, every_table, accounts_table, route_table;
extern ClassBinding const campaign_class, post_class, media_class, account_class, caption_class,
    time_class, slots_class, route_class, action_class, ask_class;

}  // namespace postrider::script

// How much of what a limit allows is used, and whether accounts get their turns evenly.
#pragma once

#include <boost/json/object.hpp>

namespace postrider::simulate {

struct NetworkKind;

boost::json::object measure_slots();
/// Of accounts with as much to do, and of others beside one with so many posts at once.
boost::json::object measure_turns(NetworkKind const& kind, int whale_jobs);

}  // namespace postrider::simulate

// How much of what a limit allows is used, and whether accounts get their turns evenly.
#pragma once

#include <boost/json/object.hpp>

namespace postrider::simulate {

struct NetworkKind;

boost::json::object measure_slots();
boost::json::object measure_turns(NetworkKind const& kind);

}  // namespace postrider::simulate

// How people see a simulation: the calendar first, then what does not go as planned, then limits.
#pragma once

#include "terminal/text.hpp"

#include <boost/json/object.hpp>

#include <cstddef>
#include <string>

namespace postrider::cli {

std::string simulation_text(boost::json::object const& data, std::size_t width, Paint const& paint);

}  // namespace postrider::cli

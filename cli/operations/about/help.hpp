// Help made from the table: for all commands, for one noun, for one command.
#pragma once

#include "operations/operation.hpp"
#include "terminal/text.hpp"

#include <boost/json/object.hpp>

#include <string>

namespace postrider::cli {

/// Everything about one operation, as data.
boost::json::object operation_object(Operation const& operation);

/// `postrider job wait JOB... [flags]`.
std::string usage_line(Operation const& operation);

std::string operation_help(Operation const& operation, Paint const& paint);
std::string overview_help(Paint const& paint);
std::string noun_help(std::string const& noun, Paint const& paint);

}  // namespace postrider::cli

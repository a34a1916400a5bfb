// The answer: what the diary says, in the order of the calendar.
#pragma once

#include "diary.hpp"

#include <boost/json/object.hpp>

#include <map>
#include <string>

namespace postrider::rehearse {

/// Why nobody gave the yes that a job waits for, by its key.
using Unanswered = std::map<std::string, std::string>;

Result<boost::json::object> report(Ground& ground,
                                   Diary const& diary,
                                   Request const& request,
                                   Unanswered const& unanswered,
                                   Instant end);

}  // namespace postrider::rehearse

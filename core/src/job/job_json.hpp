// JSON forms that job and plan share. Private to core.
#pragma once

#include <postrider/core/job.hpp>
#include <postrider/error.hpp>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <vector>

namespace postrider::core::detail {

/// Everything of a job that will be sent or obeyed, by field: what job_hash() hashes and what a
/// plan compares.
boost::json::object sent_or_obeyed(JobSpec const& spec);

boost::json::array findings_json(std::vector<Finding> const& findings);
std::vector<Finding> findings_from_json(boost::json::array const& array);

}  // namespace postrider::core::detail

// What follows when a job has come to a state: its event, and the actions of its hooks. Hooks are
// data in the job; raised in the transaction that makes the state durable, they are done
// afterwards, at least once, by whichever engine runs.
#pragma once

#include <postrider/core/job.hpp>
#include <postrider/core/store.hpp>

#include <boost/json/object.hpp>

#include <string>
#include <string_view>

namespace postrider::core {

/// The data of an event about a job.
boost::json::object job_event(Job const& job);

/// Appends `job.<state>` and one HookRun for each action of `on.<state>`. To be called in the
/// transaction that writes the job.
Result<void> announce_state(Tables& tables, Job const& job, Instant now);

/// The text of a notice: {campaign} {post} {account} {state} {link} {code} {owner} {message} are
/// filled in from the job, `{{` and `}}` are braces.
std::string notice_text(std::string_view text, Job const& job);

/// The line that a channel is given for a notice, without its end.
std::string notice_line(HookRun const& run, Job const& job);

}  // namespace postrider::core

// What every command that plans has in common: fresh facts of the creators, the plan itself, how it
// is shown, applying it.
#pragma once

#include "operations/context.hpp"

#include <postrider/core/plan.hpp>
#include <postrider/core/store.hpp>

#include <boost/json/object.hpp>

#include <functional>
#include <string>
#include <vector>

namespace postrider::cli {

/// How old facts of a creator may be before the network is asked again.
inline constexpr Milliseconds facts_age_max{10 * 60'000};

/// How people see a plan, and what became of it.
inline constexpr std::string_view plan_view =
    "jobs: action post account due_at wall zone needs_approval caption; hide: inputs reserves "
    "notes";
inline constexpr std::string_view applied_view =
    "jobs: state account post due_at receipt.seen.link id; approvals: id state expires_at; "
    "requests: account effect method url body";

/// Asks the networks what these accounts may do now. `offline`: what is stored has to do. A network
/// that does not answer leaves a warning, since a plan can be made without it.
Result<void> refresh_facts(Context& context,
                           std::vector<std::string> const& accounts,
                           bool offline);

/// Makes a plan and stores it. A plan with errors comes back without a hash.
Result<core::Plan> make_and_store(Context& context, core::PlanRequest request);

/// `data` of an answer that shows a plan. `only`: these actions, all when empty.
boost::json::object plan_data(core::Plan const& plan, std::vector<std::string> const& only = {});

/// The error of a plan that cannot be applied: one finding's own code, or `plan.findings` with all
/// of them. `place` adds file and line to the findings of one post.
Error findings_error(
    Context& context,
    core::Plan const& plan,
    std::function<void(std::string_view post_key, std::vector<Finding>&)> const& place = {});

/// Warnings of a plan, for the envelope.
std::vector<Finding> plan_warnings(core::Plan const& plan);

/// The answer after a plan was made: data, warnings, what to do next. `apply` is the command that
/// applies it.
Answer planned_answer(core::Plan const& plan, std::vector<std::string> apply);

/// How applying goes on.
struct ApplyWish {
    std::string plan_id;
    std::string hash;
    bool only_approved = false;
    bool wait = false;
};

/// Applies a plan; on a terminal it goes on into the grant, and with `wait` the engine runs until
/// all is settled.
Result<Answer> apply_and_answer(Context& context, ApplyWish const& wish);

}  // namespace postrider::cli

// From what a script said to jobs: routing, rendering, times, and the campaign's own rules.
#pragma once

#include <postrider/core/job.hpp>

#include "context.hpp"
#include "values.hpp"

#include <string>
#include <vector>

namespace postrider::script {

/// All jobs, sorted by due time, key and account. Throws what is wrong with the script, placed at
/// the post.
std::vector<core::JobSpec> expand(Context& ctx, CampaignDecl const& campaign);

/// Accounts of one post by section 5.6: its own, else those of matching routes, else the
/// campaign's. Sorted, each once. Throws `script.unrouted`.
std::vector<std::string> route_post(Context& ctx,
                                    CampaignDecl const& campaign,
                                    PostDecl const& post,
                                    adapter::PostKind kind);

/// What spacing, caps and blackouts need to know of one job.
struct Placement {
    core::JobSpec* spec = nullptr;
    std::string app;        ///< id
    std::string zone;       ///< of the account; the campaign's where it has none
    std::string rule_zone;  ///< in which the campaign's own times are meant for this account
};

/// Checks the campaign's rules over its own jobs and those in the store: findings
/// `schedule.impossible` that name the smallest set of rules that clash, or with `conflict = {
/// shift }` the next free time.
void apply_rules(Context& ctx, CampaignDecl const& campaign, std::vector<Placement>& placements);

/// The campaign's blackouts around an instant, in the zone of an account: [{"from","to","why"}].
boost::json::array compile_blackouts(CampaignDecl const& campaign,
                                     std::string const& zone,
                                     Instant around);

/// Sets due time, wall, zone and rule of a spec.
void set_time(core::JobSpec& spec, Instant at, std::string const& zone, ZoneRule const& rule);

}  // namespace postrider::script

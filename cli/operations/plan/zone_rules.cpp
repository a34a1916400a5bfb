// One transaction: all jobs move, and the version is written down, or nothing has happened.
#include "operations/plan/zone_rules.hpp"

#include "operations/lookup.hpp"

#include <postrider/core/job.hpp>
#include <postrider/script/time.hpp>

#include <boost/json/object.hpp>

namespace postrider::cli {

namespace {

constexpr std::string_view version_setting = "zone_data_version";

// A person has given it a time of its own, which is no longer the one that was written.
Result<bool> was_given_a_time(core::Tables& tables, core::Job const& job) {
    if (job.approval_id.empty()) return false;
    auto approval = tables.approval(job.approval_id);
    if (!approval) return approval.error();
    if (!*approval) return false;
    auto const* answers = (*approval)->body.if_contains("answers");
    auto const* own =
        answers && answers->is_object() ? answers->get_object().if_contains(job.spec.key) : nullptr;
    return own && own->is_object() && own->get_object().contains("when");
}

Result<void> move_job(core::Tables& tables, core::Job job, Instant now) {
    auto const& spec = job.spec;
    if (spec.asap || spec.wall.empty() || job.attempt > 0 || job.committed) return {};
    auto const rule = script::ZoneRule::parse(spec.zone_rule);
    auto const compiled =
        script::compile_time(spec.wall, spec.zone, rule.value_or(script::ZoneRule{}));
    // A zone that is gone, or a time that a rule refuses: what was planned stands.
    if (!compiled || compiled->at == spec.due_at) return {};
    auto const given = was_given_a_time(tables, job);
    if (!given) return given.error();
    if (*given) return {};
    boost::json::object data;
    data["job"] = job.id;
    data["account"] = spec.account;
    data["reason"] = "zone_rules";
    data["from"] = to_rfc3339(spec.due_at);
    data["due_at"] = to_rfc3339(compiled->at);
    if (job.next_at == spec.due_at) job.next_at = compiled->at;
    job.spec.due_at = compiled->at;
    job.updated_at = now;
    if (auto updated = tables.update_job(job); !updated) return updated;
    return tables.add_event("job.moved", std::move(data), now);
}

}  // namespace

Result<void> follow_zone_rules(Context& context) {
    auto const version = script::zone_data_version();
    if (version == "unknown") return {};
    auto known = read_store<std::optional<std::string>>(
        context, [](core::Tables& tables) { return tables.setting(version_setting); });
    if (!known) return known.error();
    if (*known == version) return {};
    auto store = context.store();
    if (!store) return store.error();
    auto const now = context.now();
    return (*store)->write([&](core::Tables& tables) -> Result<void> {
        // Before the first version was written down nothing is known to have changed.
        if (*known) {
            core::JobFilter filter;
            filter.states = {core::JobState::scheduled, core::JobState::awaiting_approval};
            auto jobs = all_jobs(tables, filter);
            if (!jobs) return jobs.error();
            for (auto& job : *jobs) {
                if (!job.lease_owner.empty()) continue;
                if (auto moved = move_job(tables, std::move(job), now); !moved) return moved;
            }
        }
        return tables.put_setting(version_setting, version);
    });
}

}  // namespace postrider::cli

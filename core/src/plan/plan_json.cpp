// Plans as JSON: what the store keeps and every surface shows.
#include <postrider/core/plan.hpp>

#include "job/job_json.hpp"
#include "job/json_members.hpp"
#include "plan/plan_parts.hpp"

#include <postrider/catalogue.hpp>

#include <fmt/format.h>

namespace postrider::core {
namespace {

namespace json = boost::json;

json::object planned_json(PlannedJob const& planned) {
    json::object object;
    object["action"] = word(planned.action);
    object["key"] = planned.spec.key;
    object["post"] = planned.spec.post_key;
    object["account"] = planned.spec.account;
    object["network"] = planned.spec.network;
    object["due_at"] = to_rfc3339(planned.spec.due_at);
    object["wall"] = detail::text_or_null(planned.spec.wall);
    object["zone"] = detail::text_or_null(planned.spec.zone);
    object["job_hash"] = detail::text_or_null(planned.hash);
    object["job_id"] = detail::text_or_null(planned.job_id);
    object["prior_hash"] = detail::text_or_null(planned.prior_hash);
    object["prior_state"] = detail::text_or_null(planned.prior_state);
    object["frozen"] = planned.frozen;
    object["differs"] = detail::texts_json(planned.differs);
    object["needs_approval"] = planned.needs_approval;
    object["asks"] = detail::texts_json(planned.asks);
    object["findings"] = detail::findings_json(planned.findings);
    object["spec"] = to_json(planned.spec);
    return object;
}

PlannedJob planned_from_json(json::object const& object) {
    PlannedJob planned;
    planned.action =
        from_word<PlanAction>(detail::read_text(object, "action")).value_or(PlanAction::unchanged);
    planned.spec = job_spec_from_json(detail::read_object(object, "spec"));
    planned.hash = detail::read_text(object, "job_hash");
    planned.job_id = detail::read_text(object, "job_id");
    planned.prior_hash = detail::read_text(object, "prior_hash");
    planned.prior_state = detail::read_text(object, "prior_state");
    planned.frozen = detail::read_flag(object, "frozen");
    planned.differs = detail::read_texts(object, "differs");
    planned.needs_approval = detail::read_flag(object, "needs_approval");
    planned.asks = detail::read_texts(object, "asks");
    planned.findings = detail::findings_from_json(detail::read_array(object, "findings"));
    return planned;
}

}  // namespace

std::map<std::string, int> Plan::counts() const {
    std::map<std::string, int> counts;
    for (auto const& [action, name] : Words<PlanAction>::table) counts[std::string(name)] = 0;
    for (auto const& job : jobs) ++counts[std::string(word(job.action))];
    return counts;
}

std::vector<Finding> Plan::errors() const {
    std::vector<Finding> errors;
    for (auto const& job : jobs)
        for (auto const& finding : job.findings)
            if (finding.level == Finding::Level::error) errors.push_back(finding);
    return errors;
}

json::object to_json(Plan const& plan) {
    json::object object;
    object["id"] = plan.id;
    object["plan_hash"] = detail::text_or_null(plan.hash);
    object["campaign"] = detail::text_or_null(plan.campaign);
    object["file"] = detail::text_or_null(plan.file);
    object["created_at"] = to_rfc3339(plan.created_at);
    object["valid_until"] = to_rfc3339(plan.valid_until);
    json::object counts;
    for (auto const& [action, count] : plan.counts()) counts[action] = count;
    object["counts"] = std::move(counts);
    json::array jobs;
    for (auto const& job : plan.jobs) jobs.push_back(planned_json(job));
    object["jobs"] = std::move(jobs);
    object["notes"] = detail::texts_json(plan.notes);
    object["inputs"] = plan.inputs;
    object["reserves"] = plan.reserves;
    return object;
}

Plan plan_from_json(json::object const& object) {
    Plan plan;
    plan.id = detail::read_text(object, "id");
    plan.hash = detail::read_text(object, "plan_hash");
    plan.campaign = detail::read_text(object, "campaign");
    plan.file = detail::read_text(object, "file");
    plan.created_at = detail::read_instant(object, "created_at").value_or(Instant{});
    plan.valid_until = detail::read_instant(object, "valid_until").value_or(Instant{});
    for (auto const& job : detail::read_array(object, "jobs"))
        if (job.is_object()) plan.jobs.push_back(planned_from_json(job.get_object()));
    plan.notes = detail::read_texts(object, "notes");
    plan.inputs = detail::read_object(object, "inputs");
    plan.reserves = detail::read_object(object, "reserves");
    return plan;
}

Result<Plan> detail::read_plan(StoredPlan const& stored) {
    auto plan = plan_from_json(stored.body);
    bool sound = plan.hash == stored.hash && plan_hash(plan.jobs) == stored.hash;
    for (auto const& job : plan.jobs)
        if (job.action == PlanAction::create || job.action == PlanAction::change)
            sound = sound && job_hash(job.spec) == job.hash;
    if (!sound)
        return make_error(
            "plan.stored_invalid",
            fmt::format("Plan {} no longer reads as what its hash was made from.", stored.id));
    return plan;
}

}  // namespace postrider::core

// The job object that every surface shows, and the steps of its timeline.
#include <postrider/core/job.hpp>

#include "job/json_members.hpp"

#include <algorithm>

namespace postrider::core {
namespace {

namespace json = boost::json;

json::value outcome_of(JobState state) {
    if (is_final(state) || state == JobState::unknown) return json::value(word(state));
    return nullptr;
}

json::value waiting_of(Job const& job) {
    if (job.state != JobState::waiting || !job.waiting) return nullptr;
    json::object object;
    object["reason"] = word(*job.waiting);
    object["owner"] = word(job.wait_owner);
    object["until"] = detail::instant_or_null(job.until);
    return object;
}

// Members that the network has not shown yet are null, so that a reader finds them in one place
// from the start.
json::object seen_of(json::object const& seen) {
    json::object object;
    for (char const* name : {"remote_ids", "link", "visibility", "at"}) {
        auto const* member = seen.if_contains(name);
        bool const shown = member && !(member->is_string() && member->get_string().empty()) &&
                           !(member->is_array() && member->get_array().empty());
        if (shown)
            object[name] = *member;
        else
            object[name] = nullptr;
    }
    return object;
}

json::object receipt_of(Receipt const& receipt) {
    json::object object;
    object["asked"] = receipt.asked;
    object["sent"] = receipt.sent;
    object["seen"] = seen_of(receipt.seen);
    return object;
}

// When a caller does well to look again: about when something can have changed, at least every
// minute. Counted from the job's last change, since this page knows no clock.
json::value next_look_ms(Job const& job) {
    constexpr std::int64_t shortest = 1000;
    constexpr std::int64_t longest = 60'000;
    if (is_final(job.state)) return nullptr;
    if (job.state == JobState::awaiting_approval) return 10'000;
    if (job.state == JobState::running) return 2000;
    auto const next = job.until ? job.until : job.next_at;
    if (!next) return longest;
    return std::clamp<std::int64_t>((*next - job.updated_at).count(), shortest, longest);
}

}  // namespace

json::object job_object(Job const& job) {
    json::object object;
    object["id"] = job.id;
    object["key"] = job.spec.key;
    object["state"] = word(job.state);
    object["outcome"] = outcome_of(job.state);
    object["final"] = is_final(job.state);
    object["waiting"] = waiting_of(job);
    object["revivable"] = job.revivable;
    object["committed"] = job.committed;
    object["campaign"] = detail::text_or_null(job.spec.campaign);
    object["post"] = detail::text_or_null(job.spec.post_key);
    object["account"] = job.spec.account;
    object["network"] = job.spec.network;
    object["due_at"] = to_rfc3339(job.spec.due_at);
    object["wall"] = detail::text_or_null(job.spec.wall);
    object["zone"] = detail::text_or_null(job.spec.zone);
    object["plan_id"] = detail::text_or_null(job.plan_id);
    object["job_hash"] = job.hash;
    object["approval_id"] = detail::text_or_null(job.approval_id);
    object["attempt"] = job.attempt;
    object["step"] = detail::text_or_null(job.step);
    object["receipt"] = receipt_of(job.receipt);
    object["error"] = job.error ? json::value(job.error->to_json()) : json::value(nullptr);
    object["next_look_ms"] = next_look_ms(job);
    return object;
}

json::object to_json(StepRecord const& step) {
    json::object object;
    object["seq"] = step.seq;
    object["job_id"] = step.job_id;
    object["attempt"] = step.attempt;
    object["step"] = step.step;
    object["effect"] = word(step.effect);
    object["verdict"] = word(step.verdict);
    object["http_status"] = step.http_status ? json::value(step.http_status) : json::value(nullptr);
    object["started_at"] = to_rfc3339(step.started_at);
    object["duration_ms"] = step.duration.count();
    object["note"] = detail::text_or_null(step.note);
    return object;
}

}  // namespace postrider::core

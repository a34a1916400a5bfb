// The difference between what is wanted and what is stored. Pure: what has been published, or may
// have been, is never created again, changed or cancelled, whatever the script says.
#include <postrider/core/plan.hpp>

#include "job/job_json.hpp"
#include "job/json_members.hpp"
#include "plan/plan_parts.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <utility>

namespace postrider::core {
namespace {

bool withdrawn_by_person(Job const& job) {
    if (job.state != JobState::cancelled || !job.error) return false;
    auto const& context = job.error->context();
    return std::any_of(context.begin(), context.end(), [](auto const& pair) {
        return pair.first == "by" && pair.second == detail::by_person;
    });
}

// A commit that was refused, or proved to have had no effect, binds nobody.
bool is_committed(Job const& job) {
    if (!job.committed) return false;
    if (!job.intent) return true;
    return job.intent->outcome != "refused" && job.intent->outcome != "proved_absent";
}

bool cancelled_by_plan(Job const& job) {
    if (job.state != JobState::cancelled || !job.error) return false;
    auto const& context = job.error->context();
    return std::any_of(context.begin(), context.end(), [](auto const& pair) {
        return pair.first == "by" && pair.second == detail::by_plan;
    });
}

PlannedJob compare(JobSpec wanted, Job const* stored) {
    PlannedJob planned;
    planned.hash = job_hash(wanted);
    planned.asks = detail::open_asks(wanted.post);
    planned.spec = std::move(wanted);
    if (!stored) return planned;

    planned.job_id = stored->id;
    planned.prior_hash = stored->hash;
    planned.prior_state = word(stored->state);
    bool const same = stored->hash == planned.hash;
    planned.action = PlanAction::unchanged;
    if (planned.spec.asap) planned.spec.due_at = stored->spec.due_at;
    if (!same) planned.differs = detail::differing_fields(planned.spec, *stored);
    if (detail::is_frozen(*stored)) {
        planned.frozen = true;
        return planned;
    }
    // What a plan took away comes back as it was; what was missed, declined or refused needs a
    // change.
    if (!same || cancelled_by_plan(*stored)) planned.action = PlanAction::change;
    return planned;
}

PlannedJob withdraw(Job const& stored) {
    PlannedJob planned;
    planned.action = PlanAction::cancel;
    planned.spec = stored.spec;
    planned.job_id = stored.id;
    planned.prior_hash = stored.hash;
    planned.prior_state = word(stored.state);
    return planned;
}

}  // namespace

bool detail::is_frozen(Job const& job) {
    switch (job.state) {
        case JobState::published:
        case JobState::handed_off:
        case JobState::unknown:
            return true;
        case JobState::cancelled:
            return withdrawn_by_person(job);
        case JobState::rejected:
            return false;
        default:
            return is_committed(job);
    }
}

std::string_view detail::standing(Job const& job) {
    if (is_frozen(job)) return "frozen";
    return standing(word(job.state));
}

std::string_view detail::standing(std::string_view prior_state) {
    if (prior_state == "rejected" || prior_state == "cancelled") return prior_state;
    return "open";
}

std::vector<std::string> detail::open_asks(adapter::Post const& post) {
    std::vector<std::string> asks;
    for (auto const& option : post.options)
        if (adapter::is_ask(option.value())) asks.emplace_back(option.key());
    std::sort(asks.begin(), asks.end());
    return asks;
}

std::vector<std::string> detail::differing_fields(JobSpec const& wanted, Job const& stored) {
    std::set<std::string> fields;
    auto const ours = sent_or_obeyed(wanted);
    auto const theirs = sent_or_obeyed(stored.spec);
    for (auto const& [name, value] : ours)
        if (name != "options" && theirs.at(name) != value) fields.emplace(name);

    // Answers were filled into the stored job: there a choice that is left open is no difference.
    bool const answered = job_hash(stored.spec) != stored.hash;
    auto const& left = wanted.post.options;
    auto const& right = stored.spec.post.options;
    for (auto const& [name, value] : left) {
        auto const* other = right.if_contains(name);
        if (other && (*other == value || (answered && adapter::is_ask(value)))) continue;
        fields.insert("options." + std::string(name));
    }
    for (auto const& option : right)
        if (!left.contains(option.key())) fields.insert("options." + std::string(option.key()));
    return {fields.begin(), fields.end()};
}

std::vector<PlannedJob> plan_difference(std::vector<JobSpec> wanted,
                                        std::vector<Job> const& stored,
                                        bool whole_campaign) {
    std::map<std::string_view, Job const*> by_key;
    for (auto const& job : stored) by_key.emplace(job.spec.key, &job);

    std::vector<PlannedJob> planned;
    std::set<std::string> kept;
    for (auto& spec : wanted) {
        if (spec.key.empty())
            spec.key = idempotency_key(spec.campaign, spec.post_key, spec.account);
        kept.insert(spec.key);
        auto const found = by_key.find(spec.key);
        planned.push_back(
            compare(std::move(spec), found == by_key.end() ? nullptr : found->second));
    }
    if (whole_campaign)
        for (auto const& job : stored)
            if (!kept.contains(job.spec.key) && !is_final(job.state) && !detail::is_frozen(job))
                planned.push_back(withdraw(job));

    std::stable_sort(planned.begin(), planned.end(), [](auto const& left, auto const& right) {
        return std::tie(left.spec.due_at, left.spec.post_key, left.spec.account, left.spec.key) <
               std::tie(right.spec.due_at, right.spec.post_key, right.spec.account, right.spec.key);
    });
    return planned;
}

}  // namespace postrider::core

// A person's answers: filled into what was left open, checked by the rules that were declared and
// by what the creator may choose now, and the time by which the post goes out. Pure.
#include <postrider/catalogue.hpp>
#include <postrider/core/plan.hpp>

#include "job/json_members.hpp"
#include "plan/plan_parts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace postrider::core {

namespace json = boost::json;

namespace {

constexpr std::string_view new_time =
    "when";  // member of a job's answers beside those to its open choices

Error with_findings(Error error, std::vector<Finding> findings) {
    for (auto& finding : findings) error = error.with_at(std::move(finding));
    return error;
}

}  // namespace

std::vector<Finding> lapsed_values(JobSpec const& spec, adapter::CreatorFacts const& facts) {
    std::vector<Finding> findings;
    for (auto const& [name, value] : spec.post.options) {
        Finding finding;
        finding.code = "approval.lapsed";
        finding.path = fmt::format("/options/{}/{}", spec.network, std::string_view(name));
        finding.got = value;
        auto const offered = facts.offered.find(std::string(name));
        if (offered != facts.offered.end() && value.is_string()) {
            auto const& values = offered->second;
            if (std::find(values.begin(), values.end(), detail::view(value.get_string())) !=
                values.end())
                continue;
            finding.message = fmt::format("This value of '{}' is not offered to {} now.",
                                          std::string_view(name),
                                          spec.account);
            for (auto const& text : values) finding.allowed.emplace_back(text);
            findings.push_back(std::move(finding));
            continue;
        }
        auto const locked = facts.locked.find(std::string(name));
        if (locked == facts.locked.end() || !value.is_bool() || !value.get_bool()) continue;
        finding.message = fmt::format("'{}' cannot be switched on for {} now: {}",
                                      std::string_view(name),
                                      spec.account,
                                      locked->second);
        finding.allowed.emplace_back(false);
        findings.push_back(std::move(finding));
    }
    return findings;
}

Result<JobSpec> detail::answered_spec(StoredPlan const& stored,
                                      PlannedJob const& planned,
                                      Decision const& decision) {
    auto spec = planned.spec;
    auto const answers = detail::read_object(decision.answers, spec.key);
    std::vector<Finding> open;
    for (auto const& name : planned.asks) {
        auto const* answer = answers.if_contains(name);
        if (answer && !adapter::is_ask(*answer)) {
            spec.post.options[name] = *answer;
            continue;
        }
        Finding finding;
        finding.code = "approval.open_choice";
        finding.path = fmt::format("/options/{}/{}", spec.network, name);
        finding.message = fmt::format("'{}' of {} is still open.", name, spec.key);
        open.push_back(std::move(finding));
    }
    if (!open.empty()) return with_findings(make_error("approval.open_choice"), std::move(open));
    for (auto const& answer : answers) {
        auto const asked = std::find(planned.asks.begin(), planned.asks.end(), answer.key());
        if (asked == planned.asks.end() && std::string_view(answer.key()) != new_time)
            return make_error("usage.unknown_field",
                              fmt::format("{} of {} was not left open, so there is nothing to "
                                          "answer; another value is a new plan.",
                                          std::string_view(answer.key()),
                                          spec.key));
    }
    // Rules are kept for networks with open choices only: the rest was checked when it was planned.
    auto const rules = detail::read_object(detail::read_object(stored.body, "rules"), spec.network);
    auto const facts = detail::read_object(decision.facts, spec.account);
    std::optional<adapter::CreatorFacts> creator;
    if (!facts.empty()) creator = adapter::creator_facts_from_json(facts);
    if (!planned.asks.empty()) {
        auto findings = adapter::check_options(
            detail::option_rules_from_json(rules), spec.post, creator ? &*creator : nullptr);
        if (!findings.empty()) {
            auto const code = findings.front().code;
            auto const message = findings.front().message;
            return with_findings(make_error(code, message), std::move(findings));
        }
    }
    if (!creator) return spec;
    if (creator->blocked) return *creator->blocked;
    auto findings = lapsed_values(spec, *creator);
    if (!findings.empty()) {
        auto const message = findings.front().message;
        return with_findings(make_error("approval.lapsed", message), std::move(findings));
    }
    return spec;
}

Result<Instant> detail::decided_due(Job const& job, json::object const& answers, Instant now) {
    auto const given = detail::read_text(answers, new_time);
    if (given == "now") return now;
    if (!given.empty()) {
        auto const at = parse_rfc3339(given);
        if (!at || *at < now)
            return make_error("usage.bad_value",
                              fmt::format("'{}' is no time to come: give \"now\" or one as {}.",
                                          given,
                                          to_rfc3339(now + std::chrono::hours{1})));
        return *at;
    }
    auto const& spec = job.spec;
    if (spec.asap) return now;
    bool const late = now - spec.due_at > spec.catch_up_within;
    return spec.catch_up == "ask" && late ? now : spec.due_at;
}

}  // namespace postrider::core

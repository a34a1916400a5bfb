// Planning and applying, as the campaign, post and plan commands share them.
#include "operations/plan/planning.hpp"

#include "operations/approval/granting.hpp"
#include "operations/job/waiting.hpp"
#include "operations/lookup.hpp"
#include "operations/plan/zone_rules.hpp"

#include <postrider/catalogue.hpp>
#include <postrider/core/adapters.hpp>
#include <postrider/core/engine.hpp>

#include <boost/json/array.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace postrider::cli {

namespace {

namespace json = boost::json;

json::array media_of(core::JobSpec const& spec) {
    json::array list;
    for (auto const& facts : spec.post.media) {
        json::object object;
        object["source"] = facts.url.empty() ? facts.path : facts.url;
        object["sha256"] = facts.sha256;
        object["kind"] = facts.kind;
        object["duration_ms"] = facts.duration_ms;
        object["width"] = facts.width;
        object["height"] = facts.height;
        object["size_bytes"] = facts.size_bytes;
        list.push_back(std::move(object));
    }
    return list;
}

template <class Range>
json::array texts_of(Range const& range) {
    json::array list;
    for (auto const& text : range) list.emplace_back(text);
    return list;
}

json::value text_or_null(std::string const& text) {
    if (text.empty()) return nullptr;
    return json::string(text);
}

json::object planned_object(core::PlannedJob const& planned) {
    auto const& spec = planned.spec;
    json::object object;
    object["action"] = word(planned.action);
    object["key"] = spec.key;
    object["post"] = text_or_null(spec.post_key);
    object["account"] = spec.account;
    object["network"] = spec.network;
    object["kind"] = word(spec.post.kind);
    object["deliver"] = word(spec.post.deliver);
    object["due_at"] = to_rfc3339(spec.due_at);
    object["asap"] = spec.asap;
    object["wall"] = text_or_null(spec.wall);
    object["zone"] = text_or_null(spec.zone);
    object["caption"] = spec.post.caption;
    object["title"] = spec.post.title;
    object["media"] = media_of(spec);
    object["options"] = spec.post.options;
    object["tags"] = texts_of(spec.tags);
    object["note"] = text_or_null(spec.note);
    object["job_hash"] = text_or_null(planned.hash);
    object["job_id"] = text_or_null(planned.job_id);
    object["prior_state"] = text_or_null(planned.prior_state);
    object["frozen"] = planned.frozen;
    object["differs"] = texts_of(planned.differs);
    object["needs_approval"] = planned.needs_approval;
    object["asks"] = texts_of(planned.asks);
    json::array findings;
    for (auto const& finding : planned.findings) findings.push_back(finding_object(finding));
    object["findings"] = std::move(findings);
    return object;
}

// One account's facts, when they are too old.
Result<void> refresh_one(Context& context, core::Account const& account) {
    auto const known = adapter::creator_facts_from_json(account.facts);
    auto const age = context.now() - known.as_of;
    if (!account.facts.empty() && age >= Milliseconds{0} && age < facts_age_max) return {};
    auto facts = context.look_at_creator(account.id);
    if (facts) return {};
    if (facts.error().kind() == ErrorKind::setup || context.interrupted()) return facts.error();
    Finding finding;
    finding.level = Finding::Level::warning;
    finding.code = facts.error().code();
    finding.message =
        fmt::format("{} could not be asked, so the plan rests on what was known before: {}",
                    account.name,
                    facts.error().message());
    context.warnings.push_back(std::move(finding));
    return {};
}

json::object states_of(std::vector<core::Job> const& jobs) {
    std::map<std::string, int> counts;
    for (auto const& job : jobs) ++counts[std::string(word(job.state))];
    json::object object;
    for (auto const& [state, count] : counts) object[state] = count;
    return object;
}

json::object applied_data(std::string const& plan_id,
                          std::string const& hash,
                          core::ApplyOutcome const& outcome,
                          bool dry_run) {
    json::object data;
    json::object plan;
    plan["id"] = plan_id;
    plan["plan_hash"] = hash;
    data["plan"] = std::move(plan);
    json::array jobs;
    for (auto const& job : outcome.jobs) jobs.push_back(core::job_object(job));
    data["jobs"] = std::move(jobs);
    json::array approvals;
    for (auto const& approval : outcome.approvals) approvals.push_back(core::to_json(approval));
    data["approvals"] = std::move(approvals);
    data["counts"] = states_of(outcome.jobs);
    json::object actions;
    for (auto const& [action, count] : outcome.counts) actions[action] = count;
    data["actions"] = std::move(actions);
    data["dry_run"] = dry_run;
    return data;
}

Result<core::ApplyOutcome> apply_in_store(Context& context, ApplyWish const& wish) {
    return write_store<core::ApplyOutcome>(context, [&](core::Tables& tables) {
        return core::apply_plan(
            tables, wish.plan_id, wish.hash, wish.only_approved, context.now(), context.random());
    });
}

}  // namespace

Result<void> refresh_facts(Context& context,
                           std::vector<std::string> const& accounts,
                           bool offline) {
    if (offline) return {};
    for (auto const& name : accounts) {
        auto account = read_store<std::optional<core::Account>>(
            context, [&](core::Tables& tables) { return tables.account(name); });
        if (!account) return account.error();
        // An account that is not there is the plan's to report, with all other findings.
        if (!*account) continue;
        if (auto done = refresh_one(context, **account); !done) return done.error();
    }
    return {};
}

Result<core::Plan> make_and_store(Context& context, core::PlanRequest request) {
    if (auto followed = follow_zone_rules(context); !followed) return followed.error();
    auto adapters = context.adapters();
    if (!adapters) return adapters.error();
    return write_store<core::Plan>(context, [&](core::Tables& tables) -> Result<core::Plan> {
        core::PlanSources sources;
        sources.adapter = [&](std::string_view network) { return (*adapters)->find(network); };
        sources.app = [&](core::Account const& account) -> Result<adapter::AppView> {
            auto app = tables.app(account.app_id);
            if (!app) return app.error();
            if (!*app)
                return make_error("not_found.app",
                                  fmt::format("the app of {} is gone", account.name));
            auto found = (*adapters)->find(account.network);
            if (!found) return found.error();
            return core::app_view(**app, (*found)->descriptor());
        };
        return core::make_plan(tables, request, sources, context.now(), context.random());
    });
}

json::object plan_data(core::Plan const& plan, std::vector<std::string> const& only) {
    json::object data;
    json::object head;
    head["id"] = text_or_null(plan.id);
    head["plan_hash"] = text_or_null(plan.hash);
    head["campaign"] = text_or_null(plan.campaign);
    head["file"] = text_or_null(plan.file);
    head["created_at"] = to_rfc3339(plan.created_at);
    head["valid_until"] = to_rfc3339(plan.valid_until);
    data["plan"] = std::move(head);
    json::array jobs;
    for (auto const& planned : plan.jobs) {
        auto const action = word(planned.action);
        if (!only.empty() && std::find(only.begin(), only.end(), action) == only.end()) continue;
        jobs.push_back(planned_object(planned));
    }
    data["jobs"] = std::move(jobs);
    json::object counts;
    for (auto const& [action, count] : plan.counts()) counts[action] = count;
    data["counts"] = std::move(counts);
    data["approvals_needed"] = core::approvals_needed(plan);
    data["reserves"] = plan.reserves;
    data["inputs"] = plan.inputs;
    data["notes"] = texts_of(plan.notes);
    return data;
}

Error findings_error(
    Context& context,
    core::Plan const& plan,
    std::function<void(std::string_view post_key, std::vector<Finding>&)> const& place) {
    std::vector<Finding> all;
    std::string account;
    for (auto const& planned : plan.jobs) {
        std::vector<Finding> wrong;
        for (auto const& finding : planned.findings)
            if (finding.level == Finding::Level::error) wrong.push_back(finding);
        if (wrong.empty()) continue;
        account = planned.spec.account;
        if (place) place(planned.spec.post_key, wrong);
        all.insert(all.end(), wrong.begin(), wrong.end());
    }
    auto const row_of = [&](std::string const& code) -> ErrorRow const* {
        if (auto const adapters = context.adapters()) return (*adapters)->find_error_row(code);
        return find_error_row(code);
    };
    auto const script = std::find_if(all.begin(), all.end(), [](Finding const& finding) {
        return finding.code.starts_with("script.");
    });
    auto const& telling = script != all.end() ? *script : all.front();
    auto const* row = all.size() == 1 || script != all.end() ? row_of(telling.code) : nullptr;
    auto const message = all.size() == 1
                             ? telling.message
                             : fmt::format("{} findings stand against this plan", all.size());
    auto error = row ? Error(*row, message) : make_error("plan.findings", message);
    for (auto& finding : all) error = error.with_at(std::move(finding));
    return all.size() == 1 ? error.with("account", account) : error;
}

std::vector<Finding> plan_warnings(core::Plan const& plan) {
    std::vector<Finding> warnings;
    for (auto const& planned : plan.jobs)
        for (auto const& finding : planned.findings) {
            if (finding.level != Finding::Level::warning) continue;
            auto const same =
                std::find_if(warnings.begin(), warnings.end(), [&](Finding const& one) {
                    return one.code == finding.code && one.message == finding.message;
                });
            if (same == warnings.end()) warnings.push_back(finding);
        }
    return warnings;
}

Answer planned_answer(core::Plan const& plan, std::vector<std::string> apply) {
    Answer answer(plan_data(plan));
    answer.warnings = plan_warnings(plan);
    auto const counts = plan.counts();
    auto const count = [&](char const* action) {
        auto const found = counts.find(action);
        return found == counts.end() ? 0 : found->second;
    };
    if (count("create") + count("change") + count("cancel") > 0) {
        answer.next.push_back({"Do what this plan says", "nothing", std::move(apply)});
    } else {
        std::vector<std::string> look = {"job", "list"};
        if (!plan.campaign.empty()) look = {"job", "list", "--campaign", plan.campaign};
        answer.next.push_back(
            {"Nothing is to be done; see how the jobs stand", "nothing", std::move(look)});
    }
    answer.next.push_back({"See it again", "nothing", {"plan", "show", plan.id}});
    return answer;
}

Result<Answer> apply_and_answer(Context& context, ApplyWish const& wish) {
    auto outcome = apply_in_store(context, wish);
    if (!outcome) return outcome.error();
    bool const dry = context.globals().dry_run;
    Answer answer(applied_data(wish.plan_id, wish.hash, *outcome, dry));
    answer.replayed = outcome->replayed;

    std::vector<std::string> pending;
    for (auto const& approval : outcome->approvals)
        if (approval.state == "pending") pending.push_back(approval.id);
    if (!pending.empty() && !dry && context.may_prompt() && context.on_table()) {
        context.say("");
        auto granted = grant_on_terminal(context, pending, "");
        if (!granted) return granted.error();
        json::array decided;
        for (auto const& approval : *granted) decided.push_back(core::to_json(approval));
        answer.data["approvals"] = std::move(decided);
        pending.clear();
    }
    std::vector<std::string> ids;
    for (auto const& job : outcome->jobs) ids.push_back(job.id);
    if (!ids.empty() || outcome->replayed) {
        auto now = read_store<std::vector<core::Job>>(context, [&](core::Tables& tables) {
            core::JobFilter filter;
            filter.plan_id = wish.plan_id;
            return all_jobs(tables, filter);
        });
        if (!now) return now.error();
        outcome->jobs = *now;
        json::array jobs;
        ids.clear();
        for (auto const& job : *now) {
            jobs.push_back(core::job_object(job));
            ids.push_back(job.id);
        }
        answer.data["jobs"] = std::move(jobs);
        answer.data["counts"] = states_of(*now);
    }
    // What a dry run has made is gone with it: nothing of it can be named in a next command.
    for (auto const& id : dry ? std::vector<std::string>() : pending)
        answer.next.push_back({"The person who decides grants or declines here",
                               "person",
                               {"approval", "grant", id}});
    if (!pending.empty()) {
        Finding finding;
        finding.level = Finding::Level::warning;
        finding.code = "approval.required";
        auto const& counts = answer.data["counts"].as_object();
        auto const waiting = counts.contains("awaiting_approval")
                                 ? counts.at("awaiting_approval").to_number<int>()
                                 : 0;
        finding.message =
            fmt::format("{} {} for a person; nothing of it can be posted before that.",
                        waiting,
                        waiting == 1 ? "job waits" : "jobs wait");
        answer.warnings.push_back(std::move(finding));
    }
    if ((wish.wait || dry) && !ids.empty()) {
        WaitWish wait;
        wait.ids = ids;
        wait.timeout = context.globals().timeout;
        return wait_and_answer(context, wait, std::move(answer));
    }
    if (!ids.empty()) {
        if (!context.engine_runs_elsewhere())
            answer.next.push_back({"Let the engine work until nothing is due",
                                   "nothing",
                                   {"run", "--until", "idle"}});
        answer.next.push_back({"Wait for the outcome",
                               "nothing",
                               {"job", "wait", "--plan", wish.plan_id, "--timeout", "10m"}});
    }
    return answer;
}

}  // namespace postrider::cli

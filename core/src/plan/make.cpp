// Making a plan: the difference to the store, every job that it would create or change checked, and
// the whole stored under its hash. A plan with errors is shown and forgotten.
#include <postrider/catalogue.hpp>
#include <postrider/core/ids.hpp>
#include <postrider/core/plan.hpp>

#include "job/json_members.hpp"
#include "plan/plan_parts.hpp"
#include "plan/reservations.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <set>
#include <utility>

namespace postrider::core {

namespace json = boost::json;

namespace {

constexpr auto plan_valid_for = std::chrono::hours{24};

Finding finding_of(std::string_view code,
                   std::string message,
                   std::string path,
                   Finding::Level level = Finding::Level::error) {
    Finding finding;
    finding.level = level;
    finding.code = code;
    finding.message = std::move(message);
    finding.path = std::move(path);
    return finding;
}

// What is known of one account while its jobs are checked.
struct Login {
    std::optional<Account> account;
    adapter::Adapter const* adapter = nullptr;
    std::optional<adapter::AppView> app;
    std::optional<adapter::CreatorFacts> facts;
    std::vector<Finding> findings;  ///< why its jobs cannot be checked or will have to wait
};

class Maker {
 public:
    Maker(Tables& tables, PlanRequest request, PlanSources const& sources, Instant now)
        : tables_(tables), request_(std::move(request)), sources_(sources), now_(now) {}

    Result<Plan> run() {
        if (auto done = complete(); !done) return done.error();
        auto stored = stored_jobs();
        if (!stored) return stored.error();
        Plan plan;
        plan.campaign = request_.campaign;
        plan.file = request_.file;
        plan.notes = request_.notes;
        plan.inputs = request_.inputs;
        plan.jobs =
            plan_difference(std::move(request_.wanted), *stored, !request_.campaign.empty());
        for (auto& planned : plan.jobs)
            if (auto done = examine(planned); !done) return done.error();
        for (auto const& [network, version] : versions_)
            plan.inputs["network " + network] = version;
        auto reserved = reserve(plan.jobs);
        if (!reserved) return reserved.error();
        plan.reserves = *std::move(reserved);
        return plan;
    }

    /// Beside the plan: the rules by which answers to its open choices are checked.
    json::object rules() const { return rules_; }

 private:
    bool is_wanted(std::string const& post_key) const {
        auto const& only = request_.only;
        return only.empty() || std::find(only.begin(), only.end(), post_key) != only.end();
    }

    // Fills in what follows from the account, and drops what `only` leaves out.
    Result<void> complete() {
        std::erase_if(request_.wanted, [&](auto const& spec) { return !is_wanted(spec.post_key); });
        for (auto& spec : request_.wanted) {
            auto login = login_of(spec.account);
            if (!login) return login.error();
            spec.campaign = request_.campaign;
            auto const& account = (*login)->account;
            if (spec.network.empty())
                spec.network =
                    account ? account->network : spec.account.substr(0, spec.account.find(':'));
            if (spec.key.empty())
                spec.key = idempotency_key(spec.campaign, spec.post_key, spec.account);
            // Known before the difference is taken, so that the plan stands in the order of time.
            if (spec.asap) spec.due_at = now_;
        }
        return {};
    }

    Result<std::vector<Job>> stored_jobs() {
        if (!request_.campaign.empty()) {
            JobFilter filter;
            filter.campaign = request_.campaign;
            filter.limit = 0;
            auto jobs = tables_.jobs(filter);
            if (jobs)
                std::erase_if(*jobs,
                              [&](auto const& job) { return !is_wanted(job.spec.post_key); });
            return jobs;
        }
        std::vector<Job> jobs;
        for (auto const& spec : request_.wanted) {
            auto job = tables_.job_by_key(spec.key);
            if (!job) return job.error();
            if (!*job) continue;
            // The key of a single post is its caller's word that it is the same post.
            if ((*job)->hash != job_hash(spec))
                return make_error("conflict.key_reused",
                                  fmt::format("The key of {} belongs to job {}, whose content is "
                                              "another.",
                                              spec.key,
                                              (*job)->id))
                    .with("job", (*job)->id)
                    .with("state", std::string(word((*job)->state)));
            jobs.push_back(std::move(**job));
        }
        return jobs;
    }

    Result<Login const*> login_of(std::string const& name) {
        auto const found = logins_.find(name);
        if (found != logins_.end()) return &found->second;
        auto account = tables_.account(name);
        if (!account) return account.error();
        Login login;
        login.account = *std::move(account);
        auto const network =
            login.account ? login.account->network : name.substr(0, name.find(':'));
        auto adapter = sources_.adapter(network);
        if (adapter)
            login.adapter = *adapter;
        else
            login.findings.push_back(
                finding_of(adapter.error().code(), adapter.error().message(), "/accounts"));
        if (!login.account) {
            login.findings.push_back(finding_of(
                request_.campaign.empty() ? "not_found.account" : "script.unknown_account",
                fmt::format("{} is not connected here.", name),
                "/accounts"));
            return &logins_.emplace(name, std::move(login)).first->second;
        }
        if (auto app = sources_.app(*login.account))
            login.app = *std::move(app);
        else
            login.findings.push_back(
                finding_of(app.error().code(), app.error().message(), "/accounts"));
        if (!login.account->facts.empty())
            login.facts = adapter::creator_facts_from_json(login.account->facts);
        auto const warn = [&](std::string_view code, std::string message) {
            login.findings.push_back(
                finding_of(code, std::move(message), "/accounts", Finding::Level::warning));
        };
        if (login.account->paused)
            warn("account.paused", fmt::format("{} is paused: its jobs will wait.", name));
        if (login.account->reconnect_needed)
            warn("account.reconnect_needed",
                 fmt::format("{} must be connected again before its jobs can go out.", name));
        return &logins_.emplace(name, std::move(login)).first->second;
    }

    Result<void> examine(PlannedJob& planned) {
        if (planned.action == PlanAction::cancel) return {};
        auto& findings = planned.findings;
        if (!keys_.insert(planned.spec.key).second)
            findings.push_back(finding_of(
                "script.duplicate_key",
                fmt::format(
                    "Post '{}' stands twice for {}.", planned.spec.post_key, planned.spec.account),
                "/key"));
        auto login = login_of(planned.spec.account);
        if (!login) return login.error();
        auto const& known = **login;
        if (!planned.asks.empty() && known.adapter) keep_rules(known.adapter->descriptor());
        if (planned.action == PlanAction::unchanged) {
            if (planned.frozen && !planned.differs.empty())
                findings.push_back(finding_of(
                    planned.prior_state == "cancelled" ? "job.cancelled" : "conflict.committed",
                    fmt::format("It is {} and stays as it is; the script now differs "
                                "in: {}.",
                                planned.prior_state,
                                fmt::join(planned.differs, ", ")),
                    "/key",
                    Finding::Level::warning));
            return {};
        }
        auto const add = [&](std::vector<Finding> more) {
            for (auto& finding : more) findings.push_back(std::move(finding));
        };
        add(planned.spec.findings);
        add(known.findings);
        add(detail::time_findings(planned.spec, now_));
        planned.needs_approval = !planned.asks.empty() || !planned.spec.approval.empty();
        if (!known.adapter) return {};
        auto const& descriptor = known.adapter->descriptor();
        if (known.app)
            add(check_spec(
                planned.spec, *known.adapter, *known.app, known.facts ? &*known.facts : nullptr));
        bool const direct = planned.spec.post.deliver != adapter::Deliver::inbox;
        planned.needs_approval |= descriptor.consent_needed && direct;
        versions_[descriptor.network] = descriptor.version;
        return {};
    }

    void keep_rules(adapter::Descriptor const& descriptor) {
        if (!rules_.contains(descriptor.network))
            rules_[descriptor.network] = detail::option_rules_json(descriptor);
    }

    // What a minute's limit lets through is no promise for a day to come: only quotas are reserved.
    Result<json::object> reserve(std::vector<PlannedJob>& jobs) {
        std::map<std::string, std::pair<Account, adapter::Descriptor const*>> known;
        for (auto const& [name, login] : logins_)
            if (login.account && login.adapter)
                known.emplace(name, std::make_pair(*login.account, &login.adapter->descriptor()));
        return detail::reserve_quotas(tables_, jobs, known, now_);
    }

    Tables& tables_;
    PlanRequest request_;
    PlanSources const& sources_;
    Instant now_;
    std::map<std::string, Login> logins_;
    std::set<std::string> keys_;
    std::map<std::string, std::string> versions_;
    json::object rules_;
};

// How many of the newest plans are looked through. A plan may be large, and the one that was
// reviewed is hardly ever an old one.
constexpr int plans_looked_at = 5;

// A plan that says the same and waits to be applied: what was reviewed and approved under its name
// is what is planned now, so it keeps the name.
Result<std::optional<StoredPlan>> same_plan(Tables& tables, Plan const& plan, Instant now) {
    auto plans = tables.plans(plan.campaign, plans_looked_at);
    if (!plans) return plans.error();
    for (auto& stored : *plans)
        if (stored.state == "stored" && stored.hash == plan.hash &&
            stored.campaign == plan.campaign && now <= stored.valid_until)
            return std::optional<StoredPlan>(std::move(stored));
    return std::optional<StoredPlan>();
}

}  // namespace

Result<Plan> make_plan(
    Tables& tables, PlanRequest request, PlanSources const& sources, Instant now, Random& random) {
    Maker maker(tables, std::move(request), sources, now);
    auto made = maker.run();
    if (!made) return made;
    auto& plan = *made;
    plan.created_at = now;
    plan.valid_until = now + plan_valid_for;
    if (!plan.errors().empty()) return made;

    plan.hash = plan_hash(plan.jobs);
    auto same = same_plan(tables, plan, now);
    if (!same) return same.error();
    StoredPlan stored;
    if (*same) {
        stored = **same;
        plan.created_at = stored.created_at;
    }
    plan.id = *same ? stored.id : new_id("pln", now, random);
    stored.id = plan.id;
    stored.hash = plan.hash;
    stored.campaign = plan.campaign;
    stored.created_at = plan.created_at;
    stored.valid_until = plan.valid_until;
    stored.body = to_json(plan);
    stored.body["rules"] = maker.rules();
    if (auto done = tables.put_plan(stored); !done) return done.error();
    return made;
}

}  // namespace postrider::core

// The tables of a store as maps. Orders, filters and refusals are those that store.hpp promises.
#include <postrider/test/memory_tables.hpp>

#include <postrider/catalogue.hpp>
#include <postrider/core/ids.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace postrider::test {
namespace {

using core::Job;

// The value of a key, or nothing.
template <class Map>
Result<std::optional<typename Map::mapped_type>> find(Map const& map, std::string_view key) {
    using Maybe = std::optional<typename Map::mapped_type>;
    auto const found = map.find(std::string(key));
    return found == map.end() ? Maybe() : Maybe(found->second);
}

template <class Map>
std::vector<typename Map::mapped_type> values(Map const& map) {
    std::vector<typename Map::mapped_type> all;
    for (auto const& entry : map) all.push_back(entry.second);
    return all;
}

bool matches(core::JobFilter const& filter, Job const& job) {
    auto const& states = filter.states;
    if (!states.empty() && std::find(states.begin(), states.end(), job.state) == states.end())
        return false;
    if (!filter.account.empty() && job.spec.account != filter.account) return false;
    if (!filter.campaign.empty() && job.spec.campaign != filter.campaign) return false;
    if (!filter.plan_id.empty() && job.plan_id != filter.plan_id) return false;
    if (filter.dead && !(job.state == core::JobState::rejected && job.revivable)) return false;
    if (filter.due_before && !(job.spec.due_at < *filter.due_before)) return false;
    return filter.after_id.empty() || job.id < filter.after_id;
}

// What a database's columns could not say: a job that contradicts itself is a bug of whoever wrote
// it.
std::string contradiction(Job const& job) {
    if (job.id.empty() || job.spec.key.empty()) return "has no id or no key";
    if (job.hash.empty()) return "has no hash";
    if (job.account_id.empty()) return "has no account";
    if (job.state == core::JobState::waiting && !job.waiting) return "waits for no reason";
    if (job.state == core::JobState::awaiting_approval && job.next_at)
        return "awaits approval and is due";
    return {};
}

Error bug(Job const& job, std::string_view what) {
    return make_error("internal.bug", fmt::format("Job {} {}.", job.id, what));
}

}  // namespace

Result<void> MemoryTables::insert_job(Job const& job) {
    if (auto const what = contradiction(job); !what.empty()) return bug(job, what);
    if (rows.job_ids_by_key.contains(job.spec.key))
        return make_error("conflict.name_taken",
                          fmt::format("There is already a job with the key {}.", job.spec.key));
    if (rows.jobs.contains(job.id)) return bug(job, "exists already");
    rows.jobs.emplace(job.id, job);
    rows.job_ids_by_key.emplace(job.spec.key, job.id);
    return {};
}

Result<std::optional<Job>> MemoryTables::job(std::string_view id) {
    return find(rows.jobs, id);
}

Result<std::optional<Job>> MemoryTables::job_by_key(std::string_view key) {
    auto const found = rows.job_ids_by_key.find(std::string(key));
    if (found == rows.job_ids_by_key.end()) return std::optional<Job>();
    return job(found->second);
}

Result<std::vector<Job>> MemoryTables::jobs(core::JobFilter const& filter) {
    std::vector<Job> found;
    for (auto entry = rows.jobs.rbegin(); entry != rows.jobs.rend(); ++entry) {
        if (filter.limit > 0 && static_cast<int>(found.size()) == filter.limit) break;
        if (matches(filter, entry->second)) found.push_back(entry->second);
    }
    return found;
}

Result<void> MemoryTables::update_job(Job const& job, std::optional<std::int64_t> fence) {
    auto const found = rows.jobs.find(job.id);
    if (found == rows.jobs.end())
        return make_error("not_found.job", fmt::format("There is no job {}.", job.id));
    auto& stored = found->second;
    if (fence && *fence != stored.fence)
        return make_error("conflict.lease_lost",
                          fmt::format("Job {} is held by another worker now.", job.id));
    if (job.fence < stored.fence) return bug(job, "would go back behind its fence");
    if (job.state != stored.state && !may_become(stored.state, job.state))
        return bug(job,
                   fmt::format("may not go from {} to {}", word(stored.state), word(job.state)));
    if (job.spec.key != stored.spec.key || job.account_id != stored.account_id)
        return bug(job, "would become another job");
    if (auto const what = contradiction(job); !what.empty()) return bug(job, what);
    if (job.state != stored.state) rows.moves.emplace_back(job.id, stored.state, job.state);
    auto const created_at = stored.created_at;
    auto spec = std::move(stored.spec);
    stored = job;
    stored.created_at = created_at;
    if (fence) stored.spec = std::move(spec);
    return {};
}

std::vector<Job const*> MemoryTables::next_jobs() const {
    std::map<std::string, Job const*> next;
    std::set<std::string> held;
    for (auto const& [id, job] : rows.jobs) {
        if (!job.lease_owner.empty()) held.insert(job.account_id);
        if (!job.lease_owner.empty() || !job.next_at) continue;
        auto& first = next[job.account_id];
        if (!first || *job.next_at < *first->next_at) first = &job;
    }
    std::vector<Job const*> jobs;
    for (auto const& [account_id, job] : next)
        if (!held.contains(account_id)) jobs.push_back(job);
    std::stable_sort(jobs.begin(), jobs.end(), [](Job const* left, Job const* right) {
        return *left->next_at < *right->next_at;
    });
    return jobs;
}

Result<std::vector<Job>> MemoryTables::due_jobs(Instant now, int limit) {
    std::vector<Job> due;
    for (auto const* job : next_jobs())
        if (*job->next_at <= now && rests_until(job->account_id) <= now &&
            static_cast<int>(due.size()) < limit)
            due.push_back(*job);
    return due;
}

Result<void> MemoryTables::rest_account(std::string_view account_id, Instant until) {
    rows.rests[std::string(account_id)] = until;
    return {};
}

Instant MemoryTables::rests_until(std::string const& account_id) const {
    auto const found = rows.rests.find(account_id);
    return found == rows.rests.end() ? Instant{} : found->second;
}

Result<std::vector<Job>> MemoryTables::take_turns(Instant now, int limit) {
    auto due = due_jobs(now, static_cast<int>(rows.jobs.size()));
    if (!due) return due;
    for (auto const& job : *due) {
        auto& turn = rows.turns[job.account_id];
        turn = std::max(turn, rows.present_turn);
    }
    std::stable_sort(due->begin(), due->end(), [this](Job const& left, Job const& right) {
        return rows.turns[left.account_id] < rows.turns[right.account_id];
    });
    if (static_cast<int>(due->size()) > limit) due->erase(due->begin() + limit, due->end());
    for (auto const& job : *due)
        rows.present_turn = std::max(rows.present_turn, rows.turns[job.account_id]++);
    return due;
}

Result<std::optional<Instant>> MemoryTables::next_due() {
    auto const jobs = next_jobs();
    return jobs.empty() ? std::optional<Instant>() : jobs.front()->next_at;
}

Result<std::vector<std::pair<std::string, Instant>>> MemoryTables::accounts_due(Instant from,
                                                                                Instant to,
                                                                                int limit) {
    std::vector<std::pair<std::string, Instant>> due;
    for (auto const* job : next_jobs())
        if (*job->next_at > from && *job->next_at <= to && static_cast<int>(due.size()) < limit)
            due.emplace_back(job->account_id, *job->next_at);
    return due;
}

Result<std::optional<Instant>> MemoryTables::first_due_after(std::string_view account_id,
                                                             Instant at) {
    std::optional<Instant> first;
    for (auto const& [id, job] : rows.jobs) {
        if (job.account_id != account_id) continue;
        bool const asks = job.state == core::JobState::awaiting_approval;
        bool const waits =
            job.state == core::JobState::scheduled || job.state == core::JobState::waiting;
        auto const due = asks    ? std::optional<Instant>(job.spec.due_at)
                         : waits ? job.next_at
                                 : std::nullopt;
        if (due && *due >= at && (!first || *due < *first)) first = due;
    }
    return first;
}

Result<std::vector<core::DueTime>> MemoryTables::due_times(std::string_view account_id,
                                                           Instant since) {
    std::vector<core::DueTime> times;
    for (auto const& [id, job] : rows.jobs)
        if (job.account_id == account_id && !job.committed && !is_final(job.state) &&
            job.spec.due_at > since)
            times.push_back({job.spec.key, id, job.spec.due_at});
    return times;
}

Result<std::vector<Job>> MemoryTables::held_jobs(std::string_view owner) {
    std::vector<Job> held;
    for (auto const& [id, job] : rows.jobs)
        if (!job.lease_owner.empty() && job.lease_owner == owner) held.push_back(job);
    return held;
}

Result<std::vector<std::string>> MemoryTables::lease_owners() {
    std::set<std::string> owners;
    for (auto const& [id, job] : rows.jobs)
        if (!job.lease_owner.empty()) owners.insert(job.lease_owner);
    return std::vector<std::string>(owners.begin(), owners.end());
}

Result<std::vector<Job>> MemoryTables::jobs_in_doubt(std::string_view account_id) {
    std::vector<Job> found;
    for (auto const& [id, job] : rows.jobs)
        if (job.account_id == account_id &&
            (job.state == core::JobState::running || job.state == core::JobState::unknown))
            found.push_back(job);
    return found;
}

Result<std::vector<std::pair<std::string, std::int64_t>>> MemoryTables::count_jobs(
    core::JobFilter const& filter) {
    std::map<std::string, std::int64_t> counts;
    for (auto const& [id, job] : rows.jobs)
        if (matches(filter, job)) ++counts[std::string(word(job.state))];
    return std::vector<std::pair<std::string, std::int64_t>>(counts.begin(), counts.end());
}

Result<void> MemoryTables::add_step(core::StepRecord const& step) {
    rows.steps.push_back(step);
    rows.steps.back().seq = static_cast<std::int64_t>(rows.steps.size());
    return {};
}

Result<std::vector<core::StepRecord>> MemoryTables::steps(std::string_view job_id) {
    std::vector<core::StepRecord> found;
    for (auto const& step : rows.steps)
        if (step.job_id == job_id) found.push_back(step);
    return found;
}

Result<void> MemoryTables::note_late_commit(std::string_view account_id,
                                            std::string_view job_id,
                                            Instant at) {
    rows.late_commits.emplace(account_id, at, job_id);
    return {};
}

Result<std::vector<Instant>> MemoryTables::late_commits(std::string_view account_id,
                                                        Instant since,
                                                        std::string_view except) {
    std::map<std::string, Instant> newest;
    for (auto const& [account, at, job] : rows.late_commits)
        if (account == account_id && at > since && job != except) newest[job] = at;
    std::vector<Instant> times;
    for (auto const& [job, at] : newest) times.push_back(at);
    std::sort(times.begin(), times.end());
    return times;
}

Result<void> MemoryTables::put_person(core::Person const& person) {
    rows.persons[person.name] = person;
    return {};
}

Result<std::optional<core::Person>> MemoryTables::person(std::string_view name) {
    return find(rows.persons, name);
}

Result<std::vector<core::Person>> MemoryTables::persons() {
    return values(rows.persons);
}

Result<void> MemoryTables::remove_person(std::string_view name) {
    rows.persons.erase(std::string(name));
    return {};
}

Result<void> MemoryTables::put_app(core::App const& app) {
    rows.apps[app.id] = app;
    return {};
}

Result<std::optional<core::App>> MemoryTables::app(std::string_view id) {
    return find(rows.apps, id);
}

Result<std::vector<core::App>> MemoryTables::apps(std::string_view network) {
    std::vector<core::App> apps;
    for (auto const& [id, app] : rows.apps)
        if (network.empty() || app.network == network) apps.push_back(app);
    std::sort(apps.begin(), apps.end(), [](core::App const& left, core::App const& right) {
        return std::tie(left.network, left.name) < std::tie(right.network, right.name);
    });
    return apps;
}

Result<void> MemoryTables::remove_app(std::string_view id) {
    rows.apps.erase(std::string(id));
    return {};
}

Result<void> MemoryTables::put_account(core::Account const& account) {
    rows.accounts[account.id] = account;
    return {};
}

Result<void> MemoryTables::remove_account(std::string_view id) {
    for (auto const& [job_id, job] : rows.jobs)
        if (job.account_id == id)
            return make_error("conflict.wrong_state",
                              fmt::format("Account {} still has jobs.", id));
    rows.tokens.erase(std::string(id));
    rows.accounts.erase(std::string(id));
    return {};
}

Result<std::optional<core::Account>> MemoryTables::account(std::string_view id_or_name) {
    for (auto const& [id, account] : rows.accounts)
        if (id == id_or_name || account.name == id_or_name)
            return std::optional<core::Account>(account);
    return std::optional<core::Account>();
}

Result<std::vector<core::Account>> MemoryTables::accounts() {
    auto accounts = values(rows.accounts);
    std::sort(accounts.begin(), accounts.end(), [](auto const& left, auto const& right) {
        return left.name < right.name;
    });
    return accounts;
}

Result<void> MemoryTables::put_tokens(core::TokenPair const& tokens) {
    rows.tokens[tokens.account_id] = tokens;
    return {};
}

Result<std::optional<core::TokenPair>> MemoryTables::tokens(std::string_view account_id) {
    return find(rows.tokens, account_id);
}

Result<void> MemoryTables::remove_tokens(std::string_view account_id) {
    rows.tokens.erase(std::string(account_id));
    return {};
}

Result<void> MemoryTables::put_plan(core::StoredPlan const& plan) {
    rows.plans[plan.id] = plan;
    return {};
}

Result<std::optional<core::StoredPlan>> MemoryTables::plan(std::string_view id) {
    return find(rows.plans, id);
}

Result<std::vector<core::StoredPlan>> MemoryTables::plans(std::string_view campaign, int limit) {
    std::vector<core::StoredPlan> plans;
    for (auto entry = rows.plans.rbegin(); entry != rows.plans.rend(); ++entry) {
        if (limit > 0 && static_cast<int>(plans.size()) == limit) break;
        if (campaign.empty() || entry->second.campaign == campaign) plans.push_back(entry->second);
    }
    return plans;
}

Result<void> MemoryTables::put_approval(core::Approval const& approval) {
    rows.approvals[approval.id] = approval;
    return {};
}

Result<std::optional<core::Approval>> MemoryTables::approval(std::string_view id) {
    return find(rows.approvals, id);
}

Result<std::optional<core::Approval>> MemoryTables::approval_head(std::string_view id) {
    auto found = find(rows.approvals, id);
    if (found && *found) (*found)->body = {};
    return found;
}

Result<void> MemoryTables::put_approved_job(core::ApprovedJob const& approved) {
    rows.approved_jobs[{approved.approval_id, approved.job_key}] = approved;
    return {};
}

Result<std::optional<core::ApprovedJob>> MemoryTables::approved_job(std::string_view approval_id,
                                                                    std::string_view job_key) {
    auto const found = rows.approved_jobs.find({std::string(approval_id), std::string(job_key)});
    if (found == rows.approved_jobs.end()) return std::optional<core::ApprovedJob>();
    return std::optional<core::ApprovedJob>(found->second);
}

Result<std::vector<core::Approval>> MemoryTables::approvals(std::string_view plan_id,
                                                            std::string_view state) {
    std::vector<core::Approval> approvals;
    for (auto entry = rows.approvals.rbegin(); entry != rows.approvals.rend(); ++entry) {
        auto const& approval = entry->second;
        if (!plan_id.empty() && approval.plan_id != plan_id) continue;
        if (state.empty() || approval.state == state) approvals.push_back(approval);
    }
    return approvals;
}

Result<void> MemoryTables::put_campaign(core::Campaign const& campaign) {
    rows.campaigns[campaign.name] = campaign;
    return {};
}

Result<std::optional<core::Campaign>> MemoryTables::campaign(std::string_view name) {
    return find(rows.campaigns, name);
}

Result<std::vector<core::Campaign>> MemoryTables::campaigns() {
    return values(rows.campaigns);
}

Result<std::optional<core::BucketState>> MemoryTables::bucket(std::string_view key) {
    return find(rows.buckets, key);
}

Result<void> MemoryTables::put_bucket(core::BucketState const& bucket) {
    rows.buckets[bucket.key] = bucket;
    return {};
}

Result<std::vector<core::BucketState>> MemoryTables::buckets() {
    return values(rows.buckets);
}

Result<void> MemoryTables::put_media(adapter::MediaFacts const& facts) {
    rows.media[facts.path] = facts;
    return {};
}

Result<std::optional<adapter::MediaFacts>> MemoryTables::media(std::string_view path) {
    return find(rows.media, path);
}

Result<void> MemoryTables::add_event(std::string_view type, boost::json::object data, Instant at) {
    core::Event event;
    event.seq = static_cast<std::int64_t>(rows.events.size()) + 1;
    event.id = core::new_id("evt", at, random_);
    event.type = type;
    event.at = at;
    event.data = std::move(data);
    rows.events.push_back(std::move(event));
    return {};
}

Result<std::vector<core::Event>> MemoryTables::events(std::int64_t after_seq,
                                                      std::vector<std::string> const& types,
                                                      int limit) {
    std::vector<core::Event> found;
    for (auto const& event : rows.events) {
        if (limit > 0 && static_cast<int>(found.size()) == limit) break;
        if (event.seq <= after_seq) continue;
        // `job.` names a whole family, `job.published` one type.
        bool const wanted =
            types.empty() || std::any_of(types.begin(), types.end(), [&](std::string const& type) {
                return type.ends_with('.') ? event.type.starts_with(type) : event.type == type;
            });
        if (wanted) found.push_back(event);
    }
    return found;
}

Result<std::optional<std::string>> MemoryTables::setting(std::string_view name) {
    return find(rows.settings, name);
}

Result<void> MemoryTables::put_setting(std::string_view name, std::string_view value) {
    rows.settings[std::string(name)] = value;
    return {};
}

void MemoryStore::submit(Work work, Done done) {
    Result<void> result;
    {
        std::lock_guard const lock(mutex_);
        auto const before = tables_.rows;
        result = work(tables_);
        if (!result) tables_.rows = before;
    }
    done(std::move(result));
}

Result<void> MemoryStore::read(Work const& work) {
    std::lock_guard const lock(mutex_);
    return work(tables_);
}

}  // namespace postrider::test

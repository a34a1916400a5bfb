// The store's tables in memory, for tests: complete, and stricter than a database about transitions
// and fences.
#pragma once

#include <postrider/core/random.hpp>
#include <postrider/core/store.hpp>

#include <map>
#include <mutex>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace postrider::test {

/// Everything that a store holds, as plain values: a copy is a snapshot.
struct MemoryRows {
    std::map<std::string, core::Job> jobs;
    std::map<std::string, std::string> job_ids_by_key;
    std::vector<core::StepRecord> steps;
    std::set<std::tuple<std::string, Instant, std::string>> late_commits;  ///< account, at, job
    std::map<std::string, core::Person> persons;
    std::map<std::string, core::App> apps;
    std::map<std::string, core::Account> accounts;
    std::map<std::string, core::TokenPair> tokens;
    std::map<std::string, core::StoredPlan> plans;
    std::map<std::string, core::Approval> approvals;
    std::map<std::pair<std::string, std::string>, core::ApprovedJob> approved_jobs;
    std::map<std::string, core::Campaign> campaigns;
    std::map<std::string, core::BucketState> buckets;
    std::map<std::string, core::HookRun> hook_runs;
    std::map<std::string, core::CircuitState> circuits;
    std::map<std::string, std::int64_t> turns;  ///< of accounts
    std::int64_t present_turn = 0;
    std::map<std::string, Instant> rests;  ///< by account
    std::map<std::string, adapter::MediaFacts> media;
    std::vector<core::Event> events;
    std::map<std::string, std::string> settings;
    /// Every move that update_job saw, with the job's id; for tests that look at the whole path.
    std::vector<std::tuple<std::string, core::JobState, core::JobState>> moves;
};

class MemoryTables final : public core::Tables {
 public:
    MemoryRows rows;

    Result<void> insert_job(core::Job const& job) override;
    Result<std::optional<core::Job>> job(std::string_view id) override;
    Result<std::optional<core::Job>> job_by_key(std::string_view key) override;
    Result<std::vector<core::Job>> jobs(core::JobFilter const& filter) override;
    Result<void> update_job(core::Job const& job, std::optional<std::int64_t> fence = {}) override;
    Result<std::vector<core::Job>> due_jobs(Instant now, int limit) override;
    Result<std::vector<core::Job>> take_turns(Instant now, int limit) override;
    Result<void> rest_account(std::string_view account_id, Instant until) override;
    Result<std::optional<Instant>> next_due() override;
    Result<std::vector<std::pair<std::string, Instant>>> accounts_due(Instant from,
                                                                      Instant to,
                                                                      int limit) override;
    Result<std::optional<Instant>> first_due_after(std::string_view account_id,
                                                   Instant at) override;
    Result<std::vector<core::DueTime>> due_times(std::string_view account_id,
                                                 Instant since) override;
    Result<std::vector<core::Job>> held_jobs(std::string_view owner) override;
    Result<std::vector<std::string>> lease_owners() override;
    Result<std::vector<core::Job>> jobs_in_doubt(std::string_view account_id) override;
    Result<std::vector<std::pair<std::string, std::int64_t>>> count_jobs(
        core::JobFilter const& filter) override;
    Result<void> add_step(core::StepRecord const& step) override;
    Result<std::vector<core::StepRecord>> steps(std::string_view job_id) override;
    Result<void> note_late_commit(std::string_view account_id,
                                  std::string_view job_id,
                                  Instant at) override;
    Result<std::vector<Instant>> late_commits(std::string_view account_id,
                                              Instant since,
                                              std::string_view except) override;

    Result<void> put_person(core::Person const& person) override;
    Result<std::optional<core::Person>> person(std::string_view name) override;
    Result<std::vector<core::Person>> persons() override;
    Result<void> remove_person(std::string_view name) override;
    Result<void> put_app(core::App const& app) override;
    Result<std::optional<core::App>> app(std::string_view id) override;
    Result<std::vector<core::App>> apps(std::string_view network) override;
    Result<void> remove_app(std::string_view id) override;
    Result<void> put_account(core::Account const& account) override;
    Result<void> remove_account(std::string_view id) override;
    Result<std::optional<core::Account>> account(std::string_view id_or_name) override;
    Result<std::vector<core::Account>> accounts() override;
    Result<void> put_tokens(core::TokenPair const& tokens) override;
    Result<std::optional<core::TokenPair>> tokens(std::string_view account_id) override;
    Result<void> remove_tokens(std::string_view account_id) override;

    Result<void> put_plan(core::StoredPlan const& plan) override;
    Result<std::optional<core::StoredPlan>> plan(std::string_view id) override;
    Result<std::vector<core::StoredPlan>> plans(std::string_view campaign, int limit) override;
    Result<void> put_approval(core::Approval const& approval) override;
    Result<std::optional<core::Approval>> approval(std::string_view id) override;
    Result<std::vector<core::Approval>> approvals(std::string_view plan_id,
                                                  std::string_view state) override;
    Result<std::optional<core::Approval>> approval_head(std::string_view id) override;
    Result<void> put_approved_job(core::ApprovedJob const& approved) override;
    Result<std::optional<core::ApprovedJob>> approved_job(std::string_view approval_id,
                                                          std::string_view job_key) override;
    Result<void> put_campaign(core::Campaign const& campaign) override;
    Result<std::optional<core::Campaign>> campaign(std::string_view name) override;
    Result<std::vector<core::Campaign>> campaigns() override;

    Result<std::optional<core::BucketState>> bucket(std::string_view key) override;
    Result<void> put_bucket(core::BucketState const& bucket) override;
    Result<std::vector<core::BucketState>> buckets() override;
    Result<void> add_hook_run(core::HookRun const& run) override;
    Result<void> put_hook_run(core::HookRun const& run) override;
    Result<std::optional<core::HookRun>> hook_run(std::string_view id) override;
    Result<std::vector<core::HookRun>> due_hook_runs(Instant now, int limit) override;
    Result<std::optional<Instant>> next_hook_run() override;
    Result<std::vector<core::HookRun>> hook_runs(std::string_view job_id) override;
    Result<std::vector<core::HookRun>> failed_hook_runs(int limit) override;
    Result<void> forget_hook_runs(Instant raised_before, int limit) override;
    Result<std::optional<core::CircuitState>> circuit(std::string_view key) override;
    Result<void> put_circuit(core::CircuitState const& circuit) override;
    Result<std::vector<core::CircuitState>> circuits() override;

    Result<void> put_media(adapter::MediaFacts const& facts) override;
    Result<std::optional<adapter::MediaFacts>> media(std::string_view path) override;
    Result<void> add_event(std::string_view type, boost::json::object data, Instant at) override;
    Result<std::vector<core::Event>> events(std::int64_t after_seq,
                                            std::vector<std::string> const& types,
                                            int limit) override;
    Result<std::optional<std::string>> setting(std::string_view name) override;
    Result<void> put_setting(std::string_view name, std::string_view value) override;

 private:
    [[nodiscard]] Instant rests_until(std::string const& account_id) const;
    /// The account's job that is due first and that nobody holds; null when a job of it is held or
    /// none waits.
    [[nodiscard]] std::vector<core::Job const*> next_jobs() const;

    core::SeededRandom random_{1};
};

/// A store over MemoryTables: each piece of work runs at once on the caller's thread, and leaves no
/// trace if it fails.
class MemoryStore final : public core::Store {
 public:
    void submit(Work work, Done done) override;
    Result<void> read(Work const& work) override;

    /// For tests that look inside, while no work runs.
    MemoryTables& tables() { return tables_; }

 private:
    std::recursive_mutex mutex_;
    MemoryTables tables_;
};

}  // namespace postrider::test

// Tables over one SQLite connection. SQLite::Exception passes through to whoever runs the work
// (sqlite_store.cpp).
#pragma once

#include "store/rows.hpp"

#include <postrider/core/random.hpp>
#include <postrider/core/store.hpp>

#include <utility>

namespace postrider::core::detail {

class SqliteTables final : public Tables {
 public:
    /// `random`: of the ids that are given here; the system's where there is none.
    explicit SqliteTables(SQLite::Database& database, Random* random = nullptr)
        : statements_(database), database_(database), random_(random ? *random : system_) {}

    Result<void> insert_job(Job const& job) override;
    Result<std::optional<Job>> job(std::string_view id) override;
    Result<std::optional<Job>> job_by_key(std::string_view key) override;
    Result<std::vector<Job>> jobs(JobFilter const& filter) override;
    Result<void> update_job(Job const& job, std::optional<std::int64_t> fence) override;
    Result<std::vector<Job>> due_jobs(Instant now, int limit) override;
    Result<std::vector<Job>> take_turns(Instant now, int limit) override;
    Result<void> rest_account(std::string_view account_id, Instant until) override;
    Result<std::optional<Instant>> next_due() override;
    Result<std::vector<std::pair<std::string, Instant>>> accounts_due(Instant from,
                                                                      Instant to,
                                                                      int limit) override;
    Result<std::optional<Instant>> first_due_after(std::string_view account_id,
                                                   Instant at) override;
    Result<std::vector<DueTime>> due_times(std::string_view account_id, Instant since) override;
    Result<std::vector<Job>> held_jobs(std::string_view owner) override;
    Result<std::vector<std::string>> lease_owners() override;
    Result<std::vector<Job>> jobs_in_doubt(std::string_view account_id) override;
    Result<std::vector<std::pair<std::string, std::int64_t>>> count_jobs(
        JobFilter const& filter) override;
    Result<void> add_step(StepRecord const& step) override;
    Result<std::vector<StepRecord>> steps(std::string_view job_id) override;
    Result<void> note_late_commit(std::string_view account_id,
                                  std::string_view job_id,
                                  Instant at) override;
    Result<std::vector<Instant>> late_commits(std::string_view account_id,
                                              Instant since,
                                              std::string_view except) override;

    Result<void> put_person(Person const& person) override;
    Result<std::optional<Person>> person(std::string_view name) override;
    Result<std::vector<Person>> persons() override;
    Result<void> remove_person(std::string_view name) override;
    Result<void> put_app(App const& app) override;
    Result<std::optional<App>> app(std::string_view id) override;
    Result<std::vector<App>> apps(std::string_view network) override;
    Result<void> remove_app(std::string_view id) override;
    Result<void> put_account(Account const& account) override;
    Result<void> remove_account(std::string_view id) override;
    Result<std::optional<Account>> account(std::string_view id_or_name) override;
    Result<std::vector<Account>> accounts() override;
    Result<void> put_tokens(TokenPair const& tokens) override;
    Result<std::optional<TokenPair>> tokens(std::string_view account_id) override;
    Result<void> remove_tokens(std::string_view account_id) override;

    Result<void> put_plan(StoredPlan const& plan) override;
    Result<std::optional<StoredPlan>> plan(std::string_view id) override;
    Result<std::vector<StoredPlan>> plans(std::string_view campaign, int limit) override;
    Result<void> put_approval(Approval const& approval) override;
    Result<std::optional<Approval>> approval(std::string_view id) override;
    Result<std::vector<Approval>> approvals(std::string_view plan_id,
                                            std::string_view state) override;
    Result<std::optional<Approval>> approval_head(std::string_view id) override;
    Result<void> put_approved_job(ApprovedJob const& approved) override;
    Result<std::optional<ApprovedJob>> approved_job(std::string_view approval_id,
                                                    std::string_view job_key) override;
    Result<void> put_campaign(Campaign const& campaign) override;
    Result<std::optional<Campaign>> campaign(std::string_view name) override;
    Result<std::vector<Campaign>> campaigns() override;

    Result<std::optional<BucketState>> bucket(std::string_view key) override;
    Result<void> put_bucket(BucketState const& bucket) override;
    Result<std::vector<BucketState>> buckets() override;
    Result<void> add_hook_run(HookRun const& run) override;
    Result<void> put_hook_run(HookRun const& run) override;
    Result<std::optional<HookRun>> hook_run(std::string_view id) override;
    Result<std::vector<HookRun>> due_hook_runs(Instant now, int limit) override;
    Result<std::optional<Instant>> next_hook_run() override;
    Result<std::vector<HookRun>> hook_runs(std::string_view job_id) override;
    Result<std::vector<HookRun>> failed_hook_runs(int limit) override;
    Result<void> forget_hook_runs(Instant raised_before, int limit) override;
    Result<std::optional<CircuitState>> circuit(std::string_view key) override;
    Result<void> put_circuit(CircuitState const& circuit) override;
    Result<std::vector<CircuitState>> circuits() override;

    Result<void> put_media(adapter::MediaFacts const& facts) override;
    Result<std::optional<adapter::MediaFacts>> media(std::string_view path) override;
    Result<void> add_event(std::string_view type, boost::json::object data, Instant at) override;
    Result<std::vector<Event>> events(std::int64_t after_seq,
                                      std::vector<std::string> const& types,
                                      int limit) override;
    Result<std::optional<std::string>> setting(std::string_view name) override;
    Result<void> put_setting(std::string_view name, std::string_view value) override;

    /// Whether work was added or let go since it was asked last.
    bool take_news() { return std::exchange(news_, false); }

 private:
    std::vector<Job> read_jobs(Use& use);
    static std::string const& first_job_sql();
    static std::string const& begun_job_sql();
    // Of those that are due the first that has been begun, else the first of all.
    std::optional<Job> first_job(std::string_view account_id, Instant now);
    void refresh_ready(std::string_view account_id);
    /// The same after a job was added, at the cost of one look where it is not the account's first.
    void note_added(Job const& job);

    Statements statements_;
    SQLite::Database& database_;
    bool news_ = false;
    SystemRandom system_;
    Random& random_;
};

}  // namespace postrider::core::detail

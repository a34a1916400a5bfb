// The one file of state, behind an interface. Every write is a piece of work that runs inside a
// durable transaction; many pieces share one transaction (group commit), each of them all or
// nothing by itself.
#pragma once

#include <postrider/core/circuit.hpp>
#include <postrider/core/job.hpp>
#include <postrider/core/records.hpp>
#include <postrider/result.hpp>

#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace postrider::core {

struct JobFilter {
    std::vector<JobState> states;
    std::string account;  ///< name
    std::string campaign;
    std::string plan_id;
    bool dead = false;  ///< rejected and revivable
    std::optional<Instant> due_before;
    std::string after_id;  ///< cursor: older than this id
    int limit = 20;        ///< 0 = all
};

/// When a job is due.
struct DueTime {
    std::string key;
    std::string job_id;
    Instant due_at{};
};

/// What one transaction can do. Only valid inside the piece of work that was given it.
/// Functions give `conflict.lease_lost` where a fence does not match. A failing disk ends the whole
/// piece of work: whoever submitted it gets `setup.store_unreadable` or `setup.disk_full`.
class Tables {
 public:
    virtual ~Tables() = default;

    // --- jobs
    virtual Result<void> insert_job(
        Job const& job) = 0;  ///< `conflict.name_taken` when the key exists
    virtual Result<std::optional<Job>> job(std::string_view id) = 0;
    virtual Result<std::optional<Job>> job_by_key(std::string_view key) = 0;
    virtual Result<std::vector<Job>> jobs(JobFilter const& filter) = 0;  ///< newest first
    /// Writes all that may change; with a fence (an attempt's own writes) all but the spec, which
    /// only plans and people change. Refuses a transition that may_become() forbids
    /// (`internal.bug`), and, with a fence, a row whose fence or lease owner is another
    /// (`conflict.lease_lost`).
    virtual Result<void> update_job(Job const& job, std::optional<std::int64_t> fence = {}) = 0;
    /// Jobs that are due and that nobody holds, longest waiting first, at most one an account, none
    /// of an account of which a job is held already.
    virtual Result<std::vector<Job>> due_jobs(Instant now, int limit) = 0;
    /// The same jobs in the order of fairness, for a claim: each account has a turn, the least turn
    /// comes first, and each job given adds one to it. An account that comes newly, or was idle,
    /// starts at the turn that was given last. Writes.
    virtual Result<std::vector<Job>> take_turns(Instant now, int limit) = 0;
    /// None of the account's jobs is due before then.
    virtual Result<void> rest_account(std::string_view account_id, Instant until) = 0;
    /// When the next job that nobody holds is due; empty when none is.
    virtual Result<std::optional<Instant>> next_due() = 0;
    /// Accounts whose first job comes due after `from` and not after `to`, soonest first.
    virtual Result<std::vector<std::pair<std::string, Instant>>> accounts_due(Instant from,
                                                                              Instant to,
                                                                              int limit) = 0;
    /// When the account's first job that is due at `at` or later is due, those that wait for a
    /// person included.
    virtual Result<std::optional<Instant>> first_due_after(std::string_view account_id,
                                                           Instant at) = 0;
    /// Jobs of an account that are due since then, or will be, and have sent nothing yet.
    virtual Result<std::vector<DueTime>> due_times(std::string_view account_id, Instant since) = 0;
    virtual Result<std::vector<Job>> held_jobs(
        std::string_view owner) = 0;  ///< leased by this owner
    virtual Result<std::vector<std::string>> lease_owners() = 0;
    /// Jobs of one account that run or are unknown: few, however many jobs it has.
    virtual Result<std::vector<Job>> jobs_in_doubt(std::string_view account_id) = 0;
    virtual Result<std::vector<std::pair<std::string, std::int64_t>>> count_jobs(
        JobFilter const& filter) = 0;  ///< by state
    virtual Result<void> add_step(StepRecord const& step) = 0;
    virtual Result<std::vector<StepRecord>> steps(std::string_view job_id) = 0;
    /// Late jobs of one account, for limits.account_burst. A job counts once, by its newest commit
    /// after `since`; `except` names the job that asks.
    virtual Result<void> note_late_commit(std::string_view account_id,
                                          std::string_view job_id,
                                          Instant at) = 0;
    virtual Result<std::vector<Instant>> late_commits(std::string_view account_id,
                                                      Instant since,
                                                      std::string_view except) = 0;

    // --- people, apps, accounts, tokens
    virtual Result<void> put_person(Person const& person) = 0;
    virtual Result<std::optional<Person>> person(std::string_view name) = 0;
    virtual Result<std::vector<Person>> persons() = 0;
    virtual Result<void> remove_person(std::string_view name) = 0;
    virtual Result<void> put_app(App const& app) = 0;
    virtual Result<std::optional<App>> app(std::string_view id) = 0;
    virtual Result<std::vector<App>> apps(
        std::string_view network) = 0;  ///< all networks when empty; by network and name
    virtual Result<void> remove_app(std::string_view id) = 0;
    virtual Result<void> put_account(Account const& account) = 0;
    virtual Result<void> remove_account(
        std::string_view id) = 0;  ///< and its tokens; only one that no job names
    virtual Result<std::optional<Account>> account(std::string_view id_or_name) = 0;
    virtual Result<std::vector<Account>> accounts() = 0;  ///< by name
    virtual Result<void> put_tokens(TokenPair const& tokens) = 0;
    virtual Result<std::optional<TokenPair>> tokens(std::string_view account_id) = 0;
    virtual Result<void> remove_tokens(std::string_view account_id) = 0;

    // --- plans, approvals, campaigns
    virtual Result<void> put_plan(StoredPlan const& plan) = 0;
    virtual Result<std::optional<StoredPlan>> plan(std::string_view id) = 0;
    virtual Result<std::vector<StoredPlan>> plans(std::string_view campaign,
                                                  int limit) = 0;  ///< newest first
    virtual Result<void> put_approval(Approval const& approval) = 0;
    virtual Result<std::optional<Approval>> approval(std::string_view id) = 0;
    virtual Result<std::vector<Approval>> approvals(std::string_view plan_id,
                                                    std::string_view state) = 0;  ///< "" = any
    /// Without its body, which may speak of thousands of jobs.
    virtual Result<std::optional<Approval>> approval_head(std::string_view id) = 0;
    virtual Result<void> put_approved_job(ApprovedJob const& approved) = 0;
    virtual Result<std::optional<ApprovedJob>> approved_job(std::string_view approval_id,
                                                            std::string_view job_key) = 0;
    virtual Result<void> put_campaign(Campaign const& campaign) = 0;
    virtual Result<std::optional<Campaign>> campaign(std::string_view name) = 0;
    virtual Result<std::vector<Campaign>> campaigns() = 0;

    // --- buckets
    virtual Result<std::optional<BucketState>> bucket(std::string_view key) = 0;
    virtual Result<void> put_bucket(BucketState const& bucket) = 0;
    virtual Result<std::vector<BucketState>> buckets() = 0;

    // --- hooks
    virtual Result<void> add_hook_run(HookRun const& run) = 0;  ///< the id is given by the store
    virtual Result<void> put_hook_run(HookRun const& run) = 0;
    virtual Result<std::optional<HookRun>> hook_run(std::string_view id) = 0;
    virtual Result<std::vector<HookRun>> due_hook_runs(Instant now, int limit) = 0;
    virtual Result<std::optional<Instant>> next_hook_run() = 0;
    virtual Result<std::vector<HookRun>> hook_runs(std::string_view job_id) = 0;  ///< oldest first
    /// Those whose last attempt failed, whether or not they are tried again; newest first.
    virtual Result<std::vector<HookRun>> failed_hook_runs(int limit) = 0;
    /// Forgets up to `limit` runs that were raised before then and are done or given up.
    virtual Result<void> forget_hook_runs(Instant raised_before, int limit) = 0;

    // --- circuits that are not closed
    virtual Result<std::optional<CircuitState>> circuit(std::string_view key) = 0;
    virtual Result<void> put_circuit(CircuitState const& circuit) = 0;  ///< a closed one goes
    virtual Result<std::vector<CircuitState>> circuits() = 0;           ///< by key

    // --- media, events, odds and ends
    virtual Result<void> put_media(
        adapter::MediaFacts const& facts) = 0;  ///< cache by path and identity
    virtual Result<std::optional<adapter::MediaFacts>> media(std::string_view path) = 0;
    /// Appends; `seq` and `id` are given by the store.
    virtual Result<void> add_event(std::string_view type, boost::json::object data, Instant at) = 0;
    virtual Result<std::vector<Event>> events(std::int64_t after_seq,
                                              std::vector<std::string> const& types,
                                              int limit) = 0;
    virtual Result<std::optional<std::string>> setting(std::string_view name) = 0;
    virtual Result<void> put_setting(std::string_view name, std::string_view value) = 0;
};

class Store {
 public:
    using Work = std::function<Result<void>(Tables&)>;
    using Done = std::function<void(Result<void>)>;

    virtual ~Store() = default;
    /// Runs `work` in a transaction; `done` is called when it is durable (or has failed, and left
    /// no trace). `done` may be called on the store's own thread and must be short.
    virtual void submit(Work work, Done done) = 0;
    /// Runs `work` in a read transaction on the caller's thread. It must not write.
    virtual Result<void> read(Work const& work) = 0;
    /// submit() and wait. Never from the store's thread, nor from an event loop in a simulation.
    Result<void> write(Work work);
};

/// Awaitable form of submit(): the work's result, once it is durable. Resumes on the coroutine's
/// executor.
boost::asio::awaitable<Result<void>> write(Store& store, Store::Work work);

/// The same for work that gives a value.
template <class T, class F>
boost::asio::awaitable<Result<T>> transact(Store& store, F work) {
    auto slot = std::make_shared<std::optional<T>>();
    Store::Work run = [slot, work = std::move(work)](Tables& tables) mutable -> Result<void> {
        Result<T> result = work(tables);
        if (!result) return result.error();
        slot->emplace(*std::move(result));
        return {};
    };
    Result<void> done = co_await write(store, std::move(run));
    if (!done) co_return Result<T>(done.error());
    co_return Result<T>(std::move(**slot));
}

/// Blocking forms with a value, for commands.
template <class T, class F>
Result<T> write_now(Store& store, F work) {
    std::optional<T> slot;
    Store::Work run = [&](Tables& tables) -> Result<void> {
        Result<T> result = work(tables);
        if (!result) return result.error();
        slot.emplace(*std::move(result));
        return {};
    };
    auto done = store.write(run);
    if (!done) return done.error();
    return std::move(*slot);
}

template <class T, class F>
Result<T> read_now(Store& store, F work) {
    std::optional<T> slot;
    Store::Work run = [&](Tables& tables) -> Result<void> {
        Result<T> result = work(tables);
        if (!result) return result.error();
        slot.emplace(*std::move(result));
        return {};
    };
    auto done = store.read(run);
    if (!done) return done.error();
    return std::move(*slot);
}

}  // namespace postrider::core

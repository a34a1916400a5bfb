// Plans: what applying a campaign or a single post would do, bound by a hash; applying them;
// approvals. Pure where it can be: the difference and the hashes are functions of values, the rest
// are pieces of work on the store's tables.
#pragma once

#include <postrider/adapter/adapter.hpp>
#include <postrider/core/job.hpp>
#include <postrider/core/random.hpp>
#include <postrider/core/records.hpp>
#include <postrider/core/store.hpp>

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace postrider::core {

enum class PlanAction { create, change, cancel, unchanged };

struct PlannedJob {
    PlanAction action = PlanAction::create;
    JobSpec spec;            ///< for cancel: the stored job's
    std::string hash;        ///< job_hash of spec; empty for cancel
    std::string job_id;      ///< of the stored job; empty for create
    std::string prior_hash;  ///< what it was compared with
    std::string prior_state;
    bool frozen = false;  ///< unchanged because it must not be touched any more
    std::vector<std::string>
        differs;  ///< fields that differ from the stored job, for change and frozen
    bool needs_approval = false;
    std::vector<std::string> asks;  ///< options left to the approver
    std::vector<Finding> findings;
};

struct Plan {
    std::string id;
    std::string hash;
    std::string campaign;  ///< empty for a single post
    std::string file;      ///< of the script; empty for a single post
    Instant created_at{};
    Instant valid_until{};
    std::vector<PlannedJob> jobs;    ///< sorted by due time, key, account
    std::vector<std::string> notes;  ///< what the script printed
    boost::json::object inputs;      ///< name -> hash or version of all that went in
    boost::json::object reserves;    ///< bucket -> permits it would use

    [[nodiscard]] std::map<std::string, int> counts() const;  ///< by action
    [[nodiscard]] std::vector<Finding> errors() const;  ///< findings of level error, of all jobs
};

boost::json::object to_json(Plan const& plan);
Plan plan_from_json(boost::json::object const& object);

/// The difference between what is wanted and what is stored. `stored` are all jobs of the campaign
/// (or those with the keys of a single post). Pure.
std::vector<PlannedJob> plan_difference(std::vector<JobSpec> wanted,
                                        std::vector<Job> const& stored,
                                        bool whole_campaign);

/// SHA-256 over the sorted list of (identity, action, new hash, prior hash, prior state) of all
/// that is not unchanged.
std::string plan_hash(std::vector<PlannedJob> const& jobs);

/// What is checked of one spec before it may be planned: options, text lengths, media rules, the
/// adapter's own rules, the creator's facts where they are known, times in the past (for create and
/// change). Gives findings; changes nothing.
std::vector<Finding> check_spec(JobSpec const& spec,
                                adapter::Adapter const& adapter,
                                adapter::AppView const& app,
                                adapter::CreatorFacts const* facts);

struct PlanRequest {
    std::string campaign;  ///< empty for a single post
    std::string file;
    std::vector<JobSpec> wanted;
    std::vector<std::string> notes;
    boost::json::object inputs;
    std::vector<std::string> only;  ///< post keys; empty = all
};

/// Where planning gets what it needs to know. The functions may be called often; they answer from
/// memory.
struct PlanSources {
    std::function<Result<adapter::Adapter const*>(std::string_view network)> adapter;
    std::function<Result<adapter::AppView>(Account const& account)> app;
};

/// Makes the plan and stores it, unless it has errors: then it is returned with an empty hash, and
/// nothing is stored.
Result<Plan> make_plan(
    Tables& tables, PlanRequest request, PlanSources const& sources, Instant now, Random& random);

struct ApplyOutcome {
    bool replayed = false;              ///< it had been applied before
    std::vector<Job> jobs;              ///< created and changed
    std::vector<Approval> approvals;    ///< opened by this
    std::map<std::string, int> counts;  ///< by action
};

/// One transaction: all jobs or none. `conflict.plan_stale` when something the plan touches has
/// moved, or when `hash` is not the plan's; `plan.expired` after valid_until. With only_approved,
/// `approval.required` unless all of it is granted.
Result<ApplyOutcome> apply_plan(Tables& tables,
                                std::string_view plan_id,
                                std::string_view hash,
                                bool only_approved,
                                Instant now,
                                Random& random);

/// How many approvals the jobs of a plan that change and need one are cut into.
int approvals_needed(Plan const& plan);

/// Opens the approvals that a plan needs (one, or one an account or post), or gives those that are
/// open already.
Result<std::vector<Approval>> request_approval(
    Tables& tables, std::string_view plan_id, std::string_view note, Instant now, Random& random);

struct Decision {
    std::string person;
    std::string note;
    std::string how;              ///< terminal, passphrase
    boost::json::object answers;  ///< job key -> option -> value, for open asks
    boost::json::array words;     ///< every declaration and notice that was shown
    boost::json::object facts;    ///< account -> creator facts shown
};

/// Grants: binds plan_hash, job hashes and answers in approved_hash, and releases the jobs if the
/// plan is applied. `conflict.wrong_state` when it is not pending; `approval.lapsed` when an ask
/// stays open.
Result<Approval> grant_approval(
    Tables& tables, std::string_view approval_id, Decision decision, Instant now, Random& random);
Result<Approval> decline_approval(Tables& tables,
                                  std::string_view approval_id,
                                  Decision decision,
                                  Instant now);

/// The words a person must see before these jobs are sent: declarations and notices by the choices
/// made.
boost::json::array consent_words(adapter::Descriptor const& descriptor, JobSpec const& spec);

/// What of these options the creator is not offered now: findings `approval.lapsed` with what is.
/// Nothing is ever chosen instead; what is still open is no value.
std::vector<Finding> lapsed_values(JobSpec const& spec, adapter::CreatorFacts const& facts);

/// Whether a granted approval covers this job as it stands; compared before every commit.
Result<bool> is_approved(Tables& tables, Job const& job);

// --- what people and programs do to jobs

Result<Job> cancel_job(Tables& tables,
                       std::string_view job_id,
                       std::string_view reason,
                       Instant now);
Result<Job> revive_job(Tables& tables,
                       std::string_view job_id,
                       std::string_view reason,
                       Instant now);
/// `as`: published, handed_off, absent. Only for jobs in `unknown`.
Result<Job> settle_job(Tables& tables,
                       std::string_view job_id,
                       std::string_view as,
                       std::string_view link,
                       std::string_view person,
                       Instant now);
Result<void> pause_account(
    Tables& tables, std::string_view account, bool paused, std::string_view reason, Instant now);
Result<void> pause_campaign(
    Tables& tables, std::string_view campaign, bool paused, std::string_view reason, Instant now);

}  // namespace postrider::core

namespace postrider {

template <>
struct Words<core::PlanAction> {
    static constexpr std::pair<core::PlanAction, std::string_view> table[] = {
        {core::PlanAction::create, "create"},
        {core::PlanAction::change, "change"},
        {core::PlanAction::cancel, "cancel"},
        {core::PlanAction::unchanged, "unchanged"},
    };
};

}  // namespace postrider

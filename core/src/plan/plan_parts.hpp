// What the files of this folder share: where a job stands for a plan, moving jobs with their
// events, and who approved what. Private to plan/.
#pragma once

#include <postrider/core/plan.hpp>

#include <boost/json/object.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace postrider::core::detail {

// --- where a job stands (difference.cpp)

/// True when no plan may touch the job any more: its post is out, may be out, or somebody withdrew
/// it by hand.
bool is_frozen(Job const& job);

/// `frozen`, `rejected`, `cancelled` or `open`: as much of the state as a plan depends on.
std::string_view standing(Job const& job);
/// The same of the state that a plan noted; it never notes a frozen one for a job that it touches.
std::string_view standing(std::string_view prior_state);

/// Names of the fields in which the two differ, sorted; options one by one.
std::vector<std::string> differing_fields(JobSpec const& wanted, Job const& stored);

/// Options that are left to the approver, sorted.
std::vector<std::string> open_asks(adapter::Post const& post);

// --- checks that need the time (check.cpp)

std::vector<Finding> time_findings(JobSpec const& spec, Instant now);

// --- moving jobs (control.cpp)

/// Who withdrew a job; kept in its error, so that a plan knows whether it may take it up again.
inline constexpr std::string_view by_person = "person";
inline constexpr std::string_view by_plan = "plan";
inline constexpr std::string_view by_approval = "approval";

/// Whether the store has the job already.
enum class Row { stored, fresh };

/// Writes the job and appends `job.<state>`.
Result<void> put_job(Tables& tables, Job& job, Instant now, Row row = Row::stored);

/// Takes the job from whoever holds it: their next write is refused. To be followed by a write.
void revoke_lease(Job& job);

/// Forgets all that belonged to the content or the try before: the next attempt begins from
/// nothing.
void begin_anew(Job& job);

/// To `scheduled`, and on to `waiting: paused` where the account or the campaign is paused.
Result<void> schedule(Tables& tables, Job& job, Instant now, Row row = Row::stored);
/// To `awaiting_approval`.
Result<void> hold_for_approval(
    Tables& tables, Job& job, std::string approval_id, Instant now, Row row = Row::stored);
Result<void> cancel(Tables& tables, Job& job, std::string_view by, Error why, Instant now);

// --- approvals (coverage.cpp)

/// One job that a person must decide about.
struct Need {
    std::string key;
    std::string hash;
    std::string account;
    std::string post_key;
    std::string cut;  ///< plan, account, post
    std::vector<std::string> asks;
};

Need need_of(PlannedJob const& planned);

/// Opens approvals for the needs, cut as they say, and joins none that is open already.
Result<std::vector<Approval>> open_approvals(Tables& tables,
                                             StoredPlan const& plan,
                                             std::vector<Need> const& needs,
                                             std::string_view note,
                                             Instant now,
                                             Random& random);

/// True when the approval speaks of this job with this hash, whatever its state.
bool speaks_of(Approval const& approval, std::string_view key, std::string_view hash);

/// Of the approvals the one that is open at `now` and speaks of the job; null when none does.
Approval const* pending_for(std::vector<Approval> const& approvals,
                            std::string_view key,
                            std::string_view hash,
                            Instant now);

/// The spec with the answers that this approval gave. `plan.stored_invalid` when the result is not
/// what was approved.
Result<JobSpec> approved_spec(Approval const& approval, JobSpec spec);

/// Hash over the plan's hash, the jobs' hashes, what will be sent, and the answers.
std::string approved_hash(Approval const& approval);

/// What a granted approval lets go of one job, bound to the approval's hash.
ApprovedJob approved_job(Approval const& approval,
                         std::string_view key,
                         std::string_view job_hash,
                         std::string_view sent_hash);

/// The job was changed or withdrawn: an open approval no longer speaks of it, and is superseded
/// when it speaks of nothing.
Result<void> leave_approval(Tables& tables, Job const& job, Instant now);

/// Ends what nobody decided in time.
Result<void> expire(Tables& tables, Approval& approval, Instant now);

// --- answers (answers.cpp)

/// What will be sent: the plan's spec with one decision's answers. `approval.open_choice` when one
/// is missing, `approval.lapsed` when a value is not offered to the creator now; a value that the
/// rules forbid is refused by its code.
Result<JobSpec> answered_spec(StoredPlan const& stored,
                              PlannedJob const& planned,
                              Decision const& decision);

/// When the job goes out by the approver's word: at the time given as `when` among the answers
/// (`now`, or an instant to come), now for a late job that was waiting to be asked, else when it is
/// due.
Result<Instant> decided_due(Job const& job, boost::json::object const& answers, Instant now);

// --- stored plans (make.cpp, coverage.cpp)

/// The plan's body, read and compared with its hashes: `plan.stored_invalid` when they no longer
/// fit.
Result<Plan> read_plan(StoredPlan const& stored);

/// Rules of the options of each network that the plan leaves choices of, as data: an answer is
/// checked by what was declared when the plan was made. Kept in the stored plan's body beside the
/// plan.
boost::json::object option_rules_json(adapter::Descriptor const& descriptor);
adapter::Descriptor option_rules_from_json(boost::json::object const& object);

}  // namespace postrider::core::detail

// The durable unit of work: one post for one account at one time. States and the transitions that
// are allowed.
#pragma once

#include <postrider/adapter/action.hpp>
#include <postrider/error.hpp>
#include <postrider/result.hpp>

#include <boost/json/object.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace postrider::core {

enum class JobState {
    awaiting_approval,
    scheduled,
    running,
    waiting,
    unknown,
    published,
    handed_off,
    rejected,
    cancelled,
};

/// True when the engine will send nothing more of its own accord. `unknown` is not final.
bool is_final(JobState state);

/// The table of surfaces.md, section 1. A move to the same state is allowed for `running`,
/// `waiting` and `unknown` only.
bool may_become(JobState from, JobState to);

/// What a job will be if its plan is applied; hashed, approved and obeyed as it stands here.
struct JobSpec {
    std::string workspace = "default";
    std::string campaign;  ///< empty for a single post
    std::string post_key;
    std::string account;  ///< `network:handle`
    std::string network;
    std::string key;  ///< idempotency key, see idempotency_key()
    adapter::Post post;

    Instant due_at{};  ///< compiled from wall, zone and rule; now for `asap`
    bool asap = false;
    std::string wall;       ///< `2027-03-01 18:00`; empty with asap
    std::string zone;       ///< IANA
    std::string zone_rule;  ///< as written, empty = default
    std::optional<Instant> not_after;

    std::string catch_up = "ask";  ///< skip, latest, all, ask
    Milliseconds catch_up_within{15 * 60'000};
    std::optional<Milliseconds> catch_up_spacing;

    boost::json::array blackout;  ///< compiled: [{"from","to","why"}]; no commit inside
    boost::json::object hooks;    ///< state -> list of actions, as data
    std::vector<std::string> tags;
    std::string note;      ///< shown to the approver, never sent
    std::string approval;  ///< how the plan is cut: plan, account, post; empty = only where needed
    std::vector<Finding> findings;  ///< noticed while it was made; not part of the hash
};

boost::json::object to_json(JobSpec const& spec);
JobSpec job_spec_from_json(boost::json::object const& object);

/// campaign + post key + account, or for a single post its own key: what makes two plans speak of
/// the same job.
std::string idempotency_key(std::string_view campaign,
                            std::string_view post_key,
                            std::string_view account);

/// SHA-256 of the canonical JSON of everything that will be sent or obeyed. The instant is not part
/// of it, nor paths.
std::string job_hash(JobSpec const& spec);

struct Receipt {
    boost::json::object asked;  ///< options, caption hash
    boost::json::object sent;   ///< media hash, request hash, at
    boost::json::object
        seen;  ///< remote_ids, link, visibility, at; each null until the network shows it
};

/// A commit that was armed; kept until the next one, with how it ended.
struct IntentRecord {
    std::string step;
    adapter::Effect effect = adapter::Effect::commit_blind;
    std::string handle;
    std::string request_digest;
    Instant armed_at{};
    Instant deadline{};
    int attempt = 0;
    /// armed (no answer is durable), confirmed, refused, proved_absent
    std::string outcome = "armed";
};

struct Job {
    std::string id;
    JobSpec spec;
    std::string hash;
    std::string account_id;
    std::string app_id;
    std::string plan_id;
    std::string approval_id;
    std::optional<bool> needs_approval;  ///< as the plan said; empty in rows of older versions

    JobState state = JobState::scheduled;
    std::optional<adapter::WaitReason> waiting;
    Owner wait_owner = Owner::postrider;
    std::optional<Instant> until;    ///< of `waiting`; empty when an event ends it
    std::optional<Instant> next_at;  ///< when the engine acts next; empty = not before an event
    bool revivable = false;
    bool committed = false;  ///< an intent of a commit is durable
    int attempt = 0;         ///< the newest one, from 1
    int failures = 0;        ///< of this step in a row, for backoff
    int looks = 0;           ///< observations since the commit
    std::string step;
    adapter::SavedState saved;  ///< `sealed` is encrypted in the store
    std::optional<IntentRecord> intent;
    Receipt receipt;
    std::optional<Error> error;

    std::int64_t fence = 0;   ///< raised by each claim
    std::string lease_owner;  ///< empty = nobody
    Instant created_at{};
    Instant updated_at{};
};

/// The job object of every surface.
boost::json::object job_object(Job const& job);

/// One request of one attempt, for the timeline.
struct StepRecord {
    std::int64_t seq = 0;
    std::string job_id;
    int attempt = 0;
    std::string step;
    adapter::Effect effect = adapter::Effect::look;
    adapter::Verdict verdict = adapter::Verdict::replied;
    int http_status = 0;
    Instant started_at{};
    Milliseconds duration{0};
    std::string note;  ///< evidence, or the network's code; never a secret
};

boost::json::object to_json(StepRecord const& step);

}  // namespace postrider::core

namespace postrider {

template <>
struct Words<core::JobState> {
    static constexpr std::pair<core::JobState, std::string_view> table[] = {
        {core::JobState::awaiting_approval, "awaiting_approval"},
        {core::JobState::scheduled, "scheduled"},
        {core::JobState::running, "running"},
        {core::JobState::waiting, "waiting"},
        {core::JobState::unknown, "unknown"},
        {core::JobState::published, "published"},
        {core::JobState::handed_off, "handed_off"},
        {core::JobState::rejected, "rejected"},
        {core::JobState::cancelled, "cancelled"},
    };
};

}  // namespace postrider

// What the store keeps beside jobs: persons, apps, accounts, tokens, plans, approvals, campaigns,
// buckets, events.
#pragma once

#include <postrider/adapter/post.hpp>
#include <postrider/instant.hpp>

#include <boost/json/object.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace postrider::core {

struct Person {
    std::string name;
    std::string role = "admin";  ///< viewer, planner, approver, admin
    std::string passphrase_hash;
    Instant created_at{};
};

struct App {
    std::string id;
    std::string network;
    std::string name;
    std::string client_id;
    std::string sealed_secret;  ///< by the vault, context `app:<id>`
    std::string redirect;
    bool audited = false;
    boost::json::object
        options;  ///< as set by a person, texts; defaults are filled in by app_view()
    Instant created_at{};
};

struct Account {
    std::string id;
    std::string app_id;
    std::string network;
    std::string handle;
    std::string name;  ///< `network:handle`, unique
    std::string remote_id;
    std::string zone;  ///< home zone, IANA; may be empty
    std::vector<std::string> tags;
    std::vector<std::string> scopes;
    bool paused = false;
    std::string pause_reason;
    bool reconnect_needed = false;
    std::string reconnect_reason;
    boost::json::object facts;  ///< CreatorFacts as last seen; empty = never asked
    Instant connected_at{};
};

/// A token pair. The texts are sealed by the vault, context `token:<account id>`.
struct TokenPair {
    std::string account_id;
    std::string sealed_access;
    std::string sealed_refresh;
    Instant access_expires_at{};
    Instant access_issued_at{};
    std::optional<Instant> refresh_expires_at;
    std::int64_t generation = 0;  ///< raised whenever a new pair is stored
    /// The refresh that is in flight: who holds it, then who stood still before (tokens.cpp); and
    /// until when nobody else may start one.
    std::string refresher;
    std::optional<Instant> refresher_until;
};

struct StoredPlan {
    std::string id;
    std::string hash;
    std::string campaign;          ///< empty for a single post
    std::string state = "stored";  ///< stored, applied, dropped
    Instant created_at{};
    Instant valid_until{};
    std::optional<Instant> applied_at;
    boost::json::object body;  ///< Plan as JSON, see plan.hpp
};

struct Approval {
    std::string id;
    std::string plan_id;
    std::string plan_hash;
    std::string campaign;
    std::string state = "pending";  ///< pending, granted, declined, expired, superseded, revoked
    Instant created_at{};
    Instant expires_at{};
    std::optional<Instant> decided_at;
    std::string person;
    std::string note;
    std::string approved_hash;
    boost::json::object
        body;  ///< job keys and hashes covered, answers, words seen, facts shown, how it was given
};

/// What a granted approval lets go of one job: small, so that a commit need not read all that the
/// approval covers.
struct ApprovedJob {
    std::string approval_id;
    std::string job_key;
    std::string job_hash;   ///< of the job as it was planned
    std::string sent_hash;  ///< with the answers in it
    std::string bound;      ///< binds the three to the approval's own hash
};

struct Campaign {
    std::string name;
    std::string file;
    std::string plan_hash;  ///< last applied
    std::optional<Instant> applied_at;
    bool paused = false;
    std::string pause_reason;
};

struct Event {
    std::int64_t seq = 0;
    std::string id;
    std::string type;
    Instant at{};
    boost::json::object data;
};

/// One bucket's permit slots. A slot is held (by a request in flight), cooling (free at a time to
/// come), or free.
struct BucketState {
    struct Slot {
        Instant free_at{};   ///< past = free. For a held slot: deadline + window, the latest it can
                             ///< be counted
        std::string holder;  ///< who holds it, `owner/job/fence`; empty = cooling or free
        std::string job{};   ///< whose effect it counts, until that effect is seen
    };
    std::string key;  ///< network/app/account/bucket; account empty for app-wide ones
    int size = 0;     ///< in force: declared, learned or set
    int declared = 0;
    Milliseconds window{0};
    std::string source = "declared";  ///< declared, learned, set
    std::vector<Slot> slots;          ///< only those that are not free
    std::optional<Instant> learned_at;
    std::string evidence;
};

/// One action of a hook, to be done at least once after the state that raised it became durable.
struct HookRun {
    std::string id;  ///< `hkr_...`; given by the store
    std::string job_id;
    std::string state;           ///< that raised it
    boost::json::object action;  ///< as in the plan; the text of a notice is filled in
    Instant raised_at{};
    int attempts = 0;
    std::optional<Instant> next_at;  ///< empty: done, or given up
    std::optional<Instant> done_at;
    std::string error;  ///< of the last attempt, `code: message`
};

boost::json::object to_json(Account const& account);
boost::json::object to_json(App const& app);  ///< without its secret
boost::json::object to_json(Approval const& approval);
boost::json::object to_json(Event const& event);
boost::json::object to_json(HookRun const& run);

}  // namespace postrider::core

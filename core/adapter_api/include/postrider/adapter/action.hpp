// What an adapter asks for, and what it is told. The effect of a request decides what may be
// repeated; core alone decides.
#pragma once

#include <postrider/adapter/http.hpp>
#include <postrider/adapter/post.hpp>
#include <postrider/error.hpp>

#include <boost/json/object.hpp>

#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace postrider::adapter {

/// What a request does to the world (design: "Effects").
enum class Effect { look, repeat, prepare, commit_keyed, commit_by_handle, commit_blind };

constexpr bool is_commit(Effect effect) {
    return effect >= Effect::commit_keyed;
}

/// What the transport knows: `not_sent` only when no byte of the request left this machine.
enum class Verdict { not_sent, no_reply, replied };

/// Why a job waits. All but `backoff` are snoozes: they cost no attempt.
enum class WaitReason { backoff, rate, quota, blackout, network, account, paused, circuit };

/// State that an adapter keeps between steps. `open` is shown to people, `sealed` is encrypted at
/// rest.
struct SavedState {
    boost::json::object open;
    boost::json::object sealed;
};

/// A durable intent to commit.
struct Intent {
    std::string step;
    Effect effect = Effect::commit_blind;
    std::string
        handle;  ///< names the remote object that the commit publishes; empty for blind ones
    Instant armed_at{};
};

/// Everything an adapter may know when it decides.
struct JobView {
    std::string job_id;
    std::string key;  ///< the idempotency key; stable for the life of the job
    Post post;
    AccountView account;
    AppView app;
    SavedState state;
    std::optional<Intent> intent;  ///< the newest commit that was armed and not refused since
    int attempt = 1;
    Instant now{};
};

// --- What an adapter is told
// -------------------------------------------------------------------------------------------

struct Begin {
};  ///< an attempt starts or goes on after a pause or crash: decide from the saved state alone
struct Saved {};  ///< the state of the last Save is durable
struct Reply {    ///< the network answered the Send of this step
    std::string step;
    HttpReply http;
};
using Answer = std::variant<Begin, Saved, Reply>;

// --- What an adapter asks for
// ------------------------------------------------------------------------------------------

/// Send one request. Lost answers are core's business: by effect it repeats, or turns to
/// reconcile().
struct Send {
    std::string step;  ///< one of Descriptor::steps
    Effect effect = Effect::look;
    HttpRequest request;
    std::vector<std::string>
        buckets;         ///< names from the descriptor, narrowest first; a permit of each is taken
    std::string handle;  ///< for commits by handle: what is published
    Milliseconds deadline{
        30'000};  ///< for the whole exchange; core adds time for a body by its size
};

/// Make this state durable, then go on with Saved.
struct Save {
    SavedState state;
};

/// Look again later. In next(): the network is working on it. In reconcile(): no proof yet.
struct Wait {
    Milliseconds delay{0};
    WaitReason why = WaitReason::network;
};

/// What is proved about the post. Nulls are filled in later where the network shows them late.
struct Receipt {
    std::vector<std::string> remote_ids;  ///< always text
    std::string link;
    std::string visibility;
};

/// Done: `published`, or `handed_off` to the creator's inbox. `look_again`: ask once more then for
/// what is missing.
struct Finish {
    bool handed_off = false;
    Receipt receipt;
    std::optional<Milliseconds> look_again;
    std::optional<SavedState> state;
};

/// Known not to be published. Core decides by error.retry() whether another attempt follows;
/// `state` is what that one begins with (nothing given: as it was).
struct Fail {
    Error error;
    std::optional<SavedState> state;
};

/// The truth cannot be known now: the job becomes `unknown`, and reconcile() looks after
/// `look_after`.
struct Doubt {
    Error error;
    Milliseconds look_after{0};
};

/// Only from reconcile(): proof of what the armed commit did. next() goes on from this state: to
/// commit again (it took no effect), or only to observe (it took effect and the network is working
/// on it).
struct Resume {
    SavedState state;
    std::string evidence;  ///< one sentence, kept with the attempt
    bool took_effect = false;
};

using Action = std::variant<Send, Save, Wait, Finish, Fail, Doubt, Resume>;

/// The answer of Adapter::facts().
struct Facts {
    CreatorFacts facts;
};
using FactsAction = std::variant<Send, Facts, Fail>;

}  // namespace postrider::adapter

namespace postrider {

template <>
struct Words<adapter::Effect> {
    static constexpr std::pair<adapter::Effect, std::string_view> table[] = {
        {adapter::Effect::look, "look"},
        {adapter::Effect::repeat, "repeat"},
        {adapter::Effect::prepare, "prepare"},
        {adapter::Effect::commit_keyed, "commit_keyed"},
        {adapter::Effect::commit_by_handle, "commit_by_handle"},
        {adapter::Effect::commit_blind, "commit_blind"},
    };
};

template <>
struct Words<adapter::Verdict> {
    static constexpr std::pair<adapter::Verdict, std::string_view> table[] = {
        {adapter::Verdict::not_sent, "not_sent"},
        {adapter::Verdict::no_reply, "no_reply"},
        {adapter::Verdict::replied, "replied"},
    };
};

template <>
struct Words<adapter::WaitReason> {
    static constexpr std::pair<adapter::WaitReason, std::string_view> table[] = {
        {adapter::WaitReason::backoff, "backoff"},
        {adapter::WaitReason::rate, "rate"},
        {adapter::WaitReason::quota, "quota"},
        {adapter::WaitReason::blackout, "blackout"},
        {adapter::WaitReason::network, "network"},
        {adapter::WaitReason::account, "account"},
        {adapter::WaitReason::paused, "paused"},
        {adapter::WaitReason::circuit, "circuit"},
    };
};

}  // namespace postrider

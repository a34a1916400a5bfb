// The list of bugs, and which one is planted.
#include <postrider/core/mutant.hpp>

namespace postrider::core {

#ifdef POSTRIDER_MUTANTS

namespace {

std::string_view planted;

constexpr std::string_view all_mutants[] = {
    "answer_before_handle",      // a commit's answer and the handle in it are two writes
    "blind_side_by_side",        // a blind commit leaves while another of its account is in doubt
    "circuit_never_closes",      // an open circuit takes every answer for a failure
    "claim_kept",                // a visit whose write failed leaves its claim with a live process
    "commit_cancelled",          // a job is withdrawn although its commit has left
    "confirmed_step_repeated",   // a new visit begins a post anew that is there already
    "consent_not_asked",         // what was declined goes out once it is revived
    "doubt_ends_by_timer",       // after five looks a job in doubt is given up
    "failed_look_means_absent",  // a look that fails is taken to have seen nothing
    "handle_not_saved",          // what a step answered is on disk only when the visit is over
    "hook_forgotten",            // a hook's action is marked as done before it is
    "intent_after_send",         // a commit leaves before its intent is on disk
    "last_moment_ignored",       // a post goes out after its last moment
    "late_burst_ignored",        // any number of late posts at once
    "lazy_disk",                 // commits are not synced
    "lease_survives_person",     // who withdraws a job does not take it from whoever is at it
    "live_owner_rescued",        // rescue without proof of death
    "looking_ends_early",        // doubt is left alone after three looks
    "lost_commit_restarted",     // a lost answer to a commit begins the post anew
    "no_fence",                  // writes do not look whether the claim still holds
    "nobody_rescues",            // what the dead held stays held
    "pause_ignored",             // what is tried again goes out although its account is paused
    "permits_of_the_dead_kept",  // permits of the dead are not given back
    "quota_per_job",             // only the commit of a job counts against the limits
    "refresh_saved_late",        // a new pair of tokens is on disk half a minute after it came
    "refund_on_no_reply",        // a lost request is taken not to have counted
    "slots_freed_early",         // a permit is free with the answer, not a window later
    "stopped_holder_forgotten",  // a refusal is proof, though who stands still may hold a new pair
    "store_error_decides",       // a failing disk is taken for the network's refusal
    "two_refreshers",            // a refresh under way does not keep off another
    "unknown_retried",           // an intent without an answer is forgotten
    "wait_without_end",          // a wait is written without the instant at which it ends
};

}  // namespace

bool mutant(std::string_view name) {
    return !planted.empty() && planted == name;
}

void plant_mutant(std::string_view name) {
    planted = {};
    for (auto const known : all_mutants)
        if (known == name) planted = known;
}

std::span<std::string_view const> mutant_names() {
    return all_mutants;
}

#endif

}  // namespace postrider::core

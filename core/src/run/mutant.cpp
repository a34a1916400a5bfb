// The list of bugs, and which one is planted.
#include <postrider/core/mutant.hpp>

namespace postrider::core {

#ifdef POSTRIDER_MUTANTS

namespace {

std::string_view planted;

constexpr std::string_view all_mutants[] = {
    "answer_before_handle",      // a commit's answer and the handle in it are two writes
    "claim_kept",                // a visit whose write failed leaves its claim with a live process
    "handle_not_saved",          // what a step answered is not on disk before it is used
    "intent_after_send",         // a commit leaves before its intent is on disk
    "late_burst_ignored",        // any number of late posts at once
    "lazy_disk",                 // commits are not synced
    "live_owner_rescued",        // rescue without proof of death
    "looking_ends_early",        // doubt is left alone after three looks
    "lost_commit_restarted",     // a lost answer to a commit begins the post anew
    "nobody_rescues",            // what the dead held stays held
    "permits_of_the_dead_kept",  // permits of the dead are not given back
    "refund_on_no_reply",        // a lost request is taken not to have counted
    "slots_freed_early",         // a permit is free with the answer, not a window later
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

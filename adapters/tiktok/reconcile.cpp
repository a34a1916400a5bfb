// Looks only. A post leaves doubt by proof: it is public, it waits in the inbox, TikTok ended it,
// or its upload can no longer be completed by anybody. Absence from a list would prove nothing and
// is not asked.
#include "errors.hpp"
#include "polling.hpp"
#include "steps.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace postrider::tiktok {

namespace {

using namespace std::chrono_literals;
using adapter::Action;
using adapter::JobView;
using adapter::Resume;
using adapter::Save;
using adapter::Wait;
using adapter::WaitReason;

constexpr int resumes_max = 5;
// A count that is not told may only be late; after so many looks it is taken for none.
constexpr int uncounted_looks = 3;

Instant doubt_began(JobView const& job, State const& state) {
    if (auto const* intent = live_intent(job, state)) return intent->armed_at;
    return state.since.value_or(state.init_at.value_or(job.now));
}

Wait look_later(JobView const& job, State const& state) {
    return {next_status_delay(job.now - doubt_began(job, state)), WaitReason::network};
}

// A published post stays published whatever a later look says; only what is missing is filled in.
Action complete_receipt(JobView const& job, State const& state, Look look) {
    bool const better = look.seen == Seen::published ||
                        (look.seen == Seen::handed_off && state.phase == Phase::handed_off);
    if (!better) {
        look.status = {};
        look.seen = state.phase == Phase::posted ? Seen::published : Seen::handed_off;
    }
    return finish(job, state, look);
}

// The same range goes to the same upload again, after one more look by next().
Resume send_again(JobView const& job, State state, std::uint64_t offset, std::string evidence) {
    settle(state, job);
    state.phase = Phase::uploading;
    state.offset = offset;
    state.last_sent = true;
    state.resumes += 1;
    state.uncounted = 0;
    return {write_state(state), std::move(evidence), false};
}

bool may_send_again(State const& state, std::uint64_t offset, Instant now) {
    auto const plan = restore_plan(state.size, state.chunk_size);
    return upload_url_alive(state, now) && state.resumes < resumes_max && plan &&
           plan->chunk_at(offset);
}

// TikTok leaves out members without a value, and an upload of which nothing arrived has none. To
// offer the range again is safe: this handle publishes once, and its host refuses what it has.
Action without_count(JobView const& job, State state) {
    if (!may_send_again(state, state.offset, job.now)) return look_later(job, state);
    if (state.uncounted + 1 < uncounted_looks) {
        state.uncounted += 1;
        return Save{write_state(state)};
    }
    auto const evidence = fmt::format(
        "TikTok waits for the upload and counts no bytes of it: from byte {} it is offered again",
        state.offset);
    return send_again(job, state, state.offset, evidence);
}

Action while_working(JobView const& job, State state, StatusAnswer const& status) {
    if (state.phase == Phase::uploading && status.status == "PROCESSING_UPLOAD" &&
        !status.uploaded_bytes)
        return without_count(job, std::move(state));
    bool const gap = state.upload() && status.uploaded_bytes && *status.uploaded_bytes < state.size;
    if (!gap) {
        bool const all = status.uploaded_bytes && *status.uploaded_bytes >= state.size;
        bool const named_by_us = !state.upload() && state.phase == Phase::processing;
        // Nobody says how much is there, or it has taken a day already: that proves nothing.
        if ((!all && !named_by_us) || job.now - doubt_began(job, state) >= processing_deadline)
            return look_later(job, state);
        if (state.phase != Phase::processing) {
            state.phase = Phase::processing;
            state.since = doubt_began(job, state);
            state.offset = state.size;
            state.last_sent = true;
        }
        return Resume{write_state(state), "TikTok has all of it and is processing it", true};
    }

    auto const stored = *status.uploaded_bytes;
    if (proved_dead(state, status, job.now)) {
        auto const evidence = fmt::format(
            "TikTok has {} of {} bytes and the upload's hour is long over", stored, state.size);
        settle(state, job);
        return Resume{write_state(without_handle(std::move(state), "network.upload_expired")),
                      evidence};
    }
    if (!may_send_again(state, stored, job.now)) return look_later(job, state);
    auto const evidence =
        fmt::format("TikTok has {} of {} bytes: the last part never arrived", stored, state.size);
    return send_again(job, std::move(state), stored, evidence);
}

}  // namespace

Action reconcile_action(JobView const& job, adapter::Answer const& answer) {
    auto state = read_state(job.state);
    auto const* intent = live_intent(job, state);
    if (state.publish_id.empty() && intent) state.publish_id = intent->handle;
    // A blind commit whose answer was lost has no name to ask by; only a person or a notice can
    // settle it.
    if (state.publish_id.empty()) return Wait{30min, WaitReason::network};

    auto const* reply = std::get_if<adapter::Reply>(&answer);
    // Saved is only that TikTok was asked just now, without an answer that settles anything.
    if (std::holds_alternative<adapter::Saved>(answer)) return look_later(job, state);
    if (!reply) return status_request(settings_of(job.app), state.publish_id);

    auto look = read_look(reply->http);
    if (state.phase == Phase::posted || state.phase == Phase::handed_off)
        return complete_receipt(job, state, std::move(look));
    switch (look.seen) {
        case Seen::published:
        case Seen::handed_off:
            return finish(job, std::move(state), look);
        case Seen::failed:
            return fail_seen(job, std::move(state), look);
        case Seen::no_such:
            return Wait{30min, WaitReason::network};
        case Seen::unread:
            if (look.error->code() == "network.rate_limited") return Wait{1min, WaitReason::rate};
            // Without a state this is no verdict on the post: the core refreshes the token and
            // looks again.
            if (look.error->code() == "account.token_expired")
                return adapter::Fail{*look.error, {}};
            if (look.error->kind() == ErrorKind::unauthorized)
                return Wait{5min, WaitReason::account};
            return Wait{std::max<Milliseconds>(15s, look_later(job, state).delay),
                        WaitReason::network};
        case Seen::working:
            break;
    }
    return while_working(job, std::move(state), look.status);
}

}  // namespace postrider::tiktok

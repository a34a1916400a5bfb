// One reading of status/fetch, for next() and reconcile() alike, and the two ways in which it can
// end a post. What it does not prove is left open.
#include "errors.hpp"
#include "polling.hpp"
#include "steps.hpp"

#include <postrider/catalogue.hpp>

#include <fmt/format.h>

namespace postrider::tiktok {

namespace {

using namespace std::chrono_literals;

// The URL lives one hour; a request that begins in the last minutes would outlive it.
constexpr Milliseconds url_life = 55min;
// After this an upload that misses bytes cannot be completed by anybody (engine rule F6).
constexpr Milliseconds death = 70min;

std::string handle_of(adapter::JobView const& job, State const& state) {
    if (!state.username.empty()) return state.username;
    std::string_view handle = job.account.handle;
    if (!handle.empty() && handle.front() == '@') handle.remove_prefix(1);
    return std::string{handle};
}

std::string chosen_privacy(adapter::JobView const& job, State const& state) {
    auto const* level = job.post.options.if_contains("privacy_level");
    if (state.inbox || !level || !level->is_string()) return {};
    return std::string{level->get_string()};
}

}  // namespace

Look read_look(adapter::HttpReply const& reply) {
    Look look;
    auto const envelope = parse_envelope(reply.body);
    bool const good = reply.status / 100 == 2 && envelope.ok();
    if (!good) {
        look.error = api_error(reply, envelope).with_operation("tiktok.status");
        bool const unknown_id = look.error->code() == "tiktok.publish_id_unknown" ||
                                look.error->code() == "tiktok.publish_id_foreign";
        look.seen = unknown_id ? Seen::no_such : Seen::unread;
        return look;
    }
    look.status = parse_status_answer(envelope.data);
    auto const& word = look.status.status;
    if (word.empty()) {
        look.error =
            tiktok_error("network.bad_answer", "TikTok's answer does not hold the post's status.");
    } else if (word == "PUBLISH_COMPLETE") {
        look.seen = Seen::published;
    } else if (word == "SEND_TO_USER_INBOX") {
        look.seen = Seen::handed_off;
    } else if (word == "FAILED") {
        look.seen = Seen::failed;
        look.error = failed_post_error(look.status.fail_reason, envelope.log_id)
                         .with_operation("tiktok.status");
    } else {
        look.seen = Seen::working;
    }
    return look;
}

adapter::Finish finish(adapter::JobView const& job, State state, Look const& look) {
    adapter::Finish result;
    result.handed_off = look.seen == Seen::handed_off;
    result.receipt.remote_ids = look.status.post_ids;
    result.receipt.visibility = chosen_privacy(job, state);
    auto const handle = handle_of(job, state);
    // An id is digits; anything else is TikTok's word, and no part of an address.
    if (!look.status.post_ids.empty() && !handle.empty() &&
        look.status.post_ids.front().find_first_not_of("0123456789") == std::string::npos)
        result.receipt.link = fmt::format(
            "https://www.tiktok.com/@{}/video/{}", handle, look.status.post_ids.front());

    auto const phase = result.handed_off ? Phase::handed_off : Phase::posted;
    if (state.phase != phase) state.since = job.now;
    state.phase = phase;
    state.upload_url.clear();
    // Only posts that everyone may see ever get an id, and those get it after moderation.
    bool const id_expected = !result.handed_off && look.status.post_ids.empty() &&
                             result.receipt.visibility == "PUBLIC_TO_EVERYONE";
    if (id_expected) result.look_again = next_id_delay(job.now - state.since.value_or(job.now));
    result.state = write_state(state);
    return result;
}

adapter::Fail fail_seen(adapter::JobView const& job, State state, Look const& look) {
    settle(state, job);
    auto const why = fmt::format("TikTok ended {} as FAILED", state.publish_id);
    return {*look.error, write_state(without_handle(std::move(state), why))};
}

bool proved_dead(State const& state, StatusAnswer const& status, Instant now) {
    return state.upload() && state.init_at && status.uploaded_bytes &&
           *status.uploaded_bytes < state.size && now - *state.init_at > death;
}

bool upload_url_alive(State const& state, Instant now) {
    return !state.upload_url.empty() && state.init_at && now - *state.init_at < url_life;
}

Error in_doubt(std::string sentence) {
    return make_error("job.outcome_unknown", std::move(sentence))
        .with_side_effects(SideEffects::possible);
}

}  // namespace postrider::tiktok

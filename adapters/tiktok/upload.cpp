// From the first chunk to the end of processing. Sending again what may have published is decided
// here and in reconcile.cpp only, and never without a look.
#include "errors.hpp"
#include "polling.hpp"
#include "steps.hpp"

#include <postrider/adapter/http.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace postrider::tiktok {

namespace {

using namespace std::chrono_literals;
using adapter::Action;
using adapter::Doubt;
using adapter::Fail;
using adapter::JobView;
using adapter::Reply;
using adapter::Save;
using adapter::Wait;
using adapter::WaitReason;

constexpr int stumbles_max = 3;
// What TikTok counts may lag behind what it has taken; only after this is a gap believed.
constexpr Milliseconds count_settles = 2min;

// The last chunk may be with TikTok: from here on only a proof allows a new upload.
bool may_have_committed(JobView const& job, State const& state) {
    return state.last_sent || live_intent(job, state) != nullptr;
}

Action give_up_handle(JobView const& job, State state, std::string why) {
    if (may_have_committed(job, state))
        return Doubt{in_doubt("The last part of the video may be with TikTok; it is asked first.")
                         .with("reason", why),
                     5s};
    return Save{write_state(without_handle(std::move(state), std::move(why)))};
}

// There is proof that the upload cannot publish any more.
Action begin_anew(JobView const& job, State state) {
    bool const live = live_intent(job, state) != nullptr;
    settle(state, job);
    auto const fresh = write_state(without_handle(std::move(state), "network.upload_expired"));
    if (!live) return Save{fresh};
    // The armed commit is closed by the failure, and the new upload is an attempt of its own.
    return Fail{tiktok_error("network.upload_expired",
                             "TikTok never took all of the video, and its upload has ended."),
                fresh};
}

// Pauses between looks grow with the number of times that the last chunk had to be sent again.
Milliseconds look_after(State const& state) {
    return 5s * (1 << std::min(state.resumes, 5));
}

Action after_mismatch(JobView const& job, State state, Chunk const& chunk, Reply const& reply) {
    auto const progress =
        parse_upload_progress(adapter::find_header(reply.http.headers, "Content-Range"));
    if (progress && progress->reaches(chunk.offset + chunk.length)) {
        // An earlier try had arrived after all.
        state.offset = chunk.offset + chunk.length;
        state.stumbles = 0;
        return Save{write_state(state)};
    }
    bool const same_place = !progress || progress->reaches(chunk.offset);
    if (!same_place || state.stumbles >= stumbles_max)
        return give_up_handle(job, std::move(state), "upload out of step");
    // Saved, so that a host that always says so is not asked for ever.
    state.stumbles += 1;
    return Save{write_state(state)};
}

enum class Stored { yes, no, unknown };

// What an answer to a PUT says of its chunk. 201 and 206 are TikTok's own words. 200 is what TikTok
// does not document and anything between us and it may say, a page with it: believed without a
// body, or with a progress that fits.
Stored reading_of(adapter::HttpReply const& http, Chunk const& chunk, std::uint64_t size) {
    if (http.status == 201 || http.status == 206) return Stored::yes;
    auto const range = adapter::find_header(http.headers, "Content-Range");
    auto const progress = parse_upload_progress(range);
    bool const reached =
        progress && progress->total == size && progress->reaches(chunk.offset + chunk.length);
    // The host has this last chunk already, and says that it has everything; with a single byte
    // the number could mean nothing as well.
    if (http.status == 416 && chunk.last && reached && !progress->reaches(chunk.offset))
        return Stored::yes;
    if (http.status != 200) return Stored::no;
    return reached || (range.empty() && http.body.empty()) ? Stored::yes : Stored::unknown;
}

// The upload is under way, or may be, and TikTok has been asked how far it came.
Action resynchronise(JobView const& job, State state, StatusAnswer const& status) {
    auto const stored = status.uploaded_bytes.value_or(state.offset);
    if (stored >= state.size && may_have_committed(job, state))
        return Doubt{in_doubt("TikTok has all of the video, from a try that was thought lost."),
                     1s};
    if (stored >= state.size) return save_processing(std::move(state), job.now);
    if (proved_dead(state, status, job.now)) return begin_anew(job, std::move(state));
    if (!upload_url_alive(state, job.now))
        return give_up_handle(job, std::move(state), "network.upload_expired");
    auto const plan = restore_plan(state.size, state.chunk_size);
    if (!plan || !plan->chunk_at(stored))
        return give_up_handle(job, std::move(state), "upload not at the border of a chunk");
    if (stored == state.offset) return put_chunk(job, state);
    state.offset = stored;
    state.stumbles = 0;
    return Save{write_state(state)};
}

// A call that failed says nothing about the post.
Action after_unread_status(JobView const& job, State const& state, Look const& look) {
    auto const& error = *look.error;
    bool const committed = state.phase != Phase::uploading || may_have_committed(job, state);
    if (error.code() == "account.token_expired")
        return Fail{committed ? error.with_side_effects(SideEffects::possible) : error, {}};
    if (error.code() == "account.scope_missing")
        return committed ? Action{Wait{5min, WaitReason::account}} : Action{Fail{error, {}}};
    if (error.code() == "network.rate_limited") return Wait{1min, WaitReason::rate};
    if (state.phase == Phase::uploading) return Wait{15s, WaitReason::network};
    auto const elapsed = job.now - state.since.value_or(job.now);
    if (elapsed >= processing_deadline)
        return Doubt{
            in_doubt("TikTok could not be asked about the post for a day.").caused_by(error),
            30min};
    return Wait{std::max<Milliseconds>(15s, next_status_delay(elapsed)), WaitReason::network};
}

Action while_processing(JobView const& job, State state, StatusAnswer const& status) {
    auto const elapsed = job.now - state.since.value_or(job.now);
    if (proved_dead(state, status, job.now)) return begin_anew(job, std::move(state));
    bool const gap = state.upload() && status.uploaded_bytes && *status.uploaded_bytes < state.size;
    if (gap && elapsed > count_settles && upload_url_alive(state, job.now))
        // Every part was taken, and yet some are missing: reconcile() finds out how to complete it.
        return Doubt{in_doubt(fmt::format("TikTok reports {} of {} bytes after taking all parts.",
                                          *status.uploaded_bytes,
                                          state.size)),
                     look_after(state)};
    if (elapsed >= processing_deadline)
        return Doubt{in_doubt("TikTok has been processing the post for more than a day."), 30min};
    return Wait{next_status_delay(elapsed), WaitReason::network};
}

}  // namespace

adapter::Save save_processing(State state, Instant now) {
    state.phase = Phase::processing;
    state.since = now;
    if (state.upload()) {
        state.offset = state.size;
        state.last_sent = true;
    }
    state.stumbles = 0;
    return {write_state(state)};
}

Action put_chunk(JobView const& job, State const& state) {
    auto const plan = restore_plan(state.size, state.chunk_size);
    auto const chunk = plan ? plan->chunk_at(state.offset) : std::nullopt;
    if (!chunk || state.upload_url.empty())
        return give_up_handle(job, state, "saved upload cannot be continued");
    if (!upload_url_alive(state, job.now))
        return give_up_handle(job, state, "network.upload_expired");
    if (!job.post.media.empty() && job.post.media.front().size_bytes != state.size)
        return Fail{tiktok_error("media.changed").with_operation("tiktok.upload_chunk"), {}};
    return chunk_request(job, state, *chunk);
}

Action after_chunk(JobView const& job, State state, Reply const& reply) {
    auto const& http = reply.http;
    bool const last = reply.step == step::upload_last_chunk;
    auto const plan = restore_plan(state.size, state.chunk_size);
    auto const chunk = plan ? plan->chunk_at(state.offset) : std::nullopt;
    if (!chunk || chunk->last != last) {
        // Not the chunk that the saved state speaks of: only TikTok can tell how far it is.
        if (last) return Doubt{in_doubt("The answer fits no part of this upload."), 5s};
        return status_request(settings_of(job.app), state.publish_id);
    }

    auto const stored = reading_of(http, *chunk, state.size);
    if (stored == Stored::yes) {
        // Our own count decides what comes next, and status has the last word.
        if (last) return save_processing(std::move(state), job.now);
        state.offset += chunk->length;
        state.stumbles = 0;
        return Save{write_state(state)};
    }

    bool const foreign = stored == Stored::unknown;
    auto const error =
        (foreign ? tiktok_error("network.bad_answer",
                                "Something answered a part of the video in TikTok's place.")
                       .with("http_status", std::to_string(http.status))
                 : upload_error(http))
            .with_operation("tiktok." + reply.step);
    if (last)
        return Doubt{in_doubt("The last part of the video was sent and not confirmed.")
                         .with("http_status", std::to_string(http.status))
                         .caused_by(error),
                     look_after(state)};
    if (foreign && state.stumbles < stumbles_max) {
        // Saved, and next() asks how far the upload is before it goes on.
        state.stumbles += 1;
        return Save{write_state(state)};
    }
    if (http.status == 416) return after_mismatch(job, std::move(state), *chunk, reply);
    if (http.status == 401 || http.status == 403 || http.status == 404)
        return give_up_handle(job, std::move(state), "network.upload_expired");
    // Everything stored stays stored: the next attempt goes on from there.
    return Fail{error, {}};
}

Action after_status(JobView const& job, State state, Reply const& reply) {
    auto const look = read_look(reply.http);
    switch (look.seen) {
        case Seen::published:
        case Seen::handed_off:
            return finish(job, std::move(state), look);
        case Seen::failed:
            return fail_seen(job, std::move(state), look);
        case Seen::no_such:
            if (state.phase == Phase::uploading && !may_have_committed(job, state))
                return give_up_handle(job, std::move(state), look.error->code());
            return Doubt{look.error->with_side_effects(SideEffects::possible), 5min};
        case Seen::unread:
            return after_unread_status(job, state, look);
        case Seen::working:
            break;
    }
    if (state.phase == Phase::uploading) return resynchronise(job, std::move(state), look.status);
    return while_processing(job, std::move(state), look.status);
}

}  // namespace postrider::tiktok

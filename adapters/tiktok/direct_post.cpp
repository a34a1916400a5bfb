// The steps of a post up to its init: creator_info, then the init, then the handle on disk. What
// comes after is in upload.cpp.
#include "errors.hpp"
#include "polling.hpp"
#include "steps.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace postrider::tiktok {

namespace {

using namespace std::chrono_literals;
using adapter::Action;
using adapter::Deliver;
using adapter::Doubt;
using adapter::Fail;
using adapter::JobView;
using adapter::Reply;
using adapter::Save;
using adapter::Wait;

// Each init may leave an unfinished upload behind, which counts against the creator for a while.
constexpr std::size_t inits_an_hour = 3;

bool good(adapter::HttpReply const& http, Envelope const& envelope) {
    return http.status / 100 == 2 && envelope.ok();
}

Doubt blind_doubt(Error const& cause) {
    return {
        in_doubt(
            "TikTok may have taken the request to fetch and publish the media; its answer is lost.")
            .caused_by(cause),
        1min};
}

// Falls back to the inbox only where the post allows it, and only for what a draft is not subject
// to.
bool may_fall_back(JobView const& job, State const& state, std::string_view network_code) {
    if (job.post.deliver != Deliver::direct_or_inbox || state.inbox || only_direct(job.account))
        return false;
    auto const* row = find_network_code(network_code, in_api);
    return row && row->only_direct;
}

std::optional<Fail> budget_spent(State const& state, Instant now) {
    auto const recent = std::count_if(state.inits.begin(), state.inits.end(), [&](Instant at) {
        return at <= now && now - at < 1h;
    });
    if (static_cast<std::size_t>(recent) < inits_an_hour) return std::nullopt;
    auto const oldest = state.inits[state.inits.size() - inits_an_hour];
    auto error = tiktok_error("tiktok.init_budget_spent")
                     .with_retry(Retry::after(std::max<Milliseconds>(1min, oldest + 1h - now)))
                     .with("last_reason", state.abandoned);
    return Fail{std::move(error), {}};
}

Action send_init(JobView const& job, State const& state) {
    // One job has one live commit: without proof about the old one there is no new one.
    if (live_intent(job, state))
        return Doubt{in_doubt("A commit of this post has left and its outcome is not known."), 5s};
    if (!fetched_by_network(job.post))
        if (auto spent = budget_spent(state, job.now)) return *std::move(spent);
    auto request = init_request(job, state);
    if (!request) return Fail{request.error().with_operation("tiktok.init"), {}};
    return *std::move(request);
}

Action start(JobView const& job, State state) {
    if (live_intent(job, state))
        return Doubt{in_doubt("A commit of this post has left and its outcome is not known."), 5s};
    if (state.inbox) return send_init(job, state);
    // TikTok wants it asked before every post, and what it offered yesterday may not be offered
    // today.
    return ask_creator_info(settings_of(job.app));
}

Action after_creator_info(JobView const& job, State state, Reply const& reply) {
    auto const envelope = parse_envelope(reply.http.body);
    if (!good(reply.http, envelope)) {
        if (may_fall_back(job, state, envelope.code)) {
            state.inbox = true;
            return Save{write_state(state)};
        }
        return Fail{api_error(reply.http, envelope).with_operation("tiktok.creator_info"), {}};
    }

    auto const info = parse_creator_info(envelope.data);
    auto const facts = facts_of(info, job.now);
    if (job.post.deliver == Deliver::direct_or_inbox && !only_direct(job.account) &&
        only_direct_is_impossible(job.post, job.app, facts)) {
        state.inbox = true;
        return Save{write_state(state)};
    }
    if (auto error = lapsed(job.post, job.app, facts))
        return Fail{error->with_operation("tiktok.creator_info"), {}};

    // The link is made with the creator's name of now; it is kept only where it differs from ours.
    if (!info.username.empty() && facts.handle != job.account.handle &&
        state.username != info.username) {
        state.username = info.username;
        state.phase = Phase::ready;
        return Save{write_state(state)};
    }
    return send_init(job, state);
}

// A lost or broken answer to this init leaves at most an upload without bytes: it is counted.
Fail failed_init(JobView const& job, State state, Error const& error, bool counts) {
    if (!counts) return {error, {}};
    state.phase = Phase::fresh;
    state.inits.push_back(job.now);
    return {error, write_state(state)};
}

Action after_upload_init(JobView const& job, State state, Reply const& reply) {
    auto const envelope = parse_envelope(reply.http.body);
    auto const operation = "tiktok." + reply.step;
    if (!good(reply.http, envelope)) {
        if (is_refusal(reply.http, envelope) && may_fall_back(job, state, envelope.code)) {
            state = without_handle(std::move(state), envelope.code);
            state.inbox = true;
            return Save{write_state(state)};
        }
        bool const ambiguous = !is_refusal(reply.http, envelope);
        return failed_init(job,
                           std::move(state),
                           api_error(reply.http, envelope).with_operation(operation),
                           ambiguous);
    }

    auto const settings = settings_of(job.app);
    auto const answer = parse_init_answer(envelope.data);
    if (answer.publish_id.empty() || answer.upload_url.empty())
        return failed_init(
            job,
            std::move(state),
            tiktok_error("network.bad_answer", "TikTok's answer to the init names no upload.")
                .with("log_id", scrub(envelope.log_id))
                .with_operation(operation),
            true);
    if (auto const problem = upload_url_problem(settings, answer.upload_url); !problem.empty())
        return failed_init(
            job,
            std::move(state),
            tiktok_error(
                "tiktok.upload_host_refused",
                fmt::format("No byte was sent to the upload address that TikTok named: {}.",
                            problem))
                .with_operation(operation),
            true);

    auto const plan = plan_chunks(job.post.media.front().size_bytes, settings.chunk_size);
    if (!plan) return Fail{tiktok_error("media.empty"), {}};
    state.phase = Phase::uploading;
    state.publish_id = answer.publish_id;
    state.upload_url = answer.upload_url;
    state.init_at = job.now;
    state.inits.push_back(job.now);
    state.size = plan->size;
    state.chunk_size = plan->chunk_size;
    state.offset = 0;
    // The handle is on disk before the first byte: after a crash here we look, we do not begin
    // again.
    return Save{write_state(state)};
}

// TikTok fetches the media by itself: its yes is the commit, and a lost yes is doubt.
Action after_blind_init(JobView const& job, State state, Reply const& reply) {
    auto const envelope = parse_envelope(reply.http.body);
    auto const operation = "tiktok." + reply.step;
    if (!good(reply.http, envelope)) {
        auto const error = api_error(reply.http, envelope).with_operation(operation);
        if (!is_refusal(reply.http, envelope)) return blind_doubt(error);
        settle(state, job);
        bool const fall_back = may_fall_back(job, state, envelope.code);
        state = without_handle(std::move(state), envelope.code);
        state.inbox = state.inbox || fall_back;
        // An attempt of its own, so that the refused commit is closed before the draft's is armed.
        return Fail{fall_back ? error.with_retry(Retry::backoff()) : error, write_state(state)};
    }
    auto const answer = parse_init_answer(envelope.data);
    if (answer.publish_id.empty())
        return blind_doubt(
            tiktok_error("network.bad_answer", "TikTok's answer to the init names no post.")
                .with("log_id", scrub(envelope.log_id))
                .with_operation(operation));
    state.publish_id = answer.publish_id;
    state.init_at = job.now;
    return save_processing(std::move(state), job.now);
}

Action after_reply(JobView const& job, State state, Reply const& reply) {
    auto const& name = reply.step;
    if (name == step::creator_info) return after_creator_info(job, std::move(state), reply);
    if (name == step::upload_chunk || name == step::upload_last_chunk)
        return after_chunk(job, std::move(state), reply);
    if (name == step::status) return after_status(job, std::move(state), reply);

    state.inbox =
        name == step::inbox_init || name == step::inbox_pull_init || name == step::inbox_photo_init;
    if (name == step::init || name == step::inbox_init)
        return after_upload_init(job, std::move(state), reply);
    return after_blind_init(job, std::move(state), reply);
}

}  // namespace

Action next_action(JobView const& job, adapter::Answer const& answer) {
    auto state = read_state(job.state);
    if (auto const* reply = std::get_if<Reply>(&answer))
        return after_reply(job, std::move(state), *reply);

    bool const begins = std::holds_alternative<adapter::Begin>(answer);
    state.inbox = state.inbox || job.post.deliver == Deliver::inbox;
    if (state.publish_id.empty()) {
        // creator_info was asked in this attempt only if we come straight from saving its answer.
        if (state.phase == Phase::ready && !begins) return send_init(job, state);
        return start(job, std::move(state));
    }
    if (state.phase == Phase::uploading && !begins && state.stumbles == 0)
        return put_chunk(job, state);
    if (state.phase == Phase::processing && !begins)
        return Wait{next_status_delay(Milliseconds{0}), adapter::WaitReason::network};
    if (state.phase == Phase::uploading && !state.last_sent && !live_intent(job, state) &&
        !upload_url_alive(state, job.now))
        // No last byte has left, so this upload can never publish: it is given up without a look.
        return Save{write_state(without_handle(std::move(state), "network.upload_expired"))};
    // Whatever was interrupted: TikTok knows how far it came.
    return status_request(settings_of(job.app), state.publish_id);
}

}  // namespace postrider::tiktok

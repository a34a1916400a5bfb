// What the tests of this adapter share: recorded answers, a job to begin with, and a stand-in for
// the core that obeys the actions of next() until one ends the visit. No network, no clock.
#pragma once

#include "chunks.hpp"
#include "errors.hpp"
#include "state.hpp"
#include "steps.hpp"
#include "tiktok.hpp"

#include <postrider/adapter/action.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <fstream>
#include <functional>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace postrider::tiktok::test {

using namespace adapter;
using namespace std::chrono_literals;

inline constexpr std::uint64_t video_size = 50'000'123;
inline constexpr std::string_view publish_id = "v_pub_file~v2-1.7000000000000000001";
inline constexpr std::string_view upload_url =
    "https://open-upload.tiktokapis.com/video/?upload_id=1&upload_token=secret-token";
inline constexpr std::int64_t post_id = 7'512'345'678'901'234'567;

inline Instant at(Milliseconds since_noon) {
    return *parse_rfc3339("2026-11-20T12:00:00Z") + since_noon;
}

/// The answer in testdata/<name>.json.
inline HttpReply recorded(std::string_view name) {
    std::ifstream file{std::string{TIKTOK_TESTDATA} + "/" + std::string{name} + ".json"};
    std::stringstream text;
    text << file.rdbuf();
    auto const object = boost::json::parse(text.str()).as_object();
    EXPECT_FALSE(object.at("source").as_string().empty()) << name;
    HttpReply reply;
    reply.status = static_cast<int>(object.at("status").as_int64());
    if (auto const* headers = object.if_contains("headers"))
        for (auto const& header : headers->as_object())
            reply.headers.emplace_back(std::string{header.key()},
                                       std::string{header.value().as_string()});
    if (auto const* body = object.if_contains("body")) reply.body = boost::json::serialize(*body);
    if (auto const* raw = object.if_contains("text")) reply.body = std::string{raw->as_string()};
    return reply;
}

inline Reply reply(std::string_view step, HttpReply http) {
    return {std::string{step}, std::move(http)};
}

inline Reply reply(std::string_view step, std::string_view name) {
    return reply(step, recorded(name));
}

/// A video of 50,000,123 bytes, to be posted to everyone by an audited app. Its chunks are set so
/// small that there are several of them.
inline JobView new_job(std::uint64_t size = video_size) {
    JobView job;
    job.job_id = "job_1";
    job.key = "spring/monday/tiktok:@ann";
    MediaFacts media;
    media.path = "/videos/film.mp4";
    media.size_bytes = size;
    media.kind = "video";
    media.container = "mp4";
    media.mime = "video/mp4";
    media.duration_ms = 20'000;
    job.post.media = {media};
    job.post.caption = "Bread #bakery";
    job.post.options = {{"privacy_level", "PUBLIC_TO_EVERYONE"},
                        {"allow_comment", true},
                        {"allow_duet", false},
                        {"allow_stitch", false},
                        {"disclosure", "none"}};
    job.account.name = "tiktok:@ann";
    job.account.handle = "@ann";
    job.account.scopes = {"user.info.basic", "video.publish", "video.upload"};
    job.app.name = "main";
    job.app.audited = true;
    job.now = at(0s);
    return job;
}

inline JobView pull_job() {
    auto job = new_job();
    job.post.media.front().path.clear();
    job.post.media.front().url = "https://media.example/film.mp4";
    return job;
}

/// The state after init, with `offset` bytes stored. Chunks of 10,000,000 bytes whatever the size,
/// so that uploads of several chunks can be tested with the official example.
inline State uploading(std::uint64_t offset = 0) {
    State state;
    state.phase = Phase::uploading;
    state.publish_id = publish_id;
    state.upload_url = upload_url;
    state.init_at = at(0s);
    state.inits = {at(0s)};
    state.size = video_size;
    state.chunk_size = 10'000'000;
    state.offset = offset;
    return state;
}

inline State processing() {
    auto state = uploading(video_size);
    state.phase = Phase::processing;
    state.last_sent = true;
    state.since = at(1min);
    return state;
}

inline JobView job_in(State const& state, Instant now = at(2min)) {
    auto job = new_job();
    job.state = write_state(state);
    job.now = now;
    return job;
}

/// All but the last chunk is there.
inline State last_chunk() {
    return uploading(40'000'000);
}

inline Intent last_chunk_intent() {
    Intent intent;
    intent.step = step::upload_last_chunk;
    intent.effect = Effect::commit_by_handle;
    intent.handle = publish_id;
    intent.armed_at = at(1min);
    return intent;
}

inline Intent blind_intent() {
    Intent intent;
    intent.step = step::pull_init;
    intent.effect = Effect::commit_blind;
    intent.armed_at = at(1min);
    return intent;
}

inline Action next(JobView const& job, Answer const& answer) {
    return tiktok_adapter()->next(job, answer);
}

inline Action reconcile(JobView const& job, Answer const& answer) {
    return tiktok_adapter()->reconcile(job, answer);
}

/// The action as this kind, or a failed test and an empty one.
template <class T>
T as(Action const& action) {
    if (auto const* wanted = std::get_if<T>(&action)) return *wanted;
    ADD_FAILURE() << "another action, number " << action.index();
    if (auto const* failed = std::get_if<Fail>(&action))
        ADD_FAILURE() << failed->error.code() << ": " << failed->error.message();
    if constexpr (std::is_same_v<T, Fail> || std::is_same_v<T, Doubt>)
        return T{tiktok_error("internal.bug"), {}};
    else
        return T{};
}

inline State saved(Action const& action) {
    return read_state(as<Save>(action).state);
}

inline boost::json::object body_of(Send const& send) {
    return boost::json::parse(std::get<std::string>(send.request.body)).as_object();
}

inline std::string context(Error const& error, std::string_view name) {
    for (auto const& [key, value] : error.context())
        if (key == name) return value;
    return {};
}

/// Obeys next() as the core would, until something else than Send and Save is asked for.
/// `respond` gives the answer to each Send.
struct Visit {
    std::vector<Send> sends;
    std::vector<State> saves;
    std::vector<std::string> order;  ///< steps, and `save`
    Action end = Wait{};
};

inline Visit visit(JobView job, std::function<HttpReply(Send const&)> const& respond) {
    Visit result;
    Answer answer = Begin{};
    for (int i = 0; i < 200; ++i) {
        auto action = next(job, answer);
        if (auto const* send = std::get_if<Send>(&action)) {
            result.sends.push_back(*send);
            result.order.push_back(send->step);
            if (is_commit(send->effect))
                job.intent = Intent{send->step, send->effect, send->handle, job.now};
            answer = Reply{send->step, respond(*send)};
        } else if (auto const* save = std::get_if<Save>(&action)) {
            job.state = save->state;
            result.saves.push_back(read_state(save->state));
            result.order.emplace_back("save");
            answer = Saved{};
        } else {
            result.end = std::move(action);
            return result;
        }
    }
    ADD_FAILURE() << "the visit never ended";
    return result;
}

}  // namespace postrider::tiktok::test

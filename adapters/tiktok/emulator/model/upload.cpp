// The upload host: what a PUT has to look like, in which order chunks come, and what is answered.
// Order of checks: task known, URL alive, headers, total, progress, size of the chunk.
#include "tiktok/emulator/model/upload.hpp"

#include <fmt/format.h>

#include "tiktok/emulator/model/model.hpp"
#include "tiktok/emulator/model/text.hpp"

namespace postrider::tiktok::emulator {
namespace {

// Sending a stored chunk again is allowed (its answer may have been lost), but the 416 says where
// to go on.
constexpr std::int64_t repeats_max = 3;

struct Range {
    std::int64_t first = 0;
    std::int64_t last = 0;
    std::int64_t total = 0;
};

std::optional<Range> parse_range(std::string_view text) {
    constexpr std::string_view unit = "bytes ";
    if (!text.starts_with(unit)) return std::nullopt;
    text.remove_prefix(unit.size());
    auto const dash = text.find('-');
    auto const slash = text.find('/');
    if (dash == std::string_view::npos || slash == std::string_view::npos || slash < dash) {
        return std::nullopt;
    }
    auto const first = parse_digits(text.substr(0, dash));
    auto const last = parse_digits(text.substr(dash + 1, slash - dash - 1));
    auto const total = parse_digits(text.substr(slash + 1));
    constexpr std::uint64_t most = std::uint64_t{1} << 62;
    if (!first || !last || !total) return std::nullopt;
    if (*first > *last || *last >= *total || *total > most) return std::nullopt;
    return Range{static_cast<std::int64_t>(*first),
                 static_cast<std::int64_t>(*last),
                 static_cast<std::int64_t>(*total)};
}

Publish* find_task(Call& call) {
    if (call.request.path() != "/video/") return nullptr;
    auto const query = parse_form(call.request.query());
    if (!query) return nullptr;
    auto const id = query->find("upload_id");
    auto const token = query->find("upload_token");
    if (id == query->end() || token == query->end()) return nullptr;
    auto const upload = call.world.uploads.find(id->second);
    if (upload == call.world.uploads.end()) return nullptr;
    Publish& publish = call.world.publishes.find(upload->second)->second;
    if (publish.upload_token != token->second) return nullptr;
    return &publish;
}

bool is_video_type(std::optional<std::string_view> type) {
    if (!type) return false;
    std::string const word = media_type(*type);
    return word == "video/mp4" || word == "video/quicktime" || word == "video/webm";
}

/// Faults that turn a world upside down before the request is looked at.
void apply_world_fault(Call& call, Publish& publish, FaultKind kind) {
    World& world = call.world;
    std::string const key = world.grant_key(publish.creator, publish.client_key);
    if (kind == FaultKind::revoke_token) world.revoke(world.grants.find(key)->second);
    if (kind == FaultKind::expire_token) {
        for (auto& [value, token] : world.access_tokens) {
            if (token.grant == key) token.expires = call.now;
        }
    }
    if (kind == FaultKind::expire_upload) publish.url_expires = call.now;
    if (kind == FaultKind::forget_upload) publish.forgotten = true;
    world.changed();
}

Reply already_complete(Call& call, OpenPut& put, Publish& publish, Range const& range) {
    bool const last_again = range.last + 1 == publish.size;
    call.violate(last_again ? "last_chunk_repeated" : "upload_after_end",
                 "all bytes are stored; a status call would have told");
    put.code = "all bytes are stored";
    return upload_reply(call.world, 416, &publish, "the upload is complete");
}

Reply wrong_start(Call& call, OpenPut& put, Publish& publish, Range const& range) {
    bool const newest = publish.chunks_stored > 0 &&
                        range.first == publish.stored - publish.chunk_size &&
                        range.last + 1 == publish.stored;
    put.code = "wrong start";
    if (!newest) {
        call.violate("upload_out_of_order",
                     fmt::format("starts at {}, {} bytes are stored", range.first, publish.stored));
        return upload_reply(call.world, 416, &publish, "the range does not continue the upload");
    }
    if (++publish.repeats >= repeats_max) {
        call.violate("progress_ignored", "the same stored chunk was sent three times more");
    }
    if (call.world.scenario.switches.repeated_chunk == "accept") {
        return upload_reply(call.world, 206, &publish, "stored before");
    }
    return upload_reply(call.world, 416, &publish, "this chunk is stored already");
}

std::optional<Reply> judge_headers(Call& call, OpenPut& put, Publish& publish) {
    World& world = call.world;
    Request const& request = call.request;
    auto const refuse = [&](int status, char const* rule, std::string detail) {
        put.code = detail;
        call.violate(rule, detail);
        return upload_reply(world, status, &publish, detail);
    };
    if (request.method != "PUT") return refuse(405, "wrong_method", request.method);
    if (request.header("Transfer-Encoding")) {
        return refuse(400, "upload_chunked_encoding", "Transfer-Encoding is not allowed");
    }
    if (!is_video_type(request.header("Content-Type"))) {
        return refuse(
            400, "upload_content_type", "Content-Type is not one of the three video types");
    }
    auto const header = request.header("Content-Range");
    if (!header) return refuse(416, "upload_range_missing", "Content-Range is missing");
    auto const range = parse_range(*header);
    if (!range) return refuse(400, "upload_range_malformed", "Content-Range is malformed");
    if (range->total != publish.size) {
        return refuse(400, "upload_wrong_size", "the total is not video_size");
    }
    auto const length = parse_digits(request.header("Content-Length").value_or(""));
    if (!length || static_cast<std::int64_t>(*length) != range->last - range->first + 1) {
        return refuse(400, "upload_wrong_size", "Content-Length does not fit Content-Range");
    }
    if (publish.phase != Phase::uploading) return already_complete(call, put, publish, *range);
    if (range->first != publish.stored) return wrong_start(call, put, publish, *range);
    bool const last = publish.chunks_stored + 1 == publish.chunk_count;
    put.expected = last ? publish.size - publish.stored : publish.chunk_size;
    if (range->last - range->first + 1 != put.expected) {
        return refuse(
            400, "upload_wrong_size", fmt::format("this chunk has {} bytes", put.expected));
    }
    return std::nullopt;
}

}  // namespace

Reply upload_reply(World const& world, int status, Publish const* publish, std::string_view words) {
    Reply reply;
    reply.status = status;
    reply.content_type = "text/plain; charset=utf-8";
    // Not the JSON of the API on purpose: clients must not parse what the upload host says.
    reply.body = words.empty() ? std::string{} : fmt::format("{}\n", words);
    std::string const& form = world.scenario.switches.progress_header;
    if (publish != nullptr && form != "none") {
        std::int64_t const number = form == "last" ? publish->stored - 1 : publish->stored;
        if (number >= 0) {
            reply.headers.push_back(
                {"Content-Range", fmt::format("bytes 0-{}/{}", number, publish->size)});
        }
    }
    return reply;
}

void judge_put(Call& call, OpenPut& put, PutStart& start) {
    World& world = call.world;
    if (call.request.header("Authorization")) {
        call.violate("token_on_upload",
                     "the upload URL carries the credential; no token belongs here");
    }
    Publish* publish = find_task(call);
    if (publish == nullptr) {
        put.code = "no such upload";
        put.decided = upload_reply(world, 404, nullptr, "no such upload");
        return;
    }
    put.publish_id = publish->id;
    call.publish_id = publish->id;
    call.creator = publish->creator;
    call.client_key = publish->client_key;
    if (auto const header = call.request.header("Content-Range")) {
        if (auto const range = parse_range(*header)) {
            // The last chunk is longer than the others, so the division may point behind it.
            put.chunk = std::min(range->first / publish->chunk_size + 1, publish->chunk_count);
        }
    }
    put.last_chunk = put.chunk == publish->chunk_count;
    if (put.last_chunk && publish->blind && publish->phase == Phase::uploading) {
        call.violate("last_chunk_resent_blind",
                     "after a failed PUT of the last chunk the status has to be fetched first");
    }
    put.fault = world.faults.fire(
        {"upload", publish->creator, publish->title, publish->id, put.chunk, publish->chunk_count});
    if (put.fault) {
        call.fault = put.fault->name();
        apply_world_fault(call, *publish, put.fault->kind);
        if (put.fault->kind == FaultKind::drop_during) start.drop_after_bytes = put.fault->bytes;
        if (put.fault->kind == FaultKind::range_before) {
            put.decided =
                upload_reply(world, 416, publish, "the range does not continue the upload");
        } else {
            put.decided = fault_before(call, *put.fault);
        }
        if (put.decided) {
            put.code = put.fault->name();
            return;
        }
    }
    if (publish->forgotten) {
        put.code = "no such upload";
        put.decided = upload_reply(world, 404, nullptr, "no such upload");
    } else if (publish->url_expires <= call.now) {
        put.code = "expired";
        put.decided = upload_reply(world, 403, nullptr, "the upload URL has expired");
    } else if (!world.take_place("upload " + publish->id, world.scenario.limits.upload)) {
        call.violate("rate_limited", "too many PUTs in a minute");
        put.code = "rate limit";
        put.decided = upload_reply(world, 429, publish, "too many requests");
    } else {
        put.decided = judge_headers(call, put, *publish);
    }
    if (!put.decided) put.hash = publish->hash;
}

Reply store_chunk(Call& call, OpenPut& put) {
    World& world = call.world;
    Publish& publish = world.publishes.find(put.publish_id)->second;
    if (put.received != put.expected) {
        return upload_reply(world, 400, &publish, "the body is not as long as announced");
    }
    publish.hash = put.hash;
    publish.stored += put.received;
    ++publish.chunks_stored;
    publish.repeats = 0;
    bool const last = publish.stored == publish.size;
    if (last) world.start_processing(publish);
    world.changed();
    put.code = "stored";
    std::string const& form = world.scenario.switches.chunk_status;
    int status = last ? 201 : 206;
    if (form == "201_200") status = last ? 200 : 201;
    if (form == "200_200") status = 200;
    return upload_reply(world, status, &publish, "");
}

}  // namespace postrider::tiktok::emulator

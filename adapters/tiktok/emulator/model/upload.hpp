// The state of one PUT between its header and its end. Not for users of the library.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "tiktok/emulator/model/call.hpp"

namespace postrider::tiktok::emulator {

struct PutStart;

struct OpenPut {
    Request head;  ///< kept, because the call refers to it
    std::string publish_id;
    std::optional<Reply> decided;
    std::optional<FaultRule> fault;
    Sha256 hash;
    std::int64_t expected = 0;
    std::int64_t received = 0;
    std::int64_t chunk = 0;
    bool last_chunk = false;
    bool superseded = false;
    std::int64_t received_superseded = 0;
    std::string code;
};

/// Judges the header. Fills everything but `hash`; `decided` when the body does not matter.
void judge_put(Call& call, OpenPut& put, PutStart& start);
/// Stores the chunk and gives the answer.
Reply store_chunk(Call& call, OpenPut& put);
/// An answer of the upload host, with the progress when there is a task.
Reply upload_reply(World const& world, int status, Publish const* publish, std::string_view words);

}  // namespace postrider::tiktok::emulator

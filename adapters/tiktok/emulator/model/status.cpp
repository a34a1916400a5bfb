// What became of a publish, and taking it back.
#include <fmt/format.h>

#include "tiktok/emulator/model/call.hpp"
#include "tiktok/emulator/model/chunk_plan.hpp"

namespace postrider::tiktok::emulator {
namespace {

struct Found {
    Publish* publish = nullptr;
    std::optional<Reply> refusal;
};

Found find_publish(Call& call, std::int64_t limit) {
    if (auto refusal = admit(call, {{"video.upload", "video.publish"}, call.endpoint, limit})) {
        return {nullptr, std::move(refusal)};
    }
    Body body = read_body(call, false);
    if (body.refusal) return {nullptr, std::move(body.refusal)};
    try {
        Fields fields(*body.object, "");
        call.publish_id = fields.need_text("publish_id", 512);
        note_unknown(call, fields);
    } catch (SpecError const& error) {
        return {nullptr, invalid_params(call, error.what())};
    }
    auto const found = call.world.publishes.find(call.publish_id);
    if (found == call.world.publishes.end()) {
        return {nullptr,
                api_refusal(call, 400, "invalid_publish_id", "The publish_id does not exist.")};
    }
    Publish& publish = found->second;
    if (publish.creator != call.creator || publish.client_key != call.client_key) {
        call.violate("foreign_publish_id", "the publish belongs to another creator or app");
        return {nullptr,
                api_refusal(call,
                            400,
                            "token_not_authorized_for_specified_publish_id",
                            "The token is not authorized for this publish_id.")};
    }
    return {&publish, std::nullopt};
}

std::string_view status_word(Publish const& publish) {
    switch (publish.phase) {
        case Phase::uploading:
            return "PROCESSING_UPLOAD";
        case Phase::pulling:
        case Phase::processing:
            return publish.pull ? "PROCESSING_DOWNLOAD" : "PROCESSING_UPLOAD";
        case Phase::inbox:
            return "SEND_TO_USER_INBOX";
        case Phase::complete:
            return "PUBLISH_COMPLETE";
        case Phase::failed:
            return "FAILED";
    }
    return "";
}

/// Bytes that were fetched by now, growing evenly over the time that the pull takes.
std::int64_t downloaded(Publish const& publish, TimePoint now) {
    if (publish.phase != Phase::pulling || !publish.due) return publish.size;
    std::int64_t const whole = (*publish.due - publish.started).count();
    std::int64_t const gone = (now - publish.started).count();
    if (whole <= 0) return publish.size;
    return publish.size / whole * std::min(gone, whole);
}

json::value write_ids(World const& world, std::vector<std::int64_t> const& ids) {
    std::string const& shape = world.scenario.switches.post_id_shape;
    if (shape == "scalar" && ids.size() == 1) return ids.front();
    json::array out;
    for (std::int64_t const id : ids) {
        if (shape == "strings") {
            out.emplace_back(std::to_string(id));
        } else {
            out.emplace_back(id);
        }
    }
    return out;
}

}  // namespace

Reply fetch_status(Call& call) {
    World& world = call.world;
    auto [publish, refusal] = find_publish(call, world.scenario.limits.status);
    if (refusal) return std::move(*refusal);
    publish->blind = false;
    bool const all = world.scenario.switches.empty_members == "present";
    std::string const ids_member = world.scenario.switches.post_id_member + "_available_post_id";

    json::object data{{"status", status_word(*publish)}};
    if (all || !publish->fail_reason.empty()) data["fail_reason"] = publish->fail_reason;
    // Only what everybody may see gets an id, and only after a while.
    bool const shown = publish->phase == Phase::complete && publish->ids_visible <= call.now &&
                       (publish->draft || publish->privacy_level == "PUBLIC_TO_EVERYONE");
    if (shown && !publish->post_ids.empty()) {
        data[ids_member] = write_ids(world, publish->post_ids);
    } else if (all) {
        data[ids_member] = json::array{};
    }
    bool const done = publish->phase == Phase::complete || publish->phase == Phase::inbox;
    if (!publish->pull && (all || (publish->stored > 0 && !done))) {
        data["uploaded_bytes"] = publish->stored;
    }
    if (publish->pull) {
        std::int64_t const bytes =
            publish->phase == Phase::failed ? 0 : downloaded(*publish, call.now);
        if (all || (bytes > 0 && !done)) data["downloaded_bytes"] = bytes;
    }
    return api_ok(call, std::move(data));
}

Reply cancel_publish(Call& call) {
    World& world = call.world;
    auto [publish, refusal] = find_publish(call, world.scenario.limits.cancel);
    if (refusal) return std::move(*refusal);
    // Running pulls only: bytes that the client uploads are processed at once, and then nothing
    // stops them.
    if (publish->phase != Phase::pulling) {
        return api_refusal(
            call, 400, "publish_not_cancellable", "The publish can no longer be cancelled.");
    }
    world.fail(*publish, "publish_cancelled");
    return api_ok(call, std::nullopt);
}

}  // namespace postrider::tiktok::emulator

// See state.hpp.
#include "state.hpp"

#include <boost/json/array.hpp>

#include <postrider/words.hpp>

#include <string_view>
#include <utility>

namespace postrider {

template <>
struct Words<tiktok::Phase> {
    static constexpr std::pair<tiktok::Phase, std::string_view> table[] = {
        {tiktok::Phase::fresh, "fresh"},
        {tiktok::Phase::ready, "ready"},
        {tiktok::Phase::uploading, "uploading"},
        {tiktok::Phase::processing, "processing"},
        {tiktok::Phase::posted, "posted"},
        {tiktok::Phase::handed_off, "handed_off"},
    };
};

namespace tiktok {

namespace {

namespace json = boost::json;

// No job makes more inits than this within the hour that matters.
constexpr std::size_t inits_kept = 10;

std::string text(json::object const& object, std::string_view name) {
    auto const* member = object.if_contains(name);
    return member && member->is_string() ? std::string{member->get_string()} : std::string{};
}

std::uint64_t number(json::object const& object, std::string_view name) {
    auto const* member = object.if_contains(name);
    if (!member) return 0;
    if (member->is_uint64()) return member->get_uint64();
    if (member->is_int64() && member->get_int64() >= 0)
        return static_cast<std::uint64_t>(member->get_int64());
    return 0;
}

bool flag(json::object const& object, std::string_view name) {
    auto const* member = object.if_contains(name);
    return member && member->is_bool() && member->get_bool();
}

json::object intent_json(adapter::Intent const& intent) {
    return {{"step", intent.step},
            {"handle", intent.handle},
            {"armed_at", to_rfc3339(intent.armed_at)}};
}

bool same(adapter::Intent const& a, adapter::Intent const& b) {
    return a.step == b.step && a.handle == b.handle && a.armed_at == b.armed_at;
}

}  // namespace

State read_state(adapter::SavedState const& saved) {
    auto const& open = saved.open;
    State state;
    state.phase = from_word<Phase>(text(open, "phase")).value_or(Phase::fresh);
    state.inbox = flag(open, "inbox");
    state.publish_id = text(open, "publish_id");
    state.upload_url = text(saved.sealed, "upload_url");
    state.init_at = parse_rfc3339(text(open, "init_at"));
    state.size = number(open, "size");
    state.chunk_size = number(open, "chunk_size");
    state.offset = number(open, "offset");
    state.last_sent = flag(open, "last_sent");
    state.resumes = static_cast<int>(number(open, "resumes") % 1'000);
    state.stumbles = static_cast<int>(number(open, "stumbles") % 1'000);
    state.uncounted = static_cast<int>(number(open, "uncounted") % 1'000);
    state.since = parse_rfc3339(text(open, "since"));
    state.username = text(open, "username");
    state.abandoned = text(open, "abandoned");
    if (auto const* inits = open.if_contains("inits"); inits && inits->is_array())
        for (auto const& init : inits->get_array())
            if (auto const at = parse_rfc3339(init.is_string() ? std::string_view{init.get_string()}
                                                               : std::string_view{}))
                state.inits.push_back(*at);
    if (auto const* settled = open.if_contains("settled"); settled && settled->is_object()) {
        auto const& object = settled->get_object();
        if (auto const at = parse_rfc3339(text(object, "armed_at"))) {
            state.settled.emplace();
            state.settled->step = text(object, "step");
            state.settled->handle = text(object, "handle");
            state.settled->armed_at = *at;
        }
    }
    return state;
}

adapter::SavedState write_state(State const& state) {
    adapter::SavedState saved;
    auto& open = saved.open;
    open["phase"] = word(state.phase);
    if (state.inbox) open["inbox"] = true;
    if (!state.publish_id.empty()) open["publish_id"] = state.publish_id;
    if (state.init_at) open["init_at"] = to_rfc3339(*state.init_at);
    if (state.size > 0) {
        open["size"] = state.size;
        open["chunk_size"] = state.chunk_size;
        open["offset"] = state.offset;
    }
    if (state.last_sent) open["last_sent"] = true;
    if (state.resumes > 0) open["resumes"] = state.resumes;
    if (state.stumbles > 0) open["stumbles"] = state.stumbles;
    if (state.uncounted > 0) open["uncounted"] = state.uncounted;
    if (state.since) open["since"] = to_rfc3339(*state.since);
    if (!state.username.empty()) open["username"] = state.username;
    if (!state.abandoned.empty()) open["abandoned"] = state.abandoned;
    if (!state.inits.empty()) {
        json::array inits;
        auto const skipped = state.inits.size() > inits_kept ? state.inits.size() - inits_kept : 0;
        for (auto at = skipped; at < state.inits.size(); ++at)
            inits.emplace_back(to_rfc3339(state.inits[at]));
        open["inits"] = std::move(inits);
    }
    if (state.settled) open["settled"] = intent_json(*state.settled);
    if (!state.upload_url.empty()) saved.sealed["upload_url"] = state.upload_url;
    return saved;
}

State without_handle(State state, std::string why) {
    State next;
    next.inbox = state.inbox;
    next.inits = std::move(state.inits);
    next.settled = std::move(state.settled);
    next.abandoned = std::move(why);
    return next;
}

adapter::Intent const* live_intent(adapter::JobView const& job, State const& state) {
    if (!job.intent) return nullptr;
    if (state.settled && same(*state.settled, *job.intent)) return nullptr;
    return &*job.intent;
}

void settle(State& state, adapter::JobView const& job) {
    if (job.intent) state.settled = job.intent;
}

}  // namespace tiktok
}  // namespace postrider

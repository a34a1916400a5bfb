// `postrider event`: the event log, as it was and as it grows.
#include "operations/declared.hpp"
#include "operations/lookup.hpp"

#include <postrider/catalogue.hpp>
#include <postrider/core/job.hpp>
#include <postrider/suggest.hpp>

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace postrider::cli {

namespace {

namespace json = boost::json;

// Types are given as a list or parted by commas, and `job` stands for all of `job.…`: filtered
// here, since the store knows whole names only.
bool is_wanted(std::string const& type, std::vector<std::string> const& wanted) {
    if (wanted.empty()) return true;
    for (auto const& given : wanted)
        for (auto const& one : parted(given, ','))
            if (type == one || type.starts_with(one + ".")) return true;
    return false;
}

std::vector<std::string> known_types() {
    std::vector<std::string> types = {"account.connected",
                                      "account.paused",
                                      "account.reconnect_needed",
                                      "account.resumed",
                                      "account.token_expiring",
                                      "approval.declined",
                                      "approval.expired",
                                      "approval.granted",
                                      "approval.requested",
                                      "approval.revoked",
                                      "approval.superseded",
                                      "bucket.learned",
                                      "engine.behind",
                                      "hook.failed",
                                      "job.link_known",
                                      "job.moved",
                                      "job.seen_changed",
                                      "plan.applied"};
    for (auto const& [state, name] : Words<core::JobState>::table)
        types.push_back("job." + std::string(name));
    return types;
}

// A type that does not exist would be waited for in silence.
Result<void> check_types(std::vector<std::string> const& wanted) {
    auto const types = known_types();
    std::optional<Error> error;
    for (std::size_t i = 0; i < wanted.size(); ++i)
        for (auto const& one : parted(wanted[i], ',')) {
            bool const known =
                std::any_of(types.begin(), types.end(), [&one](std::string const& type) {
                    return is_wanted(type, {one});
                });
            if (known) continue;
            Finding finding;
            finding.code = "usage.bad_value";
            finding.path = fmt::format("/types/{}", i);
            finding.message = fmt::format("--types: there is no event type '{}'", one);
            if (auto const near = nearest_name(one, types); !near.empty())
                finding.message += fmt::format("; did you mean '{}'?", near);
            finding.got = json::string(one);
            for (auto const& type : types) finding.allowed.emplace_back(type);
            if (!error) error = make_error("usage.bad_value", finding.message);
            error = error->with_at(std::move(finding));
        }
    if (error) return *error;
    return {};
}

std::string sentence_of(core::Event const& event) {
    return fmt::format("{}  {:<24} {}",
                       to_rfc3339(event.at),
                       event.type,
                       escape_controls(json::serialize(event.data)));
}

Result<std::vector<core::Event>> events_after(Context& context, std::int64_t seq, int limit) {
    return read_store<std::vector<core::Event>>(
        context, [&](core::Tables& tables) { return tables.events(seq, {}, limit); });
}

Result<Answer> run_event_list(Context& context, Request const& request) {
    std::int64_t seq = request.integer("since");
    auto const& cursor = context.globals().cursor;
    if (!cursor.empty()) {
        auto const* end = cursor.data() + cursor.size();
        auto const read = std::from_chars(cursor.data(), end, seq);
        if (read.ec != std::errc{} || read.ptr != end || seq < 0) return bad_cursor(cursor);
    }
    auto const wanted = request.texts("types");
    if (auto checked = check_types(wanted); !checked) return checked.error();
    auto const limit = context.globals().all ? 0 : context.globals().limit;
    json::array items;
    std::vector<std::string> cursors;
    bool more = true;
    while (more && (limit == 0 || items.size() < static_cast<std::size_t>(limit))) {
        auto events = events_after(context, seq, 200);
        if (!events) return events.error();
        more = events->size() == 200;
        for (auto const& event : *events) {
            if (limit > 0 && items.size() == static_cast<std::size_t>(limit)) {
                more = true;
                break;
            }
            seq = event.seq;
            if (!is_wanted(event.type, wanted)) continue;
            items.push_back(core::to_json(event));
            cursors.push_back(std::to_string(seq));
        }
    }
    std::optional<std::string> next;
    if (limit > 0 && items.size() == static_cast<std::size_t>(limit)) {
        auto const rest = events_after(context, seq, 1);
        if (rest && !rest->empty()) next = std::to_string(seq);
    }
    auto answer = list_answer(context, std::move(items), next);
    answer.cursors = std::move(cursors);
    return answer;
}

Result<Answer> run_follow(Context& context, Request const& request) {
    auto const wanted = request.texts("types");
    if (auto checked = check_types(wanted); !checked) return checked.error();
    std::int64_t seq = request.integer("since");
    if (!request.has("since")) {
        // From now on: what was before is the business of event list.
        for (;;) {
            auto events = events_after(context, seq, 1000);
            if (!events) return events.error();
            if (events->empty()) break;
            seq = events->back().seq;
        }
    }
    auto const end = context.globals().timeout
                         ? std::optional(context.now() + *context.globals().timeout)
                         : std::nullopt;
    std::int64_t shown = 0;
    bool going = true;
    while (going) {
        auto events = events_after(context, seq, 200);
        if (!events) return events.error();
        for (auto const& event : *events) {
            seq = event.seq;
            if (!is_wanted(event.type, wanted)) continue;
            json::object line;
            line["type"] = "event";
            line["event"] = core::to_json(event);
            context.emit(std::move(line), sentence_of(event));
            ++shown;
        }
        if (end && context.now() >= *end) break;
        if (events->empty()) going = context.pause(Milliseconds{200});
    }
    Answer answer;
    answer.data["events"] = shown;
    answer.data["last_seq"] = seq;
    if (context.interrupted()) answer.exit = 128 + context.signal();
    return answer;
}

#define POSTRIDER_EVENT_FLAGS                                                       \
    {.name = "since",                                                               \
     .type = InputType::integer,                                                    \
     .help = "only events after this seq",                                          \
     .placeholder = "SEQ",                                                          \
     .max = INT64_MAX},                                                             \
    {                                                                               \
        .name = "types", .help = "only these types; `job` stands for all of job.…", \
        .placeholder = "TYPE,...", .repeatable = true                               \
    }

constexpr InputSpec event_list_inputs[] = {POSTRIDER_EVENT_FLAGS};
constexpr InputSpec follow_inputs[] = {POSTRIDER_EVENT_FLAGS};
#undef POSTRIDER_EVENT_FLAGS
constexpr std::string_view event_list_examples[] = {"event list --types job.published"};
constexpr std::string_view follow_examples[] = {"event follow --types job,approval"};

}  // namespace

constinit Operation const event_list_operation{
    .name = "event.list",
    .sentence = "the event log, oldest first",
    .inputs = event_list_inputs,
    .output = "{items: [@event], streamed?: int}",
    .scope = Scope::read,
    .examples = event_list_examples,
    .view = "items: seq at type data",
    .lists = true,
    .run = run_event_list,
};

constinit Operation const event_follow_operation{
    .name = "event.follow",
    .sentence = "events as they happen, as lines of JSON",
    .inputs = follow_inputs,
    .output = "{events: int, last_seq: int}",
    .scope = Scope::read,
    .time_limit = "none",
    .examples = follow_examples,
    .follows = true,
    .run = run_follow,
};

}  // namespace postrider::cli

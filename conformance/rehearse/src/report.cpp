// Telling delays from their causes, and clashes from posts that go out as planned.
#include "report.hpp"

#include <boost/json/array.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <tuple>
#include <vector>

namespace postrider::rehearse {

namespace json = boost::json;
using core::Job;
using core::JobState;

namespace {

using Delays = std::map<std::string, Milliseconds>;  ///< by reason

struct Entry {
    Job job;
    bool planned = false;
    Instant due_at{};
    std::optional<Instant> out_at;  ///< when it leaves for good
    Delays delays;
    std::string reason;  ///< the longest of them

    [[nodiscard]] Milliseconds delay() const {
        return out_at ? std::max(Milliseconds{0}, *out_at - due_at) : Milliseconds{0};
    }
};

constexpr std::pair<std::string_view, std::string_view> sentences[] = {
    {"rate", "a rate limit was full"},
    {"quota", "a quota was used up"},
    {"blackout", "a blackout held it back"},
    {"approval", "it waited for a person"},
    {"late_burst", "an account gets only a few late posts an hour"},
    {"stopped", "no engine ran"},
    {"backoff", "the network could not be reached"},
    {"circuit", "the network could not be reached"},
    {"network", "another post of its account was in doubt"},
    {"account", "its account must be connected again"},
    {"paused", "its account or campaign is paused"},
    {"turn", "it waited for its turn"},
};

std::string_view sentence_of(std::string_view reason) {
    for (auto const& [word, sentence] : sentences)
        if (word == reason) return sentence;
    return "it waited";
}

void add_common(
    Delays& delays, std::string const& reason, Wait const& wait, Instant from, Instant to) {
    auto const common = std::min(wait.to, to) - std::max(wait.from, from);
    if (common > Milliseconds{0}) delays[reason] += common;
}

Entry entry_of(Job job, Story const& story, Request const& request, Instant end) {
    Entry entry;
    entry.planned = story.planned;
    if (job.committed && job.intent) entry.out_at = job.intent->armed_at;
    // As soon as possible means: once it is approved.
    auto const from = entry.due_at = job.spec.asap ? job.spec.due_at : story.due_at;
    auto const to = entry.out_at.value_or(end);
    for (auto const& wait : story.waits) add_common(entry.delays, wait.reason, wait, from, to);
    for (auto const& span : request.assume.stopped)
        add_common(entry.delays, "stopped", {"stopped", span.from, span.to}, from, to);
    Milliseconds longest{0};
    for (auto const& [reason, length] : entry.delays)
        if (length > longest) {
            longest = length;
            entry.reason = reason;
        }
    entry.job = std::move(job);
    if (entry.reason.empty() && entry.delay() >= request.assume.late_after) entry.reason = "turn";
    return entry;
}

/// What is wrong with it; empty: it goes out as planned, or its time has not come.
std::string clash_of(Entry const& entry, Request const& request, Instant end) {
    auto const& job = entry.job;
    switch (job.state) {
        case JobState::cancelled:
            return job.error && job.error->code() == "job.missed" ? "missed" : "cancelled";
        case JobState::rejected:
            return "rejected";
        case JobState::unknown:
            return "unknown";
        case JobState::awaiting_approval:
            return entry.planned ? "approval" : "";
        default:
            break;
    }
    if (!entry.out_at) return entry.planned && entry.due_at < end ? "open" : "";
    if (entry.delay() < request.assume.late_after) return {};
    return entry.delays.contains("late_burst") ? "late_burst" : "late";
}

std::string message_of(Entry const& entry, std::string const& kind, Unanswered const& unanswered) {
    auto const& job = entry.job;
    if (kind == "late_burst" && entry.reason != kind)
        return fmt::format(
            "It goes out {} late: {}, and {}.",
            to_duration_text(std::chrono::floor<std::chrono::seconds>(entry.delay())),
            sentence_of(entry.reason),
            sentence_of(kind));
    if (kind == "late" || kind == "late_burst")
        return fmt::format(
            "It goes out {} late: {}.",
            to_duration_text(std::chrono::floor<std::chrono::seconds>(entry.delay())),
            sentence_of(entry.reason));
    if (kind == "approval") {
        auto const why = unanswered.find(job.spec.key);
        if (why != unanswered.end()) return why->second;
        return job.error ? job.error->message() : "It is assumed that nobody approves it.";
    }
    if (kind == "open")
        return entry.reason.empty()
                   ? std::string("It has not gone out by then.")
                   : fmt::format("It has not gone out by then: {}.", sentence_of(entry.reason));
    return job.error ? job.error->message() : fmt::format("It ends as {}.", word(job.state));
}

json::value text_or_null(std::string const& text) {
    if (text.empty()) return nullptr;
    return json::string(text);
}

json::value instant_or_null(std::optional<Instant> at) {
    if (!at) return nullptr;
    return json::string(to_rfc3339(*at));
}

json::object head_of(Entry const& entry) {
    auto const& spec = entry.job.spec;
    json::object object;
    object["campaign"] = text_or_null(spec.campaign);
    object["post"] = text_or_null(spec.post_key);
    object["account"] = spec.account;
    object["planned"] = entry.planned;
    object["due_at"] = to_rfc3339(entry.due_at);
    return object;
}

json::object calendar_object(Entry const& entry) {
    auto const& job = entry.job;
    auto object = head_of(entry);
    object["wall"] = text_or_null(job.spec.wall);
    object["zone"] = text_or_null(job.spec.zone);
    object["asap"] = job.spec.asap;
    object["out_at"] = instant_or_null(entry.out_at);
    if (entry.out_at)
        object["delay_ms"] = entry.delay().count();
    else
        object["delay_ms"] = nullptr;
    object["reason"] = text_or_null(entry.reason);
    json::object waits;
    for (auto const& [reason, length] : entry.delays) waits[reason] = length.count();
    object["waits"] = std::move(waits);
    object["state"] = word(job.state);
    object["code"] = text_or_null(job.error ? job.error->code() : std::string());
    return object;
}

json::array buckets_json(Ground& ground, Diary const& diary) {
    std::vector<LimitUse const*> limits;
    for (auto const& [key, limit] : diary.limits()) limits.push_back(&limit);
    auto const app_name = [&](LimitUse const& limit) {
        auto const* app = ground.app(limit.app_id);
        return app ? app->name : limit.app_id;
    };
    std::sort(limits.begin(), limits.end(), [&](auto const* a, auto const* b) {
        return std::make_tuple(a->network, app_name(*a), a->account, a->name) <
               std::make_tuple(b->network, app_name(*b), b->account, b->name);
    });
    json::array list;
    for (auto const* limit : limits) {
        json::object object;
        object["key"] = limit->last.key;
        object["bucket"] = limit->name;
        object["network"] = limit->network;
        object["app"] = app_name(*limit);
        object["account"] = text_or_null(limit->account);
        object["reason"] = word(limit->reason);
        object["limit"] = limit->last.size;
        object["window_ms"] = limit->last.window.count();
        object["used_before"] = limit->used_before;
        object["peak"] = limit->peak;
        object["peak_at"] = to_rfc3339(limit->peak_at);
        object["full_at"] = instant_or_null(limit->full_at);
        list.push_back(std::move(object));
    }
    return list;
}

class Counts {
 public:
    void add(Entry const& entry, std::string const& clash) {
        if (!entry.planned) {
            ++others_;
            return;
        }
        ++posts_;
        if (clash == "late" || clash == "late_burst") ++late_;
        if (clash.empty() && entry.out_at) ++on_time_;
        auto const state = is_final(entry.job.state) || entry.job.state == JobState::unknown ||
                                   entry.job.state == JobState::awaiting_approval
                               ? std::string(word(entry.job.state))
                               : std::string("open");
        ++by_state_[state];
    }
    [[nodiscard]] json::object object() const {
        json::object counts;
        counts["posts"] = posts_;
        counts["on_time"] = on_time_;
        counts["late"] = late_;
        for (auto const* state : {"published",
                                  "handed_off",
                                  "rejected",
                                  "cancelled",
                                  "unknown",
                                  "awaiting_approval",
                                  "open"}) {
            auto const found = by_state_.find(state);
            counts[state] = found == by_state_.end() ? 0 : found->second;
        }
        counts["others"] = others_;
        return counts;
    }

 private:
    int posts_ = 0;
    int on_time_ = 0;
    int late_ = 0;
    int others_ = 0;
    std::map<std::string, int> by_state_;
};

}  // namespace

Result<json::object> report(Ground& ground,
                            Diary const& diary,
                            Request const& request,
                            Unanswered const& unanswered,
                            Instant end) {
    std::vector<Entry> entries;
    auto const read = ground.store().read([&](core::Tables& tables) -> Result<void> {
        for (auto const& story : diary.stories()) {
            auto job = tables.job(story.job_id);
            if (!job) return job.error();
            if (!*job) continue;
            // Of the others only those whose time came.
            bool const came = (*job)->committed || is_final((*job)->state);
            if (story.planned || came)
                entries.push_back(entry_of(std::move(**job), story, request, end));
        }
        return {};
    });
    if (!read) return read.error();
    std::sort(entries.begin(), entries.end(), [](Entry const& a, Entry const& b) {
        auto const left = a.out_at.value_or(Instant::max());
        auto const right = b.out_at.value_or(Instant::max());
        return std::tie(a.due_at, left, a.job.spec.post_key, a.job.spec.account) <
               std::tie(b.due_at, right, b.job.spec.post_key, b.job.spec.account);
    });
    json::array calendar;
    json::array clashes;
    Counts counts;
    for (auto const& entry : entries) {
        calendar.push_back(calendar_object(entry));
        auto const kind = clash_of(entry, request, end);
        counts.add(entry, kind);
        if (kind.empty()) continue;
        auto object = head_of(entry);
        object["kind"] = kind;
        object["message"] = message_of(entry, kind, unanswered);
        object["code"] = text_or_null(entry.job.error ? entry.job.error->code() : std::string());
        clashes.push_back(std::move(object));
    }
    json::object data;
    data["simulated_from"] = to_rfc3339(request.now);
    data["simulated_until"] = to_rfc3339(end);
    data["seed"] = static_cast<std::int64_t>(request.seed);
    data["counts"] = counts.object();
    data["calendar"] = std::move(calendar);
    data["clashes"] = std::move(clashes);
    data["buckets"] = buckets_json(ground, diary);
    return data;
}

}  // namespace postrider::rehearse

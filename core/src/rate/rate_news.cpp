// Reading the fields, and learning from them.
#include <postrider/core/rate_news.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <vector>

namespace postrider::core {

using namespace std::chrono_literals;

namespace {

constexpr std::size_t field_length_max = 1'000;
constexpr std::size_t items_max = 32;
constexpr std::size_t evidence_length_max = 200;
constexpr auto day = Milliseconds{24h};
constexpr std::int64_t epoch_from = 100'000'000;  // seconds: a delta is never three years

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}

// Leading digits; what follows them (a fraction, a unit) is not looked at.
std::optional<std::int64_t> number_in(std::string_view text) {
    text = trimmed(text);
    std::int64_t number = 0;
    auto const read = std::from_chars(text.data(), text.data() + text.size(), number);
    if (read.ec != std::errc{} || number < 0 || number > 1'000'000'000'000'000) return std::nullopt;
    return number;
}

std::optional<int> count_in(std::string_view text) {
    auto const number = number_in(text);
    if (!number || *number > 1'000'000'000) return std::nullopt;
    return static_cast<int>(*number);
}

// Pieces between separators that stand outside of quotes.
std::vector<std::string_view> pieces_of(std::string_view text, char separator) {
    std::vector<std::string_view> pieces;
    bool quoted = false;
    std::size_t begin = 0;
    for (std::size_t i = 0; i <= text.size() && pieces.size() < items_max; ++i) {
        if (i < text.size() && text[i] == '"') quoted = !quoted;
        if (i < text.size() && (text[i] != separator || quoted)) continue;
        pieces.push_back(trimmed(text.substr(begin, i - begin)));
        begin = i + 1;
    }
    return pieces;
}

// `Sun, 06 Nov 1994 08:49:37 GMT`, the one form of date that servers still send.
std::optional<Instant> http_date(std::string_view text) {
    text = trimmed(text);
    if (text.size() != 29 || text.substr(25) != " GMT" || text[3] != ',') return std::nullopt;
    constexpr std::array<std::string_view, 12> months{
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    auto const month = std::find(months.begin(), months.end(), text.substr(8, 3));
    if (month == months.end()) return std::nullopt;
    return parse_rfc3339(fmt::format("{}-{:02}-{}T{}Z",
                                     text.substr(12, 4),
                                     month - months.begin() + 1,
                                     text.substr(5, 2),
                                     text.substr(17, 8)));
}

Milliseconds within_a_day(Milliseconds delay) {
    return std::clamp<Milliseconds>(delay, 0ms, day);
}

Milliseconds seconds_of(std::int64_t seconds) {
    return within_a_day(Milliseconds{std::min<std::int64_t>(seconds, 86'400) * 1'000});
}

// The fields of one reply; a date is measured by the server's own clock where it tells it.
class Fields {
 public:
    Fields(adapter::Headers const& headers, Instant now) : headers_(headers) {
        server_now_ = http_date(find("Date")).value_or(now);
    }

    std::string_view find(std::string_view name) const {
        auto const text = adapter::find_header(headers_, name);
        return text.size() > field_length_max ? std::string_view() : text;
    }
    std::string_view note(std::string_view name) {
        auto const text = find(name);
        if (!text.empty() && evidence.size() < evidence_length_max)
            evidence += fmt::format("{}{}: {}", evidence.empty() ? "" : ", ", name, text);
        return text;
    }
    Milliseconds until(Instant at) const { return within_a_day(at - server_now_); }
    // Seconds from now or since 1970: told apart by their size.
    std::optional<Milliseconds> delta_or_epoch(std::string_view text) const {
        auto const number = number_in(text);
        if (!number) return std::nullopt;
        if (*number < epoch_from) return seconds_of(*number);
        auto const milliseconds = *number > 100'000'000'000 ? *number : *number * 1'000;
        return until(Instant{Milliseconds{milliseconds}});
    }

    std::string evidence;

 private:
    adapter::Headers const& headers_;
    Instant server_now_{};
};

struct Policy {
    std::string_view name;
    std::optional<int> limit;
    std::optional<int> remaining;
    std::optional<Milliseconds> window;
    std::optional<Milliseconds> reset;
};

// `"name";q=100;w=60` and `"name";r=5;t=30`, and before those had names `limit=100, remaining=5,
// reset=30`.
std::vector<Policy> policies_in(std::string_view field) {
    std::vector<Policy> policies;
    Policy unnamed;
    bool plain = false;
    for (auto const item : pieces_of(field, ',')) {
        Policy policy;
        for (auto const part : pieces_of(item, ';')) {
            auto const equals = part.find('=');
            if (equals == std::string_view::npos) {
                policy.name = part.size() > 1 && part.front() == '"' && part.back() == '"'
                                  ? part.substr(1, part.size() - 2)
                                  : part;
                continue;
            }
            auto const key = trimmed(part.substr(0, equals));
            auto const value = part.substr(equals + 1);
            if (key == "q") policy.limit = count_in(value);
            if (key == "r") policy.remaining = count_in(value);
            if (auto const seconds = number_in(value)) {
                if (key == "w") policy.window = seconds_of(*seconds);
                if (key == "t") policy.reset = seconds_of(*seconds);
                if (key == "reset") unnamed.reset = seconds_of(*seconds);
            }
            if (key == "limit") unnamed.limit = count_in(value);
            if (key == "remaining") unnamed.remaining = count_in(value);
            plain = plain || key == "limit" || key == "remaining" || key == "reset";
        }
        policies.push_back(policy);
    }
    if (plain) return {unnamed};
    return policies;
}

Policy const* pick(std::vector<Policy> const& policies, std::string_view bucket) {
    Policy const* least = nullptr;
    for (auto const& policy : policies) {
        if (policy.name == bucket) return &policy;
        auto const left = policy.remaining ? policy.remaining : policy.limit;
        if (!left) continue;
        auto const before = least ? (least->remaining ? least->remaining : least->limit) : left;
        if (!least || *left < *before) least = &policy;
    }
    return least;
}

}  // namespace

RateNews read_rate_news(adapter::Headers const& headers, std::string_view bucket, Instant now) {
    Fields fields(headers, now);
    RateNews news;
    if (auto const text = fields.note("Retry-After"); !text.empty()) {
        auto const date = http_date(text);
        auto const seconds = number_in(text);
        if (date)
            news.retry_after = fields.until(*date);
        else if (seconds)
            news.retry_after = seconds_of(*seconds);
    }
    auto const current = policies_in(fields.note("RateLimit"));
    if (auto const* state = pick(current, bucket)) {
        news.remaining = state->remaining;
        news.reset = state->reset;
        news.limit = state->limit;
        auto const declared = policies_in(fields.note("RateLimit-Policy"));
        for (auto const& policy : declared) {
            if (policy.name != state->name || !policy.limit) continue;
            news.limit = policy.limit;
            news.window = policy.window;
        }
    }
    for (std::string_view const prefix : {"RateLimit", "X-RateLimit"}) {
        if (news.says_something()) break;
        news.limit = count_in(fields.note(fmt::format("{}-Limit", prefix)));
        news.remaining = count_in(fields.note(fmt::format("{}-Remaining", prefix)));
        news.reset = fields.delta_or_epoch(fields.note(fmt::format("{}-Reset", prefix)));
    }
    news.evidence = fields.evidence.substr(0, evidence_length_max);
    return news;
}

bool learn_news(BucketState& bucket, RateNews const& news, Instant now) {
    // A limit over another span of time is another limit.
    bool const same_window = !news.window || *news.window == bucket.window;
    if (!same_window) return false;
    bool changed = false;
    if (news.limit && *news.limit > 0 && *news.limit < bucket.declared &&
        *news.limit <= bucket.size) {
        changed = *news.limit < bucket.size;
        bucket.size = *news.limit;
        bucket.source = "learned";
        bucket.learned_at = now;  // as long as the server says so, nothing is loosened
        bucket.evidence = news.evidence;
    }
    if (!news.remaining) return changed;
    int busy = 0;
    for (auto const& slot : bucket.slots)
        if (slot.free_at > now) ++busy;
    auto const until = now + news.reset.value_or(bucket.window);
    for (int ours = bucket.size - busy; ours > *news.remaining; --ours)
        bucket.slots.push_back({until, {}});
    return changed;
}

Result<void> learn_from_reply(
    Tables& tables, BucketUse const& use, RateNews const& news, bool too_many, Instant now) {
    if (!too_many && !news.says_something()) return {};
    auto stored = tables.bucket(use.key);
    if (!stored) return stored.error();
    BucketState state = stored->value_or(BucketState{});
    state.key = use.key;
    state.declared = use.spec->size;
    state.window = use.spec->window;
    if (state.size == 0) state.size = use.spec->size;
    bool changed = learn_news(state, news, now);
    if (too_many) {
        auto evidence = fmt::format("HTTP 429 at {}", to_rfc3339(now));
        if (!news.evidence.empty()) evidence += " with " + news.evidence;
        learn_refusal(state, now, now + news.retry_after.value_or(state.window), evidence);
        changed = true;
    }
    if (auto put = tables.put_bucket(state); !put || !changed) return put;
    boost::json::object data;
    data["bucket"] = state.key;
    data["size"] = state.size;
    data["evidence"] = state.evidence;
    return tables.add_event("bucket.learned", std::move(data), now);
}

}  // namespace postrider::core

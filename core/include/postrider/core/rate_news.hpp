// What a reply says about rate limits: Retry-After, the IETF fields RateLimit and RateLimit-Policy
// in their newer and older shapes, and X-RateLimit-*. Believed where it tightens; what it would
// loosen is waited for.
#pragma once

#include <postrider/adapter/http.hpp>
#include <postrider/core/rate.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace postrider::core {

struct RateNews {
    std::optional<Milliseconds> retry_after;  ///< from now; at most a day
    std::optional<int> limit;
    std::optional<Milliseconds> window;  ///< of the limit
    std::optional<int> remaining;
    std::optional<Milliseconds>
        reset;             ///< from now, until `remaining` is more again; at most a day
    std::string evidence;  ///< the fields as they stood, shortened

    [[nodiscard]] bool says_something() const { return limit || remaining; }
};

/// Foreign text: fields that are too long, and what does not parse, are taken as not there.
/// @param bucket  picks among several policies by name; else the one with the least left counts.
RateNews read_rate_news(adapter::Headers const& headers, std::string_view bucket, Instant now);

/// Tightens at once: a lower limit becomes the size in force, and what the server has counted
/// beyond us is marked as used. Never loosens. True when the size in force has changed.
bool learn_news(BucketState& bucket, RateNews const& news, Instant now);

/// Both for the bucket that most likely explains the reply, its narrowest: stored with the
/// evidence, and `bucket.learned` when the size in force has changed. `too_many`: the server
/// refused by rate.
Result<void> learn_from_reply(
    Tables& tables, BucketUse const& use, RateNews const& news, bool too_many, Instant now);

}  // namespace postrider::core

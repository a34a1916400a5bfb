// When to look again. Pure functions of the time that has passed, so that no counter has to be
// kept.
#pragma once

#include <postrider/instant.hpp>

#include <optional>

namespace postrider::tiktok {

/// After this a post that is still being processed is in doubt.
inline constexpr Milliseconds processing_deadline = std::chrono::hours{24};

/// How long until the next status call: at first after 5 s, then half as long again each time up to
/// 60 s; after 15 min every 5 min, after 2 h every 30 min.
///
/// @param elapsed  since everything was handed to TikTok.
Milliseconds next_status_delay(Milliseconds elapsed);

/// How long until a published post is asked for its id again: after 5, 10, 20 and 40 s, then every
/// 5 min. Nothing after 6 h: the id never came, which is no failure.
///
/// @param elapsed  since the post was seen to be published.
std::optional<Milliseconds> next_id_delay(Milliseconds elapsed);

}  // namespace postrider::tiktok

// Walls and instants: the part of time.hpp that works with dates instead of text.
#pragma once

#include <postrider/script/time.hpp>

#include "values.hpp"

#include <date/tz.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postrider::script {

struct Resolved {
    Instant at{};
    Wall wall{};
    std::string zone;
    ZoneRule rule;  ///< the one that leads from this wall to this instant again
    std::vector<Finding> findings;
};

/// Throws `script.unknown_zone` with the nearest name, `setup.zone_data_missing` when the system
/// has no zones at all.
date::time_zone const& zone_of(std::string_view name);

Resolved resolve(Wall wall, std::string_view zone, ZoneRule const& rule);
/// A time of a script: zone and rule are the campaign's, `seed` decides the jitter.
Resolved resolve(TimeValue const& time,
                 std::string_view zone,
                 ZoneRule const& rule,
                 std::string_view seed);
/// The wall time of an instant, with the rule that leads back to it.
Resolved at_instant(Instant at, std::string_view zone, ZoneRule rule);

Wall local_time(Instant at, std::string_view zone);
std::string wall_text(Wall wall);  ///< seconds only where there are any

std::optional<Wall> parse_wall(std::string_view text);             ///< `2027-03-01 18:00[:00]`
std::optional<date::local_days> parse_day(std::string_view text);  ///< `2027-03-01`
std::optional<std::chrono::seconds> parse_clock(std::string_view text);  ///< `18:00[:00]`

inline constexpr std::array<std::string_view, 7> day_names = {
    "mon", "tue", "wed", "thu", "fri", "sat", "sun"};
/// 0 is Monday.
int weekday(Wall wall);

/// A number from texts, the same on every machine.
std::uint64_t seeded(std::string_view text);

}  // namespace postrider::script

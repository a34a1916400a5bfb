// Zones by Howard Hinnant's library on the system's zone data. A wall time that does not exist is
// pushed by the gap (in either direction) or refused; one that exists twice is the first, the
// second, or refused.
#include "zone.hpp"

#include <postrider/core/canonical_json.hpp>

#include <fmt/format.h>
#include <boost/json/string.hpp>

#include <algorithm>

namespace postrider::script {
namespace {

// Digits of a fixed width; -1 for anything else.
int number(std::string_view text) {
    int value = 0;
    for (char const letter : text) {
        if (letter < '0' || letter > '9') return -1;
        value = value * 10 + (letter - '0');
    }
    return text.empty() ? -1 : value;
}

date::tzdb const& zones() {
    try {
        return date::get_tzdb();
    } catch (std::exception const& error) {
        throw ScriptError("setup.zone_data_missing",
                          fmt::format("the system's time zones cannot be read: {}", error.what()));
    }
}

Finding change_of_clocks(
    std::string_view code, bool refused, Wall wall, std::string_view zone, std::string message) {
    Finding finding;
    finding.level = refused ? Finding::Level::error : Finding::Level::warning;
    finding.code = code;
    finding.message = std::move(message);
    finding.path = "/when";
    finding.got = boost::json::string(fmt::format("{} {}", wall_text(wall), zone));
    return finding;
}

std::string with_offset(Instant at, std::chrono::seconds offset) {
    auto const wall =
        wall_text(Wall(std::chrono::floor<std::chrono::seconds>(at).time_since_epoch() + offset));
    auto const minutes = std::chrono::duration_cast<std::chrono::minutes>(offset).count();
    return fmt::format("{} {}{:02}:{:02}",
                       wall,
                       minutes < 0 ? '-' : '+',
                       std::abs(minutes) / 60,
                       std::abs(minutes) % 60);
}

}  // namespace

date::time_zone const& zone_of(std::string_view name) {
    auto const& all = zones().zones;
    try {
        // A name such as `Europe/../Etc/UTC` is no zone, whatever the file system makes of it.
        if (!name.empty() && name.find("..") == std::string_view::npos)
            return *date::locate_zone(std::string(name));
    } catch (std::exception const&) {
    }
    std::vector<std::string> names;
    for (auto const& zone : all) names.push_back(zone.name());
    ScriptError error("script.unknown_zone", fmt::format("there is no time zone '{}'", name));
    error.at(std::string(name)).with_got(boost::json::string(name)).known(name, names);
    error.allowed.clear();  // hundreds of names help nobody
    if (error.hint.empty()) error.hint = "write an IANA name such as 'Europe/Paris'";
    throw error;
}

Resolved resolve(Wall wall, std::string_view zone, ZoneRule const& rule) {
    auto const& data = zone_of(zone);
    auto const info = data.get_info(wall);
    Resolved result;
    result.wall = wall;
    result.zone = zone;
    result.rule = rule;
    auto const with = [&](date::sys_info const& part) {
        return Instant(date::sys_seconds(wall.time_since_epoch() - part.offset));
    };
    if (info.result == date::local_info::unique) {
        result.at = with(info.first);
    } else if (info.result == date::local_info::nonexistent) {
        // The offset from before the gap lands after it, and the other way round: pushed by the
        // gap's length.
        bool const later = rule.gap != Gap::earlier;
        result.at = with(later ? info.first : info.second);
        result.findings.push_back(change_of_clocks(
            "time.gap",
            rule.gap == Gap::refuse,
            wall,
            zone,
            rule.gap == Gap::refuse
                ? fmt::format("{} does not exist in {}: the clocks are changed over it",
                              wall_text(wall),
                              zone)
                : fmt::format("{} does not exist in {}: {} is taken",
                              wall_text(wall),
                              zone,
                              with_offset(result.at, (later ? info.second : info.first).offset))));
    } else {
        bool const second = rule.overlap == Overlap::second;
        result.at = with(second ? info.second : info.first);
        result.findings.push_back(change_of_clocks(
            "time.overlap",
            rule.overlap == Overlap::refuse,
            wall,
            zone,
            rule.overlap == Overlap::refuse
                ? fmt::format("{} exists twice in {}: the clocks are set back over it",
                              wall_text(wall),
                              zone)
                : fmt::format("{} exists twice in {}: {} is taken",
                              wall_text(wall),
                              zone,
                              with_offset(result.at, (second ? info.second : info.first).offset))));
    }
    return result;
}

Resolved at_instant(Instant at, std::string_view zone, ZoneRule rule) {
    Resolved result;
    result.at = std::chrono::floor<std::chrono::seconds>(at);
    result.zone = zone;
    result.wall = local_time(result.at, zone);
    // An instant in the repeated hour needs the rule that means it.
    auto const info = zone_of(zone).get_info(result.wall);
    if (info.result == date::local_info::ambiguous) {
        auto const first =
            Instant(date::sys_seconds(result.wall.time_since_epoch() - info.first.offset));
        rule.overlap = first == result.at ? Overlap::first : Overlap::second;
    }
    result.rule = rule;
    return result;
}

Resolved resolve(TimeValue const& time,
                 std::string_view zone,
                 ZoneRule const& rule,
                 std::string_view seed) {
    auto const name = time.zone.empty() ? zone : std::string_view(time.zone);
    auto wall = time.wall;
    if (auto const most = time.jitter.count() / 1000; most > 0) {
        auto const day = wall_text(wall).substr(0, 10);
        wall += std::chrono::seconds(seeded(fmt::format("jitter\n{}\n{}", seed, day)) %
                                     static_cast<std::uint64_t>(most + 1));
    }
    auto result = resolve(wall, name, rule);
    for (auto const& shift : time.shifts)
        result = shift.days ? resolve(result.wall + date::days(shift.amount), name, rule)
                            : at_instant(result.at + Milliseconds(shift.amount), name, rule);
    return result;
}

Wall local_time(Instant at, std::string_view zone) {
    return zone_of(zone).to_local(std::chrono::floor<std::chrono::seconds>(at));
}

std::string wall_text(Wall wall) {
    auto const day = date::floor<date::days>(wall);
    date::year_month_day const date{day};
    date::hh_mm_ss const clock{wall - day};
    auto text = fmt::format("{:04}-{:02}-{:02} {:02}:{:02}",
                            static_cast<int>(date.year()),
                            static_cast<unsigned>(date.month()),
                            static_cast<unsigned>(date.day()),
                            clock.hours().count(),
                            clock.minutes().count());
    if (clock.seconds().count() != 0) text += fmt::format(":{:02}", clock.seconds().count());
    return text;
}

std::optional<date::local_days> parse_day(std::string_view text) {
    if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
    int const year = number(text.substr(0, 4));
    int const month = number(text.substr(5, 2));
    int const day = number(text.substr(8, 2));
    if (year < 1970 || month < 1 || day < 1) return std::nullopt;
    date::year_month_day const date{date::year(year),
                                    date::month(static_cast<unsigned>(month)),
                                    date::day(static_cast<unsigned>(day))};
    if (!date.ok()) return std::nullopt;
    return date::local_days(date);
}

std::optional<std::chrono::seconds> parse_clock(std::string_view text) {
    if ((text.size() != 5 && text.size() != 8) || text[2] != ':') return std::nullopt;
    if (text.size() == 8 && text[5] != ':') return std::nullopt;
    int const hours = number(text.substr(0, 2));
    int const minutes = number(text.substr(3, 2));
    int const seconds = text.size() == 8 ? number(text.substr(6, 2)) : 0;
    if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59 || seconds < 0 || seconds > 59)
        return std::nullopt;
    return std::chrono::hours(hours) + std::chrono::minutes(minutes) +
           std::chrono::seconds(seconds);
}

std::optional<Wall> parse_wall(std::string_view text) {
    if (text.size() < 16 || text[10] != ' ') return std::nullopt;
    auto const day = parse_day(text.substr(0, 10));
    auto const clock = parse_clock(text.substr(11));
    if (!day || !clock) return std::nullopt;
    return Wall(*day) + *clock;
}

int weekday(Wall wall) {
    return static_cast<int>(date::weekday(date::floor<date::days>(wall)).iso_encoding()) - 1;
}

std::uint64_t seeded(std::string_view text) {
    auto const hash = core::sha256_text(text);
    return std::stoull(hash.substr(hash.find(':') + 1, 16), nullptr, 16);
}

}  // namespace postrider::script

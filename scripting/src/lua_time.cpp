// Times and their lists: at(), every(), and what can be asked of them. Nothing here knows what time
// it is.
#include "lua_values.hpp"
#include "zone.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace postrider::script {
namespace {

namespace json = boost::json;

constexpr std::array<std::string_view, 7> long_days = {
    "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"};
constexpr std::array<std::string_view, 12> months = {"January",
                                                     "February",
                                                     "March",
                                                     "April",
                                                     "May",
                                                     "June",
                                                     "July",
                                                     "August",
                                                     "September",
                                                     "October",
                                                     "November",
                                                     "December"};

// The wall time as far as it can be told before the campaign's zone is known.
Wall shown_wall(TimeValue const& time) {
    auto wall = time.wall;
    if (time.shifts.empty()) return wall;
    if (!time.zone.empty()) return resolve(time, time.zone, {}, {}).wall;
    for (auto const& shift : time.shifts) {
        if (!shift.days)
            throw ScriptError(
                "script.bad_time",
                "this time has no zone of its own, so what it is after plus() is not known yet: "
                "name the zone in at() or every()");
        wall += date::days(shift.amount);
    }
    return wall;
}

int time_wall(lua_State* L) {
    return push_text(L, wall_text(shown_wall(self<TimeValue>(L)))), 1;
}

int time_zone(lua_State* L) {
    auto const& time = self<TimeValue>(L);
    if (time.zone.empty()) return lua_pushnil(L), 1;
    return push_text(L, time.zone), 1;
}

int time_weekday(lua_State* L) {
    return push_text(L,
                     day_names[static_cast<std::size_t>(weekday(shown_wall(self<TimeValue>(L))))]),
           1;
}

// Steps of one sort are one step. A script has no use for many that alternate, and each of them is
// kept.
void add_shift(TimeValue& time, TimeValue::Shift shift) {
    constexpr std::int64_t days_max = 366 * 200;
    auto const far = [&](std::int64_t amount) {
        return std::abs(amount) > (shift.days ? days_max : days_max * 86'400'000);
    };
    auto const too_far = [] {
        throw ScriptError("script.bad_time", "a time is moved at most two centuries far");
    };
    if (far(shift.amount)) too_far();
    if (!time.shifts.empty() && time.shifts.back().days == shift.days)
        time.shifts.back().amount += shift.amount;
    else if (time.shifts.size() < 20)
        time.shifts.push_back(shift);
    else
        throw ScriptError("script.limit", "a time is moved at most twenty times");
    if (far(time.shifts.back().amount)) too_far();
}

int time_plus(lua_State* L) {
    auto time = self<TimeValue>(L);
    auto const amount = parse_duration(text_argument(L, 2, "plus", "the duration"));
    if (!amount)
        throw ScriptError(
            "script.bad_time",
            fmt::format("{} is no duration such as \"45s\", \"10m\", \"1h30m\"", shown(L, 2)))
            .at("plus");
    add_shift(time, {false, amount->count()});
    push(L, std::move(time));
    return 1;
}

int time_plus_days(lua_State* L) {
    auto time = self<TimeValue>(L);
    if (lua_isinteger(L, 2) == 0)
        wrong_argument(L, 2, "plus_days", "the number of days", "a whole number");
    auto const days = lua_tointeger(L, 2);
    // Without an elapsed time before it, this is calendar arithmetic and needs no zone.
    constexpr Wall last = Wall(date::local_days(date::year(2400) / 1 / 1));
    if (days > 366 * 400 || days < -366 * 400)
        throw ScriptError("script.bad_time", "plus_days leads to no calendar of ours")
            .at("plus_days");
    if (time.shifts.empty() && time.wall + date::days(days) < last &&
        time.wall + date::days(days) > Wall())
        time.wall += date::days(days);
    else
        add_shift(time, {true, days});
    push(L, std::move(time));
    return 1;
}

int time_format(lua_State* L) {
    auto const wall = shown_wall(self<TimeValue>(L));
    auto const day = date::floor<date::days>(wall);
    date::year_month_day const date{day};
    date::hh_mm_ss const clock{wall - day};
    auto const format = text_argument(L, 2, "format", "the form");
    auto const month = static_cast<unsigned>(date.month());
    std::string text;
    for (std::size_t i = 0; i < format.size(); ++i) {
        if (format[i] != '%') {
            text += format[i];
            continue;
        }
        char const kind = ++i < format.size() ? format[i] : ' ';
        switch (kind) {
            case '%':
                text += '%';
                break;
            case 'Y':
                text += fmt::format("{:04}", static_cast<int>(date.year()));
                break;
            case 'm':
                text += fmt::format("{:02}", month);
                break;
            case 'd':
                text += fmt::format("{:02}", static_cast<unsigned>(date.day()));
                break;
            case 'e':
                text += fmt::format("{}", static_cast<unsigned>(date.day()));
                break;
            case 'H':
                text += fmt::format("{:02}", clock.hours().count());
                break;
            case 'M':
                text += fmt::format("{:02}", clock.minutes().count());
                break;
            case 'S':
                text += fmt::format("{:02}", clock.seconds().count());
                break;
            case 'B':
                text += months[month - 1];
                break;
            case 'b':
                text += months[month - 1].substr(0, 3);
                break;
            case 'A':
                text += long_days[static_cast<std::size_t>(weekday(wall))];
                break;
            case 'a':
                text += long_days[static_cast<std::size_t>(weekday(wall))].substr(0, 3);
                break;
            default:
                throw ScriptError(
                    "script.bad_time",
                    fmt::format("format knows %Y %m %d %e %H %M %S %B %b %A %a %%, not '%{}'",
                                kind))
                    .at("format");
        }
    }
    push_text(L, text);
    return 1;
}

int time_text(lua_State* L) {
    auto const& time = self<TimeValue>(L);
    auto const text = wall_text(time.wall);
    push_text(L, time.zone.empty() ? text : text + " " + time.zone);
    return 1;
}

int time_equal(lua_State* L) {
    auto const* a = test<TimeValue>(L, 1);
    auto const* b = test<TimeValue>(L, 2);
    lua_pushboolean(L, a && b && a->zone == b->zone && shown_wall(*a) == shown_wall(*b) ? 1 : 0);
    return 1;
}

int make_at(lua_State* L) {
    auto const text = text_argument(L, 1, "at", "the wall time");
    auto const wall = parse_wall(text);
    if (!wall)
        throw ScriptError(
            "script.bad_time",
            fmt::format("{} is no wall time such as \"2027-03-01 18:00\"", shown(L, 1)))
            .at(std::string(text))
            .with_got(json::string(text));
    TimeValue time;
    time.wall = *wall;
    if (!lua_isnoneornil(L, 2)) {
        auto const zone = text_argument(L, 2, "at", "the zone");
        check_zone(zone);
        time.zone = zone;
    }
    push(L, std::move(time));
    return 1;
}

PropertyBinding const time_properties[] = {
    {"wall", "string", "`2027-03-01 18:00`", guarded<time_wall>},
    {"zone", "string?", "its own zone; nil: the campaign's", guarded<time_zone>},
    {"weekday", "string", "`mon` to `sun`", guarded<time_weekday>},
};
FunctionBinding const time_methods[] = {
    {"plus",
     "duration: string",
     "postrider.Time",
     "So much later, elapsed time.",
     "bad_time wrong_type",
     guarded<time_plus>},
    {"plus_days",
     "days: integer",
     "postrider.Time",
     "Calendar days later (or earlier), at the same wall time.",
     "bad_time wrong_type",
     guarded<time_plus_days>},
    {"format",
     "form: string",
     "string",
     "The wall time in words: `%d %B` gives `01 March`; %Y %m %d %e %H %M %S %B %b %A %a.",
     "bad_time wrong_type",
     guarded<time_format>},
};
}  // namespace

ClassBinding const time_class{.name = "Time",
                              .doc = "A wall time, with or without a zone of its own.",
                              .properties = time_properties,
                              .methods = time_methods,
                              .destroy = destroy<TimeValue>,
                              .equal = guarded<time_equal>,
                              .text = guarded<time_text>};
std::vector<FunctionBinding> const time_functions = {
    {"at",
     "wall: string, zone?: string",
     "postrider.Time",
     "A wall time, `2027-03-01 18:00[:00]`; without a zone it takes the campaign's.",
     "bad_time unknown_zone",
     guarded<make_at>},
    {"after",
     "key: string, fields: table",
     "table",
     "After another post is published.",
     "cycle wrong_type",
     nullptr,
     2},
};

void check_zone(std::string_view zone) {
    (void)zone_of(zone);
}

TimeValue parse_time(std::string_view text, std::string_view mark) {
    TimeValue time;
    if (auto const wall = parse_wall(text)) {
        time.wall = *wall;
        return time;
    }
    if (auto const at = parse_rfc3339(text)) {
        time.wall = Wall(std::chrono::floor<std::chrono::seconds>(*at).time_since_epoch());
        time.zone = "UTC";
        time.instant = true;
        time.fixed_offset = !text.ends_with('Z');
        return time;
    }
    throw ScriptError(
        "script.bad_time",
        fmt::format("'{}' is no time: write \"2027-03-01 18:00\", or RFC 3339 with an offset",
                    text.substr(0, 60)))
        .at(std::string(mark))
        .with_got(json::string(text.substr(0, 100)));
}

TimeValue read_time(lua_State* L, int index, std::string const& what, std::string_view mark) {
    if (auto const* time = test<TimeValue>(L, index)) return *time;
    if (is_text(L, index)) return parse_time(view(L, index), mark);
    throw ScriptError(misfit_code(L, index),
                      fmt::format("{} must be a time, not {}", what, type_word(L, index)))
        .at(std::string(mark))
        .with_got(shown_json(L, index));
}

}  // namespace postrider::script

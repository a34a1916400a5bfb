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

constexpr std::array<std::string_view, 7> day_names = {
    "mon", "tue", "wed", "thu", "fri", "sat", "sun"};
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

constexpr int slots_max = 20'000;

int weekday(Wall wall) {  // Monday is 0
    return static_cast<int>(date::weekday(date::floor<date::days>(wall)).iso_encoding()) - 1;
}

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

// --- every
// -------------------------------------------------------------------------------------------------------------

FieldBinding const every_fields[] = {
    {"days", Form::any, true, "which days of the week", "string|string[]"},
    {"at", Form::any, true, "wall time of day, or a list of them: `\"18:00\"`", "string|string[]"},
    {"from", Form::text, true, "first day, `2027-03-01`"},
    {"to", Form::text, false, "last day; either this or `count`"},
    {"count", Form::integer, false, "how many times in all"},
    {"zone", Form::text, false, "zone of the times; else the campaign's"},
    {"skip", Form::texts, false, "days without any, `2027-05-01`"},
    {"jitter", Form::duration, false, "each time up to so much later, decided by post and account"},
};

std::size_t day_number(std::string_view name, std::string_view whole) {
    auto const found = std::find(day_names.begin(), day_names.end(), name);
    if (found != day_names.end()) return static_cast<std::size_t>(found - day_names.begin());
    std::vector<std::string> const known(day_names.begin(), day_names.end());
    throw ScriptError(
        "script.bad_time",
        fmt::format("'{}' is no day: write \"daily\", \"mon-fri\" or {{ \"mon\", \"thu\" }}", name))
        .at(std::string(whole))
        .with_got(json::string(name))
        .known(name, known);
}

std::array<bool, 7> read_days(lua_State* L, Fields const& fields) {
    std::array<bool, 7> days{};
    (void)fields.push("days");
    auto const add = [&](std::string_view text) {
        if (text == "daily") return days.fill(true);
        auto const dash = text.find('-');
        auto day = day_number(text.substr(0, dash), text);
        auto const last =
            dash == std::string_view::npos ? day : day_number(text.substr(dash + 1), text);
        for (days[day] = true; day != last;) days[day = (day + 1) % 7] = true;
    };
    if (is_text(L, -1))
        add(view(L, -1));
    else
        for (auto const& text : read_texts(L, -1, "'days' of every", "days")) add(text);
    lua_pop(L, 1);
    return days;
}

std::vector<std::chrono::seconds> read_clocks(lua_State* L, Fields const& fields) {
    std::vector<std::chrono::seconds> clocks;
    (void)fields.push("at");
    auto const add = [&](std::string_view text) {
        auto const clock = parse_clock(text);
        if (!clock)
            throw ScriptError("script.bad_time",
                              fmt::format("'{}' is no wall time of day such as \"18:00\"", text))
                .at(std::string(text))
                .with_got(json::string(text));
        clocks.push_back(*clock);
    };
    if (is_text(L, -1))
        add(view(L, -1));
    else
        for (auto const& text : read_texts(L, -1, "'at' of every", "at")) add(text);
    lua_pop(L, 1);
    std::sort(clocks.begin(), clocks.end());
    clocks.erase(std::unique(clocks.begin(), clocks.end()), clocks.end());
    return clocks;
}

date::local_days read_day(Fields const& fields, std::string_view name, std::string const& text) {
    if (auto const day = parse_day(text)) return *day;
    throw fields
        .error("script.bad_time",
               name,
               fmt::format("'{}' of every: '{}' is no day such as \"2027-03-01\"", name, text))
        .with_got(json::string(text));
}

int make_every(lua_State* L) {
    Fields const fields(L, 1, every_table);
    auto const days = read_days(L, fields);
    auto const clocks = read_clocks(L, fields);
    auto const from = read_day(fields, "from", fields.text("from"));
    if (fields.has("to") == fields.has("count"))
        throw fields.error("script.missing_field", "every", "every needs either 'to' or 'count'");
    auto const to =
        fields.has("to") ? read_day(fields, "to", fields.text("to")) : from + date::days(366 * 50);
    auto const count = fields.integer("count", slots_max);
    if (count < 1 || count > slots_max)
        throw fields.error(
            "script.bad_time", "count", fmt::format("'count' of every is from 1 to {}", slots_max));
    if (to < from) throw fields.error("script.bad_time", "to", "'to' of every lies before 'from'");
    std::vector<date::local_days> skip;
    for (auto const& text : fields.texts("skip")) skip.push_back(read_day(fields, "skip", text));
    auto const zone = fields.text("zone");
    if (!zone.empty()) check_zone(zone);

    SlotsValue slots;
    slots.place = where(L);
    for (auto day = from; day <= to && static_cast<std::int64_t>(slots.times.size()) < count;
         day += date::days(1)) {
        if (!days[static_cast<std::size_t>(weekday(Wall(day)))]) continue;
        if (std::find(skip.begin(), skip.end(), day) != skip.end()) continue;
        for (auto const& clock : clocks) {
            if (static_cast<std::int64_t>(slots.times.size()) == count) break;
            TimeValue time;
            time.wall = Wall(day) + clock;
            time.zone = zone;
            time.jitter = fields.duration("jitter").value_or(Milliseconds{0});
            slots.times.push_back(std::move(time));
        }
        if (slots.times.size() > slots_max)
            throw fields.error(
                "script.bad_time", "to", fmt::format("every gives at most {} times", slots_max));
    }
    context(L).charge(slots.times.size() * (sizeof(TimeValue) + 1));
    context(L).work(20 * slots.times.size());
    slots.used = std::make_shared<std::vector<bool>>(slots.times.size(), false);
    context(L).slots.emplace_back(slots.place, slots.used);
    push(L, std::move(slots));
    return 1;
}

int slots_index(lua_State* L) {
    auto& slots = self<SlotsValue>(L);
    auto const number = lua_isinteger(L, 2) != 0 ? lua_tointeger(L, 2) : 0;
    if (number < 1 || static_cast<std::size_t>(number) > slots.times.size())
        throw ScriptError("script.out_of_slots",
                          fmt::format("there is no time {}: every() at line {} gave {}",
                                      shown(L, 2),
                                      slots.place.line,
                                      slots.times.size()))
            .with_got(shown_json(L, 2));
    auto const at = static_cast<std::size_t>(number) - 1;
    (*slots.used)[at] = true;
    push(L, slots.times[at]);
    return 1;
}

int slots_length(lua_State* L) {
    lua_pushinteger(L, static_cast<lua_Integer>(self<SlotsValue>(L).times.size()));
    return 1;
}

int slots_first(lua_State* L) {
    auto slots = self<SlotsValue>(L);
    auto const number = lua_isinteger(L, 2) != 0 ? lua_tointeger(L, 2) : -1;
    if (number < 0) wrong_argument(L, 2, "first", "the number", "a whole number");
    if (static_cast<std::size_t>(number) > slots.times.size())
        throw ScriptError("script.out_of_slots",
                          fmt::format("{} times are wanted, and every() at line {} gave {}",
                                      number,
                                      slots.place.line,
                                      slots.times.size()))
            .at("first");
    context(L).charge(slots.times.size() * sizeof(TimeValue));
    // Those that are cut off were not forgotten.
    std::fill(slots.used->begin() + number, slots.used->end(), true);
    slots.times.resize(static_cast<std::size_t>(number));
    push(L, std::move(slots));
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
FunctionBinding const slots_methods[] = {
    {"first",
     "count: integer",
     "postrider.Slots",
     "The first ones of the list.",
     "out_of_slots wrong_type",
     guarded<slots_first>},
};

}  // namespace

TableBinding const every_table{"every", "EveryFields", "Times that repeat.", every_fields};
ClassBinding const time_class{.name = "Time",
                              .doc = "A wall time, with or without a zone of its own.",
                              .properties = time_properties,
                              .methods = time_methods,
                              .destroy = destroy<TimeValue>,
                              .equal = guarded<time_equal>,
                              .text = guarded<time_text>};
ClassBinding const slots_class{
    .name = "Slots",
    .doc = "A strict list of times: a number outside it is an error. `#slots` is its length.",
    .methods = slots_methods,
    .destroy = destroy<SlotsValue>,
    .index = guarded<slots_index>,
    .length = guarded<slots_length>,
    .base = "{ [integer]: postrider.Time }"};

std::vector<FunctionBinding> const time_functions = {
    {"at",
     "wall: string, zone?: string",
     "postrider.Time",
     "A wall time, `2027-03-01 18:00[:00]`; without a zone it takes the campaign's.",
     "bad_time unknown_zone",
     guarded<make_at>},
    {"every",
     "fields: postrider.EveryFields",
     "postrider.Slots",
     "Times on calendar days: 18:00 stays 18:00 when the clocks change.",
     "bad_time out_of_slots",
     guarded<make_every>},
    {"spread", "fields: table", "postrider.Slots", "Times spread evenly.", "bad_time", nullptr, 2},
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
    throw ScriptError("script.wrong_type",
                      fmt::format("{} must be a time, not {}", what, type_word(L, index)))
        .at(std::string(mark))
        .with_got(shown_json(L, index));
}

}  // namespace postrider::script

// Lists of times: every(), and what can be asked of what it gives.
#include "lua_values.hpp"
#include "zone.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace postrider::script {
namespace {

namespace json = boost::json;

constexpr int slots_max = 20'000;

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
ClassBinding const slots_class{
    .name = "Slots",
    .doc = "A strict list of times: a number outside it is an error. `#slots` is its length.",
    .methods = slots_methods,
    .destroy = destroy<SlotsValue>,
    .index = guarded<slots_index>,
    .length = guarded<slots_length>,
    .base = "{ [integer]: postrider.Time }"};

std::vector<FunctionBinding> const every_functions = {
    {"every",
     "fields: postrider.EveryFields",
     "postrider.Slots",
     "Times on calendar days: 18:00 stays 18:00 when the clocks change.",
     "bad_time out_of_slots",
     guarded<make_every>},
    {"spread", "fields: table", "postrider.Slots", "Times spread evenly.", "bad_time", nullptr, 2},
};

}  // namespace postrider::script

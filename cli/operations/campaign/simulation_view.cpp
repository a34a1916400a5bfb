// Three tables and two lines.
#include "operations/campaign/simulation_view.hpp"

#include "terminal/view.hpp"

#include <postrider/instant.hpp>

#include <boost/json/array.hpp>

#include <fmt/format.h>

#include <vector>

namespace postrider::cli {

namespace {

namespace json = boost::json;

std::string text_of(json::object const& object, std::string_view name) {
    auto const* value = object.if_contains(name);
    if (!value || value->is_null()) return "-";
    if (value->is_string()) return escape_controls(value->get_string());
    return value->is_int64() ? std::to_string(value->get_int64()) : "-";
}

std::string length_of(json::object const& object, std::string_view name) {
    auto const* value = object.if_contains(name);
    if (!value || !value->is_int64()) return "-";
    // Nobody plans by the second, and every post takes some.
    auto const minutes = std::chrono::floor<std::chrono::minutes>(Milliseconds{value->get_int64()});
    return minutes.count() == 0 ? "-" : to_duration_text(minutes);
}

json::array const& list_of(json::object const& data, std::string_view name) {
    return data.at(name).as_array();
}

// Without fractions of a second.
std::string instant_of(json::object const& entry, std::string_view name) {
    auto text = text_of(entry, name);
    if (auto const dot = text.find('.'); dot != std::string::npos) text.replace(dot, 4, "");
    return text;
}

std::string wall_or_instant(json::object const& entry, char const* wall, char const* instant) {
    auto const text = text_of(entry, wall);
    return text == "-" ? instant_of(entry, instant) : text;
}

std::string calendar_table(json::object const& data, std::size_t width, Paint const& paint) {
    std::vector<std::vector<std::string>> rows;
    for (auto const& value : list_of(data, "calendar")) {
        auto const& entry = value.as_object();
        auto const why =
            text_of(entry, "code") == "-" ? text_of(entry, "reason") : text_of(entry, "code");
        auto const late = length_of(entry, "delay_ms");
        rows.push_back({wall_or_instant(entry, "wall", "due_at"),
                        text_of(entry, "zone"),
                        text_of(entry, "post"),
                        text_of(entry, "account"),
                        wall_or_instant(entry, "out_wall", "out_at"),
                        late,
                        late == "-" && text_of(entry, "out_at") != "-" ? "-" : why,
                        text_of(entry, "state")});
    }
    if (rows.empty()) return paint.faint("no posts") + "\n";
    return render_table({"planned", "zone", "post", "account", "goes out", "delay", "why", "state"},
                        rows,
                        width,
                        paint);
}

std::string clash_table(json::object const& data, std::size_t width, Paint const& paint) {
    std::vector<std::vector<std::string>> rows;
    for (auto const& value : list_of(data, "clashes")) {
        auto const& clash = value.as_object();
        rows.push_back({text_of(clash, "kind"),
                        text_of(clash, "campaign"),
                        text_of(clash, "post"),
                        text_of(clash, "account"),
                        text_of(clash, "message")});
    }
    if (rows.empty()) return paint.good("no clashes") + "\n";
    return render_table(
        {"clash", "campaign", "post", "account", "what happens"}, rows, width, paint);
}

std::string limit_table(json::object const& data, std::size_t width, Paint const& paint) {
    std::vector<std::vector<std::string>> rows;
    for (auto const& value : list_of(data, "buckets")) {
        auto const& bucket = value.as_object();
        rows.push_back({text_of(bucket, "bucket"),
                        text_of(bucket, "account") == "-" ? text_of(bucket, "app")
                                                          : text_of(bucket, "account"),
                        text_of(bucket, "peak") + "/" + text_of(bucket, "limit"),
                        length_of(bucket, "window_ms"),
                        instant_of(bucket, "full_at")});
    }
    if (rows.empty()) return {};
    return "\n" +
           render_table({"limit", "of", "used at most", "in", "full at"}, rows, width, paint);
}

}  // namespace

std::string simulation_text(json::object const& data, std::size_t width, Paint const& paint) {
    auto const& counts = data.at("counts").as_object();
    auto text = calendar_table(data, width, paint) + "\n" + clash_table(data, width, paint) +
                limit_table(data, width, paint);
    text += fmt::format("\n{} posts: {} on time, {} late",
                        text_of(counts, "posts"),
                        text_of(counts, "on_time"),
                        text_of(counts, "late"));
    for (auto const* state : {"rejected", "cancelled", "unknown", "awaiting_approval", "open"})
        if (text_of(counts, state) != "0")
            text += fmt::format(", {} {}", text_of(counts, state), state);
    text += fmt::format("\nsimulated from {} until {}, seed {}\n",
                        instant_of(data, "simulated_from"),
                        instant_of(data, "simulated_until"),
                        text_of(data, "seed"));
    return text;
}

}  // namespace postrider::cli

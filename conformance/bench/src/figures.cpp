// Ratios, percentiles, and the two ways of showing figures.
#include <postrider/bench/figures.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace postrider::bench {
namespace {

// Three digits that mean something, thousands apart.
std::string shown(double value) {
    if (value != 0 && std::abs(value) < 99.95) return fmt::format("{:.3g}", value);
    auto digits = fmt::format("{:.0f}", value);
    for (auto at = static_cast<int>(digits.size()) - 3; at > 0; at -= 3)
        digits.insert(static_cast<std::size_t>(at), 1, ',');
    return digits;
}

std::string text(boost::json::object const& object, char const* name) {
    return std::string(object.at(name).as_string());
}

}  // namespace

double Figure::ratio() const {
    return theirs > 0 ? ours / theirs : 0;
}

boost::json::object to_json(Figure const& figure) {
    boost::json::object object;
    object["name"] = figure.name;
    object["unit"] = figure.unit;
    object["ours"] = figure.ours;
    object["peer"] = figure.peer;
    object["theirs"] = figure.theirs;
    object["ratio"] = figure.ratio();
    object["better"] = figure.better == Better::more ? "more" : "less";
    object["note"] = figure.note;
    return object;
}

Figure figure_from_json(boost::json::object const& object) {
    Figure figure;
    figure.name = text(object, "name");
    figure.unit = text(object, "unit");
    figure.ours = object.at("ours").to_number<double>();
    figure.peer = text(object, "peer");
    figure.theirs = object.at("theirs").to_number<double>();
    figure.better = text(object, "better") == "more" ? Better::more : Better::less;
    figure.note = text(object, "note");
    return figure;
}

std::string table(Figures const& figures) {
    std::string out =
        "| figure | ours | peer | theirs | ours / theirs | good is "
        "|\n|---|---:|---|---:|---:|---|\n";
    for (auto const& figure : figures) {
        bool const peer = !figure.peer.empty();
        out += fmt::format("| {} | {} {} | {} | {} | {} | {} |\n",
                           figure.name,
                           shown(figure.ours),
                           figure.unit,
                           peer ? figure.peer : "none",
                           peer ? shown(figure.theirs) : "",
                           peer ? fmt::format("{:.2f}", figure.ratio()) : "",
                           figure.better == Better::more ? "more" : "less");
    }
    return out;
}

double percentile(std::vector<double> values, double part) {
    if (values.empty()) return 0;
    std::sort(values.begin(), values.end());
    auto const last = static_cast<double>(values.size() - 1);
    return values[static_cast<std::size_t>(std::lround(part * last))];
}

double median(std::vector<double> const& values) {
    return percentile(values, 0.5);
}

}  // namespace postrider::bench

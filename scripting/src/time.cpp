// The public face of the zones: text in, text and instants out, errors as values.
#include <postrider/script/time.hpp>

#include "lua_values.hpp"
#include "zone.hpp"

#include <fmt/format.h>

#include <fstream>

namespace postrider::script {

std::string ZoneRule::text() const {
    if (*this == ZoneRule{}) return {};
    return fmt::format("gap={} overlap={}", word(gap), word(overlap));
}

std::optional<ZoneRule> ZoneRule::parse(std::string_view text) {
    ZoneRule rule;
    if (text.empty()) return rule;
    auto const blank = text.find(' ');
    if (blank == std::string_view::npos || !text.starts_with("gap=") ||
        !text.substr(blank).starts_with(" overlap="))
        return std::nullopt;
    auto const gap = from_word<Gap>(text.substr(4, blank - 4));
    auto const overlap = from_word<Overlap>(text.substr(blank + 9));
    if (!gap || !overlap) return std::nullopt;
    return ZoneRule{*gap, *overlap};
}

namespace {

template <class F>
auto as_result(F work) -> Result<decltype(work())> {
    static ScriptHost const nobody;
    try {
        return work();
    } catch (ScriptError& error) {
        Context ctx(nobody, {});
        return to_error(ctx, std::move(error));
    }
}

}  // namespace

Result<CompiledTime> compile_time(std::string_view when,
                                  std::string_view zone,
                                  ZoneRule const& rule) {
    return as_result([&] {
        auto resolved = resolve(parse_time(when, when), zone, rule, {});
        return CompiledTime{resolved.at,
                            wall_text(resolved.wall),
                            resolved.zone,
                            resolved.rule,
                            std::move(resolved.findings)};
    });
}

Result<std::string> wall_time(Instant at, std::string_view zone) {
    return as_result([&] { return wall_text(local_time(at, zone)); });
}

bool is_zone(std::string_view name) {
    return as_result([&] { return zone_of(name).name(); }).has_value();
}

std::string zone_data_version() {
    for (char const* path : {"/usr/share/zoneinfo/tzdata.zi", "/usr/share/zoneinfo/+VERSION"}) {
        std::ifstream file(path);
        std::string line;
        if (!std::getline(file, line)) continue;
        if (line.starts_with("# version ")) line.erase(0, 10);
        if (!line.empty() && line.size() < 20) return line;
    }
    return "unknown";
}

}  // namespace postrider::script

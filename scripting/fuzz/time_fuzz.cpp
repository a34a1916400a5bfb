// Times as people write them, in zones of their own: `WHEN`, `ZONE` and `RULE` on three lines. What
// compiles can be said as wall time again, and that compiles to the same instant.
#include "promise.hpp"
#include "script_error.hpp"
#include "zone.hpp"

#include <array>

namespace {

using namespace postrider;
using namespace postrider::script;

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    std::string_view text(reinterpret_cast<char const*>(data), size);
    std::array<std::string_view, 3> lines;
    for (auto& line : lines) {
        auto const end = std::min(text.find('\n'), text.size());
        line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    auto const rule = ZoneRule::parse(lines[2]);
    if (rule)
        fuzz::promise(ZoneRule::parse(rule->text()) == rule, "a rule reads back", rule->text());
    (void)parse_wall(lines[0]);
    (void)parse_day(lines[0]);
    (void)parse_clock(lines[0]);
    auto const compiled = compile_time(lines[0], lines[1], rule.value_or(ZoneRule{}));
    if (!compiled) {
        fuzz::promise(compiled.error().code().starts_with("script."),
                      "what is wrong with a time has a code",
                      compiled.error().code());
        return 0;
    }
    auto const wall = wall_time(compiled->at, compiled->zone);
    fuzz::promise(wall.has_value(), "an instant has a wall time in its zone", compiled->zone);
    auto const again = compile_time(compiled->wall, compiled->zone, compiled->rule);
    fuzz::promise(again && again->at == compiled->at, "a wall time leads back", compiled->wall);
    return 0;
}

// Wall times and the instants they become: zone data of the system, and what happens where a wall
// time does not exist or exists twice. Wall time is the truth, the instant is compiled from it.
#pragma once

#include <postrider/error.hpp>
#include <postrider/instant.hpp>
#include <postrider/result.hpp>
#include <postrider/words.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace postrider::script {

enum class Gap { later, earlier, refuse };
enum class Overlap { first, second, refuse };

/// What to do in the hour that a change of the clocks skips or repeats.
struct ZoneRule {
    Gap gap = Gap::later;
    Overlap overlap = Overlap::first;

    /// Empty for the default, else `gap=earlier overlap=first`: what JobSpec::zone_rule holds.
    [[nodiscard]] std::string text() const;
    static std::optional<ZoneRule> parse(std::string_view text);
    friend bool operator==(ZoneRule const&, ZoneRule const&) = default;
};

struct CompiledTime {
    Instant at{};
    std::string wall;  ///< `2027-03-01 18:00`, with seconds only where there are any
    std::string zone;  ///< IANA
    ZoneRule rule;
    std::vector<Finding>
        findings;  ///< `time.gap`, `time.overlap`: a warning, or an error where the rule refuses
};

/// Compiles `2027-03-01 18:00[:00]` in a zone, or RFC 3339 with an offset (which then keeps the
/// zone `UTC`). Errors: `script.bad_time`, `script.unknown_zone` (with the nearest name).
Result<CompiledTime> compile_time(std::string_view when,
                                  std::string_view zone,
                                  ZoneRule const& rule = {});

/// The wall time of an instant in a zone, `2027-03-01 18:00`. Errors: `script.unknown_zone`.
Result<std::string> wall_time(Instant at, std::string_view zone);

bool is_zone(std::string_view name);

/// Version of the system's zone data, such as `2026f`; `unknown` where the system does not say.
std::string zone_data_version();

}  // namespace postrider::script

namespace postrider {

template <>
struct Words<script::Gap> {
    static constexpr std::pair<script::Gap, std::string_view> table[] = {
        {script::Gap::later, "later"},
        {script::Gap::earlier, "earlier"},
        {script::Gap::refuse, "refuse"},
    };
};

template <>
struct Words<script::Overlap> {
    static constexpr std::pair<script::Overlap, std::string_view> table[] = {
        {script::Overlap::first, "first"},
        {script::Overlap::second, "second"},
        {script::Overlap::refuse, "refuse"},
    };
};

}  // namespace postrider

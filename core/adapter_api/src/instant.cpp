// Instants and durations as text. Zones and wall times are not here: core compiles those with zone
// data.
#include <postrider/instant.hpp>

#include <fmt/format.h>

#include <array>
#include <cstdint>
#include <limits>

namespace postrider {

namespace {

// Takes exactly `count` digits from the front of `text`.
std::optional<int> take_digits(std::string_view& text, std::size_t count) {
    if (text.size() < count) return std::nullopt;
    int number = 0;
    for (std::size_t i = 0; i < count; ++i) {
        if (text[i] < '0' || text[i] > '9') return std::nullopt;
        number = number * 10 + (text[i] - '0');
    }
    text.remove_prefix(count);
    return number;
}

bool take(std::string_view& text, char wanted) {
    if (text.empty() || text.front() != wanted) return false;
    text.remove_prefix(1);
    return true;
}

std::optional<Milliseconds> take_fraction(std::string_view& text) {
    if (!take(text, '.')) return Milliseconds{0};
    int milliseconds = 0;
    int weight = 100;
    std::size_t digits = 0;
    for (; digits < text.size() && text[digits] >= '0' && text[digits] <= '9'; ++digits) {
        milliseconds += weight * (text[digits] - '0');
        weight /= 10;
    }
    if (digits == 0) return std::nullopt;
    text.remove_prefix(digits);
    return Milliseconds{milliseconds};
}

std::optional<std::chrono::minutes> take_offset(std::string_view& text) {
    if (take(text, 'Z') || take(text, 'z')) return std::chrono::minutes{0};
    bool const west = !text.empty() && text.front() == '-';
    if (!take(text, '-') && !take(text, '+')) return std::nullopt;
    auto const hours = take_digits(text, 2);
    if (!hours || !take(text, ':')) return std::nullopt;
    auto const minutes = take_digits(text, 2);
    if (!minutes || *hours > 23 || *minutes > 59) return std::nullopt;
    std::chrono::minutes const offset{*hours * 60 + *minutes};
    return west ? -offset : offset;
}

struct DurationUnit {
    std::string_view name;
    std::int64_t milliseconds;
};

// From large to small: parts of a duration stand in this order, each at most once.
constexpr std::array<DurationUnit, 5> duration_units{
    DurationUnit{"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}};

}  // namespace

std::string to_rfc3339(Instant at) {
    auto const day = std::chrono::floor<std::chrono::days>(at);
    std::chrono::year_month_day const date{day};
    std::chrono::hh_mm_ss const time{at - day};
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
                       static_cast<int>(date.year()),
                       static_cast<unsigned>(date.month()),
                       static_cast<unsigned>(date.day()),
                       time.hours().count(),
                       time.minutes().count(),
                       time.seconds().count(),
                       time.subseconds().count());
}

constexpr Instant first_instant = std::chrono::sys_days{std::chrono::year{0} / 1 / 1};
constexpr Instant after_last_instant = std::chrono::sys_days{std::chrono::year{10'000} / 1 / 1};

std::optional<Instant> parse_rfc3339(std::string_view text) {
    auto const year = take_digits(text, 4);
    if (!year || !take(text, '-')) return std::nullopt;
    auto const month = take_digits(text, 2);
    if (!month || !take(text, '-')) return std::nullopt;
    auto const day = take_digits(text, 2);
    if (!day || (!take(text, 'T') && !take(text, 't'))) return std::nullopt;
    auto const hour = take_digits(text, 2);
    if (!hour || !take(text, ':')) return std::nullopt;
    auto const minute = take_digits(text, 2);
    if (!minute || !take(text, ':')) return std::nullopt;
    auto const second = take_digits(text, 2);
    if (!second) return std::nullopt;
    auto const fraction = take_fraction(text);
    if (!fraction) return std::nullopt;
    auto const offset = take_offset(text);
    if (!offset || !text.empty()) return std::nullopt;

    std::chrono::year_month_day const date{std::chrono::year{*year},
                                           std::chrono::month{static_cast<unsigned>(*month)},
                                           std::chrono::day{static_cast<unsigned>(*day)}};
    // Second 60 is a leap second: it is taken as the first one of the next minute.
    if (!date.ok() || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
    Instant const at = std::chrono::sys_days{date} + std::chrono::hours{*hour} +
                       std::chrono::minutes{*minute} + std::chrono::seconds{*second} + *fraction -
                       *offset;
    // An offset or a leap second may lead out of the years that can be written.
    if (at < first_instant || at >= after_last_instant) return std::nullopt;
    return at;
}

std::optional<Milliseconds> parse_duration(std::string_view text) {
    constexpr auto max = std::numeric_limits<std::int64_t>::max();
    std::int64_t total = 0;
    std::size_t next_unit = 0;
    if (text.empty()) return std::nullopt;
    while (!text.empty()) {
        std::int64_t number = 0;
        std::size_t digits = 0;
        for (; digits < text.size() && text[digits] >= '0' && text[digits] <= '9'; ++digits) {
            int const digit = text[digits] - '0';
            if (number > (max - digit) / 10) return std::nullopt;
            number = number * 10 + digit;
        }
        if (digits == 0) return std::nullopt;
        text.remove_prefix(digits);
        auto const letters = text.find_first_of("0123456789");
        auto const unit_name = text.substr(0, letters);
        text.remove_prefix(unit_name.size());

        while (next_unit < duration_units.size() && duration_units[next_unit].name != unit_name)
            ++next_unit;
        if (next_unit == duration_units.size()) return std::nullopt;
        auto const unit = duration_units[next_unit++].milliseconds;
        if (number > (max - total) / unit) return std::nullopt;
        total += number * unit;
    }
    return Milliseconds{total};
}

std::string to_duration_text(Milliseconds duration) {
    if (duration.count() == 0) return "0s";
    std::string text = duration.count() < 0 ? "-" : "";
    // Unsigned, because the most negative number has no positive twin.
    auto rest = duration.count() < 0 ? 0 - static_cast<std::uint64_t>(duration.count())
                                     : static_cast<std::uint64_t>(duration.count());
    for (auto const& unit : duration_units) {
        auto const size = static_cast<std::uint64_t>(unit.milliseconds);
        if (rest >= size) text += fmt::format("{}{}", rest / size, unit.name);
        rest %= size;
    }
    return text;
}

}  // namespace postrider

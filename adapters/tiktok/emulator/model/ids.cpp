// Seeded identifiers (the SplitMix64 sequence).
#include "tiktok/emulator/model/ids.hpp"

#include <fmt/format.h>

namespace postrider::tiktok::emulator {

std::uint64_t Ids::next() {
    state_ += 0x9E3779B97F4A7C15U;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31);
}

std::string Ids::token(std::string_view prefix) {
    return fmt::format("{}{:016x}{:016x}{:016x}", prefix, next(), next(), next());
}

std::int64_t Ids::number() {
    constexpr std::int64_t base = 7'512'345'678'901'234'567;
    constexpr std::int64_t stride = 1'000'000;
    ++count_;
    auto const jitter = static_cast<std::int64_t>(next() % 400'000) * 2;
    return base + static_cast<std::int64_t>(count_) * stride + jitter;
}

std::string Ids::log_id(TimePoint now) {
    std::string const time = fmt::format("{}", now.time_since_epoch().count());
    return fmt::format("{}{:010X}", time, next() & 0xFFFFFFFFFFU);
}

void Ids::restore(std::uint64_t state, std::uint64_t count) {
    state_ = state;
    count_ = count;
}

}  // namespace postrider::tiktok::emulator

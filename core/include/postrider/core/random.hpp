// Randomness as a parameter. Reductions are written by hand, so that a seed gives the same numbers
// everywhere.
#pragma once

#include <cstdint>
#include <mutex>

namespace postrider::core {

class Random {
 public:
    virtual ~Random() = default;
    virtual std::uint64_t next() = 0;
    /// Uniform in [0, bound); 0 for a bound of 0.
    std::uint64_t below(std::uint64_t bound);
    /// Uniform in [0, 1).
    double unit();
};

/// From the system's generator; for ids, tokens and jitter of real runs. Any thread may call.
class SystemRandom final : public Random {
 public:
    std::uint64_t next() override;
};

/// SplitMix64: small, fast, the same everywhere.
class SeededRandom final : public Random {
 public:
    explicit SeededRandom(std::uint64_t seed) : state_(seed) {}
    std::uint64_t next() override;

 private:
    std::uint64_t state_;
};

}  // namespace postrider::core

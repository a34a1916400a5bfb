// Seeded identifiers: the same seed and the same calls give the same ids, on every compiler.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "tiktok/emulator/model/http.hpp"

namespace postrider::tiktok::emulator {

class Ids {
 public:
    explicit Ids(std::uint64_t seed) : state_(seed) {}

    /// For example `("act.")` gives `act.` and 48 hex digits.
    std::string token(std::string_view prefix);
    /// A grown 19-digit number. Always odd and above 2^62, so a client that reads it as a double
    /// changes it.
    std::int64_t number();
    std::string log_id(TimePoint now);

    std::uint64_t state() const { return state_; }
    std::uint64_t count() const { return count_; }
    void restore(std::uint64_t state, std::uint64_t count);

 private:
    std::uint64_t next();

    std::uint64_t state_;
    std::uint64_t count_ = 0;
};

}  // namespace postrider::tiktok::emulator

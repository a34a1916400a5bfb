// libsodium, started once before its first use.
#pragma once

#include <sodium.h>

#include <stdexcept>

namespace postrider::core {

inline void start_sodium() {
    static bool const started = ::sodium_init() >= 0;
    if (!started) throw std::runtime_error("libsodium does not start");
}

}  // namespace postrider::core

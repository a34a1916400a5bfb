// What a fuzzer says when a property does not hold, before it ends.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace postrider::fuzz {

inline void promise(bool holds, std::string_view sentence, std::string_view found) {
    if (holds) return;
    std::fprintf(stderr,
                 "broken promise: %.*s\n%.*s\n",
                 static_cast<int>(sentence.size()),
                 sentence.data(),
                 static_cast<int>(found.size()),
                 found.data());
    std::abort();
}

}  // namespace postrider::fuzz

// See polling.hpp.
#include "polling.hpp"

#include <algorithm>

namespace postrider::tiktok {

namespace {

using namespace std::chrono_literals;

// A look that comes a little early must not be followed by another one at once.
constexpr Milliseconds least = 1s;

}  // namespace

Milliseconds next_status_delay(Milliseconds elapsed) {
    if (elapsed >= 2h) return 30min;
    if (elapsed >= 15min) return 5min;
    Milliseconds step = 5s;
    Milliseconds due = step;
    while (due < elapsed + least) {
        step = std::min<Milliseconds>(step * 3 / 2, 60s);
        due += step;
    }
    return due - std::max(elapsed, Milliseconds{0});
}

std::optional<Milliseconds> next_id_delay(Milliseconds elapsed) {
    if (elapsed >= 6h) return std::nullopt;
    Milliseconds step = 5s;
    Milliseconds due = step;
    while (due < elapsed + least) {
        step = step < 40s ? step * 2 : Milliseconds{5min};
        due += step;
    }
    return due - std::max(elapsed, Milliseconds{0});
}

}  // namespace postrider::tiktok

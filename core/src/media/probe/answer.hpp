// One question about one file and its answer, as lines of JSON.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace postrider::probe {

/// `{"path": "...", "hash": true, "probe": true, "hash_seconds": 60}`; all but the path may be left
/// out.
struct Request {
    std::string path;
    bool hash = true;
    bool probe = true;
    std::chrono::seconds hash_time{0};  ///< 0: by the file's size
};

struct TimeLimits {
    std::chrono::seconds parsing{20};
};

/// The answer, with its line end. Never throws; when memory runs out the answer is `media.limit`.
std::string answer(Request const& request, TimeLimits const& limits);

/// The same for a line that came in; what is no request is answered with `media.unreadable`.
std::string answer_line(std::string_view line, TimeLimits const& limits);

}  // namespace postrider::probe

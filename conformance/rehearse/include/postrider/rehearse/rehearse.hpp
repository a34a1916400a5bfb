// What would become of the jobs of a store: the real engine works over a copy of it, on a virtual
// clock and against models of the networks. Nothing is written back and nothing leaves the machine.
#pragma once

#include <postrider/instant.hpp>
#include <postrider/result.hpp>

#include <boost/json/object.hpp>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postrider::rehearse {

/// A stretch of time.
struct Span {
    Instant from{};
    Instant to{};
    std::string network;  ///< of an outage; empty: all of them

    [[nodiscard]] bool holds(Instant at) const { return from <= at && at < to; }
};

/// What the person who approves answers where a choice was left open.
struct AssumedAnswer {
    std::string post;     ///< empty: any
    std::string account;  ///< empty: any
    boost::json::object options;
};

/// What nobody can know beforehand.
struct Assumptions {
    std::optional<Milliseconds> approval_after = Milliseconds{0};  ///< empty: never
    std::vector<AssumedAnswer> answers;                            ///< the last that fits counts
    Milliseconds latency{300};                                     ///< of a request and its answer
    Milliseconds processing{5'000};             ///< how long a network works on a post
    std::uint64_t upload_bytes_per_second = 0;  ///< 0: an upload takes no time of its own
    std::vector<Span> outages;                  ///< networks cannot be reached
    std::vector<Span> stopped;                  ///< no engine runs
    Milliseconds late_after{5 * 60'000};        ///< less than this is on time
};

struct Request {
    std::filesystem::path store;  ///< copied into memory; plans are applied in it already
    Instant now{};
    std::uint64_t seed = 1;
    std::optional<Instant> until;        ///< else: until the posts are at rest
    std::vector<std::string> campaigns;  ///< whose posts are looked at
    int concurrency = 16;
    Assumptions assume;
};

/// One line from a program of ours. Errors: `usage.bad_value`.
Result<Request> request_from_json(std::string_view line);

/// `calendar`, `clashes`, `buckets`, `counts`, `simulated_until`, `requests`. The same request and
/// store give the same answer.
///
/// Errors: those of the store, and `not_found.network` where a network has no model.
Result<boost::json::object> rehearse(Request request);

}  // namespace postrider::rehearse

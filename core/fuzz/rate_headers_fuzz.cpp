// What replies say about limits, one `Name: value` a line. Whatever they say: no wait beyond a day,
// no size above the declared one or below one, and never a slot that comes free sooner than it
// would have.
#include "promise.hpp"

#include <postrider/core/rate_news.hpp>

#include <algorithm>

using namespace postrider;
using namespace std::chrono_literals;

namespace {

adapter::Headers headers_of(std::string_view text) {
    adapter::Headers headers;
    while (!text.empty()) {
        auto const end = std::min(text.find('\n'), text.size());
        auto const line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        auto const colon = std::min(line.find(':'), line.size());
        headers.emplace_back(line.substr(0, colon), line.substr(std::min(colon + 1, line.size())));
    }
    return headers;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    std::string_view const text(reinterpret_cast<char const*>(data), size);
    Instant const now = *parse_rfc3339("2027-03-01T12:00:00Z");
    auto const news = core::read_rate_news(headers_of(text), "posts", now);
    for (auto const& wait : {news.retry_after, news.reset})
        fuzz::promise(!wait || (*wait >= 0s && *wait <= 24h), "no wait is beyond a day", text);
    fuzz::promise(!news.remaining || *news.remaining >= 0, "what remains is not negative", text);

    core::BucketState bucket;
    bucket.key = "k";
    bucket.size = bucket.declared = 6;
    bucket.window = 60s;
    core::take_permit(bucket, "job", now, now + 30s);
    auto const before = bucket;
    core::learn_news(bucket, news, now);
    fuzz::promise(
        bucket.size >= 1 && bucket.size <= bucket.declared, "a size stays in bounds", text);
    fuzz::promise(core::permit_free_at(bucket, now) >= core::permit_free_at(before, now),
                  "news only tighten at once",
                  text);
    return 0;
}

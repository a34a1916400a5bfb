// One exchange.
#include "line.hpp"

#include <algorithm>
#include <cmath>

namespace postrider::rehearse {

namespace asio = boost::asio;
using core::OutgoingRequest;
using core::TransportReply;

namespace {

std::uint64_t body_size(OutgoingRequest const& request) {
    if (auto const* text = std::get_if<std::string>(&request.body)) return text->size();
    if (auto const* slice = std::get_if<core::FileSlice>(&request.body)) return slice->length;
    return 0;
}

}  // namespace

Milliseconds Line::half_way() {
    // Near enough to the delays of real networks: a long tail to the right.
    auto const spread = chance_.unit() + chance_.unit() + chance_.unit() - 1.5;
    auto const median = static_cast<double>(assume_.latency.count()) / 2;
    return Milliseconds{static_cast<std::int64_t>(median * std::exp(spread)) + 1};
}

asio::awaitable<TransportReply> Line::send(OutgoingRequest request) {
    ++requests_;
    TransportReply reply;
    auto const network = request.account.substr(0, request.account.find(':'));
    auto* model = ground_.network(network);
    auto const out =
        std::any_of(assume_.outages.begin(), assume_.outages.end(), [&](Span const& outage) {
            return outage.holds(time_.truth()) &&
                   (outage.network.empty() || outage.network == network);
        });
    auto there = half_way();
    auto const back = half_way();
    if (!model || out) {
        co_await clock_.delay(there);
        reply.failure = "the network cannot be reached";
        co_return reply;
    }
    if (on_send) on_send(request.account);
    auto const size = body_size(request);
    if (assume_.upload_bytes_per_second > 0)
        there +=
            Milliseconds{static_cast<std::int64_t>(size * 1'000 / assume_.upload_bytes_per_second)};
    if (there + back > request.deadline) {
        auto const patience = request.deadline;
        co_await clock_.delay(patience);
        reply.verdict = adapter::Verdict::no_reply;
        reply.failure = "no answer before the deadline";
        co_return reply;
    }
    co_await clock_.delay(there);
    reply = model->answer(request, std::nullopt);
    co_await clock_.delay(back);
    co_return reply;
}

}  // namespace postrider::rehearse

// What each fault does to one exchange.
#include "fault_transport.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace postrider::conformance {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using core::OutgoingRequest;
using core::TransportReply;

namespace {

constexpr auto for_ever = std::chrono::hours(24 * 365);
constexpr std::string_view page = "<html><body>Something went wrong.</body></html>";

std::uint64_t body_size(OutgoingRequest const& request) {
    if (auto const* text = std::get_if<std::string>(&request.body)) return text->size();
    if (auto const* slice = std::get_if<core::FileSlice>(&request.body)) return slice->length;
    return 0;
}

TransportReply replied(int status, std::string body, std::uint64_t sent) {
    TransportReply reply;
    reply.verdict = adapter::Verdict::replied;
    reply.http = adapter::HttpReply(status, std::move(body));
    reply.http.headers.emplace_back("Content-Type",
                                    status == 429 ? "application/json" : "text/html");
    reply.sent_bytes = sent;
    return reply;
}

TransportReply failed(adapter::Verdict verdict, std::string why, std::uint64_t sent) {
    TransportReply reply;
    reply.verdict = verdict;
    reply.failure = std::move(why);
    reply.sent_bytes = sent;
    return reply;
}

}  // namespace

asio::awaitable<TransportReply> World::send_part(OutgoingRequest, std::uint64_t bytes) {
    co_return failed(adapter::Verdict::no_reply, "the connection broke", bytes);
}

bool FaultTransport::take_kill() {
    return std::exchange(kill_, false);
}

asio::awaitable<TransportReply> FaultTransport::forward(OutgoingRequest request) {
    if (keep_id_) {
        request.url = ids_.shorten(std::move(request.url));
        for (auto& header : request.headers) header.second = ids_.shorten(std::move(header.second));
        if (auto* text = std::get_if<std::string>(&request.body)) *text = ids_.shorten(*text);
    }
    co_await clock_.delay(100ms);
    auto sending = std::move(request);
    auto reply = co_await world_.transport().send(std::move(sending));
    co_await clock_.delay(100ms);
    if (reply.verdict == adapter::Verdict::replied) {
        if (reply.http.status == 429) ++refusals_;
        if (keep_id_) reply.http.body = ids_.lengthen(reply.http.body, *keep_id_);
    }
    co_return reply;
}

asio::awaitable<TransportReply> FaultTransport::spoil(OutgoingRequest request, Fault fault) {
    using adapter::Verdict;
    auto const size = body_size(request);
    auto const deadline = request.deadline;
    switch (fault) {
        case Fault::not_sent:
            co_return failed(Verdict::not_sent, "connection refused", 0);
        case Fault::lost_before:
            co_await clock_.delay(1s);
            co_return failed(Verdict::no_reply, "connection reset", 0);
        case Fault::error_before:
            co_return replied(500, std::string(page), size);
        case Fault::too_many:
            co_return replied(429, too_many_body_, size);
        case Fault::html_before:
            co_return replied(200, std::string(page), size);
        case Fault::killed_before:
            kill_ = true;
            co_await clock_.delay(for_ever);
            co_return TransportReply();
        case Fault::cut_body: {
            if (size < 2) not_applicable_ = "the request has no body";
            auto part = std::move(request);
            co_return co_await world_.send_part(std::move(part), size / 2);
        }
        case Fault::unauthorized:
            for (auto& [name, value] : request.headers)
                if (name == "Authorization") value = "Bearer " + world_.dead_token();
            break;
        case Fault::doubled: {
            auto copy = request;
            (void)co_await forward(std::move(copy));
            break;
        }
        default:
            break;
    }
    auto whole = std::move(request);
    auto reply = co_await forward(std::move(whole));
    bool const answered = reply.verdict == Verdict::replied;
    switch (fault) {
        case Fault::lost_after:
            co_return failed(Verdict::no_reply, "connection reset", size);
        case Fault::error_after:
            co_return replied(500, std::string(page), size);
        case Fault::html_after:
            co_return replied(200, std::string(page), size);
        case Fault::hang:
            co_await clock_.delay(deadline);
            co_return failed(Verdict::no_reply, "no answer before the deadline", size);
        case Fault::slow:
            co_await clock_.delay(std::max<Milliseconds>(deadline - 2s, 0ms));
            break;
        case Fault::killed_after:
            kill_ = true;
            co_await clock_.delay(for_ever);
            break;
        case Fault::truncated:
            if (!answered || reply.http.body.size() < 2) not_applicable_ = "the answer has no body";
            reply.http.body.resize(reply.http.body.size() / 2);
            break;
        case Fault::unauthorized:
            if (reply.http.status != 401)
                not_applicable_ = fmt::format(
                    "the network answers {} to a token that it does not know", reply.http.status);
            break;
        case Fault::new_word:
            if (auto changed = with_new_word(reply.http.body))
                reply.http.body = *std::move(changed);
            else
                not_applicable_ = "the answer has no member that is a status";
            break;
        default:
            break;
    }
    co_return reply;
}

asio::awaitable<TransportReply> FaultTransport::send(OutgoingRequest request) {
    Exchange exchange;
    auto const& asked = watch_.last_send();
    bool const ours =
        asked && asked->request.url == request.url && asked->request.method == request.method;
    exchange.step = ours ? asked->step : std::string(token_step);
    exchange.effect = ours ? asked->effect : adapter::Effect::repeat;
    exchange.has_token = !adapter::find_header(request.headers, "Authorization").empty();
    exchange.has_body = body_size(request) > 1;
    exchange.looks_before = watch_.looks_for_proof();
    for (auto const& earlier : log_)
        if (earlier.step == exchange.step) ++exchange.nth;
    exchange.spoilt = injection_ && injection_->step == exchange.step &&
                      exchange.nth >= injection_->first && exchange.nth <= injection_->last;
    auto const index = log_.size();
    log_.push_back(exchange);

    auto sending = std::move(request);
    if (!exchange.spoilt) {
        auto reply = co_await forward(std::move(sending));
        if (reply.verdict == adapter::Verdict::replied) log_[index].status = reply.http.status;
        if (static_cast<int>(index) + 1 == die_after_) {
            kill_ = true;
            co_await clock_.delay(for_ever);
        }
        co_return reply;
    }
    hit_ = true;
    bool const may_offend =
        injection_->fault == Fault::unauthorized || injection_->fault == Fault::doubled;
    auto const violations = may_offend ? world_.violations().size() : 0;
    auto const refusals = refusals_;
    auto reply = co_await spoil(std::move(sending), injection_->fault);
    if (may_offend) {
        own_violations_ += static_cast<int>(world_.violations().size() - violations);
        refusals_ = refusals;
    }
    if (reply.verdict == adapter::Verdict::replied) log_[index].status = reply.http.status;
    co_return reply;
}

}  // namespace postrider::conformance

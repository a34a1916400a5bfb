// Performing one Send: permits and intent in one durable transaction, then the wire, then what the
// answer teaches.
#include "run/exchange.hpp"

#include <postrider/catalogue.hpp>
#include <postrider/core/canonical_json.hpp>
#include <postrider/core/mutant.hpp>
#include <postrider/core/rate_news.hpp>

#include <fmt/format.h>

namespace postrider::core {

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

constexpr std::uint64_t slowest_upload = 64 * 1024;  // bytes a second that a body is given time for

std::uint64_t body_length(adapter::Send const& send) {
    if (auto const* text = std::get_if<std::string>(&send.request.body)) return text->size();
    if (auto const* range = std::get_if<adapter::FileRange>(&send.request.body))
        return range->length;
    return 0;
}

Result<OutgoingRequest> outgoing(ExchangeRequest const& request,
                                 Secret const& token,
                                 Milliseconds deadline) {
    OutgoingRequest out;
    out.method = request.send.request.method;
    out.url = request.send.request.url;
    out.headers = request.send.request.headers;
    if (request.send.request.credential == adapter::Credential::bearer)
        out.headers.emplace_back("Authorization", "Bearer " + token.expose());
    if (auto const* text = std::get_if<std::string>(&request.send.request.body)) out.body = *text;
    if (auto const* range = std::get_if<adapter::FileRange>(&request.send.request.body)) {
        if (range->media_index >= request.media.size())
            return make_error("internal.bug",
                              "An adapter asked for a media file that the post does not have.");
        auto const& media = request.media[range->media_index];
        out.body = FileSlice(media.path, range->offset, range->length, media.size_bytes);
    }
    out.deadline = deadline;
    out.effect = request.send.effect;
    out.account = request.account.name;
    out.holder = request.holder;
    out.secret_url = request.send.request.secret_url;
    // A stale connection must not put a commit in doubt; chunks that may be repeated keep theirs.
    out.once = request.send.effect != adapter::Effect::look &&
               request.send.effect != adapter::Effect::repeat;
    out.progress = request.progress;
    return out;
}

PermitEnd permit_end(TransportReply const& reply) {
    switch (reply.verdict) {
        case adapter::Verdict::not_sent:
            return PermitEnd::not_sent;
        case adapter::Verdict::no_reply:
            return mutant("refund_on_no_reply") ? PermitEnd::not_sent : PermitEnd::lost;
        case adapter::Verdict::replied:
            return reply.http.status >= 400 && reply.http.status < 500 ? PermitEnd::refused
                                                                       : PermitEnd::replied;
    }
    return PermitEnd::lost;
}

}  // namespace

std::string request_digest(adapter::Send const& send) {
    boost::json::object object;
    object["step"] = send.step;
    object["method"] = send.request.method;
    if (!send.request.secret_url) object["url"] = send.request.url;
    object["handle"] = send.handle;
    if (auto const* text = std::get_if<std::string>(&send.request.body))
        object["body"] = sha256_text(*text);
    if (auto const* range = std::get_if<adapter::FileRange>(&send.request.body)) {
        object["media"] = range->media_index;
        object["offset"] = range->offset;
        object["length"] = range->length;
    }
    return sha256_text(canonical_json(object));
}

asio::awaitable<Result<std::optional<Blocked>>> Exchanges::let_go(ExchangeRequest const& request,
                                                                  std::vector<BucketUse> uses,
                                                                  CircuitUse circuit,
                                                                  Milliseconds deadline) {
    using Outcome = Result<std::optional<Blocked>>;
    if (uses.empty() && !request.before && !circuit.guarded)
        co_return Outcome(std::optional<Blocked>());
    auto const now = parts_.clock.now();
    auto work = [this, &request, &uses, &circuit, now, deadline](Tables& tables) -> Outcome {
        std::vector<CircuitState> probed;
        if (circuit.guarded) {
            auto held = circuits_.enter(tables, circuit, now, probed);
            if (!held || *held) return held;
        }
        auto blocked = acquire_permits(tables, uses, request.holder, now, now + deadline);
        if (!blocked || *blocked) return blocked;
        for (auto const& state : probed)
            if (auto put = tables.put_circuit(state); !put) return put.error();
        if (request.before && !mutant("intent_after_send"))
            if (auto done = request.before(tables); !done) return done.error();
        return blocked;
    };
    auto taken = co_await transact<std::optional<Blocked>>(parts_.store, std::move(work));
    co_return taken;
}

asio::awaitable<ExchangeResult> Exchanges::perform(ExchangeRequest request) {
    ExchangeResult result;
    auto const deadline =
        request.send.deadline +
        Milliseconds{static_cast<std::int64_t>(body_length(request.send) * 1000 / slowest_upload)};
    auto circuit = circuit_use(request.descriptor->network, request.send, request.account.id);
    circuit.asker = {request.holder, parts_.clock.now() + deadline, request.in_doubt};
    circuit.retry_cost = request.retry_cost;
    circuit.exempt = request.by_person;
    // First of all: a network that is down is not even asked for a token.
    auto const held = circuits_.look(parts_.store, circuit, parts_.clock.now());
    if (!held) {
        result.refused = held.error();
        co_return result;
    }
    if (*held) {
        result.blocked = **held;
        co_return result;
    }

    Tokens::Access access;
    if (request.send.request.credential == adapter::Credential::bearer) {
        auto token = co_await tokens_.access(request.account, request.app, request.stale_token);
        if (!token) {
            circuits_.turn_back(circuit);
            result.refused = token.error();
            co_return result;
        }
        access = *std::move(token);
        result.token_generation = access.generation;
    }
    auto out = outgoing(request, access.token, deadline);
    if (!out) {
        circuits_.turn_back(circuit);
        result.refused = out.error();
        co_return result;
    }

    auto uses =
        bucket_uses(*request.descriptor, request.send.buckets, request.app.id, request.account.id);
    if (mutant("quota_per_job") && !adapter::is_commit(request.send.effect)) uses.clear();
    auto const now = parts_.clock.now();
    auto taken = co_await let_go(request, uses, circuit, deadline);
    if (!taken || *taken) {
        circuits_.turn_back(circuit);
        if (!taken)
            result.refused = taken.error();
        else
            result.blocked = **taken;
        co_return result;
    }

    result.started_at = parts_.clock.now();
    auto const started = parts_.clock.monotonic();
    auto sending = *std::move(out);
    result.reply = co_await parts_.transport.send(std::move(sending));
    result.duration = parts_.clock.monotonic() - started;

    auto const ended_at = parts_.clock.now();
    auto const end = permit_end(result.reply);
    bool const too_many =
        result.reply.verdict == adapter::Verdict::replied && result.reply.http.status == 429;
    std::vector<Store::Work> pieces;
    if (auto told = circuits_.leave(circuit, result.reply, ended_at))
        pieces.push_back(std::move(told));
    if (!uses.empty()) {
        RateNews news;
        if (result.reply.verdict == adapter::Verdict::replied)
            news =
                read_rate_news(result.reply.http.headers, request.send.buckets.front(), ended_at);
        pieces.push_back([uses,
                          holder = request.holder,
                          end,
                          ended_at,
                          deadline = now + deadline,
                          too_many,
                          news](Tables& tables) -> Result<void> {
            // A lost request may still be under way to the server: it is given a moment, at most
            // until its deadline.
            auto const at =
                end == PermitEnd::lost ? std::min<Instant>(deadline, ended_at + 5s) : ended_at;
            if (auto done = end_permits(tables, uses, holder, end, at); !done) return done;
            // The narrowest bucket of the request is the one that most likely explains what is
            // said.
            return learn_from_reply(tables, uses.front(), news, too_many, ended_at);
        });
    }
    if (!pieces.empty())
        result.after = [pieces](Tables& tables) -> Result<void> {
            for (auto const& piece : pieces)
                if (auto done = piece(tables); !done) return done;
            return {};
        };
    co_return result;
}

}  // namespace postrider::core

// Looking: what became of a commit whose outcome is not known, and what a receipt still lacks.
// Never a write to the network.
#include "run/attempt.hpp"

#include <postrider/catalogue.hpp>
#include <postrider/core/mutant.hpp>

#include <fmt/format.h>

namespace postrider::core {

namespace asio = boost::asio;
using namespace std::chrono_literals;

asio::awaitable<void> Attempt::look_later(std::optional<Milliseconds> delay) {
    ++job_.looks;
    if (job_.looks > 5 && job_.state == JobState::unknown && mutant("doubt_ends_by_timer")) {
        enter(JobState::rejected);
        job_.next_at.reset();
        co_await release();
        co_return;
    }
    Instant const since = job_.intent ? job_.intent->armed_at : job_.created_at;
    auto scheduled = next_look(job_.looks, now() - since);
    if (scheduled && delay) scheduled = std::max(*scheduled, *delay);
    job_.next_at.reset();
    if (scheduled) job_.next_at = now() + *scheduled;
    co_await release();
}

asio::awaitable<void> Attempt::observe() {
    adapter::Answer answer = adapter::Begin{};
    for (int actions = 0; actions < 50; ++actions) {
        auto action = adapter_->reconcile(view(), answer);
        if (auto* send = std::get_if<adapter::Send>(&action)) {
            auto wanted = std::move(*send);
            auto next = co_await look(std::move(wanted));
            if (next.over) co_return;
            answer = std::move(next.answer);
            continue;
        }
        if (auto* save = std::get_if<adapter::Save>(&action)) {
            job_.saved = std::move(save->state);
            if (!co_await put()) co_return;
            answer = adapter::Saved{};
            continue;
        }
        if (auto* wait = std::get_if<adapter::Wait>(&action)) {
            co_await look_later(wait->delay);
            co_return;
        }
        if (auto* done = std::get_if<adapter::Finish>(&action)) {
            auto finished = std::move(*done);
            co_await finish(std::move(finished));
            co_return;
        }
        if (is_final(job_.state)) {
            // A receipt that cannot be completed is no reason to touch a settled outcome.
            co_await look_later(5min);
            co_return;
        }
        if (auto* failed = std::get_if<adapter::Fail>(&action)) {
            if (failed->error.code() == "account.token_expired" && !refreshed_) {
                refreshed_ = true;
                stale_token_ = token_generation_;
                answer = adapter::Begin{};
                continue;
            }
            bool const passing = failed->error.kind() == ErrorKind::unauthorized ||
                                 failed->error.kind() == ErrorKind::rate_limited ||
                                 failed->error.kind() == ErrorKind::unavailable;
            if (passing && !failed->state) {
                // The look failed, not the post.
                co_await look_later(failed->error.retry().delay.value_or(30s));
                co_return;
            }
            auto error = failed->error;
            // Proof that it was not published: what follows is decided as for any refusal.
            auto state = failed->state ? failed->state
                                       : std::optional<adapter::SavedState>(adapter::SavedState{});
            last_effect_ = adapter::Effect::prepare;
            (void)co_await fail(std::move(error), std::move(state));
            co_return;
        }
        if (auto* back = std::get_if<adapter::Resume>(&action)) {
            auto found = std::move(*back);
            co_await resume(std::move(found));
            co_return;
        }
        co_await look_later(1min);  // Doubt: nothing new
        co_return;
    }
    co_await look_later(5min);
}

asio::awaitable<Attempt::Next> Attempt::look(adapter::Send send) {
    Next next;
    next.over = true;
    if (send.effect != adapter::Effect::look) {
        // An adapter that writes while it reconciles could publish twice; the request is not sent.
        job_.error = make_error(
            "internal.bug", fmt::format("reconcile() asked for {}, which is no look.", send.step));
        co_await look_later(1h);
        co_return next;
    }
    ExchangeRequest request;
    request.account = account_;
    request.app = app_;
    request.descriptor = &adapter_->descriptor();
    request.send = send;
    request.holder = fmt::format("{}/{}/{}", parts_.owner, job_.id, job_.fence);
    request.stale_token = stale_token_;
    request.in_doubt = job_.state == JobState::unknown;
    auto exchange = co_await exchanges_.perform(std::move(request));
    if (exchange.refused) {
        co_await look_later(30s);
        co_return next;
    }
    if (exchange.blocked && exchange.blocked->reason == adapter::WaitReason::circuit) {
        // Nothing was looked at: neither the count of looks nor their rhythm moves.
        job_.next_at = exchange.blocked->until;
        co_await release();
        co_return next;
    }
    if (exchange.blocked) {
        auto const until = exchange.blocked->until;
        co_await look_later(std::max<Milliseconds>(until - now(), 0ms));
        co_return next;
    }
    token_generation_ = exchange.token_generation;
    last_effect_ = send.effect;
    note_step(send, exchange);
    if (exchange.reply.verdict != adapter::Verdict::replied || exchange.reply.http.status >= 500) {
        if (job_.state == JobState::unknown && mutant("failed_look_means_absent")) {
            adapter::Resume nothing_there;
            co_await resume(std::move(nothing_there));
            co_return next;
        }
        co_await look_later(std::nullopt);
        co_return next;
    }
    next.over = false;
    if (exchange.reply.http.status == 401 && !refreshed_) {
        // An old token says nothing about the post: look again with a new one.
        refreshed_ = true;
        stale_token_ = token_generation_;
        co_return next;
    }
    adapter::Reply told;
    told.step = send.step;
    told.http = exchange.reply.http;
    next.answer = std::move(told);
    co_return next;
}

asio::awaitable<void> Attempt::resume(adapter::Resume found) {
    job_.saved = std::move(found.state);
    if (job_.intent) job_.intent->outcome = found.took_effect ? "confirmed" : "proved_absent";
    // Stays committed even where the commit is to be made again: until it is, nobody may withdraw
    // the job as if it had never left.
    job_.error.reset();
    job_.looks = 0;
    StepRecord note;
    note.job_id = job_.id;
    note.attempt = job_.attempt;
    note.step = "reconcile";
    note.started_at = now();
    note.note = found.evidence;
    pending_.push_back([note](Tables& tables) { return tables.add_step(note); });
    enter(JobState::waiting);
    job_.waiting = found.took_effect ? adapter::WaitReason::network : adapter::WaitReason::backoff;
    job_.wait_owner = found.took_effect ? Owner::network : Owner::postrider;
    job_.until = now();
    job_.next_at = now();
    co_await release();
}

}  // namespace postrider::core

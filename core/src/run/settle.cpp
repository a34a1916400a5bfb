// How a visit ends: every way into a resting state, and the one function that writes.
#include "run/attempt.hpp"

#include <postrider/catalogue.hpp>
#include <postrider/core/canonical_json.hpp>
#include <postrider/core/hooks.hpp>
#include <postrider/core/mutant.hpp>
#include <postrider/core/plan.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace postrider::core {

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

constexpr int lost_prepares_max = 3;  // in one hour; each may have left an orphan at the network

// `lost` begins with the one that has just been lost and is not written yet, if there is one.
Result<std::optional<Instant>> prepare_again_at(Tables& tables,
                                                std::string_view job_id,
                                                std::vector<Instant> lost,
                                                Instant now) {
    auto steps = tables.steps(job_id);
    if (!steps) return steps.error();
    for (auto const& step : *steps)
        // A 5xx may come after the effect, and so says no more than silence.
        if (step.effect == adapter::Effect::prepare &&
            (step.verdict == adapter::Verdict::no_reply || step.http_status >= 500) &&
            step.started_at > now - 1h)
            lost.push_back(step.started_at);
    std::sort(lost.begin(), lost.end());
    if (static_cast<int>(lost.size()) < lost_prepares_max) return std::optional<Instant>();
    return std::optional<Instant>(lost[lost.size() - lost_prepares_max] + 1h);
}

constexpr auto quota_asked_every = 1h;
constexpr auto quota_asked_least = 10min;

// Everybody was told the same: 0 to 10 % more, so that not all come back at once, and a day at
// most.
Milliseconds a_little_more(Milliseconds told, Random& random) {
    auto const spread = static_cast<std::uint64_t>(told.count() / 10) + 1;
    return std::min<Milliseconds>(
        told + Milliseconds{static_cast<std::int64_t>(random.below(spread))}, 24h);
}

}  // namespace

void Attempt::enter(JobState state) {
    job_.state = state;
    if (state != JobState::waiting) {
        job_.waiting.reset();
        job_.until.reset();
    }
    if (state == JobState::waiting) job_.revivable = false;
}

Job Attempt::stored_form() const {
    Job stored = job_;
    bool const at_rest = job_.lease_owner.empty() || !mutant("handle_not_saved");
    if (state_is_open_)
        stored.saved = seal_state(at_rest ? job_.saved : loaded_, job_.id, parts_.vault);
    return stored;
}

bool Attempt::store_failed(Error const& error) {
    auto const code = error.code();
    if (code != "setup.store_unreadable" && code != "setup.disk_full" &&
        code != "setup.store_locked")
        return false;
    store_failure_ = error;
    return true;
}

asio::awaitable<bool> Attempt::put() {
    job_.updated_at = now();
    auto const state_changed = job_.state != stored_state_;
    Store::Work work = [pieces = pending_,
                        stored = stored_form(),
                        state_changed,
                        random = &parts_.random](Tables& tables) -> Result<void> {
        for (auto const& piece : pieces)
            if (auto done = piece(tables); !done) return done;
        if (auto updated = tables.update_job(stored, stored.fence); !updated) return updated;
        // Polls and chunks come and go by the thousand; only news is an event.
        if (!state_changed) return {};
        bool const poll = stored.state == JobState::waiting &&
                          stored.waiting == adapter::WaitReason::network && stored.looks > 1;
        if (poll) return {};
        if (stored.state == JobState::awaiting_approval && !stored.plan_id.empty()) {
            // The question is opened with the state that waits for its answer.
            auto asked = request_approval(tables, stored.plan_id, {}, stored.updated_at, *random);
            if (!asked) return asked.error();
        }
        return announce_state(tables, stored, stored.updated_at);
    };
    auto written = co_await write(parts_.store, std::move(work));
    if (!written) {
        store_failed(written.error());
        co_return false;
    }
    pending_.clear();
    stored_state_ = job_.state;
    report();
    co_return true;
}

asio::awaitable<bool> Attempt::release() {
    auto const owner = std::exchange(job_.lease_owner, {});
    bool const written = co_await put();
    // Not written: the claim still stands in the store, or somebody else's does.
    if (!written) job_.lease_owner = owner;
    co_return written;
}

asio::awaitable<void> Attempt::leave_traces() {
    Store::Work work = [pieces = std::exchange(pending_, {})](Tables& tables) -> Result<void> {
        for (auto const& piece : pieces)
            if (auto done = piece(tables); !done) return done;
        return {};
    };
    auto written = co_await write(parts_.store, std::move(work));
    // Permits that cannot be given back are freed by our end, as by a crash.
    if (!written) store_failed(written.error());
}

void Attempt::note_step(adapter::Send const& send, ExchangeResult const& exchange) {
    StepRecord record;
    record.job_id = job_.id;
    record.attempt = job_.attempt;
    record.step = send.step;
    record.effect = send.effect;
    record.verdict = exchange.reply.verdict;
    record.http_status =
        exchange.reply.verdict == adapter::Verdict::replied ? exchange.reply.http.status : 0;
    record.started_at = exchange.started_at;
    record.duration = exchange.duration;
    record.note = exchange.reply.failure;
    if (auto const* range = std::get_if<adapter::FileRange>(&send.request.body))
        record.note = fmt::format("bytes {}-{}{}{}",
                                  range->offset,
                                  range->offset + range->length - 1,
                                  record.note.empty() ? "" : ": ",
                                  record.note);
    if (exchange.after) pending_.push_back(exchange.after);
    pending_.push_back([record](Tables& tables) { return tables.add_step(record); });
}

asio::awaitable<void> Attempt::snooze(adapter::WaitReason reason,
                                      Owner owner,
                                      std::optional<Instant> until) {
    enter(JobState::waiting);
    job_.waiting = reason;
    job_.wait_owner = owner;
    job_.until = until;
    job_.next_at = until;
    if (mutant("wait_without_end")) job_.next_at.reset();
    co_await release();
}

asio::awaitable<Attempt::Next> Attempt::settle_commit_reply(adapter::Action const& action) {
    Next next;
    commit_replied_ = false;
    if (std::holds_alternative<adapter::Doubt>(action)) co_return next;
    if (auto const* failed = std::get_if<adapter::Fail>(&action)) {
        (void)failed;
        job_.intent->outcome = "refused";
        job_.committed = false;
        co_return next;
    }
    job_.intent->outcome = "confirmed";
    job_.looks = 0;
    job_.receipt.sent["request"] = job_.intent->request_digest;
    job_.receipt.sent["at"] = to_rfc3339(job_.intent->armed_at);
    if (!job_.spec.post.media.empty())
        job_.receipt.sent["media"] = job_.spec.post.media.front().sha256;
    // These write at once, and what the answer said goes to disk in the same transaction.
    bool const writes = std::holds_alternative<adapter::Save>(action) ||
                        std::holds_alternative<adapter::Finish>(action) ||
                        std::holds_alternative<adapter::Wait>(action);
    if (writes && !mutant("answer_before_handle")) co_return next;
    // The answer is durable before anything else is done: a crash from here on has nothing to
    // wonder about.
    next.over = !co_await put();
    co_return next;
}

asio::awaitable<Attempt::Next> Attempt::fail(Error error,
                                             std::optional<adapter::SavedState> state) {
    Next next;
    if (error.code() == "account.token_expired" && !refreshed_) {
        refreshed_ = true;
        stale_token_ = token_generation_;
        co_return next;  // Begin again, with a fresh token
    }
    next.over = true;
    if (error.operation().empty())
        error = error.with_operation(fmt::format("{}.{}", job_.spec.network, job_.step));
    bool const committed = job_.intent && job_.intent->outcome == "confirmed";
    if (state) {
        // The adapter gives a new beginning only where it has proof that the old effect is dead.
        job_.saved = *std::move(state);
        if (job_.intent && job_.intent->outcome != "refused") job_.intent->outcome = "refused";
        job_.committed = false;
    } else if (committed && last_effect_ == adapter::Effect::look) {
        // A failed look says nothing about the post: only what the adapter calls final ends it.
        if (error.retry().when == RetryWhen::never || error.retry().when == RetryWhen::fix_first) {
            job_.intent->outcome = "refused";
            job_.committed = false;
        }
    }
    bool const same = job_.error && job_.error->operation() == error.operation();
    job_.failures = same ? job_.failures + 1 : 1;

    auto const decision =
        decide(error, FailureFacts{last_effect_, job_.failures}, RetryPolicy{}, parts_.random);
    job_.error = error;
    switch (decision.what) {
        case RetryDecision::What::ask_person:
            enter(JobState::awaiting_approval);
            job_.next_at.reset();
            co_await release();
            break;
        case RetryDecision::What::wait: {
            std::optional<Instant> until;
            if (decision.delay) until = now() + *decision.delay;
            if (auto const told = std::exchange(told_to_wait_, std::nullopt); told && until)
                until = std::max(*until, now() + a_little_more(*told, parts_.random));
            if (decision.reason == adapter::WaitReason::quota && until &&
                error.code() == "network.quota_spent")
                until = std::min(*until, quota_asked_again_at());
            if (last_effect_ == adapter::Effect::prepare && until) {
                std::vector<Instant> lost;
                if (last_verdict_ == adapter::Verdict::no_reply ||
                    error.code() == "network.unavailable")
                    lost.push_back(now());
                auto again = read_now<std::optional<Instant>>(parts_.store, [&](Tables& tables) {
                    return prepare_again_at(tables, job_.id, lost, now());
                });
                if (again && *again) until = std::max(*until, **again);
            }
            co_await snooze(decision.reason, error.owner(), until);
            break;
        }
        case RetryDecision::What::reject:
            if (decision.budget_spent) job_.error = make_error("job.budget_spent").caused_by(error);
            enter(JobState::rejected);
            job_.revivable = decision.revivable;
            job_.next_at.reset();
            co_await release();
            if (error.code() == "network.account_banned") co_await hold_account(std::move(error));
            break;
    }
    co_return next;
}

// Its other posts would only run into the same ban, each of them to its end.
asio::awaitable<void> Attempt::hold_account(Error error) {
    auto const account = job_.spec.account;
    auto const reason = error.message();
    auto const at = now();
    Store::Work work = [account, reason, at](Tables& tables) -> Result<void> {
        return pause_account(tables, account, true, reason, at);
    };
    (void)co_await write(parts_.store, std::move(work));
}

asio::awaitable<void> Attempt::stop_at(GateStop stop) {
    switch (stop.what) {
        case GateStop::What::cancel:
            enter(JobState::cancelled);
            job_.error = stop.error;
            job_.next_at.reset();
            co_await release();
            break;
        case GateStop::What::ask_person:
            enter(JobState::awaiting_approval);
            job_.error = stop.error;
            job_.next_at.reset();
            co_await release();
            break;
        case GateStop::What::snooze:
            if (!began_) turned_away_ = stop.until;
            co_await snooze(stop.reason, stop.error.owner(), stop.until);
            break;
    }
}

asio::awaitable<void> Attempt::doubt(Error error, Milliseconds look_after) {
    enter(JobState::unknown);
    if (job_.intent) job_.intent->outcome = "armed";
    job_.error = error.kind() == ErrorKind::unknown
                     ? error
                     : make_error("job.outcome_unknown").caused_by(error);
    job_.error = job_.error->with_side_effects(SideEffects::possible);
    job_.looks = 0;
    job_.next_at = now() + look_after;
    co_await release();
}

// The quota is shared with whatever else posts for this account, so only the network knows when
// there is room. Our own oldest post makes some; if that is not enough, or there is none, it is
// asked once an hour.
Instant Attempt::quota_asked_again_at() {
    auto const ends = read_now<std::optional<Instant>>(parts_.store, [this](Tables& tables) {
        return first_effect_ends(tables, effect_uses(), now());
    });
    if (ends && *ends) return std::max<Instant>(**ends, now() + quota_asked_least);
    return now() + a_little_more(quota_asked_every, parts_.random);
}

// The limits that count this post once it is there. Where the adapter may still choose the way,
// none is certain.
std::vector<BucketUse> Attempt::effect_uses() const {
    auto const deliver = job_.spec.post.deliver;
    std::vector<std::string> names;
    for (auto const& bucket : adapter_->descriptor().buckets) {
        auto const& ways = bucket.deliver;
        bool const counts =
            deliver != adapter::Deliver::direct_or_inbox &&
            (ways.empty() || std::find(ways.begin(), ways.end(), deliver) != ways.end());
        if (counts && bucket.counts == adapter::BucketCounts::effects) names.push_back(bucket.name);
    }
    return bucket_uses(adapter_->descriptor(), names, app_.id, account_.id);
}

asio::awaitable<void> Attempt::finish(adapter::Finish done) {
    bool const link_was_known =
        job_.receipt.seen.contains("link") && job_.receipt.seen["link"].is_string();
    if (!is_final(job_.state)) {
        enter(done.handed_off ? JobState::handed_off : JobState::published);
        job_.looks = 0;
        pending_.push_back([uses = effect_uses(), id = job_.id, at = now()](Tables& tables) {
            return count_effect(tables, uses, id, at);
        });
    } else if (job_.state == JobState::handed_off && !done.handed_off) {
        enter(JobState::published);
    }
    if (job_.intent) job_.intent->outcome = "confirmed";
    if (done.state) job_.saved = *std::move(done.state);
    job_.error.reset();
    job_.failures = 0;

    auto& seen = job_.receipt.seen;
    auto const seen_before = seen;
    boost::json::array ids;
    for (auto const& id : done.receipt.remote_ids) ids.emplace_back(id);
    seen["remote_ids"] =
        ids.empty() ? boost::json::value(nullptr) : boost::json::value(std::move(ids));
    auto text_or_null = [](std::string const& text) {
        return text.empty() ? boost::json::value(nullptr) : boost::json::value(text);
    };
    seen["link"] = text_or_null(done.receipt.link);
    seen["visibility"] = text_or_null(done.receipt.visibility);
    if (!seen.contains("at")) seen["at"] = to_rfc3339(now());
    job_.receipt.asked["options"] = job_.spec.post.options;
    job_.receipt.asked["caption"] = sha256_text(job_.spec.post.caption);

    job_.next_at.reset();
    if (done.look_again) job_.next_at = now() + *done.look_again;
    if (stored_state_ == job_.state && seen != seen_before) {
        bool const link_came = !link_was_known && !done.receipt.link.empty();
        pending_.push_back(
            [data = job_event(job_),
             type = link_came ? "job.link_known" : "job.seen_changed",
             at = now()](Tables& tables) { return tables.add_event(type, data, at); });
    }
    co_await release();
}

}  // namespace postrider::core

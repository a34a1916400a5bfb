// The visit: loading, the steps towards the commit, and performing what the adapter asks for. What
// comes after a commit whose outcome is not known is in observe.cpp; how a visit ends is in
// settle.cpp.
#include "run/attempt.hpp"

#include <postrider/catalogue.hpp>
#include <postrider/core/mutant.hpp>
#include <postrider/core/rate_news.hpp>

#include <fmt/format.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

namespace postrider::core {

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

constexpr int actions_max = 20'000;  // of one visit; more than any upload has, less than for ever

std::string seal_context(std::string_view job_id) {
    return fmt::format("job:{}", job_id);
}

asio::awaitable<Result<void>> check_all(
    std::function<Result<void>(adapter::MediaFacts const&)> check,
    std::vector<adapter::MediaFacts> media) {
    for (auto const& file : media) {
        if (file.path.empty()) continue;
        if (auto checked = check(file); !checked) co_return checked;
    }
    co_return Result<void>();
}

}  // namespace

Result<adapter::SavedState> open_state(adapter::SavedState const& stored,
                                       std::string_view job_id,
                                       Vault const& vault) {
    adapter::SavedState state;
    state.open = stored.open;
    auto const* box = stored.sealed.if_contains("box");
    if (!box || !box->is_string()) return state;
    auto text = vault.open_sealed(box->as_string(), seal_context(job_id));
    if (!text) return text.error();
    boost::system::error_code bad;
    auto value = boost::json::parse(text->expose(), bad);
    if (bad || !value.is_object())
        return make_error("internal.bug", "The sealed state of a job does not parse.");
    state.sealed = std::move(value.as_object());
    return state;
}

adapter::SavedState seal_state(adapter::SavedState const& state,
                               std::string_view job_id,
                               Vault const& vault) {
    adapter::SavedState stored;
    stored.open = state.open;
    if (!state.sealed.empty())
        stored.sealed["box"] =
            vault.seal(boost::json::serialize(state.sealed), seal_context(job_id));
    return stored;
}

Attempt::Attempt(EngineParts& parts,
                 Exchanges& exchanges,
                 asio::any_io_executor workers,
                 std::function<void(Progress const&)> const& progress,
                 Job claimed)
    : parts_(parts),
      exchanges_(exchanges),
      workers_(std::move(workers)),
      progress_(progress),
      job_(std::move(claimed)),
      stored_state_(job_.state) {}

asio::awaitable<Result<void>> Attempt::load() {
    auto work = [this](Tables& tables) -> Result<void> {
        auto account = tables.account(job_.account_id);
        if (!account) return account.error();
        if (!*account)
            return make_error("not_found.account",
                              fmt::format("{} is not connected.", job_.spec.account));
        account_ = **account;
        auto app = tables.app(account_.app_id);
        if (!app) return app.error();
        if (!*app)
            return make_error("not_found.app",
                              fmt::format("The app of {} is gone.", account_.name));
        app_ = **app;
        auto campaign = tables.campaign(job_.spec.campaign);
        if (!campaign) return campaign.error();
        campaign_ = campaign->value_or(Campaign{});
        return {};
    };
    if (auto read = parts_.store.read(work); !read) co_return read;
    auto adapter = parts_.adapters.find(job_.spec.network);
    if (!adapter) co_return adapter.error();
    adapter_ = *adapter;
    auto state = open_state(job_.saved, job_.id, parts_.vault);
    if (!state) co_return state.error();
    job_.saved = *std::move(state);
    state_is_open_ = true;
    if (mutant("handle_not_saved")) loaded_ = job_.saved;
    co_return Result<void>();
}

// An armed commit without a durable answer: whoever held this job before cannot tell us what became
// of it.
bool Attempt::left_in_doubt() const {
    return job_.state == JobState::running && job_.intent && job_.intent->outcome == "armed";
}

asio::awaitable<void> Attempt::run() {
    auto loaded = co_await load();
    if (!loaded) {
        // Nothing was sent by this visit; whoever mends the cause (a missing module, a wrong key
        // file) need do nothing else.
        job_.error = loaded.error();
        if (left_in_doubt()) {
            enter(JobState::unknown);
            job_.error = make_error("job.outcome_unknown").caused_by(loaded.error());
            co_await look_later(1min);
        } else if (is_final(job_.state)) {
            job_.next_at = now() + 5min;
            co_await release();
        } else if (job_.state == JobState::unknown) {
            co_await look_later(5min);
        } else {
            co_await snooze(adapter::WaitReason::backoff, loaded.error().owner(), now() + 1min);
        }
        co_return;
    }
    report();
    if (mutant("unknown_retried")) job_.intent.reset();
    if (mutant("confirmed_step_repeated") && job_.intent && job_.intent->outcome == "confirmed" &&
        !is_final(job_.state)) {
        job_.intent.reset();
        job_.saved = {};
    }
    if (left_in_doubt()) {
        enter(JobState::unknown);
        job_.error = make_error("job.outcome_unknown");
        if (!co_await put()) co_return;
    }
    if (job_.state == JobState::unknown || is_final(job_.state))
        co_await observe();
    else
        co_await publish();
    if (!pending_.empty() && !store_failure_) co_await leave_traces();
}

asio::awaitable<void> Attempt::publish() {
    bool const observing = job_.intent && job_.intent->outcome == "confirmed";
    if (!observing) {
        if ((account_.paused || campaign_.paused) && !mutant("pause_ignored")) {
            co_await snooze(adapter::WaitReason::paused, Owner::you, std::nullopt);
            co_return;
        }
        auto gate = read_now<std::optional<GateStop>>(parts_.store, [this](Tables& tables) {
            return check_gate(tables, job_, adapter_->descriptor(), now());
        });
        if (!gate) {
            co_await snooze(adapter::WaitReason::backoff, gate.error().owner(), now() + 5s);
            co_return;
        }
        if (*gate) {
            auto stop = **gate;
            co_await stop_at(std::move(stop));
            co_return;
        }
        if (!job_.intent) {
            // The network would only refuse, and the first look for each post would be wasted.
            auto full = read_now<std::optional<Blocked>>(parts_.store, [this](Tables& tables) {
                return effect_blocked(tables, effect_uses(), job_.id, now());
            });
            if (full && *full) {
                turned_away_ = (*full)->until;
                co_await snooze((*full)->reason, (*full)->owner, (*full)->until);
                co_return;
            }
        }
        auto files = co_await check_files();
        if (!files) {
            auto error = files.error();
            (void)co_await fail(std::move(error), std::nullopt);
            co_return;
        }
    }

    adapter::Answer answer = adapter::Begin{};
    for (int actions = 0; actions < actions_max; ++actions) {
        auto action = adapter_->next(view(), answer);
        if (commit_replied_) {
            auto settled = co_await settle_commit_reply(action);
            if (settled.over) co_return;
        }
        Next next;
        if (auto* send = std::get_if<adapter::Send>(&action)) {
            auto wanted = std::move(*send);
            next = co_await act(std::move(wanted));
        } else if (auto* save = std::get_if<adapter::Save>(&action)) {
            job_.saved = std::move(save->state);
            next.over = !co_await put();
            next.answer = adapter::Saved{};
        } else if (auto* wait = std::get_if<adapter::Wait>(&action)) {
            ++job_.looks;
            // What an account lacks only its creator can give.
            auto const owner =
                wait->why == adapter::WaitReason::account ? Owner::creator : Owner::network;
            co_await snooze(wait->why, owner, now() + wait->delay);
            co_return;
        } else if (auto* done = std::get_if<adapter::Finish>(&action)) {
            auto finished = std::move(*done);
            co_await finish(std::move(finished));
            co_return;
        } else if (auto* failed = std::get_if<adapter::Fail>(&action)) {
            auto error = failed->error;
            auto state = failed->state;
            next = co_await fail(std::move(error), std::move(state));
        } else if (auto* doubtful = std::get_if<adapter::Doubt>(&action)) {
            auto error = doubtful->error;
            co_await doubt(std::move(error), doubtful->look_after);
            co_return;
        } else {
            auto error = make_error("internal.bug", "The adapter resumed outside reconcile.");
            (void)co_await fail(std::move(error), std::nullopt);
            co_return;
        }
        if (next.over) co_return;
        answer = std::move(next.answer);
    }
    auto error = make_error("internal.bug", "The adapter never came to rest.");
    (void)co_await fail(std::move(error), std::nullopt);
}

asio::awaitable<Attempt::Next> Attempt::act(adapter::Send send) {
    bool const commit = adapter::is_commit(send.effect);
    std::uint64_t total = 0;
    std::uint64_t offset = 0;
    if (auto const* range = std::get_if<adapter::FileRange>(&send.request.body)) {
        offset = range->offset;
        if (range->media_index < job_.spec.post.media.size())
            total = job_.spec.post.media[range->media_index].size_bytes;
    }
    // One job, one live commit: a second one needs proof that the first is dead, and only
    // reconcile() brings that.
    bool const live =
        job_.intent && (job_.intent->outcome == "armed" || job_.intent->outcome == "confirmed");
    if (live && (commit || send.effect == adapter::Effect::prepare)) {
        auto error =
            make_error("internal.bug",
                       fmt::format("The adapter asked for {} while a commit is live.", send.step));
        co_await doubt(std::move(error), 1min);
        Next over;
        over.over = true;
        co_return over;
    }
    // Whoever withdraws a job takes it away at once; a step that was not begun then is not begun
    // any more. A commit looks for itself, in the transaction that arms it.
    if (!commit && send.effect != adapter::Effect::look && !still_ours()) {
        Next over;
        over.over = true;
        co_return over;
    }
    job_.step = send.step;
    last_effect_ = send.effect;
    report(offset, total);

    ExchangeRequest request;
    request.account = account_;
    request.app = app_;
    request.descriptor = &adapter_->descriptor();
    request.send = send;
    request.media = job_.spec.post.media;
    request.holder = fmt::format("{}/{}/{}", parts_.owner, job_.id, job_.fence);
    request.stale_token = stale_token_;
    // The same step after a failure is a retry, and pays for it.
    auto const operation = fmt::format("{}.{}", job_.spec.network, send.step);
    if (job_.failures > 0 && job_.error && job_.error->operation() == operation)
        request.retry_cost = job_.error->code() == "network.unreachable"
                                 ? RetryBudget::cost_after_timeout
                                 : RetryBudget::cost;
    if (total > 0)
        request.progress = [this, offset, total](std::uint64_t sent) {
            report(offset + sent, total);
        };

    std::optional<GateStop> stop;
    std::optional<IntentRecord> before_arming = job_.intent;
    bool const was_committed = job_.committed;
    if (commit) {
        IntentRecord intent;
        intent.step = send.step;
        intent.effect = send.effect;
        intent.handle = send.handle;
        intent.request_digest = request_digest(send);
        intent.armed_at = now();
        intent.deadline = now() + send.deadline;
        intent.attempt = job_.attempt;
        job_.intent = std::move(intent);
        job_.committed = true;
        job_.updated_at = now();
    }
    if (commit || !pending_.empty()) {
        bool const blind = send.effect == adapter::Effect::commit_blind;
        request.before = [this, commit, blind, &stop, pieces = pending_, stored = stored_form()](
                             Tables& tables) -> Result<void> {
            for (auto const& piece : pieces)
                if (auto done = piece(tables); !done) return done;
            if (!commit) return {};
            auto gate = check_gate(tables, stored, adapter_->descriptor(), now());
            if (!gate) return gate.error();
            if (blind && !*gate && !mutant("blind_side_by_side"))
                gate = check_blind_lock(tables, stored, now());
            if (!gate) return gate.error();
            if (*gate) {
                stop = **gate;
                return stop->error;
            }
            if (lateness(stored.spec, now()) > stored.spec.catch_up_within)
                if (auto noted = tables.note_late_commit(stored.account_id, stored.id, now());
                    !noted)
                    return noted;
            return tables.update_job(stored, stored.fence);
        };
    }
    auto undo_arming = [&] {
        if (!commit) return;
        job_.intent = before_arming;
        job_.committed = was_committed;
    };

    auto exchange = co_await exchanges_.perform(std::move(request));
    Next next;
    if (exchange.refused || exchange.blocked) {
        undo_arming();  // and what is pending stays so: the transaction left no trace
        next.over = true;
        if (exchange.blocked) {
            if (!began_) turned_away_ = exchange.blocked->until;
            co_await snooze(
                exchange.blocked->reason, exchange.blocked->owner, exchange.blocked->until);
            co_return next;
        }
        if (stop) {
            auto held = *stop;
            co_await stop_at(std::move(held));
            co_return next;
        }
        if (exchange.refused->code() == "conflict.lease_lost") co_return next;
        if (!mutant("store_error_decides") && store_failed(*exchange.refused)) co_return next;
        auto error = *exchange.refused;
        // Nobody was asked, so this says nothing of a post that the network has already; it is
        // asked again, whatever has to be mended here before that.
        bool const with_network = job_.intent && job_.intent->outcome == "confirmed";
        bool const would_end = error.retry().when == RetryWhen::never ||
                               error.retry().when == RetryWhen::fix_first ||
                               error.retry().when == RetryWhen::person_first;
        if (with_network && would_end && error.kind() != ErrorKind::unauthorized)
            error = error.with_retry(Retry::backoff());
        next = co_await fail(std::move(error), std::nullopt);
        co_return next;
    }

    began_ = began_ || send.effect != adapter::Effect::look;
    pending_.clear();
    token_generation_ = exchange.token_generation;
    note_step(send, exchange);
    auto const& reply = exchange.reply;
    last_verdict_ = reply.verdict;
    if (reply.verdict == adapter::Verdict::not_sent) {
        undo_arming();
        auto error = make_error("network.unreachable",
                                fmt::format("{} could not be sent: {}.", send.step, reply.failure))
                         .with_operation(operation);
        next = co_await fail(std::move(error), std::nullopt);
        co_return next;
    }
    // An answer that came before the whole body had left says nothing about the bytes that never
    // did.
    auto const* part = std::get_if<adapter::FileRange>(&send.request.body);
    bool const cut_short = reply.verdict == adapter::Verdict::replied && reply.http.status < 400 &&
                           part && reply.sent_bytes < part->length;
    bool const broken =
        reply.verdict == adapter::Verdict::no_reply || reply.http.status >= 500 || cut_short;
    if (broken) {
        auto const what =
            reply.verdict == adapter::Verdict::no_reply
                ? fmt::format("the answer to {} was lost: {}", send.step, reply.failure)
                : fmt::format("{} was answered with HTTP {}", send.step, reply.http.status);
        if (commit && mutant("lost_commit_restarted")) {
            undo_arming();
            job_.saved = {};
        } else if (commit) {
            auto error =
                make_error("job.outcome_unknown",
                           fmt::format("It is not known whether this was published: {}.", what))
                    .with_operation(operation);
            co_await doubt(std::move(error), 1s);
            next.over = true;
            co_return next;
        }
        auto error = make_error(reply.verdict == adapter::Verdict::no_reply ? "network.unreachable"
                                                                            : "network.unavailable",
                                fmt::format("The network failed us: {}.", what))
                         .with_operation(operation);
        told_to_wait_ = read_rate_news(reply.http.headers, {}, now()).retry_after;
        next = co_await fail(std::move(error), std::nullopt);
        co_return next;
    }
    if (job_.error && job_.error->operation() == operation && reply.http.status < 400) {
        job_.failures = 0;
        job_.error.reset();
    }
    commit_replied_ = commit;
    adapter::Reply told;
    told.step = send.step;
    told.http = reply.http;
    next.answer = std::move(told);
    co_return next;
}

bool Attempt::still_ours() {
    auto stored = read_now<std::optional<Job>>(
        parts_.store, [this](Tables& tables) { return tables.job(job_.id); });
    if (!stored) return !store_failed(stored.error());
    return *stored && (*stored)->fence == job_.fence;
}

asio::awaitable<Result<void>> Attempt::check_files() {
    if (!parts_.check_media || job_.spec.post.media.empty()) co_return Result<void>();
    auto task = check_all(parts_.check_media, job_.spec.post.media);
    auto checked = co_await asio::co_spawn(workers_, std::move(task), asio::use_awaitable);
    co_return checked;
}

adapter::JobView Attempt::view() const {
    adapter::JobView view;
    view.job_id = job_.id;
    view.key = job_.spec.key;
    view.post = job_.spec.post;
    view.account = account_view(account_);
    view.app = app_view(app_, adapter_->descriptor());
    view.state = job_.saved;
    if (job_.intent && (job_.intent->outcome == "armed" || job_.intent->outcome == "confirmed")) {
        adapter::Intent intent;
        intent.step = job_.intent->step;
        intent.effect = job_.intent->effect;
        intent.handle = job_.intent->handle;
        intent.armed_at = job_.intent->armed_at;
        view.intent = std::move(intent);
    }
    view.attempt = job_.attempt;
    view.now = now();
    return view;
}

void Attempt::report(std::uint64_t sent, std::uint64_t total) const {
    if (!progress_) return;
    Progress progress;
    progress.job_id = job_.id;
    progress.account = job_.spec.account;
    progress.post_key = job_.spec.post_key;
    progress.step = job_.step;
    progress.sent_bytes = sent;
    progress.total_bytes = total;
    progress.state = word(job_.state);
    progress_(progress);
}

}  // namespace postrider::core

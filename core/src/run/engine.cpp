// The loop: rescue what dead processes held, claim what is due, visit it, leave when there is
// nothing to do.
#include "run/engine_impl.hpp"

#include <postrider/catalogue.hpp>
#include <postrider/core/mutant.hpp>
#include <postrider/core/reconnect.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/this_coro.hpp>

#include <algorithm>

namespace postrider::core {

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

constexpr auto behind_after = 1min;  // a due job that nobody has picked
constexpr auto tokens_every = 1min;
constexpr auto calendar_every = 1h;
constexpr int turned_away_max = 8;  // jobs of one account in a row
constexpr auto rest_of_account = 5s;

}  // namespace

adapter::AppView app_view(App const& app, adapter::Descriptor const& descriptor) {
    adapter::AppView view;
    view.name = app.name;
    view.client_id = app.client_id;
    view.audited = app.audited;
    for (auto const& option : descriptor.app_options)
        if (!option.default_text.empty()) view.options[option.name] = option.default_text;
    for (auto const& [name, value] : app.options) view.options[name] = value;
    return view;
}

adapter::AccountView account_view(Account const& account) {
    adapter::AccountView view;
    view.id = account.id;
    view.name = account.name;
    view.handle = account.handle;
    view.remote_id = account.remote_id;
    view.scopes = account.scopes;
    return view;
}

Job Engine::Impl::claimed(Job job, std::string const& owner, Instant now) {
    ++job.fence;
    job.lease_owner = owner;
    job.updated_at = now;
    bool const begins =
        job.state == JobState::scheduled ||
        (job.state == JobState::waiting && job.waiting == adapter::WaitReason::backoff);
    if (begins || job.attempt == 0) ++job.attempt;
    if (job.state == JobState::scheduled || job.state == JobState::waiting) {
        job.state = JobState::running;
        job.waiting.reset();
        job.until.reset();
    }
    return job;
}

Result<Engine::Impl::Outlook> Engine::Impl::look_ahead() {
    return read_now<Outlook>(parts_.store, [](Tables& tables) -> Result<Outlook> {
        Outlook outlook;
        auto due = tables.next_due();
        if (!due) return due.error();
        outlook.due = *due;
        auto hook = tables.next_hook_run();
        if (!hook) return hook.error();
        outlook.hook = *hook;
        auto owners = tables.lease_owners();
        if (!owners) return owners.error();
        outlook.owners = *std::move(owners);
        return outlook;
    });
}

asio::awaitable<Result<int>> Engine::Impl::claim() {
    int const room = settings_.concurrency - running_;
    if (room <= 0) co_return 0;
    auto const now = parts_.clock.now();
    auto work = [this, now, room](Tables& tables) -> Result<std::vector<Job>> {
        auto jobs = tables.take_turns(now, room);
        if (!jobs) return jobs.error();
        std::vector<Job> taken;
        for (auto& job : *jobs) {
            auto mine = claimed(std::move(job), parts_.owner, now);
            if (auto updated = tables.update_job(mine, mine.fence - 1); !updated)
                return updated.error();
            taken.push_back(std::move(mine));
        }
        return taken;
    };
    auto taken = co_await transact<std::vector<Job>>(parts_.store, std::move(work));
    if (!taken) co_return taken.error();
    auto executor = co_await asio::this_coro::executor;
    int const count = static_cast<int>(taken->size());
    for (auto& job : *taken) {
        ++running_;
        asio::co_spawn(executor, visit(std::move(job)), asio::detached);
    }
    co_return count;
}

// Takes what is due. Visits that end while a claim is under way leave their room to the next one:
// many small claims become few large ones.
asio::awaitable<Result<int>> Engine::Impl::claim_due() {
    more_room_ = true;
    int count = 0;
    if (claiming_) co_return count;
    claiming_ = true;
    std::optional<Error> failed;
    while (more_room_ && !failed && !stopping_) {
        more_room_ = false;
        // A look first: an engine without work writes nothing.
        auto due = read_now<std::optional<Instant>>(
            parts_.store, [](Tables& tables) { return tables.next_due(); });
        if (!due) failed = due.error();
        if (!due || !*due || **due > parts_.clock.now()) break;
        auto taken = co_await claim();
        if (taken)
            count += *taken;
        else
            failed = taken.error();
    }
    claiming_ = false;
    if (failed) co_return *failed;
    co_return count;
}

// Where a limit is spent, job after job of the account would be taken up only to be put off, as
// many as wait: after a few of them it is left alone, shortly, for some of its jobs may ask for
// other things.
asio::awaitable<void> Engine::Impl::note_turned_away(std::string account_id, Instant until) {
    if (++turned_away_[account_id] < turned_away_max) co_return;
    auto const at = std::min<Instant>(until, parts_.clock.now() + rest_of_account);
    Store::Work work = [account_id, at](Tables& tables) {
        return tables.rest_account(account_id, at);
    };
    auto rested = co_await write(parts_.store, std::move(work));
    if (!rested) broken_ = rested.error();
}

asio::awaitable<void> Engine::Impl::visit(Job job) {
    {
        auto account = job.account_id;
        Attempt attempt(parts_, exchanges_, workers(), progress_, std::move(job));
        try {
            co_await attempt.run();
            // A claim that cannot be given back is freed by our end, as by a crash.
            if (attempt.store_failure() && !mutant("claim_kept")) broken_ = attempt.store_failure();
            auto const until = attempt.turned_away();
            if (until && !attempt.store_failure())
                co_await note_turned_away(std::move(account), *until);
            else if (attempt.began())
                turned_away_.erase(account);
        } catch (std::exception const& failure) {
            // A bug of ours: the claim stays as it is, so that nothing is done twice, until the
            // next start looks at it.
            broken_ = make_error("internal.exception", failure.what());
        }
    }
    --running_;
    if (stopping_ || broken_) co_return;
    auto more = co_await claim_due();
    if (!more) broken_ = more.error();
}

// Beside the visits: tokens that the next jobs will need, and, more rarely, what the calendar says
// of authorisations that end.
asio::awaitable<void> Engine::Impl::care_for_tokens(bool calendar) {
    try {
        if (calendar) {
            auto const now = parts_.clock.now();
            Store::Work work = [now](Tables& tables) { return tell_expiring(tables, now); };
            auto told = co_await write(parts_.store, std::move(work));
            if (!told) broken_ = told.error();
            auto rescued = co_await rescue_permits();
            if (!rescued) broken_ = rescued.error();
        }
        co_await exchanges_.tokens().refresh_ahead();
    } catch (std::exception const& failure) {
        broken_ = make_error("internal.exception", failure.what());
    }
    --running_;
}

// Told once, until the engine has caught up. What was late before it began is not its delay.
asio::awaitable<Result<void>> Engine::Impl::tell_if_behind(Instant due, Instant now) {
    auto const waiting = now - std::max(due, begun_at_);
    if (waiting <= behind_after) behind_ = false;
    if (waiting <= behind_after || behind_) co_return Result<void>();
    behind_ = true;
    Store::Work work = [due, now, running = running_](Tables& tables) {
        boost::json::object data;
        data["due_at"] = to_rfc3339(due);
        data["running"] = running;
        return tables.add_event("engine.behind", std::move(data), now);
    };
    auto told = co_await write(parts_.store, std::move(work));
    co_return told;
}

asio::awaitable<Result<void>> Engine::Impl::run(Until until) {
    stopping_ = false;
    begun_at_ = parts_.clock.now();
    Milliseconds rescued_at{-1'000'000};
    Milliseconds cared_at{-100'000'000};
    Milliseconds calendar_at{-100'000'000};
    bool first = true;
    if (auto freed = co_await rescue_permits(); !freed) co_return freed;
    for (;;) {
        auto outlook = look_ahead();
        if (!outlook) co_return outlook.error();
        bool changed = false;
        if (parts_.clock.monotonic() - rescued_at >= 1s) {
            rescued_at = parts_.clock.monotonic();
            auto owners = outlook->owners;
            auto rescued = co_await rescue(std::move(owners));
            if (!rescued) co_return rescued.error();
            changed = *rescued;
        }
        if (stopping_) co_return Result<void>();
        auto const monotonic = parts_.clock.monotonic();
        if (!until.once && monotonic - cared_at >= tokens_every) {
            bool const calendar = monotonic - calendar_at >= calendar_every;
            if (calendar) calendar_at = monotonic;
            cared_at = monotonic;
            ++running_;
            auto executor = co_await asio::this_coro::executor;
            asio::co_spawn(executor, care_for_tokens(calendar), asio::detached);
        }
        if (outlook->hook && *outlook->hook <= parts_.clock.now()) {
            auto hooked = co_await hooks_.run_due();
            if (!hooked) co_return hooked;
            changed = true;
        }
        int taken = 0;
        bool const work = outlook->due && *outlook->due <= parts_.clock.now();
        if (work || changed) {
            auto claimed = co_await claim_due();
            if (!claimed) co_return claimed.error();
            taken = *claimed;
            changed = changed || taken > 0;
        }
        if (broken_) co_return *broken_;

        auto const now = parts_.clock.now();
        if (until.settled && until.settled()) co_return Result<void>();
        if (until.at && now >= *until.at) co_return Result<void>();
        if (changed) {
            outlook = look_ahead();
            if (!outlook) co_return outlook.error();
        }
        auto const due = outlook->due;
        auto told = co_await tell_if_behind(due.value_or(now), now);
        if (!told) co_return told;
        if (running_ == 0 && taken == 0 && !first) {
            bool const nothing_now = !due || *due > now;
            if (until.once && nothing_now) co_return Result<void>();
            // Work that other live processes hold is theirs to end, but idle means that all of it
            // has ended.
            bool const nothing_soon = !due || *due > now + settings_.idle_horizon;
            if (until.idle && nothing_soon && outlook->owners.empty()) co_return Result<void>();
        }
        first = false;
        Milliseconds pause = settings_.poll;
        if (outlook->hook) pause = std::min<Milliseconds>(pause, *outlook->hook - now);
        if (running_ > 0) pause = std::min<Milliseconds>(pause, 20ms);
        if (due && *due > now) pause = std::min<Milliseconds>(pause, *due - now);
        pause = std::max<Milliseconds>(pause, 1ms);
        if (parts_.bell)
            co_await parts_.bell->wait(pause);
        else
            co_await parts_.clock.sleep(pause);
    }
}

Engine::Engine(EngineParts parts, EngineSettings settings)
    : impl_(std::make_unique<Impl>(std::move(parts), settings)) {}
Engine::~Engine() = default;

asio::awaitable<Result<void>> Engine::run(Until until) {
    return impl_->run(std::move(until));
}
void Engine::stop() {
    impl_->stop();
}
void Engine::on_progress(std::function<void(Progress const&)> callback) {
    impl_->on_progress(std::move(callback));
}
asio::awaitable<Result<adapter::CreatorFacts>> Engine::look_at_creator(std::string account_id) {
    return impl_->look_at_creator(std::move(account_id));
}
asio::awaitable<Result<Job>> Engine::reconcile_now(std::string job_id) {
    return impl_->reconcile_now(std::move(job_id));
}

}  // namespace postrider::core

// The loop: rescue what dead processes held, claim what is due, visit it, leave when there is
// nothing to do.
#include "run/attempt.hpp"
#include "run/hook_runner.hpp"

#include <postrider/catalogue.hpp>
#include <postrider/core/ids.hpp>
#include <postrider/core/mutant.hpp>
#include <postrider/core/reconnect.hpp>

#include <fmt/format.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/thread_pool.hpp>

#include <algorithm>
#include <atomic>
#include <map>
#include <set>

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

class Engine::Impl {
 public:
    Impl(EngineParts parts, EngineSettings settings)
        : parts_(std::move(parts)), settings_(settings), exchanges_(parts_), hooks_(parts_) {}

    asio::awaitable<Result<void>> run(Until until);
    asio::awaitable<Result<adapter::CreatorFacts>> look_at_creator(std::string account_id);
    asio::awaitable<Result<Job>> reconcile_now(std::string job_id);

    void stop() { stopping_ = true; }
    void on_progress(std::function<void(Progress const&)> callback) {
        progress_ = std::move(callback);
    }

 private:
    /// What the store says of the work ahead, read at once.
    struct Outlook {
        std::optional<Instant> due;
        std::optional<Instant> hook;
        std::vector<std::string> owners;  ///< who holds jobs
    };
    Result<Outlook> look_ahead();
    asio::awaitable<Result<int>> claim();
    asio::awaitable<Result<int>> claim_due();
    asio::awaitable<Result<bool>> rescue(std::vector<std::string> owners);
    asio::awaitable<Result<void>> rescue_permits();
    asio::awaitable<void> care_for_tokens(bool calendar);
    asio::awaitable<Result<void>> tell_if_behind(Instant due, Instant now);
    asio::awaitable<void> visit(Job job);
    asio::awaitable<void> note_turned_away(std::string account_id, Instant until);
    asio::any_io_executor workers() {
        if (!pool_) pool_ = std::make_unique<asio::thread_pool>(1);
        return pool_->get_executor();
    }
    static Job claimed(Job job, std::string const& owner, Instant now);

    EngineParts parts_;
    EngineSettings settings_;
    Exchanges exchanges_;
    HookRunner hooks_;
    std::function<void(Progress const&)> progress_;
    std::unique_ptr<asio::thread_pool> pool_;
    std::atomic<bool> stopping_{false};
    int running_ = 0;
    bool claiming_ = false;   // one claim at a time
    bool more_room_ = false;  // a visit has ended meanwhile
    std::uint64_t looks_ = 0;
    std::optional<Error> broken_;  // the store failed under a visit
    Instant begun_at_{};
    bool behind_ = false;
    std::map<std::string, int> turned_away_;  // by account: jobs in a row that could not begin
};

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

// Gives whether anybody was dead.
asio::awaitable<Result<bool>> Engine::Impl::rescue(std::vector<std::string> owners) {
    bool freed = false;
    if (!parts_.owner_is_dead) co_return freed;
    for (auto const& owner : owners) {
        bool const dead = parts_.owner_is_dead(owner) || mutant("live_owner_rescued");
        if (owner == parts_.owner || !dead || mutant("nobody_rescues")) continue;
        auto const now = parts_.clock.now();
        Store::Work work = [owner, now](Tables& tables) -> Result<void> {
            auto held = tables.held_jobs(owner);
            if (!held) return held.error();
            for (auto& job : *held) {
                // The fence is raised: should the dead have left a write under way, it finds the
                // door shut.
                ++job.fence;
                job.lease_owner.clear();
                job.next_at = now;
                job.updated_at = now;
                if (auto updated = tables.update_job(job); !updated) return updated;
            }
            if (mutant("permits_of_the_dead_kept")) return {};
            return abandon_permits(tables, owner + "/", now);
        };
        auto done = co_await write(parts_.store, std::move(work));
        if (!done) co_return done.error();
        freed = true;
    }
    co_return freed;
}

// What the dead held without a job to show for it: the answer to a request whose job somebody had
// taken away meanwhile, for one. Rare, so it is looked for at the start and with the calendar.
asio::awaitable<Result<void>> Engine::Impl::rescue_permits() {
    if (!parts_.owner_is_dead || mutant("permits_of_the_dead_kept")) co_return Result<void>();
    auto owners = read_now<std::set<std::string>>(
        parts_.store, [](Tables& tables) -> Result<std::set<std::string>> {
            auto buckets = tables.buckets();
            if (!buckets) return buckets.error();
            std::set<std::string> found;
            for (auto const& bucket : *buckets)
                for (auto const& slot : bucket.slots)
                    if (!slot.holder.empty())
                        found.insert(slot.holder.substr(0, slot.holder.find('/')));
            return found;
        });
    if (!owners) co_return owners.error();
    for (auto const& owner : *owners) {
        if (owner == parts_.owner || !parts_.owner_is_dead(owner)) continue;
        Store::Work work = [owner, now = parts_.clock.now()](Tables& tables) {
            return abandon_permits(tables, owner + "/", now);
        };
        auto done = co_await write(parts_.store, std::move(work));
        if (!done) co_return done;
    }
    co_return Result<void>();
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

asio::awaitable<Result<adapter::CreatorFacts>> Engine::Impl::look_at_creator(
    std::string account_id) {
    Account account;
    App app;
    auto load = [&](Tables& tables) -> Result<void> {
        auto found = tables.account(account_id);
        if (!found) return found.error();
        if (!*found)
            return make_error("not_found.account",
                              fmt::format("There is no account {}.", account_id));
        account = **found;
        auto owner = tables.app(account.app_id);
        if (!owner) return owner.error();
        if (!*owner)
            return make_error("not_found.app", fmt::format("The app of {} is gone.", account.name));
        app = **owner;
        return {};
    };
    if (auto read = parts_.store.read(load); !read) co_return read.error();
    auto adapter = parts_.adapters.find(account.network);
    if (!adapter) co_return adapter.error();
    auto const& descriptor = (*adapter)->descriptor();

    adapter::Answer answer = adapter::Begin{};
    std::optional<std::int64_t> stale;
    for (int turn = 0; turn < 20; ++turn) {
        auto action = (*adapter)->facts(
            account_view(account), app_view(app, descriptor), parts_.clock.now(), answer);
        if (auto* failed = std::get_if<adapter::Fail>(&action)) {
            if (failed->error.code() != "account.token_expired" || stale) co_return failed->error;
            auto tokens = read_now<std::optional<TokenPair>>(
                parts_.store, [&](Tables& tables) { return tables.tokens(account.id); });
            if (!tokens) co_return tokens.error();
            if (!*tokens) co_return failed->error;
            stale = (*tokens)->generation;
            answer = adapter::Begin{};
            continue;
        }
        if (auto* found = std::get_if<adapter::Facts>(&action)) {
            auto facts = std::move(found->facts);
            Store::Work work = [id = account.id,
                                object = adapter::to_json(facts)](Tables& tables) -> Result<void> {
                auto stored = tables.account(id);
                if (!stored) return stored.error();
                if (!*stored) return {};
                Account changed = **stored;
                changed.facts = object;
                return tables.put_account(changed);
            };
            auto written = co_await write(parts_.store, std::move(work));
            if (!written) co_return written.error();
            co_return facts;
        }
        ExchangeRequest request;
        request.account = account;
        request.app = app;
        request.descriptor = &descriptor;
        request.send = std::get<adapter::Send>(action);
        if (request.send.effect != adapter::Effect::look)
            co_return make_error(
                "internal.bug",
                fmt::format("facts() asked for {}, which is no look.", request.send.step));
        request.holder = fmt::format("{}/look/{}", parts_.owner, ++looks_);
        request.stale_token = stale;
        request.by_person = true;
        auto const step = request.send.step;
        auto exchange = co_await exchanges_.perform(std::move(request));
        if (exchange.refused) co_return *exchange.refused;
        if (exchange.blocked) {
            // Looks are for people who wait: a permit that is free soon is waited for.
            auto const pause = exchange.blocked->until - parts_.clock.now();
            if (pause > 70s)
                co_return make_error("network.rate_limited",
                                     fmt::format("The limit of {} is used up until {}.",
                                                 step,
                                                 to_rfc3339(exchange.blocked->until)))
                    .with_retry(Retry::after(pause));
            co_await parts_.clock.sleep(std::max<Milliseconds>(pause, 1ms));
            continue;
        }
        if (exchange.after) {
            auto after = exchange.after;
            auto written = co_await write(parts_.store, std::move(after));
            if (!written) co_return written.error();
        }
        if (exchange.reply.verdict != adapter::Verdict::replied)
            co_return make_error(
                "network.unreachable",
                fmt::format("{} did not answer: {}.", descriptor.title, exchange.reply.failure))
                .with_operation(fmt::format("{}.{}", account.network, step));
        if (exchange.reply.http.status >= 500)
            co_return make_error(
                "network.unavailable",
                fmt::format(
                    "{} answered with HTTP {}.", descriptor.title, exchange.reply.http.status))
                .with_operation(fmt::format("{}.{}", account.network, step))
                .with("http_status", std::to_string(exchange.reply.http.status));
        adapter::Reply told;
        told.step = step;
        told.http = std::move(exchange.reply.http);
        answer = std::move(told);
    }
    co_return make_error("internal.bug", "facts() never came to an end.");
}

asio::awaitable<Result<Job>> Engine::Impl::reconcile_now(std::string job_id) {
    auto const now = parts_.clock.now();
    auto work = [this, job_id, now](Tables& tables) -> Result<Job> {
        auto found = tables.job(job_id);
        if (!found) return found.error();
        if (!*found) return make_error("not_found.job", fmt::format("There is no job {}.", job_id));
        Job job = **found;
        if (job.state != JobState::unknown)
            return make_error(
                "conflict.wrong_state",
                fmt::format("Job {} is {}, not unknown: there is nothing to reconcile.",
                            job_id,
                            word(job.state)));
        if (!job.lease_owner.empty())
            return make_error("conflict.wrong_state",
                              fmt::format("Job {} is being looked at right now.", job_id));
        auto mine = claimed(std::move(job), parts_.owner, now);
        if (auto updated = tables.update_job(mine); !updated) return updated.error();
        return mine;
    };
    auto mine = co_await transact<Job>(parts_.store, std::move(work));
    if (!mine) co_return mine.error();
    {
        auto job = *std::move(mine);
        Attempt attempt(parts_, exchanges_, workers(), progress_, std::move(job));
        co_await attempt.run();
    }
    auto after = read_now<std::optional<Job>>(parts_.store,
                                              [&](Tables& tables) { return tables.job(job_id); });
    if (!after) co_return after.error();
    co_return **after;
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

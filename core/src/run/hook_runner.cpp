// Claiming a hook's action, doing it, and noting how it went.
#include "run/hook_runner.hpp"

#include <postrider/catalogue.hpp>
#include <postrider/core/mutant.hpp>
#include <postrider/core/plan.hpp>

#include "job/json_members.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace postrider::core {

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

constexpr int hooks_at_once = 50;
constexpr auto hook_given_up_after = std::chrono::hours{72};
// A person may want to see what hooks did; each one that comes to its end makes room for itself, so
// that a durable store does not grow by them without bound.
constexpr auto hook_kept = std::chrono::hours{24 * 30};
constexpr int hooks_forgotten_at_once = 20;

// The claim itself: whoever dies at the work leaves it due again then.
Milliseconds hook_again_in(int attempts) {
    return std::min<Milliseconds>(30s * (1 << std::clamp(attempts - 1, 0, 10)), 1h);
}

std::string hold_reason(HookRun const& run, Job const& job) {
    return fmt::format(
        "a hook: {} on {} became {}", job.spec.post_key, job.spec.account, run.state);
}

Result<void> hold(Tables& tables, HookRun const& run, Job const& job, Instant now) {
    auto const reason = hold_reason(run, job);
    if (detail::read_text(run.action, "what") == "account")
        return pause_account(tables, job.spec.account, true, reason, now);
    // A post of its own belongs to no campaign: there is nothing to hold.
    if (job.spec.campaign.empty()) return {};
    return pause_campaign(tables, job.spec.campaign, true, reason, now);
}

Result<void> note_failure(
    Tables& tables, HookRun run, Error const& error, Job const& job, Instant now) {
    bool const first = run.error.empty();
    run.error = fmt::format("{}: {}", error.code(), error.message());
    if (now - run.raised_at > hook_given_up_after) run.next_at.reset();
    if (auto put = tables.put_hook_run(run); !put) return put;
    if (auto room = tables.forget_hook_runs(now - hook_kept, hooks_forgotten_at_once); !room)
        return room;
    if (!first) return {};
    auto data = job_event(job);
    data["state"] = run.state;
    data["hook"] = run.id;
    data["code"] = error.code();
    data["owner"] = word(error.owner());
    return tables.add_event("hook.failed", std::move(data), now);
}

}  // namespace

asio::awaitable<Result<void>> HookRunner::run_due() {
    auto const now = parts_.clock.now();
    auto due = read_now<std::vector<HookRun>>(
        parts_.store, [now](Tables& tables) { return tables.due_hook_runs(now, hooks_at_once); });
    if (!due) co_return due.error();
    for (auto const& waiting : *due) {
        auto mine = co_await claim(waiting.id);
        if (!mine) co_return mine.error();
        if (!*mine) continue;
        auto run = **mine;
        auto done = co_await carry_out(std::move(run));
        if (!done) co_return done;
    }
    co_return Result<void>();
}

asio::awaitable<Result<std::optional<HookRun>>> HookRunner::claim(std::string id) {
    auto const now = parts_.clock.now();
    auto work = [id, now](Tables& tables) -> Result<std::optional<HookRun>> {
        auto stored = tables.hook_run(id);
        if (!stored) return stored.error();
        if (!*stored || !(*stored)->next_at || *(*stored)->next_at > now)
            return std::optional<HookRun>();
        auto run = **stored;
        ++run.attempts;
        run.next_at = now + hook_again_in(run.attempts);
        if (mutant("hook_forgotten")) run.next_at.reset();
        if (auto put = tables.put_hook_run(run); !put) return put.error();
        return std::optional<HookRun>(run);
    };
    auto mine = co_await transact<std::optional<HookRun>>(parts_.store, std::move(work));
    co_return mine;
}

Result<void> HookRunner::notify(HookRun const& run, Job const& job) {
    auto const channel = detail::read_text(run.action, "channel");
    if (!parts_.notify)
        return make_error("hook.channel_unknown",
                          fmt::format("There is no channel '{}' here.", channel));
    return parts_.notify(channel, notice_line(run, job));
}

asio::awaitable<Result<void>> HookRunner::carry_out(HookRun run) {
    auto const now = parts_.clock.now();
    auto found = read_now<std::optional<Job>>(
        parts_.store, [&](Tables& tables) { return tables.job(run.job_id); });
    if (!found) co_return found.error();
    Job const job = found->value_or(Job{});
    auto const what = detail::read_text(run.action, "action");
    Result<void> told;
    if (what == "notify")
        told = notify(run, job);
    else if (what != "hold")
        told = make_error("internal.bug", fmt::format("There is no action '{}'.", what));

    bool const holds = what == "hold";
    Store::Work work = [run, job, told, holds, now](Tables& tables) -> Result<void> {
        auto finished = run;
        finished.next_at.reset();
        finished.done_at = now;
        finished.error.clear();
        if (!told) return note_failure(tables, run, told.error(), job, now);
        if (holds)
            if (auto held = hold(tables, run, job, now); !held) return held;
        if (auto put = tables.put_hook_run(finished); !put) return put;
        return tables.forget_hook_runs(now - hook_kept, hooks_forgotten_at_once);
    };
    auto written = co_await write(parts_.store, std::move(work));
    if (written || !holds) co_return written;
    // What could not be held left no trace; that it failed is noted by itself.
    auto const error = written.error();
    Store::Work failed = [run, job, error, now](Tables& tables) {
        return note_failure(tables, run, error, job, now);
    };
    auto noted = co_await write(parts_.store, std::move(failed));
    co_return noted;
}

}  // namespace postrider::core

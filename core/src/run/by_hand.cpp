// What the engine does at once for a person who waits: ask what the network says of a creator, and
// look what became of one job in doubt.
#include "run/engine_impl.hpp"

#include <postrider/catalogue.hpp>

#include <fmt/format.h>

namespace postrider::core {

namespace asio = boost::asio;
using namespace std::chrono_literals;

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

}  // namespace postrider::core

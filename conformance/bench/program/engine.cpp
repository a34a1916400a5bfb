// The engine alone: the real loop over the real store on disk, against a network in this process
// that answers at once.
#include "parts.hpp"

#include <postrider/core/engine.hpp>
#include <postrider/test/fake_network.hpp>

#include <fmt/format.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

namespace postrider::bench {

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

constexpr int accounts = 500;
constexpr int at_once = 50;

Result<void> put_accounts(core::Tables& tables, core::Vault const& vault, Instant now) {
    core::App app;
    app.id = "app_beta";
    app.network = app.name = "beta";
    app.client_id = "client";
    app.sealed_secret = vault.seal("secret", "app:" + app.id);
    app.created_at = now;
    must(tables.put_app(app));
    for (int i = 0; i < accounts; ++i) {
        core::Account account;
        account.id = fmt::format("acc_{}", i);
        account.app_id = app.id;
        account.network = "beta";
        account.handle = fmt::format("@account{}", i);
        account.name = "beta:" + account.handle;
        account.remote_id = std::to_string(i);
        account.connected_at = now;
        must(tables.put_account(account));
        core::TokenPair tokens;
        tokens.account_id = account.id;
        tokens.sealed_access = vault.seal("access-1", "token:" + account.id);
        tokens.sealed_refresh = vault.seal("refresh-1", "token:" + account.id);
        tokens.access_issued_at = now;
        tokens.access_expires_at = now + 2h;
        tokens.generation = 1;
        must(tables.put_tokens(tokens));
    }
    return {};
}

core::Job beta_job(int number, Instant now) {
    auto job = make_job(static_cast<std::uint64_t>(number), number % accounts, now);
    job.account_id = fmt::format("acc_{}", number % accounts);
    job.app_id = "app_beta";
    job.plan_id.clear();
    job.approval_id.clear();
    job.spec.network = "beta";
    job.spec.account = fmt::format("beta:@account{}", number % accounts);
    job.spec.post.kind = adapter::PostKind::text;
    job.spec.post.media.clear();
    job.spec.catch_up = "all";
    job.hash = core::job_hash(job.spec);
    return job;
}

}  // namespace

Figures measure_engine(Wish const& wish) {
    auto const folder = wish.folder / "engine";
    std::filesystem::create_directories(folder);
    int const posts = wish.quick ? 2'000 : 10'000;

    asio::io_context loop(1);
    core::SystemClock clock;
    core::SystemRandom random;
    test::FakeNetwork network(clock);
    network.round_trip = network.processing = Milliseconds{0};
    core::Adapters adapters(std::vector<std::filesystem::path>{});
    adapters.add(test::beta_adapter());
    auto const vault = must(core::Vault::create(folder / "vault.key"));
    auto store = new_store(folder / "ours.db");
    auto const now = clock.now();
    must(store->write([&](core::Tables& tables) { return put_accounts(tables, vault, now); }));
    for (int first = 0; first < posts; first += 1'000)
        must(store->write([&](core::Tables& tables) -> Result<void> {
            for (int i = first; i < first + 1'000; ++i)
                if (auto done = tables.insert_job(beta_job(i, now)); !done) return done;
            return {};
        }));

    core::EngineParts parts{*store, network, clock, random, adapters, vault, {}, "bench", {}};
    core::EngineSettings settings;
    settings.concurrency = at_once;
    core::Engine engine(std::move(parts), settings);
    core::Engine::Until until;
    until.once = true;
    std::optional<Result<void>> ended;
    Stopwatch const watch;
    asio::co_spawn(
        loop, engine.run(std::move(until)), [&](std::exception_ptr thrown, Result<void> result) {
            if (thrown) std::rethrow_exception(thrown);
            ended = std::move(result);
        });
    loop.run();
    double const ours = posts / watch.seconds();
    must(*ended);
    if (network.posts() != posts)
        throw std::runtime_error(fmt::format("{} of {} posts came to be", network.posts(), posts));

    BareTable table(folder / "bare.db");
    table.insert(0, posts, start_of_time);
    Stopwatch const bare;
    for (int first = 0; first < posts; first += at_once)
        for (auto const* step : {"claimed", "armed", "settled"})
            table.touch(static_cast<std::uint64_t>(first), at_once, step);
    double const theirs = posts / bare.seconds();
    store.reset();
    std::filesystem::remove_all(folder);
    return {{"engine alone, jobs to the end, 50 at once",
             "jobs/s",
             ours,
             "bare SQLite table, three updates a job, 50 a transaction",
             theirs,
             Better::more,
             fmt::format("{} jobs of {} accounts, one blind commit each: claim, intent and answer "
                         "durable; the network answers in this process at once",
                         posts,
                         accounts)}};
}

}  // namespace postrider::bench

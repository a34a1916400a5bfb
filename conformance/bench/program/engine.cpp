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

namespace {

constexpr int at_once = 50;

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
    must(store->write([&](core::Tables& tables) { return put_beta_accounts(tables, vault, now); }));
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
                         beta_accounts)}};
}

}  // namespace postrider::bench

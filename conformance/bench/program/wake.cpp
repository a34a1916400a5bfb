// How long a job that is due waits for an engine that has nothing to do: from before it is added,
// durably, until the engine begins with it.
#include "parts.hpp"

#include <postrider/core/bell.hpp>
#include <postrider/core/engine.hpp>
#include <postrider/test/fake_network.hpp>
#include <postrider/test/process.hpp>

#include <fmt/format.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <atomic>
#include <charconv>
#include <cstdio>
#include <thread>

namespace postrider::bench {

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

constexpr auto pause = 20ms;  // by then the engine rests again

std::int64_t steady_ns() {
    return std::chrono::steady_clock::now().time_since_epoch().count();
}

using Times = std::map<std::string, std::int64_t>;  // job -> steady clock, ns

// Runs an engine on the store until `add` has ended and all its jobs have begun.
Times begun_by(core::Store& store,
               core::Vault const& vault,
               std::filesystem::path const& path,
               std::function<Times()> const& add,
               Times& added) {
    asio::io_context loop(1);
    core::SystemClock clock;
    core::SystemRandom random;
    test::FakeNetwork network(clock);
    network.round_trip = network.processing = Milliseconds{0};
    core::Adapters adapters(std::vector<std::filesystem::path>{});
    adapters.add(test::beta_adapter());
    auto const bell = must(core::store_bell(loop.get_executor(), path));
    core::EngineParts parts{store, network, clock, random, adapters, vault, {}, "bench", {}};
    parts.bell = bell.get();
    core::Engine engine(std::move(parts), {});
    Times begun;
    engine.on_progress([&begun](core::Progress const& progress) {
        begun.try_emplace(progress.job_id, steady_ns());
    });
    std::atomic<bool> all_added{false};
    std::thread adder([&] {
        added = add();
        all_added = true;
    });
    core::Engine::Until until;
    until.settled = [&] { return all_added && begun.size() >= added.size(); };
    std::optional<Result<void>> ended;
    asio::co_spawn(
        loop, engine.run(std::move(until)), [&](std::exception_ptr thrown, Result<void> result) {
            if (thrown) std::rethrow_exception(thrown);
            ended = std::move(result);
        });
    loop.run();
    adder.join();
    must(*ended);
    return begun;
}

Times add_here(core::Store& store, int first, int jobs) {
    core::SystemClock const clock;
    Times added;
    for (int i = first; i < first + jobs; ++i) {
        std::this_thread::sleep_for(pause);
        auto const job = beta_job(i, clock.now());
        added[job.id] = steady_ns();
        must(store.write([&](core::Tables& tables) { return tables.insert_job(job); }));
    }
    return added;
}

Times read_times(std::string_view lines) {
    Times times;
    while (!lines.empty()) {
        auto const line = lines.substr(0, lines.find('\n'));
        lines.remove_prefix(std::min(lines.size(), line.size() + 1));
        auto const space = line.find(' ');
        auto const digits = line.substr(space + 1);
        std::from_chars(digits.data(),
                        digits.data() + digits.size(),
                        times[std::string(line.substr(0, space))]);
    }
    return times;
}

std::vector<double> waits(Times const& added, Times const& begun) {
    std::vector<double> waited;
    for (auto const& [job, at] : added)
        waited.push_back(static_cast<double>(begun.at(job) - at) / 1e6);
    return waited;
}

}  // namespace

int run_adder(std::filesystem::path const& store_path, int jobs) {
    auto const store = must(core::open_store(store_path));
    // Beside the numbers of those that the other process adds.
    for (auto const& [job, at] : add_here(*store, 1'000'000, jobs))
        std::puts(fmt::format("{} {}", job, at).c_str());
    return 0;
}

Figures measure_wake(Wish const& wish) {
    auto const folder = wish.folder / "wake";
    std::filesystem::create_directories(folder);
    auto const path = folder / "ours.db";
    int const jobs = wish.quick ? 100 : 500;
    auto const vault = must(core::Vault::create(folder / "vault.key"));
    auto store = new_store(path);
    core::SystemClock const clock;
    must(store->write(
        [&](core::Tables& tables) { return put_beta_accounts(tables, vault, clock.now()); }));

    Times added;
    auto const here = begun_by(
        *store, vault, path, [&] { return add_here(*store, 0, jobs); }, added);
    auto const same = waits(added, here);
    auto const there = begun_by(
        *store,
        vault,
        path,
        [&] {
            auto const told =
                test::run_program({wish.self, "adder", path.string(), std::to_string(jobs)});
            if (told.exit != 0) throw std::runtime_error("the adder failed: " + told.err);
            return read_times(told.out);
        },
        added);
    auto const other = waits(added, there);

    BareTable table(folder / "bare.db");
    std::vector<double> bare;
    for (int i = 0; i < jobs; ++i) {
        std::this_thread::sleep_for(pause);
        Stopwatch const watch;
        table.insert(static_cast<std::uint64_t>(i), 1, start_of_time);
        bare.push_back(watch.seconds() * 1e3);
    }
    store.reset();
    std::filesystem::remove_all(folder);

    auto const* const peer = "bare SQLite table, one durable insert, nobody woken";
    auto const figure = [&](std::string name, std::vector<double> const& ours, double part) {
        return Figure{std::move(name),
                      "ms",
                      percentile(ours, part),
                      peer,
                      percentile(bare, part),
                      Better::less,
                      {}};
    };
    return {figure("add to start, idle engine, same process, p50", same, 0.5),
            figure("add to start, idle engine, same process, p99", same, 0.99),
            figure("add to start, idle engine, another process, p50", other, 0.5),
            figure("add to start, idle engine, another process, p99", other, 0.99)};
}

}  // namespace postrider::bench

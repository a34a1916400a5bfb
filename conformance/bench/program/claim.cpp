// Claims: what taking the next job costs while very many wait, and what the waiting ones cost.
#include "parts.hpp"

#include <postrider/test/process.hpp>

#include <fmt/format.h>
#include <boost/json.hpp>

#include <iostream>

namespace postrider::bench {

namespace fs = std::filesystem;
namespace json = boost::json;

namespace {

constexpr int accounts = 1'000;
constexpr int claims = 500;
constexpr Instant now = start_of_time + std::chrono::hours(1);

// One of an account is due; the others are due over the year to come.
Instant due_of(int number, int jobs) {
    if (number < accounts) return start_of_time + Milliseconds{number};
    auto const year = std::chrono::duration_cast<Milliseconds>(std::chrono::hours(24 * 365));
    return now + std::chrono::hours(24) + year / jobs * number;
}

struct Claims {
    double p50 = 0;
    double p99 = 0;
};

struct Ours {
    Claims claim;
    double look = 0;
    double bytes_a_job = 0;
    double resident_mib = 0;
    double fill = 0;
};

Ours ask_claimer(Wish const& wish, int jobs) {
    auto const folder = wish.folder / fmt::format("claim{}", jobs);
    fs::create_directories(folder);
    timed_run(
        {wish.self, "claimer", folder.string(), std::to_string(jobs)}, {}, folder / "told.json");
    auto const told = json::parse(test::read_file(folder / "told.json")).as_object();
    auto number = [&told](char const* name) { return told.at(name).to_number<double>(); };
    Ours ours;
    ours.claim = {number("p50"), number("p99")};
    ours.look = number("look");
    ours.bytes_a_job = number("bytes_a_job");
    ours.resident_mib = number("resident_mib");
    ours.fill = number("fill");
    fs::remove_all(folder);
    return ours;
}

Claims ask_bare(Wish const& wish, int jobs, double& bytes_a_job) {
    auto const folder = wish.folder / "claim-bare";
    fs::create_directories(folder);
    Claims told;
    {
        BareTable table(folder / "bare.db");
        for (int first = 0; first < jobs; first += 5'000)
            table.insert(
                static_cast<std::uint64_t>(first),
                5'000,
                start_of_time + (first < accounts ? Milliseconds{0} : Milliseconds{100'000'000}));
        table.checkpoint();
        bytes_a_job = static_cast<double>(fs::file_size(folder / "bare.db")) / jobs;
        std::vector<double> times;
        for (int i = 0; i < claims; ++i) {
            Stopwatch const watch;
            table.claim(now);
            times.push_back(watch.seconds() * 1e6);
        }
        told = {percentile(times, 0.5), percentile(times, 0.99)};
    }
    fs::remove_all(folder);
    return told;
}

}  // namespace

int run_claimer(fs::path const& folder, int jobs) {
    auto const path = folder / "ours.db";
    json::object told;
    auto store = new_store(path);
    Stopwatch const filling;
    constexpr int batch = 1'000;
    for (int first = 0; first < jobs; first += batch)
        must(store->write([&](core::Tables& tables) -> Result<void> {
            for (int i = first; i < first + batch; ++i)
                if (auto done = tables.insert_job(
                        make_job(static_cast<std::uint64_t>(i), i % accounts, due_of(i, jobs)));
                    !done)
                    return done;
            return {};
        }));
    told["fill"] = jobs / filling.seconds();
    SQLite::Database(path.string(), SQLite::OPEN_READWRITE).exec("pragma wal_checkpoint(truncate)");
    told["bytes_a_job"] = static_cast<double>(fs::file_size(path)) / jobs;

    std::vector<double> times;
    std::vector<double> looks;
    for (int i = 0; i < claims; ++i) {
        Stopwatch const looking;
        auto const due = must(core::read_now<std::optional<Instant>>(
            *store, [](core::Tables& tables) { return tables.next_due(); }));
        looks.push_back(looking.seconds() * 1e6);
        if (!due || *due > now) throw std::runtime_error("nothing is due");

        // As the engine does it: the job whose turn it is, held under a new fence, durably.
        Stopwatch const claiming;
        auto job =
            must(core::write_now<core::Job>(*store, [](core::Tables& tables) -> Result<core::Job> {
                auto found = tables.take_turns(now, 1);
                if (!found) return found.error();
                auto mine = found->at(0);
                ++mine.fence;
                ++mine.attempt;
                mine.lease_owner = "bench";
                mine.state = core::JobState::running;
                if (auto done = tables.update_job(mine); !done) return done.error();
                return mine;
            }));
        times.push_back(claiming.seconds() * 1e6);

        job.state = core::JobState::published;
        job.lease_owner.clear();
        job.next_at.reset();
        must(store->write([&](core::Tables& tables) { return tables.update_job(job); }));
    }
    told["p50"] = percentile(times, 0.5);
    told["p99"] = percentile(times, 0.99);
    told["look"] = percentile(looks, 0.5);
    told["resident_mib"] = static_cast<double>(memory_kib("VmRSS")) / 1024;
    std::cout << json::serialize(told) << "\n";
    return 0;
}

Figures measure_claim(Wish const& wish) {
    int const few = 10'000;
    int const many = wish.quick ? 100'000 : 1'000'000;
    double few_bytes = 0;
    double many_bytes = 0;
    auto const ours_few = ask_claimer(wish, few);
    auto const bare_few = ask_bare(wish, few, few_bytes);
    auto const ours_many = ask_claimer(wish, many);
    auto const bare_many = ask_bare(wish, many, many_bytes);
    auto const thousand = [](int jobs) {
        return jobs == 1'000'000 ? std::string("1 million")
                                 : fmt::format("{} thousand", jobs / 1000);
    };
    auto const what = [&](int jobs, char const* part) {
        return fmt::format("claim with {} jobs waiting, {}", thousand(jobs), part);
    };
    std::string const table = "bare SQLite table, same number";
    std::string const itself = fmt::format("itself with {}", thousand(few));
    return {
        {what(few, "p50"),
         "us",
         ours_few.claim.p50,
         table,
         bare_few.p50,
         Better::less,
         fmt::format("find, hold under a fence, durable (FULL); {} claims over {} accounts",
                     claims,
                     accounts)},
        {what(few, "p99"), "us", ours_few.claim.p99, table, bare_few.p99, Better::less, ""},
        {what(many, "p50"), "us", ours_many.claim.p50, table, bare_many.p50, Better::less, ""},
        {what(many, "p99"), "us", ours_many.claim.p99, table, bare_many.p99, Better::less, ""},
        {what(many, "p50, growth"),
         "us",
         ours_many.claim.p50,
         itself,
         ours_few.claim.p50,
         Better::less,
         "the ratio is what the backlog costs"},
        {fmt::format("look for work with {} waiting, p50", thousand(many)),
         "us",
         ours_many.look,
         itself,
         ours_few.look,
         Better::less,
         "what an idle engine does twice a second"},
        {fmt::format("store file for a waiting job, {}", thousand(many)),
         "bytes",
         ours_many.bytes_a_job,
         table,
         many_bytes,
         Better::less,
         fmt::format("the values of the row alone are {} bytes", row_bytes())},
        {fmt::format("resident memory with {} waiting", thousand(many)),
         "MiB",
         ours_many.resident_mib,
         itself,
         ours_few.resident_mib,
         Better::less,
         fmt::format("filled at {:.0f} jobs/s before", ours_many.fill)},
    };
}

}  // namespace postrider::bench

// Durable enqueue: jobs a second into our store, into a bare table, and what the disk alone allows.
#include "parts.hpp"

#include <fmt/format.h>

#include <fcntl.h>
#include <unistd.h>
#include <ctime>

#include <functional>
#include <memory>
#include <mutex>
#include <semaphore>

namespace postrider::bench {
namespace {

constexpr int accounts = 50;
constexpr int in_flight = 50;

// Jobs are made before the watch runs: what is measured is the store.
std::vector<core::Job> make_jobs(std::uint64_t& next, int count) {
    std::vector<core::Job> jobs;
    for (int i = 0; i < count; ++i, ++next)
        jobs.push_back(make_job(next,
                                static_cast<int>(next % accounts),
                                start_of_time + Milliseconds{static_cast<std::int64_t>(next)}));
    return jobs;
}

double one_by_one(core::Store& store, std::vector<core::Job> const& jobs) {
    Stopwatch const watch;
    for (auto const& job : jobs)
        must(store.write([&job](core::Tables& tables) { return tables.insert_job(job); }));
    return static_cast<double>(jobs.size()) / watch.seconds();
}

double fifty_in_flight(core::Store& store,
                       std::vector<core::Job> const& jobs,
                       std::vector<double>& milliseconds) {
    std::counting_semaphore<in_flight> places(in_flight);
    std::mutex mutex;
    Stopwatch const watch;
    for (auto const& job : jobs) {
        places.acquire();
        store.submit([&job](core::Tables& tables) { return tables.insert_job(job); },
                     [&, since = Stopwatch()](Result<void> const& done) {
                         if (!done) std::terminate();
                         {
                             std::lock_guard lock(mutex);
                             milliseconds.push_back(since.seconds() * 1e3);
                         }
                         places.release();
                     });
    }
    for (int i = 0; i < in_flight; ++i) places.acquire();
    return static_cast<double>(jobs.size()) / watch.seconds();
}

double in_batches(core::Store& store, std::vector<core::Job> const& jobs, std::size_t batch) {
    Stopwatch const watch;
    for (std::size_t first = 0; first < jobs.size(); first += batch)
        must(store.write([&](core::Tables& tables) -> Result<void> {
            for (std::size_t i = first; i < std::min(first + batch, jobs.size()); ++i)
                if (auto done = tables.insert_job(jobs[i]); !done) return done;
            return {};
        }));
    return static_cast<double>(jobs.size()) / watch.seconds();
}

double bare(BareTable& table, std::uint64_t& next, int count, int batch) {
    Stopwatch const watch;
    for (int first = 0; first < count; first += batch) {
        table.insert(next, batch, start_of_time);
        next += static_cast<std::uint64_t>(batch);
    }
    return count / watch.seconds();
}

double cpu_seconds() {
    timespec now{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

// What one durable write of a page costs, whoever asks for it; in place, as in a log that is used
// again.
double writes_a_second(std::filesystem::path const& file, int count) {
    constexpr int pages = 1'000;
    std::string const page(4096, 'x');
    int const fd = ::open(file.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    auto put = [&](int i) {
        if (::pwrite(fd, page.data(), page.size(), i % pages * 4096L) < 0)
            throw std::runtime_error("cannot write " + file.string());
    };
    for (int i = 0; i < pages; ++i) put(i);
    ::fsync(fd);
    Stopwatch const watch;
    for (int i = 0; i < count; ++i) {
        put(i);
        if (::fdatasync(fd) != 0) throw std::runtime_error("cannot write " + file.string());
    }
    double const rate = count / watch.seconds();
    ::close(fd);
    return rate;
}

}  // namespace

Figures measure_enqueue(Wish const& wish) {
    auto const folder = wish.folder / "enqueue";
    std::filesystem::create_directories(folder);
    auto store = new_store(folder / "ours.db");
    BareTable table(folder / "bare.db");
    int const scale = wish.quick ? 1 : 4;
    std::uint64_t ours_next = 0;
    std::uint64_t bare_next = 0;
    std::vector<double> ours[3];
    std::vector<double> theirs[3];
    std::vector<double> floor;
    std::vector<double> milliseconds;
    double ours_cpu = 0;
    double theirs_cpu = 0;
    for (int round = 0; round < 5; ++round) {
        auto const few = make_jobs(ours_next, 250 * scale);
        auto const more = make_jobs(ours_next, 2'500 * scale);
        auto const many = make_jobs(ours_next, 5'000 * scale);
        floor.push_back(writes_a_second(folder / "floor", 250 * scale));
        ours[0].push_back(one_by_one(*store, few));
        theirs[0].push_back(bare(table, bare_next, 250 * scale, 1));
        ours[1].push_back(fifty_in_flight(*store, more, milliseconds));
        theirs[1].push_back(bare(table, bare_next, 2'500 * scale, in_flight));
        double const before = cpu_seconds();
        ours[2].push_back(in_batches(*store, many, 1'000));
        double const between = cpu_seconds();
        theirs[2].push_back(bare(table, bare_next, 5'000 * scale, 1'000));
        ours_cpu += between - before;
        theirs_cpu += cpu_seconds() - between;
    }
    store.reset();
    std::filesystem::remove_all(folder);
    double const many_jobs = 5.0 * 5'000 * scale;
    auto const what = [](char const* how) { return fmt::format("durable enqueue, {}", how); };
    return {
        {what("one by one"),
         "jobs/s",
         median(ours[0]),
         "bare SQLite table, one insert a transaction",
         median(theirs[0]),
         Better::more,
         fmt::format("WAL, synchronous=FULL on both sides, rows of {} bytes, median of 5 rounds in "
                     "turn",
                     row_bytes())},
        {what("one by one, against the disk"),
         "jobs/s",
         median(ours[0]),
         "write of 4 KiB in place and fdatasync",
         median(floor),
         Better::more,
         "nothing that is durable one by one can be faster than this floor"},
        {what("50 in flight"),
         "jobs/s",
         median(ours[1]),
         "bare SQLite table, 50 inserts a transaction",
         median(theirs[1]),
         Better::more,
         fmt::format("from submit to durable: p50 {:.2f} ms, p99 {:.2f} ms",
                     median(milliseconds),
                     percentile(milliseconds, 0.99))},
        {what("batches of 1,000"),
         "jobs/s",
         median(ours[2]),
         "bare SQLite table, 1,000 inserts a transaction",
         median(theirs[2]),
         Better::more,
         "eight indexes of ours against three"},
        {what("batches of 1,000, CPU"),
         "us/job",
         ours_cpu / many_jobs * 1e6,
         "bare SQLite table, 1,000 inserts a transaction",
         theirs_cpu / many_jobs * 1e6,
         Better::less,
         "time of the processor, which other work on the machine hardly changes"},
    };
}

}  // namespace postrider::bench

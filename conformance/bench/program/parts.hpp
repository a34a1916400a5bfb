// The parts of `postrider-bench`: what each measures, and the pieces of the program that it starts
// as processes of their own.
#pragma once

#include <postrider/bench/figures.hpp>
#include <postrider/bench/measure.hpp>
#include <postrider/core/job.hpp>
#include <postrider/core/sqlite_store.hpp>
#include <postrider/core/vault.hpp>

#include <SQLiteCpp/SQLiteCpp.h>

#include <cstdint>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

namespace postrider::bench {

struct Wish {
    bool quick = false;            ///< smaller sizes, for a look
    std::filesystem::path folder;  ///< on the disk that is measured; empty at the start
    std::string self;              ///< this program
};

Figures measure_start(Wish const& wish);
Figures measure_upload(Wish const& wish);
Figures measure_enqueue(Wish const& wish);
Figures measure_engine(Wish const& wish);
Figures measure_wake(Wish const& wish);
Figures measure_claim(Wish const& wish);

/// A server on one port that reads bodies and throws them away; its first line is the port.
int run_sink();
/// PUTs a file in chunks by the real transport, one after the other; prints JSON.
int run_uploader(std::string const& base, std::string const& file, std::uint64_t chunk_bytes);
/// Adds jobs to a store, one every few milliseconds, and prints a line each: its id, and when that
/// began (steady clock, nanoseconds).
int run_adder(std::filesystem::path const& store, int jobs);
/// Fills a store and claims from it; prints JSON.
int run_claimer(std::filesystem::path const& folder, int jobs);

// --- shared by the parts that have a store

template <class T>
T must(Result<T> result) {
    if (!result) throw std::runtime_error(result.error().code() + ": " + result.error().message());
    return *std::move(result);
}
inline void must(Result<void> const& result) {
    if (!result) throw std::runtime_error(result.error().code() + ": " + result.error().message());
}

inline constexpr Instant start_of_time{Milliseconds{1'800'000'000'000}};

std::unique_ptr<core::Store> new_store(std::filesystem::path const& path);
/// A job as a campaign makes it: a caption, one video, five options. Account and due time are the
/// caller's.
core::Job make_job(std::uint64_t number, int account, Instant due);
/// A network that answers in this process (test/fake_network.hpp), with accounts that have tokens.
inline constexpr int beta_accounts = 500;
Result<void> put_beta_accounts(core::Tables& tables, core::Vault const& vault, Instant now);
/// A text for one of its accounts, one blind commit, due now.
core::Job beta_job(int number, Instant now);
/// Size of what the store keeps of such a job, without its indexes.
std::size_t row_bytes();

/// The peer: one table with the fewest indexes that the same questions need, rows of the same size,
/// the same durability, nothing else.
class BareTable {
 public:
    explicit BareTable(std::filesystem::path const& path);
    void insert(std::uint64_t first, int count, Instant due);
    /// The job that waits longest is marked as held, durably.
    void claim(Instant now);
    /// Jobs are changed by their ids, in one durable transaction.
    void touch(std::uint64_t first, int count, std::string const& lease);
    void checkpoint() { database_.exec("pragma wal_checkpoint(truncate)"); }

 private:
    static std::string id_of(std::uint64_t number);
    SQLite::Database database_;
    SQLite::Statement insert_;
    SQLite::Statement claim_;
    SQLite::Statement touch_;
    std::string payload_;
};

}  // namespace postrider::bench

// The store in one SQLite file (design: "one file of state").
#pragma once

#include <postrider/core/random.hpp>
#include <postrider/core/store.hpp>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

namespace postrider::core {

struct StoreOptions {
    bool create = false;     ///< make the file when it is missing; else `setup.not_initialised`
    bool migrate = false;    ///< bring an older schema up to date; else `setup.store_older`
    bool in_memory = false;  ///< for tests and simulation; the path is ignored
    /// With `in_memory`: begin as this store is at one moment. Nothing is written back.
    std::filesystem::path copy_of{};
    bool inline_writes =
        false;  ///< no writer thread: submit() runs the work at once on the caller's thread
    /// Of the ids that the store gives (of events, of what hooks have to do); outlives the store.
    /// The system's where there is none.
    Random* random = nullptr;
    int checkpoint_pages = 8'000;  ///< how many pages the log may have before they are moved
};

/// Opens the store and starts its writer thread. A store of an older schema is brought up to date
/// only with `migrate`: a newer program must not change a file under the hands of an older one that
/// is still running.
///
/// Durability: WAL, `synchronous=FULL`; `done` of a write is called after its commit is on disk.
/// Between processes a kernel lock on `<path>.turn` is taken for each write transaction (and so for
/// each checkpoint), because SQLite's own busy handler starves writers. Errors:
/// `setup.not_initialised`, `setup.store_newer` (made by a later version), `setup.store_older`,
/// `setup.store_unreadable`, `setup.disk_full`.
Result<std::unique_ptr<Store>> open_store(std::filesystem::path const& path,
                                          StoreOptions const& options = {});

/// The newest schema number that this program knows.
int schema_number();

/// What a store's file says of its schema, without changing it. Errors: as open_store().
Result<int> schema_of_store(std::filesystem::path const& path);

struct StoreCopy {
    std::uint64_t size_bytes = 0;
    std::string sha256;
};

/// Copies the store, as it is at one moment, into a new file that needs no other beside it; readers
/// and writers go on meanwhile. The copy is on disk under its name or not there at all.
///
/// Errors: as open_store(), and `conflict.file_exists` when something of that name is there.
Result<StoreCopy> copy_store(std::filesystem::path const& path, std::filesystem::path const& to);

}  // namespace postrider::core

// The store in one SQLite file (design: "one file of state").
#pragma once

#include <postrider/core/store.hpp>

#include <filesystem>
#include <memory>

namespace postrider::core {

struct StoreOptions {
    bool create = false;     ///< make the file when it is missing; else `setup.not_initialised`
    bool in_memory = false;  ///< for tests and simulation; the path is ignored
    bool inline_writes =
        false;  ///< no writer thread: submit() runs the work at once on the caller's thread
};

/// Opens the store, brings its schema up to date, and starts its writer thread.
///
/// Durability: WAL, `synchronous=FULL`; `done` of a write is called after its commit is on disk.
/// Between processes a kernel lock on `<path>.turn` is taken for each write transaction (and so for
/// each checkpoint), because SQLite's own busy handler starves writers. Errors:
/// `setup.not_initialised`, `setup.store_newer` (made by a later version),
/// `setup.store_unreadable`, `setup.disk_full`.
Result<std::unique_ptr<Store>> open_store(std::filesystem::path const& path,
                                          StoreOptions const& options = {});

/// The newest schema number that this program knows.
int schema_number();

}  // namespace postrider::core

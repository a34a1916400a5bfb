// Opening the file, the writer thread with group commit, the turn between processes, and reading.
#include <postrider/core/sqlite_store.hpp>

#include "store/sqlite_tables.hpp"
#include "store/store_error.hpp"
#include "store/turn_lock.hpp"

#include <postrider/catalogue.hpp>
#include <postrider/core/crash_point.hpp>
#include <postrider/core/mutant.hpp>

#include <SQLiteCpp/Backup.h>
#include <fmt/format.h>
#include <sqlite3.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

namespace postrider::core {
namespace {

constexpr char const* migrations[] = {
#include "migrations.inc"
};
constexpr int newest_schema = static_cast<int>(std::size(migrations));
constexpr int application_id = 0x70727231;  // "prr1"
constexpr std::size_t group_size_max = 1024;

Error store_error(SQLite::Exception const& failure, std::filesystem::path const& path) {
    return detail::store_error(
        failure.getErrorCode(), failure.getExtendedErrorCode(), failure.what(), path);
}

Result<void> fits_program(int version, int id, std::filesystem::path const& path) {
    if (id != application_id)
        return make_error("setup.store_unreadable",
                          fmt::format("{} is not a postrider store.", path.string()));
    if (version > newest_schema)
        return make_error("setup.store_newer",
                          fmt::format("The store {} has schema {}, this program knows up to {}.",
                                      path.string(),
                                      version,
                                      newest_schema));
    return {};
}

// Each connection is used under a lock of ours, so SQLite's own mutexes and its counts of memory
// would only cost; both settings hold for the whole process, and the first one to open a store
// makes them.
void settle_library() {
    static std::once_flag once;
    std::call_once(once, [] { sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0); });
}

void settle_connection(SQLite::Database& database) {
    sqlite3_db_config(database.getHandle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
    // A plan depends on the statement alone. Without this, a statement whose values may decide
    // which index serves is compiled anew each time it is bound.
    sqlite3_db_config(database.getHandle(), SQLITE_DBCONFIG_ENABLE_QPSG, 1, nullptr);
}

void set_up(SQLite::Database& database, StoreOptions const& options) {
    settle_connection(database);
    database.exec("pragma journal_mode = wal");
    database.exec(mutant("lazy_disk") ? "pragma synchronous = off" : "pragma synchronous = full");
    database.exec("pragma foreign_keys = on");
    // The writer alone: what it touches again and again stays at hand, and a checkpoint, which
    // costs as much for few pages as for many, comes less often.
    database.exec("pragma cache_size = -65536");
    database.exec(fmt::format("pragma wal_autocheckpoint = {}", options.checkpoint_pages));
}

// On statements that are prepared once; rolled back when it goes without commit().
class Transaction {
 public:
    Transaction(detail::Statements& statements, std::string_view begin) : statements_(statements) {
        statements_.use(begin).run();
    }
    ~Transaction() {
        if (over_) return;
        try {
            statements_.use("rollback").run();
        } catch (SQLite::Exception const&) {
            // SQLite has rolled back by itself, as it does when the disk fails.
        }
    }
    Transaction(Transaction const&) = delete;
    Transaction& operator=(Transaction const&) = delete;

    void commit() {
        statements_.use("commit").run();
        over_ = true;
    }

 private:
    detail::Statements& statements_;
    bool over_ = false;
};

class SqliteStore final : public Store {
 public:
    SqliteStore(std::filesystem::path path, StoreOptions options)
        : path_(options.in_memory ? ":memory:" : std::move(path)), options_(options) {}

    ~SqliteStore() override {
        {
            std::lock_guard lock(mutex_);
            stopping_ = true;
        }
        wake_.notify_all();
        if (thread_.joinable()) thread_.join();
    }

    Result<void> open() {
        try {
            if (!options_.in_memory) {
                if (!options_.create && !std::filesystem::exists(path_))
                    return make_error("setup.not_initialised",
                                      fmt::format("There is no store at {}.", path_.string()));
                auto turn = TurnLock::open(turn_file(path_));
                if (!turn) return turn.error();
                turn_ = std::move(*turn);
            }
            settle_library();
            int const flags = SQLite::OPEN_READWRITE | SQLite::OPEN_NOMUTEX |
                              (options_.create || options_.in_memory ? SQLite::OPEN_CREATE : 0);
            auto turn = take_turn();
            database_ = std::make_unique<SQLite::Database>(path_.string(), flags, 5000);
            if (!options_.copy_of.empty())
                if (auto copied = copy_into_memory(); !copied) return copied;
            if (auto fits = check_schema(); !fits) return fits;
            set_up(*database_, options_);
            if (auto migrated = migrate(); !migrated) return migrated;
            tables_ = std::make_unique<detail::SqliteTables>(*database_, options_.random);
            statements_ = std::make_unique<detail::Statements>(*database_);
        } catch (SQLite::Exception const& failure) {
            return store_error(failure, path_);
        } catch (std::filesystem::filesystem_error const& failure) {
            return make_error("setup.store_unreadable", failure.what());
        }
        return {};
    }

    void submit(Work work, Done done) override {
        if (options_.inline_writes) {
            std::deque<Item> one;
            one.push_back({std::move(work), std::move(done), {}});
            commit(one);
            return;
        }
        {
            std::lock_guard lock(mutex_);
            // The thread starts with the first write: commands that only read pay nothing for it.
            if (!thread_.joinable()) thread_ = std::thread([this] { write_loop(); });
            queue_.push_back({std::move(work), std::move(done), {}});
        }
        wake_.notify_one();
    }

    Result<void> read(Work const& work) override {
        std::lock_guard lock(read_mutex_);
        try {
            if (options_.in_memory) {
                // One connection only; in memory there is no second process to be kept apart from.
                std::lock_guard writing(commit_mutex_);
                return work(*tables_);
            }
            if (!reader_) {
                reader_ = std::make_unique<SQLite::Database>(
                    path_.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_NOMUTEX, 5000);
                settle_connection(*reader_);
                reader_->exec("pragma query_only = on");
                read_tables_ = std::make_unique<detail::SqliteTables>(*reader_);
                read_statements_ = std::make_unique<detail::Statements>(*reader_);
            }
            Transaction transaction(*read_statements_, "begin");
            return work(*read_tables_);
        } catch (SQLite::Exception const& failure) {
            return store_error(failure, path_);
        } catch (std::exception const& failure) {
            return make_error("internal.exception", failure.what());
        }
    }

 private:
    struct Item {
        Work work;
        Done done;
        Result<void> result;
    };

    Result<void> copy_into_memory() {
        if (!std::filesystem::exists(options_.copy_of))
            return make_error("setup.not_initialised",
                              fmt::format("There is no store at {}.", options_.copy_of.string()));
        SQLite::Database from(options_.copy_of.string(), SQLite::OPEN_READONLY, 5000);
        SQLite::Backup backup(*database_, from);
        backup.executeStep(-1);
        return {};
    }

    TurnLock::Turn take_turn() { return turn_ ? turn_->take() : TurnLock::Turn(); }

    Result<void> check_schema() {
        auto const version = database_->execAndGet("pragma user_version").getInt();
        auto const id = database_->execAndGet("pragma application_id").getInt();
        if (version == 0 && id == 0 && (options_.create || options_.in_memory)) return {};
        if (auto fits = fits_program(version, id, path_); !fits) return fits;
        if (version < newest_schema && !options_.migrate)
            return make_error("setup.store_older",
                              fmt::format("The store {} has schema {}, this program needs {}.",
                                          path_.string(),
                                          version,
                                          newest_schema));
        return {};
    }

    Result<void> migrate() {
        int const version = database_->execAndGet("pragma user_version").getInt();
        if (version == newest_schema) return {};
        SQLite::Transaction transaction(*database_, SQLite::TransactionBehavior::IMMEDIATE);
        for (int number = version; number < newest_schema; ++number)
            database_->exec(migrations[number]);
        database_->exec(fmt::format("pragma application_id = {}", application_id));
        database_->exec(fmt::format("pragma user_version = {}", newest_schema));
        transaction.commit();
        return {};
    }

    void write_loop() {
        std::deque<Item> group;
        for (;;) {
            {
                std::unique_lock lock(mutex_);
                wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
                if (queue_.empty()) return;  // stopping, and everything that was submitted is done
                while (!queue_.empty() && group.size() < group_size_max) {
                    group.push_back(std::move(queue_.front()));
                    queue_.pop_front();
                }
            }
            commit(group);
            group.clear();
        }
    }

    // One transaction for the whole group; where there are several pieces, each has a savepoint, so
    // that one that fails leaves the others alone.
    void commit(std::deque<Item>& group) {
        std::optional<Error> failed;
        {
            std::lock_guard lock(commit_mutex_);
            try {
                auto turn = take_turn();
                Transaction transaction(*statements_, "begin immediate");
                for (auto& item : group) run_piece(item, group.size() > 1);
                if (group.size() > 1 || group.front().result) {
                    crash_point(CrashPoint::commit_before);
                    transaction.commit();
                    crash_point(CrashPoint::commit_after);
                }
            } catch (SQLite::Exception const& failure) {
                failed = store_error(failure, path_);
            }
            if (tables_->take_news() && turn_ && !failed) turn_->ring();
        }
        for (auto& item : group)
            item.done(failed && item.result ? Result<void>(*failed) : item.result);
    }

    void run_piece(Item& item, bool has_company) {
        if (has_company) statements_->use("savepoint piece").run();
        try {
            item.result = item.work(*tables_);
        } catch (SQLite::Exception const&) {
            throw;  // the disk: nothing of this group can be trusted
        } catch (std::exception const& failure) {
            item.result = make_error("internal.exception", failure.what());
        }
        if (!has_company) return;
        if (!item.result) statements_->use("rollback to piece").run();
        statements_->use("release piece").run();
    }

    std::filesystem::path path_;
    StoreOptions options_;
    std::optional<TurnLock> turn_;

    std::mutex commit_mutex_;
    std::unique_ptr<SQLite::Database> database_;
    std::unique_ptr<detail::SqliteTables> tables_;
    std::unique_ptr<detail::Statements> statements_;  // of transactions

    std::mutex read_mutex_;
    std::unique_ptr<SQLite::Database> reader_;
    std::unique_ptr<detail::SqliteTables> read_tables_;
    std::unique_ptr<detail::Statements> read_statements_;

    std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<Item> queue_;
    bool stopping_ = false;
    std::thread thread_;
};

}  // namespace

int schema_number() {
    return newest_schema;
}

Result<int> schema_of_store(std::filesystem::path const& path) {
    if (!std::filesystem::exists(path))
        return make_error("setup.not_initialised",
                          fmt::format("There is no store at {}.", path.string()));
    try {
        SQLite::Database database(path.string(), SQLite::OPEN_READONLY, 5000);
        auto const version = database.execAndGet("pragma user_version").getInt();
        auto const id = database.execAndGet("pragma application_id").getInt();
        if (auto fits = fits_program(version, id, path); !fits) return fits.error();
        return version;
    } catch (SQLite::Exception const& failure) {
        return store_error(failure, path);
    }
}

Result<std::unique_ptr<Store>> open_store(std::filesystem::path const& path,
                                          StoreOptions const& options) {
    auto store = std::make_unique<SqliteStore>(path, options);
    if (auto opened = store->open(); !opened) return opened.error();
    return std::unique_ptr<Store>(std::move(store));
}

}  // namespace postrider::core

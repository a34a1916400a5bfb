// Copying a store while others work in it: SQLite's online backup into a file beside the wanted
// one, which gets its name when it is whole and on disk.
#include <postrider/core/sqlite_store.hpp>

#include "store/store_error.hpp"

#include <postrider/catalogue.hpp>

#include <fmt/format.h>
#include <sodium.h>
#include <sqlite3.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <iterator>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

namespace postrider::core {

namespace fs = std::filesystem;

namespace {

// What the system said of a failed write is lost by the time that SQLite tells of it; the limit on
// the size of files is not.
bool at_size_limit(fs::path const& path) {
    constexpr std::uintmax_t next_write_max = 1024 * 1024;
    rlimit limit{};
    if (::getrlimit(RLIMIT_FSIZE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return false;
    for (auto const* suffix : {"", "-wal"}) {
        std::error_code failed;
        auto const size = fs::file_size(path.string() + suffix, failed);
        if (!failed && size + next_write_max > limit.rlim_cur) return true;
    }
    return false;
}

}  // namespace

namespace detail {

Error store_error(int code, int extended_code, std::string_view message, fs::path const& path) {
    std::string_view name = "setup.store_unreadable";
    // SQLite tells a full disk apart from a file that may not grow; for people they are the same.
    if (code == SQLITE_FULL || (extended_code == SQLITE_IOERR_WRITE && at_size_limit(path)))
        name = "setup.disk_full";
    if (code == SQLITE_BUSY || code == SQLITE_LOCKED) name = "setup.store_locked";
    return make_error(name, fmt::format("The store {} cannot be used: {}.", path.string(), message))
        .with("store", path.string())
        .with("sqlite", std::to_string(extended_code));
}

}  // namespace detail

namespace {

class Connection {
 public:
    Connection() = default;
    ~Connection() { sqlite3_close(handle_); }
    Connection(Connection const&) = delete;
    Connection& operator=(Connection const&) = delete;

    Result<void> open(fs::path const& path, int flags) {
        path_ = path;
        int const code = sqlite3_open_v2(path.c_str(), &handle_, flags, nullptr);
        if (code != SQLITE_OK) return failure(code);
        sqlite3_busy_timeout(handle_, 5000);
        return {};
    }

    Result<void> run(char const* sql) {
        int const code = sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr);
        if (code != SQLITE_OK) return failure(code);
        return {};
    }

    [[nodiscard]] Error failure(int code) const {
        return detail::store_error(code & 0xff,
                                   handle_ ? sqlite3_extended_errcode(handle_) : code,
                                   handle_ ? sqlite3_errmsg(handle_) : sqlite3_errstr(code),
                                   path_);
    }
    [[nodiscard]] sqlite3* handle() const { return handle_; }

 private:
    sqlite3* handle_ = nullptr;
    fs::path path_;
};

Error file_error(fs::path const& path, int number) {
    bool const full = number == ENOSPC || number == EDQUOT || number == EFBIG;
    return make_error(full ? "setup.disk_full" : "setup.file_unwritable",
                      fmt::format("{} cannot be written: {}", path.string(), std::strerror(number)))
        .with("file", path.string());
}

class Descriptor {
 public:
    Descriptor(fs::path const& path, int flags)
        : fd_(::open(path.c_str(), flags | O_CLOEXEC, 0600)) {}
    ~Descriptor() {
        if (fd_ >= 0) ::close(fd_);
    }
    Descriptor(Descriptor const&) = delete;
    Descriptor& operator=(Descriptor const&) = delete;
    [[nodiscard]] int get() const { return fd_; }

 private:
    int fd_;
};

Result<void> copy_pages(fs::path const& path, fs::path const& into) {
    Connection from;
    if (auto opened = from.open(path, SQLITE_OPEN_READONLY); !opened) return opened;
    Connection to;
    if (auto opened = to.open(into, SQLITE_OPEN_READWRITE); !opened) return opened;
    auto* backup = sqlite3_backup_init(to.handle(), "main", from.handle(), "main");
    if (!backup) return to.failure(sqlite3_errcode(to.handle()));
    // All pages in one step: what is copied is one moment, and a busy writer cannot make it begin
    // again for ever.
    int code = SQLITE_OK;
    for (int turn = 0; turn < 100; ++turn) {
        code = sqlite3_backup_step(backup, -1);
        if (code != SQLITE_BUSY && code != SQLITE_LOCKED) break;
        sqlite3_sleep(50);
    }
    int const ended = sqlite3_backup_finish(backup);
    if (code != SQLITE_DONE) return to.failure(ended != SQLITE_OK ? ended : code);
    // The journal is of the copy's own: with a write-ahead log it would need a second file.
    return to.run("pragma journal_mode = delete");
}

Result<StoreCopy> hashed(fs::path const& file) {
    Descriptor const descriptor(file, O_RDONLY);
    if (descriptor.get() < 0) return file_error(file, errno);
    StoreCopy copy;
    crypto_hash_sha256_state state;
    crypto_hash_sha256_init(&state);
    std::array<unsigned char, 65536> block{};
    for (;;) {
        auto const count = ::read(descriptor.get(), block.data(), block.size());
        if (count < 0) return file_error(file, errno);
        if (count == 0) break;
        crypto_hash_sha256_update(&state, block.data(), static_cast<std::size_t>(count));
        copy.size_bytes += static_cast<std::uint64_t>(count);
    }
    if (::fsync(descriptor.get()) != 0) return file_error(file, errno);
    std::array<unsigned char, crypto_hash_sha256_BYTES> digest{};
    crypto_hash_sha256_final(&state, digest.data());
    copy.sha256 = "sha256:";
    for (auto const byte : digest) fmt::format_to(std::back_inserter(copy.sha256), "{:02x}", byte);
    return copy;
}

Result<StoreCopy> copy_whole(fs::path const& path, fs::path const& part, fs::path const& to) {
    if (auto copied = copy_pages(path, part); !copied) return copied.error();
    auto copy = hashed(part);
    if (!copy) return copy;
    // A link never takes the place of a file that is there, as a rename would.
    if (::link(part.c_str(), to.c_str()) != 0) {
        if (errno != EEXIST) return file_error(to, errno);
        return make_error("conflict.file_exists", fmt::format("{} is there already.", to.string()))
            .with("file", to.string());
    }
    auto const parent = to.parent_path();
    Descriptor const folder(parent.empty() ? fs::path(".") : parent, O_RDONLY | O_DIRECTORY);
    if (folder.get() < 0 || ::fsync(folder.get()) != 0) return file_error(to, errno);
    return copy;
}

}  // namespace

Result<StoreCopy> copy_store(fs::path const& path, fs::path const& to) {
    if (auto version = schema_of_store(path); !version) return version.error();
    std::error_code failed;
    if (fs::symlink_status(to, failed).type() != fs::file_type::not_found)
        return make_error("conflict.file_exists", fmt::format("{} is there already.", to.string()))
            .with("file", to.string());
    auto part = to;
    part += fmt::format(".part-{}", ::getpid());
    {
        // Made by us and for us: a store holds sealed tokens and names of people.
        Descriptor const made(part, O_CREAT | O_EXCL | O_RDWR);
        if (made.get() < 0) return file_error(part, errno);
    }
    auto copy = copy_whole(path, part, to);
    fs::remove(part, failed);
    auto journal = part;
    journal += "-journal";
    fs::remove(journal, failed);
    return copy;
}

}  // namespace postrider::core

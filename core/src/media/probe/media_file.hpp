// One open file: checked to be an ordinary one, read by position, hashed, and compared with itself
// afterwards.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

namespace postrider::probe {

/// What tells one state of a file from another.
struct Identity {
    std::uint64_t size_bytes = 0;
    std::int64_t mtime_ns = 0;
    std::int64_t ctime_ns = 0;
    std::uint64_t inode = 0;
    std::uint64_t device = 0;

    bool operator==(Identity const&) const = default;
};

/// Owns the descriptor that both the hash and the parser read, so that they speak of the same
/// bytes.
class MediaFile {
 public:
    /// Throws Trouble `media.unreadable` for what cannot be opened or is no ordinary file (folder,
    /// pipe, socket, device), `media.empty` for a file without a byte. Never waits for a pipe's
    /// other end and never opens a device.
    explicit MediaFile(std::string const& path);
    ~MediaFile();
    MediaFile(MediaFile const&) = delete;
    MediaFile& operator=(MediaFile const&) = delete;

    [[nodiscard]] Identity const& identity() const { return identity_; }

    /// Reads up to `size` bytes at `offset`. Returns how many; 0 at the end. Throws Trouble
    /// `media.unreadable`.
    [[nodiscard]] std::size_t read(std::uint64_t offset, void* to, std::size_t size) const;

    /// `sha256:` and 64 hex digits of the whole file. Throws Trouble: `media.limit` past the
    /// deadline, `media.changed_while_read` when the file has become shorter.
    [[nodiscard]] std::string sha256(std::chrono::steady_clock::time_point deadline) const;

    /// Throws Trouble `media.changed_while_read` when the file is no longer as it was when opened.
    void require_unchanged() const;

 private:
    int descriptor_ = -1;
    Identity identity_;
};

}  // namespace postrider::probe

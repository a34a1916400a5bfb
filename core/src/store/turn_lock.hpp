// A kernel lock that processes take in turn around each write transaction: fair where SQLite's busy
// handler is not.
#pragma once

#include <postrider/result.hpp>

#include <filesystem>
#include <string>
#include <utility>

namespace postrider::core {

/// The file of a store's turn.
inline std::string turn_file(std::filesystem::path const& store) {
    return store.string() + ".turn";
}

class TurnLock {
 public:
    /// Held until it goes.
    class Turn {
     public:
        Turn() = default;
        explicit Turn(int fd) : fd_(fd) {}
        Turn(Turn&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
        Turn& operator=(Turn&&) = delete;
        ~Turn();

     private:
        int fd_ = -1;
    };

    static Result<TurnLock> open(std::string const& path);
    TurnLock(TurnLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    TurnLock& operator=(TurnLock&& other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }
    ~TurnLock();

    /// Waits until it is our turn.
    Turn take();
    /// Tells those who watch the file (bell.hpp) that there is work.
    void ring() const;

 private:
    explicit TurnLock(int fd) : fd_(fd) {}
    int fd_ = -1;
};

}  // namespace postrider::core

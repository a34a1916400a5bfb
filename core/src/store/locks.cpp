// Kernel locks on files of their own: the turn between writers, and the proof that a process lives.
#include "store/turn_lock.hpp"

#include <postrider/catalogue.hpp>
#include <postrider/core/owner_lock.hpp>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace postrider::core {
namespace {

struct flock whole_file(short type) {
    struct flock lock {};
    lock.l_type = type;
    lock.l_whence = SEEK_SET;
    return lock;
}

Error cannot_open(std::string const& path) {
    return make_error("setup.store_unreadable",
                      fmt::format("Cannot open {}: {}.", path, std::strerror(errno)));
}

}  // namespace

Result<TurnLock> TurnLock::open(std::string const& path) {
    int const fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) return cannot_open(path);
    return TurnLock(fd);
}

TurnLock::~TurnLock() {
    if (fd_ >= 0) ::close(fd_);
}

TurnLock::Turn TurnLock::take() {
    auto lock = whole_file(F_WRLCK);
    while (::fcntl(fd_, F_OFD_SETLKW, &lock) != 0 && errno == EINTR) {
    }
    return Turn(fd_);
}

void TurnLock::ring() const {
    (void)::futimens(fd_, nullptr);
}

TurnLock::Turn::~Turn() {
    if (fd_ < 0) return;
    auto lock = whole_file(F_UNLCK);
    ::fcntl(fd_, F_OFD_SETLK, &lock);
}

Result<OwnerLock> OwnerLock::take(std::filesystem::path const& folder, std::string owner) {
    std::error_code failed;
    std::filesystem::create_directories(folder, failed);
    auto file = folder / (owner + ".owner");
    int const fd = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) return cannot_open(file.string());
    auto lock = whole_file(F_WRLCK);
    if (::fcntl(fd, F_OFD_SETLK, &lock) != 0) {
        ::close(fd);
        return make_error("setup.store_locked",
                          fmt::format("Another process calls itself {}.", owner));
    }
    return OwnerLock(fd, std::move(file), std::move(owner));
}

OwnerLock::OwnerLock(int fd, std::filesystem::path file, std::string owner)
    : fd_(fd), file_(std::move(file)), owner_(std::move(owner)) {}

OwnerLock::OwnerLock(OwnerLock&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      file_(std::move(other.file_)),
      owner_(std::move(other.owner_)) {}

OwnerLock& OwnerLock::operator=(OwnerLock&& other) noexcept {
    std::swap(fd_, other.fd_);
    std::swap(file_, other.file_);
    std::swap(owner_, other.owner_);
    return *this;
}

OwnerLock::~OwnerLock() {
    if (fd_ < 0) return;
    ::unlink(file_.c_str());
    ::close(fd_);
}

bool owner_is_dead(std::filesystem::path const& folder, std::string const& owner) {
    auto const file = folder / (owner + ".owner");
    int const fd = ::open(file.c_str(), O_RDWR | O_CLOEXEC);
    if (fd < 0) return errno == ENOENT;
    auto lock = whole_file(F_WRLCK);
    bool const dead = ::fcntl(fd, F_OFD_SETLK, &lock) == 0;
    if (dead) ::unlink(file.c_str());
    ::close(fd);
    return dead;
}

}  // namespace postrider::core

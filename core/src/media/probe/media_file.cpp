// Reading one file by position. Nothing here interprets what is read.
#include "media_file.hpp"

#include "trouble.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <iterator>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

namespace postrider::probe {
namespace {

constexpr std::size_t block_size_bytes = 1024 * 1024;

std::int64_t nanoseconds(timespec const& time) {
    return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

Identity identity_of(struct stat const& facts) {
    Identity identity;
    identity.size_bytes = static_cast<std::uint64_t>(facts.st_size);
    identity.mtime_ns = nanoseconds(facts.st_mtim);
    identity.ctime_ns = nanoseconds(facts.st_ctim);
    identity.inode = facts.st_ino;
    identity.device = facts.st_dev;
    return identity;
}

std::string what_it_is(mode_t mode) {
    if (S_ISDIR(mode)) return "a folder";
    if (S_ISFIFO(mode)) return "a pipe";
    if (S_ISSOCK(mode)) return "a socket";
    return "a device";
}

Trouble unreadable(int error) {
    std::string const reason = std::generic_category().message(error);
    switch (error) {
        case ENOENT:
        case ENOTDIR:
            return {"media.missing", "does not exist; check the path"};
        case EACCES:
        case EPERM:
            return {"media.unreadable",
                    "may not be read by this user; grant read permission (chmod u+r)"};
        case ELOOP:
            return {"media.unreadable",
                    "is a link that leads in a circle; point it at the file itself"};
        case ENAMETOOLONG:
            return {"media.unreadable",
                    "has a path that is too long for this system; move it to a shorter one"};
        default:
            return {
                "media.unreadable",
                fmt::format("cannot be read ({}); check the disk or copy the file anew", reason)};
    }
}

void require_ordinary(struct stat const& facts) {
    if (!S_ISREG(facts.st_mode))
        throw Trouble{"media.unreadable",
                      fmt::format("is {} and not a file; give the path of a media file",
                                  what_it_is(facts.st_mode))};
}

}  // namespace

MediaFile::MediaFile(std::string const& path) {
    // A name with a zero byte would be cut short by the system and open some other file.
    if (path.empty() || path.find('\0') != std::string::npos)
        throw Trouble{"media.unreadable", "is no possible path; check it"};
    // Looked at before it is opened, for to open some devices is to set them off; looked at again
    // after, for the name may meanwhile stand for something else.
    struct stat facts {};
    if (::stat(path.c_str(), &facts) != 0) throw unreadable(errno);
    require_ordinary(facts);
    descriptor_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (descriptor_ < 0) throw unreadable(errno);
    try {
        if (::fstat(descriptor_, &facts) != 0) throw unreadable(errno);
        require_ordinary(facts);
        identity_ = identity_of(facts);
        if (identity_.size_bytes == 0)
            throw Trouble{"media.empty", "is empty (0 bytes); export or copy it again"};
    } catch (...) {
        ::close(descriptor_);
        throw;
    }
}

MediaFile::~MediaFile() {
    ::close(descriptor_);
}

std::size_t MediaFile::read(std::uint64_t offset, void* to, std::size_t size) const {
    for (;;) {
        ssize_t const count = ::pread(descriptor_, to, size, static_cast<off_t>(offset));
        if (count >= 0) return static_cast<std::size_t>(count);
        if (errno != EINTR) throw unreadable(errno);
    }
}

std::string MediaFile::sha256(std::chrono::steady_clock::time_point deadline) const {
    std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> const context(EVP_MD_CTX_new(),
                                                                          &EVP_MD_CTX_free);
    if (!context || EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr) != 1)
        throw std::bad_alloc();

    std::vector<unsigned char> block(block_size_bytes);
    for (std::uint64_t offset = 0; offset < identity_.size_bytes;) {
        if (std::chrono::steady_clock::now() >= deadline)
            throw Trouble{"media.limit",
                          "took too long to read; try again, or move it to a faster disk"};
        auto const wanted = std::min<std::uint64_t>(block.size(), identity_.size_bytes - offset);
        std::size_t const count = read(offset, block.data(), static_cast<std::size_t>(wanted));
        if (count == 0) break;  // shorter than it was: require_unchanged says so
        EVP_DigestUpdate(context.get(), block.data(), count);
        offset += count;
    }
    require_unchanged();

    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned int size = 0;
    EVP_DigestFinal_ex(context.get(), digest.data(), &size);
    std::string text = "sha256:";
    for (unsigned int at = 0; at < size; ++at)
        fmt::format_to(std::back_inserter(text), "{:02x}", digest[at]);
    return text;
}

void MediaFile::require_unchanged() const {
    struct stat facts {};
    if (::fstat(descriptor_, &facts) != 0) throw unreadable(errno);
    Identity const now = identity_of(facts);
    // ctime is left out: a new name, owner or link count changes it, and none of these changes the
    // bytes.
    if (now.size_bytes != identity_.size_bytes || now.mtime_ns != identity_.mtime_ns)
        throw Trouble{"media.changed_while_read",
                      "was changed while it was being read; wait until it is written completely, "
                      "then try again"};
}

}  // namespace postrider::probe

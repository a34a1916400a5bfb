// Proof of death on one host. Each process that runs an engine holds an open-file-description lock
// on a file of its own; the kernel drops it when the process ends, also on SIGKILL, and not while
// it is merely stopped or slow.
#pragma once

#include <postrider/result.hpp>

#include <filesystem>
#include <string>
#include <string_view>

namespace postrider::core {

class OwnerLock {
 public:
    /// Creates `<folder>/<owner>.owner` and locks it for the life of this object. The folder is
    /// made when missing.
    static Result<OwnerLock> take(std::filesystem::path const& folder, std::string owner);

    OwnerLock(OwnerLock&& other) noexcept;
    OwnerLock& operator=(OwnerLock&& other) noexcept;
    ~OwnerLock();

    [[nodiscard]] std::string const& owner() const { return owner_; }

 private:
    OwnerLock(int fd, std::filesystem::path file, std::string owner);
    int fd_ = -1;
    std::filesystem::path file_;
    std::string owner_;
};

/// True when the owner's lock can be taken, or its file is gone: the process that held it has
/// ended. Removes the file.
bool owner_is_dead(std::filesystem::path const& folder, std::string const& owner);

}  // namespace postrider::core

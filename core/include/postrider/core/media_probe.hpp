// What a media file is, asked of the probe program: it parses files of strangers, so it runs
// outside this process.
#pragma once

#include <postrider/adapter/media.hpp>
#include <postrider/result.hpp>

#include <boost/json/object.hpp>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

namespace postrider::core {

class HelperProcess;

/// Limits of one probe. Hashing has its own time, by the file's size.
struct MediaProbeLimits {
    std::chrono::seconds parsing{20};
    std::uint64_t memory_mib = 1024;
    std::uint64_t hash_bytes_per_second_min = 10'000'000;  ///< a disk slower than this is given up
    std::chrono::seconds hash_base{20};                    ///< on top of what the size allows
    std::chrono::milliseconds reply_grace{
        8'000};  ///< the helper ends itself first; past this it is killed
};

/// Speaks with one helper process, which is started at the first question and kept for all the
/// others. Any thread may call; one question is asked at a time. Calls block, up to the limits:
/// make them on a worker, never on the event loop.
class MediaProbe {
 public:
    /// @param helper  path of the program `postrider-probe`. Nothing is started yet.
    explicit MediaProbe(std::filesystem::path helper, MediaProbeLimits limits = {});
    ~MediaProbe();
    MediaProbe(MediaProbe const&) = delete;
    MediaProbe& operator=(MediaProbe const&) = delete;

    /// Everything about a local file; `path` of the answer is absolute.
    ///
    /// Errors: `media.missing`, `media.unreadable`, `media.empty`, `media.not_media`,
    /// `media.damaged`, `media.limit`, `media.changed_while_read`, `setup.helper_missing`. A helper
    /// that dies is started anew and asked once more; one that is late is killed.
    Result<adapter::MediaFacts> probe(std::filesystem::path const& path);

    /// `sha256:` and 64 hex digits of a local file, whatever is in it. Errors: as above.
    Result<std::string> hash_file(std::filesystem::path const& path);

    /// Whether the file is still the one that was probed. Cheap when its identity is unchanged;
    /// otherwise it is hashed again, since a copied or touched file may hold the same bytes. Media
    /// behind a URL always is.
    ///
    /// Errors: `media.changed` when its content differs, and those of hash_file.
    Result<void> check_unchanged(adapter::MediaFacts const& facts);

 private:
    struct Question;
    Result<boost::json::object> ask(Question const& question);

    std::filesystem::path helper_;
    MediaProbeLimits limits_;
    std::mutex mutex_;
    std::unique_ptr<HelperProcess> process_;  ///< null until the first question and after a death
};

/// What tells, without reading it, that a file was not written since.
struct FileIdentity {
    std::uint64_t size_bytes = 0;
    std::int64_t mtime_ns = 0;
    std::int64_t ctime_ns = 0;
    std::uint64_t inode = 0;
    std::uint64_t device = 0;

    bool operator==(FileIdentity const&) const = default;
};

/// Nothing when there is no ordinary file at that path.
std::optional<FileIdentity> identify(std::filesystem::path const& path);

/// The identity that a file had when it was probed.
FileIdentity identity_of(adapter::MediaFacts const& facts);

/// True when the file at `facts.path` has the identity that it had when it was probed.
bool is_untouched(adapter::MediaFacts const& facts);

}  // namespace postrider::core

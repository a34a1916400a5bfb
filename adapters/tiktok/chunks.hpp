// How a video is cut for upload. Arithmetic only; what is sent when is in direct_post.cpp.
#pragma once

#include <cstdint>
#include <optional>

namespace postrider::tiktok {

// Source: media transfer guide, "chunks", read in the reading of both MB and MiB that is safe under
// either (see docs/adapters/tiktok.md, "Upload").
inline constexpr std::uint64_t whole_upload_max = 64'000'000;
inline constexpr std::uint64_t chunk_size_min = 5'242'880;
inline constexpr std::uint64_t chunk_size_max = 64'000'000;
inline constexpr std::uint64_t chunk_size_default = 10'000'000;
inline constexpr std::uint64_t last_chunk_max = 128'000'000;
inline constexpr std::uint64_t chunk_count_max = 1000;
inline constexpr std::uint64_t file_size_warn = 4'000'000'000;
inline constexpr std::uint64_t file_size_max = 4'294'967'296;

/// One chunk: bytes [offset, offset + length) of the file.
struct Chunk {
    std::uint64_t index = 0;
    std::uint64_t offset = 0;
    std::uint64_t length = 0;
    bool last = false;
};

/// All chunks but the last have `chunk_size` bytes; the last one takes the remainder too, so it is
/// the largest.
struct ChunkPlan {
    std::uint64_t size = 0;
    std::uint64_t chunk_size = 0;
    std::uint64_t count = 0;

    [[nodiscard]] std::uint64_t last_length() const { return size - (count - 1) * chunk_size; }
    /// The chunk that begins at this offset; empty when no chunk begins there.
    [[nodiscard]] std::optional<Chunk> chunk_at(std::uint64_t offset) const;

    bool operator==(ChunkPlan const&) const = default;
};

/// The division that obeys the rules for a file of this size, or nothing: an empty file, or one
/// above `file_size_max`.
///
/// @param wanted  chunk size of the app's option; brought within the limits. Files that may be sent
///                whole are, whatever it says: a count of 1 must go with a chunk of the file's
///                size.
std::optional<ChunkPlan> plan_chunks(std::uint64_t size, std::uint64_t wanted = chunk_size_default);

/// The plan of an upload that is under way; empty when the three numbers do not fit together.
std::optional<ChunkPlan> restore_plan(std::uint64_t size, std::uint64_t chunk_size);

}  // namespace postrider::tiktok

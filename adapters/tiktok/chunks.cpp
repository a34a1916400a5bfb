// See chunks.hpp.
#include "chunks.hpp"

#include <algorithm>

namespace postrider::tiktok {

std::optional<Chunk> ChunkPlan::chunk_at(std::uint64_t offset) const {
    if (chunk_size == 0 || offset % chunk_size != 0) return std::nullopt;
    auto const index = offset / chunk_size;
    if (index >= count) return std::nullopt;
    bool const last = index + 1 == count;
    return Chunk{index, offset, last ? last_length() : chunk_size, last};
}

std::optional<ChunkPlan> plan_chunks(std::uint64_t size, std::uint64_t wanted) {
    if (size == 0 || size > file_size_max) return std::nullopt;
    if (size <= whole_upload_max) return ChunkPlan{size, size, 1};
    // Half the file at most, else the count would be 1 with a chunk that is not the file.
    auto const chunk_size = std::min(std::clamp(wanted, chunk_size_min, chunk_size_max), size / 2);
    return ChunkPlan{size, chunk_size, size / chunk_size};
}

std::optional<ChunkPlan> restore_plan(std::uint64_t size, std::uint64_t chunk_size) {
    if (size == 0 || chunk_size == 0 || chunk_size > size) return std::nullopt;
    return ChunkPlan{size, chunk_size, size / chunk_size};
}

}  // namespace postrider::tiktok

// The chunk rules R1 to R8 of the media transfer guide, as the init endpoints apply them.
#pragma once

#include <cstdint>
#include <string_view>

namespace postrider::tiktok::emulator {

struct ChunkPlan {
    std::int64_t video_size = 0;
    std::int64_t chunk_size = 0;
    std::int64_t total_chunk_count = 0;
};

constexpr std::string_view chunk_size_invalid = "The chunk size is invalid";
constexpr std::string_view chunk_count_invalid = "The total chunk count is invalid";
constexpr std::string_view source_info_invalid = "The request source info is empty or incorrect";

/// The message of the refusal; empty when the plan is good. `lenient` reads MB as MiB where that is
/// kinder.
std::string_view judge_chunk_plan(ChunkPlan const& plan, bool lenient);

}  // namespace postrider::tiktok::emulator

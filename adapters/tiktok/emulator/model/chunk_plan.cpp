// The chunk rules. Sizes between the MB and the MiB reading are refused unless lenient.
#include "tiktok/emulator/model/chunk_plan.hpp"

namespace postrider::tiktok::emulator {
namespace {

struct Bounds {
    std::int64_t chunk_min;
    std::int64_t chunk_max;
    std::int64_t last_chunk_max;
};

constexpr Bounds strict_bounds{5'242'880, 64'000'000, 128'000'000};
constexpr Bounds lenient_bounds{5'000'000, 67'108'864, 134'217'728};
constexpr std::int64_t video_size_max = 4'294'967'296;
constexpr std::int64_t chunk_count_max = 1'000;

}  // namespace

std::string_view judge_chunk_plan(ChunkPlan const& plan, bool lenient) {
    Bounds const& bounds = lenient ? lenient_bounds : strict_bounds;
    auto const& [size, chunk, count] = plan;
    if (size < 1 || size > video_size_max) return source_info_invalid;
    if (chunk < 1 || chunk > size || chunk > bounds.chunk_max) return chunk_size_invalid;
    if (count < 1 || count > chunk_count_max) return chunk_count_invalid;
    bool const whole = chunk == size;
    // R8, R6: one chunk is the whole file, and a file above the limit is never one chunk.
    if (count == 1 && !whole) return chunk_size_invalid;
    // R3, R5: only a file that is sent whole may be smaller than the smallest chunk.
    if (!whole && chunk < bounds.chunk_min) return chunk_size_invalid;
    // R1: the remainder joins the last chunk.
    if (count != size / chunk) return chunk_count_invalid;
    // R4
    if (size - (count - 1) * chunk > bounds.last_chunk_max) return chunk_size_invalid;
    return {};
}

}  // namespace postrider::tiktok::emulator

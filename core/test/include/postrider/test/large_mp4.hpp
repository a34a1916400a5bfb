// Large videos for tests, made when they are needed: nobody wants 64 MB in a repository.
#pragma once

#include <cstdint>
#include <filesystem>

namespace postrider::test {

/// Copies a valid MP4 file and makes the copy exactly `size_bytes` long by one `free` box at its
/// end, which players skip. The box is filled with varying bytes from a fixed seed: the same call
/// gives the same file and the same hash.
///
/// @param small       a whole MP4 file.
/// @param size_bytes  its own size, or at least 8 bytes more.
/// Throws std::runtime_error for any other size and when a file cannot be read or written.
void write_large_mp4(std::filesystem::path const& small,
                     std::filesystem::path const& out,
                     std::uint64_t size_bytes);

}  // namespace postrider::test

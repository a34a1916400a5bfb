// A small MP4 file, a box header and a stream of pseudo-random bytes.
#include <postrider/test/large_mp4.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <fstream>
#include <limits>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

namespace postrider::test {
namespace {

constexpr std::size_t block_size_bytes = 1024 * 1024;

void append_number(std::string& bytes, std::uint64_t value, int size) {
    for (int shift = (size - 1) * 8; shift >= 0; shift -= 8)
        bytes += static_cast<char>(value >> shift & 0xFF);
}

/// A box says its size in 32 bits, or in 64 behind the name when that is not enough (ISO 14496-12,
/// section 4.2).
std::string free_box_head(std::uint64_t box_size) {
    std::string head;
    bool const is_long = box_size > std::numeric_limits<std::uint32_t>::max();
    append_number(head, is_long ? 1 : box_size, 4);
    head += "free";
    if (is_long) append_number(head, box_size, 8);
    return head;
}

}  // namespace

void write_large_mp4(std::filesystem::path const& small,
                     std::filesystem::path const& out,
                     std::uint64_t size_bytes) {
    std::uint64_t const small_size = std::filesystem::file_size(small);
    constexpr std::uint64_t box_size_min = 8;
    if (size_bytes != small_size && size_bytes < small_size + box_size_min)
        throw std::runtime_error("write_large_mp4: no room for a box between " +
                                 std::to_string(small_size) + " and " + std::to_string(size_bytes) +
                                 " bytes");
    std::filesystem::copy_file(small, out, std::filesystem::copy_options::overwrite_existing);
    std::filesystem::permissions(
        out, std::filesystem::perms::owner_write, std::filesystem::perm_options::add);
    if (size_bytes == small_size) return;

    std::ofstream file(out, std::ios::binary | std::ios::app);
    std::string const head = free_box_head(size_bytes - small_size);
    file << head;
    std::mt19937_64 random(20'240'229);
    std::vector<char> block(block_size_bytes);
    for (std::uint64_t left = size_bytes - small_size - head.size(); left > 0;) {
        for (std::size_t at = 0; at < block.size(); at += sizeof(std::uint64_t)) {
            std::uint64_t const value = random();
            std::memcpy(&block[at], &value, sizeof value);
        }
        auto const count = std::min<std::uint64_t>(left, block.size());
        file.write(block.data(), static_cast<std::streamsize>(count));
        left -= count;
    }
    file.close();
    if (!file) throw std::runtime_error("write_large_mp4: cannot write " + out.string());
}

}  // namespace postrider::test

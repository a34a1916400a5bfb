// Ids: 48 bits of time and 80 bits of randomness in Crockford's 32 letters, so that newer ids sort
// after older ones.
#include <postrider/core/ids.hpp>

#include <algorithm>
#include <cstddef>

namespace postrider::core {
namespace {

constexpr std::string_view letters = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
constexpr std::size_t time_letters = 10;
constexpr std::size_t id_letters = 26;

}  // namespace

std::string least_id(std::string_view prefix, Instant at) {
    std::string id(prefix);
    id += '_';
    auto const since_1970 = std::max<std::int64_t>(0, at.time_since_epoch().count());
    auto const time = static_cast<std::uint64_t>(since_1970) & ((1ULL << 48) - 1);
    for (std::size_t i = 0; i < time_letters; ++i)
        id += letters[(time >> (5 * (time_letters - 1 - i))) & 31U];
    return id;
}

std::string new_id(std::string_view prefix, Instant now, Random& random) {
    auto id = least_id(prefix, now);
    // Two draws of 64 bits, 40 of each used: eight letters a draw.
    for (int half = 0; half < 2; ++half) {
        auto bits = random.next();
        for (int i = 0; i < 8; ++i, bits >>= 5) id += letters[bits & 31U];
    }
    return id;
}

bool is_id(std::string_view text, std::string_view prefix) {
    if (text.size() != prefix.size() + 1 + id_letters) return false;
    if (!text.starts_with(prefix) || text[prefix.size()] != '_') return false;
    auto const rest = text.substr(prefix.size() + 1);
    // 26 letters hold 130 bits, an id has 128: the first one is at most 7.
    if (rest.front() > '7') return false;
    return std::all_of(rest.begin(), rest.end(), [](char letter) {
        return letters.find(letter) != std::string_view::npos;
    });
}

}  // namespace postrider::core

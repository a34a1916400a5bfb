// Randomness: the system's generator for real runs, SplitMix64 for repeatable ones, and reductions
// that are the same on every machine (those of the standard library are not).
#include <postrider/core/random.hpp>

#include <sys/random.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <mutex>

namespace postrider::core {
namespace {

// One system call fetches many numbers: jitter and ids are drawn often.
struct SystemBuffer {
    std::mutex mutex;
    std::array<std::uint64_t, 32> numbers{};
    std::size_t left = 0;
    pid_t owner = 0;
};

SystemBuffer& system_buffer() {
    static SystemBuffer buffer;
    return buffer;
}

void fill(SystemBuffer& buffer) {
    auto* bytes = reinterpret_cast<unsigned char*>(buffer.numbers.data());
    std::size_t const wanted = sizeof buffer.numbers;
    for (std::size_t filled = 0; filled < wanted;) {
        auto const count = getrandom(bytes + filled, wanted - filled, 0);
        if (count > 0) {
            filled += static_cast<std::size_t>(count);
        } else if (errno != EINTR) {
            std::abort();  // no kernel that we run on lacks it, and numbers that repeat would
                           // double ids
        }
    }
    buffer.left = buffer.numbers.size();
    buffer.owner = getpid();
}

}  // namespace

std::uint64_t Random::below(std::uint64_t bound) {
    if (bound == 0) return 0;
    // The 2^64 numbers do not divide evenly by `bound`: the first few are drawn again, so that none
    // is favoured.
    std::uint64_t const uneven = (0 - bound) % bound;
    std::uint64_t number = next();
    while (number < uneven) number = next();
    return number % bound;
}

double Random::unit() {
    return static_cast<double>(next() >> 11) * 0x1.0p-53;
}

std::uint64_t SystemRandom::next() {
    auto& buffer = system_buffer();
    std::lock_guard const lock(buffer.mutex);
    // After a fork both processes hold the same numbers: the child draws its own.
    if (buffer.left == 0 || buffer.owner != getpid()) fill(buffer);
    return buffer.numbers[--buffer.left];
}

std::uint64_t SeededRandom::next() {
    state_ += 0x9E3779B97F4A7C15ULL;
    std::uint64_t mixed = state_;
    mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9ULL;
    mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EBULL;
    return mixed ^ (mixed >> 31);
}

}  // namespace postrider::core

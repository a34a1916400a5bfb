// Each hunt is a process of its own: a planted bug may crash it, or go round for ever.
#include "mutants.hpp"

#include "fleet.hpp"

#include <postrider/core/mutant.hpp>

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>

namespace postrider::simulate {

#ifdef POSTRIDER_MUTANTS

namespace {

constexpr unsigned hunt_seconds = 300;

[[noreturn]] void hunt(std::string_view name, std::uint64_t from, std::uint64_t seeds, int fd) {
    ::alarm(hunt_seconds);
    core::plant_mutant(name);
    for (auto seed = from; seed < from + seeds; ++seed) {
        auto const& kind = kind_for(seed, {});
        auto const report = run_seed(kind, seed);
        if (report.failures.empty()) continue;
        std::array<char, 200> line{};
        auto const size = std::snprintf(line.data(),
                                        line.size(),
                                        "%llu %s %s",
                                        static_cast<unsigned long long>(seed),
                                        kind.name.c_str(),
                                        std::string(word(report.failures.front().what)).c_str());
        (void)!::write(fd, line.data(), static_cast<std::size_t>(size));
        ::_exit(0);
    }
    ::_exit(1);
}

}  // namespace

std::vector<MutantResult> hunt_mutants(std::uint64_t from, std::uint64_t seeds) {
    std::vector<MutantResult> results;
    for (auto const name : core::mutant_names()) {
        std::array<int, 2> ends{};
        if (::pipe(ends.data()) != 0) break;
        auto const pid = ::fork();
        if (pid == 0) hunt(name, from, seeds, ends[1]);
        ::close(ends[1]);
        std::array<char, 200> line{};
        auto const size = ::read(ends[0], line.data(), line.size() - 1);
        ::close(ends[0]);
        int status = 0;
        ::waitpid(pid, &status, 0);
        MutantResult result;
        result.name = name;
        result.found = size > 0 || WIFSIGNALED(status);
        if (size > 0) {
            std::string const text(line.data(), static_cast<std::size_t>(size));
            auto const first = text.find(' ');
            auto const second = text.find(' ', first + 1);
            result.seed = std::strtoull(text.c_str(), nullptr, 10);
            result.network = text.substr(first + 1, second - first - 1);
            result.what = text.substr(second + 1);
        } else if (result.found) {
            result.what = "the run died or had no end";
        }
        std::fprintf(stderr,
                     "%-26s %s %s\n",
                     result.name.c_str(),
                     result.found ? "found by seed" : "NOT FOUND",
                     result.found ? std::to_string(result.seed).c_str() : "");
        results.push_back(std::move(result));
    }
    return results;
}

#else

std::vector<MutantResult> hunt_mutants(std::uint64_t /*from*/, std::uint64_t /*seeds*/) {
    return {};
}

#endif

}  // namespace postrider::simulate

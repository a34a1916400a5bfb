// Each hunt is a process of its own: a planted bug may crash it, or go round for ever.
#include "mutants.hpp"

#include "fleet.hpp"
#include "loops.hpp"
#include "script.hpp"

#include <postrider/core/mutant.hpp>

#include <fmt/format.h>
#include <poll.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <sstream>

namespace postrider::simulate {

#ifdef POSTRIDER_MUTANTS

namespace {

constexpr std::size_t seeds_before_loops = 60;
constexpr int seed_seconds = 60;  // of processor time; what takes longer has no end

// How much there is to do: small runs are many in the time of one large one.
std::uint64_t size_of(std::uint64_t seed) {
    auto const script = make_script(seed, false);
    return script.jobs.size() +
           static_cast<std::uint64_t>(
               std::chrono::duration_cast<std::chrono::hours>(script.length).count());
}

std::vector<std::uint64_t> small_ones_first(Hunt const& hunt) {
    std::vector<std::pair<std::uint64_t, std::uint64_t>> sized;
    for (auto seed = hunt.from; seed < hunt.from + hunt.seeds; ++seed)
        sized.emplace_back(size_of(seed), seed);
    std::sort(sized.begin(), sized.end());
    std::vector<std::uint64_t> seeds;
    for (auto const& [size, seed] : sized) seeds.push_back(seed);
    return seeds;
}

void say(int fd, std::string const& line) {
    (void)!::write(fd, line.data(), line.size());
}

void limit_time() {
    itimerval limit{};
    limit.it_value.tv_sec = seed_seconds;
    ::setitimer(ITIMER_PROF, &limit, nullptr);
}

// Stores that fail at the k-th piece of work, each kind of work once and for a minute.
bool found_by_loops(std::string_view name, int fd) {
    using Kind = LoopFault::Kind;
    for (auto const& kind : networks())
        for (auto const work : {Kind::sync, Kind::read, Kind::write})
            for (bool const lasting : {false, true}) {
                limit_time();
                core::plant_mutant(name);
                auto const planted = run_loop(kind, work, lasting, 0);
                if (planted.wrong.empty()) continue;
                core::plant_mutant({});
                if (!run_loop(kind, work, lasting, 0).wrong.empty()) continue;
                say(fd,
                    fmt::format("loop {}:{}:{}\n",
                                kind.name,
                                word(work),
                                planted.wrong.front().substr(0, planted.wrong.front().find(':'))));
                return true;
            }
    core::plant_mutant(name);
    return false;
}

[[noreturn]] void search(std::string_view name, std::vector<std::uint64_t> const& seeds, int fd) {
    core::plant_mutant(name);
    for (std::size_t tried = 0; tried < seeds.size(); ++tried) {
        auto const seed = seeds[tried];
        if (tried == seeds_before_loops && found_by_loops(name, fd)) ::_exit(0);
        limit_time();
        say(fd, fmt::format("at {}\n", seed));
        auto const report = run_seed(kind_for(seed, {}), seed);
        if (report.failures.empty()) continue;
        // Only what goes well without the bug says anything about it.
        core::plant_mutant({});
        bool const good = run_seed(kind_for(seed, {}), seed).failures.empty();
        core::plant_mutant(name);
        if (!good) {
            say(fd, "broken " + std::to_string(seed) + "\n");
            continue;
        }
        say(fd, fmt::format("found {}\n", word(report.failures.front().what)));
        ::_exit(0);
    }
    ::_exit(1);
}

struct Searcher {
    pid_t pid = -1;
    int fd = -1;
    std::string said;
    MutantResult result;
};

Searcher send_out(std::string_view name, std::vector<std::uint64_t> const& seeds) {
    Searcher searcher;
    searcher.result.name = name;
    std::array<int, 2> ends{};
    if (::pipe(ends.data()) != 0) return searcher;
    searcher.pid = ::fork();
    if (searcher.pid == 0) {
        ::close(ends[0]);
        search(name, seeds, ends[1]);
    }
    ::close(ends[1]);
    searcher.fd = ends[0];
    return searcher;
}

// False when it has ended.
bool listen_to(Searcher& searcher) {
    std::array<char, 4'096> block{};
    auto const size = ::read(searcher.fd, block.data(), block.size());
    if (size <= 0) return false;
    searcher.said.append(block.data(), static_cast<std::size_t>(size));
    return true;
}

MutantResult come_back(Searcher& searcher) {
    int status = 0;
    ::close(searcher.fd);
    ::waitpid(searcher.pid, &status, 0);
    auto& result = searcher.result;
    std::istringstream lines(searcher.said);
    std::string verb;
    std::string value;
    while (lines >> verb >> value) {
        if (verb == "at") {
            result.seed = std::strtoull(value.c_str(), nullptr, 10);
            ++result.seeds_run;
        } else if (verb == "found") {
            result.found = true;
            result.what = value;
        } else if (verb == "loop") {
            result.found = true;
            result.by_loop = true;
            result.network = value.substr(0, value.find(':'));
            result.what = value.substr(value.find(':') + 1);
        } else {
            std::fprintf(stderr, "seed %s fails without any bug\n", value.c_str());
        }
    }
    if (WIFSIGNALED(status)) {
        result.found = true;
        result.what = WTERMSIG(status) == SIGPROF ? "without_end" : "crashed";
    }
    if (result.found && !result.by_loop) result.network = kind_for(result.seed, {}).name;
    std::fprintf(stderr,
                 "%-26s %s\n",
                 result.name.c_str(),
                 !result.found    ? "NOT FOUND"
                 : result.by_loop ? "a loop"
                                  : fmt::format("seed {}", result.seed).c_str());
    return result;
}

}  // namespace

std::vector<MutantResult> hunt_mutants(Hunt const& hunt) {
    auto const seeds = small_ones_first(hunt);
    std::vector<std::string_view> waiting;
    for (auto const name : core::mutant_names())
        if (hunt.only.empty() || hunt.only == name) waiting.push_back(name);
    std::reverse(waiting.begin(), waiting.end());
    std::vector<Searcher> out;
    std::vector<MutantResult> results;
    while (!waiting.empty() || !out.empty()) {
        while (!waiting.empty() && static_cast<int>(out.size()) < hunt.workers) {
            out.push_back(send_out(waiting.back(), seeds));
            waiting.pop_back();
        }
        std::vector<pollfd> ears;
        for (auto const& searcher : out) ears.push_back({searcher.fd, POLLIN, 0});
        ::poll(ears.data(), ears.size(), -1);
        for (std::size_t i = out.size(); i-- > 0;)
            if (ears[i].revents != 0 && !listen_to(out[i])) {
                results.push_back(come_back(out[i]));
                out.erase(out.begin() + static_cast<std::ptrdiff_t>(i));
            }
    }
    std::sort(results.begin(), results.end(), [](auto const& a, auto const& b) {
        return a.name < b.name;
    });
    return results;
}

#else

std::vector<MutantResult> hunt_mutants(Hunt const& /*hunt*/) {
    return {};
}

#endif

}  // namespace postrider::simulate

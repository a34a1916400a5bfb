// Each run is a whole simulation of one process and one job, and is judged as any other.
#include "loops.hpp"

#include "failing_memory.hpp"
#include "simulation.hpp"

#include <fmt/format.h>

namespace postrider::simulate {

using namespace std::chrono_literals;

namespace {

constexpr std::int64_t pieces_max = 1'000'000;
constexpr std::size_t wrong_kept = 5;

Script one_post(LoopFault fault) {
    auto script = quiet_script(1, 1, 0ms, 0);
    script.processes = 1;
    script.poll = 5s;
    script.length = 10min;
    script.loop = fault;
    return script;
}

SeedReport run_once(NetworkKind const& kind, LoopFault const& fault) {
    SeedReport report;
    report.network = kind.name;
    bool const memory = fault.kind == LoopFault::Kind::memory;
    FailingMemory::arm(memory ? fault.nth : 0, fault.lasting);
    {
        Simulation simulation(kind, one_post(fault), {}, report);
        simulation.run();
        auto const state = simulation.truth().jobs.front().row.state;
        if (state != core::JobState::published && state != core::JobState::handed_off)
            report.failures.push_back(
                {Wrong::lost, 0, 0, fmt::format("the post is {}", word(state))});
    }
    if (memory && FailingMemory::reached()) report.reached["loop_reached"] = 1;
    FailingMemory::arm(0, false);
    return report;
}

}  // namespace

LoopResult run_loop(NetworkKind const& kind,
                    LoopFault::Kind work,
                    bool lasting,
                    std::int64_t memory_all) {
    LoopResult result;
    result.network = kind.name;
    result.kind = word(work);
    result.lasting = lasting;
    if (work == LoopFault::Kind::memory && !FailingMemory::install()) {
        result.wrong.emplace_back("SQLite takes no other memory");
        return result;
    }
    bool through = false;
    for (std::int64_t nth = 1; !through && nth < pieces_max;) {
        auto const report = run_once(kind, {work, nth, lasting});
        ++result.runs;
        through = !report.reached.contains("loop_reached");
        if (through) {
            result.transactions = report.transitions;
            result.pieces = nth - 1;
        }
        for (auto const& failure : report.failures)
            if (result.wrong.size() < wrong_kept)
                result.wrong.push_back(
                    fmt::format("{}: {}: {}", nth, word(failure.what), failure.sentence));
        bool const every_one = work != LoopFault::Kind::memory || nth < memory_all;
        nth += every_one ? 1 : 1 + nth / 20;
    }
    return result;
}

}  // namespace postrider::simulate

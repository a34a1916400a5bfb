// What the engine keeps for itself, as maps: hooks to be done, circuits that are not closed.
#include <postrider/test/memory_tables.hpp>

#include <postrider/core/ids.hpp>

namespace postrider::test {

Result<void> MemoryTables::add_hook_run(core::HookRun const& run) {
    auto stored = run;
    stored.id = core::new_id("hkr", run.raised_at, random_);
    rows.hook_runs[stored.id] = stored;
    return {};
}

Result<void> MemoryTables::put_hook_run(core::HookRun const& run) {
    rows.hook_runs[run.id] = run;
    return {};
}

Result<std::optional<core::HookRun>> MemoryTables::hook_run(std::string_view id) {
    auto const found = rows.hook_runs.find(std::string(id));
    if (found == rows.hook_runs.end()) return std::optional<core::HookRun>();
    return std::optional<core::HookRun>(found->second);
}

Result<std::vector<core::HookRun>> MemoryTables::due_hook_runs(Instant now, int limit) {
    std::vector<core::HookRun> due;
    for (auto const& [id, run] : rows.hook_runs)
        if (run.next_at && *run.next_at <= now && static_cast<int>(due.size()) < limit)
            due.push_back(run);
    return due;
}

Result<std::optional<Instant>> MemoryTables::next_hook_run() {
    std::optional<Instant> next;
    for (auto const& [id, run] : rows.hook_runs)
        if (run.next_at && (!next || *run.next_at < *next)) next = run.next_at;
    return next;
}

Result<std::vector<core::HookRun>> MemoryTables::hook_runs(std::string_view job_id) {
    std::vector<core::HookRun> found;
    for (auto const& [id, run] : rows.hook_runs)
        if (run.job_id == job_id) found.push_back(run);
    return found;
}

Result<std::vector<core::HookRun>> MemoryTables::failed_hook_runs(int limit) {
    std::vector<core::HookRun> failed;
    for (auto run = rows.hook_runs.rbegin(); run != rows.hook_runs.rend(); ++run)
        if (!run->second.error.empty() && !run->second.done_at &&
            static_cast<int>(failed.size()) < limit)
            failed.push_back(run->second);
    return failed;
}

Result<void> MemoryTables::forget_hook_runs(Instant raised_before, int limit) {
    std::erase_if(rows.hook_runs, [&](auto const& row) {
        return row.second.raised_at < raised_before && !row.second.next_at && limit-- > 0;
    });
    return {};
}

Result<std::optional<core::CircuitState>> MemoryTables::circuit(std::string_view key) {
    auto const found = rows.circuits.find(std::string(key));
    if (found == rows.circuits.end()) return std::optional<core::CircuitState>();
    return std::optional<core::CircuitState>(found->second);
}

Result<void> MemoryTables::put_circuit(core::CircuitState const& circuit) {
    if (circuit.phase == core::CircuitState::Phase::closed)
        rows.circuits.erase(circuit.key);
    else
        rows.circuits[circuit.key] = circuit;
    return {};
}

Result<std::vector<core::CircuitState>> MemoryTables::circuits() {
    std::vector<core::CircuitState> all;
    for (auto const& [key, circuit] : rows.circuits) all.push_back(circuit);
    return all;
}

}  // namespace postrider::test

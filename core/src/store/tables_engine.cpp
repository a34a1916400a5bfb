// What the engine keeps for itself: circuits that are not closed, and what hooks have to do.
#include "store/sqlite_tables.hpp"

#include <postrider/core/ids.hpp>

namespace postrider::core::detail {
namespace {

boost::json::object circuit_to_json(CircuitState const& circuit) {
    boost::json::object object;
    object["phase"] = word(circuit.phase);
    object["opened_at"] = to_column(circuit.opened_at);
    object["until"] = to_column(circuit.until);
    object["rest_ms"] = circuit.rest.count();
    object["prober"] = circuit.prober;
    object["prober_until"] = to_column(circuit.prober_until);
    object["rate"] = circuit.rate;
    object["rate_since"] = to_column(circuit.rate_since);
    object["answers"] = circuit.answers;
    object["failures"] = circuit.failures;
    object["evidence"] = circuit.evidence;
    return object;
}

CircuitState circuit_from_json(std::string key, boost::json::object const& object) {
    auto const number = [&object](std::string_view name) {
        return object.at(name).to_number<std::int64_t>();
    };
    CircuitState circuit;
    circuit.key = std::move(key);
    circuit.phase = from_word<CircuitState::Phase>(object.at("phase").as_string())
                        .value_or(CircuitState::Phase::open);
    circuit.opened_at = to_instant(number("opened_at"));
    circuit.until = to_instant(number("until"));
    circuit.rest = Milliseconds{number("rest_ms")};
    circuit.prober = std::string(object.at("prober").as_string());
    circuit.prober_until = to_instant(number("prober_until"));
    circuit.rate = static_cast<int>(number("rate"));
    circuit.rate_since = to_instant(number("rate_since"));
    circuit.answers = static_cast<int>(number("answers"));
    circuit.failures = static_cast<int>(number("failures"));
    circuit.evidence = std::string(object.at("evidence").as_string());
    return circuit;
}

constexpr std::string_view select_hook_run =
    "select id, job_id, state, action, raised_at, attempts, next_at, done_at, error from "
    "hook_runs ";

HookRun read_hook_run(Use& use) {
    HookRun run;
    run.id = use.text();
    run.job_id = use.text();
    run.state = use.text();
    run.action = use.object();
    run.raised_at = use.instant();
    run.attempts = static_cast<int>(use.number());
    run.next_at = use.maybe_instant();
    run.done_at = use.maybe_instant();
    run.error = use.text();
    return run;
}

}  // namespace

Result<void> SqliteTables::add_hook_run(HookRun const& run) {
    auto stored = run;
    stored.id = new_id("hkr", run.raised_at, random_);
    return put_hook_run(stored);
}

Result<void> SqliteTables::put_hook_run(HookRun const& run) {
    statements_
        .use(
            "replace into hook_runs(id, job_id, state, action, raised_at, attempts, next_at, "
            "done_at, error) values(?,?,?,?,?,?,?,?,?)")
        .bind(run.id)
        .bind(run.job_id)
        .bind(run.state)
        .bind(run.action)
        .bind(run.raised_at)
        .bind(run.attempts)
        .bind(run.next_at)
        .bind(run.done_at)
        .bind(run.error)
        .run();
    return {};
}

Result<std::optional<HookRun>> SqliteTables::hook_run(std::string_view id) {
    auto use = statements_.use(std::string(select_hook_run) + "where id = ?");
    use.bind(id);
    if (!use.step()) return std::optional<HookRun>();
    return std::optional<HookRun>(read_hook_run(use));
}

Result<std::vector<HookRun>> SqliteTables::due_hook_runs(Instant now, int limit) {
    auto use = statements_.use(std::string(select_hook_run) +
                               "where next_at is not null and next_at <= ? order by next_at, id "
                               "limit ?");
    use.bind(now).bind(limit);
    std::vector<HookRun> runs;
    while (use.step()) runs.push_back(read_hook_run(use));
    return runs;
}

Result<std::optional<Instant>> SqliteTables::next_hook_run() {
    auto use = statements_.use("select min(next_at) from hook_runs where next_at is not null");
    use.step();
    return use.maybe_instant();
}

Result<std::vector<HookRun>> SqliteTables::hook_runs(std::string_view job_id) {
    auto use = statements_.use(std::string(select_hook_run) + "where job_id = ? order by id");
    use.bind(job_id);
    std::vector<HookRun> runs;
    while (use.step()) runs.push_back(read_hook_run(use));
    return runs;
}

Result<std::vector<HookRun>> SqliteTables::failed_hook_runs(int limit) {
    auto use = statements_.use(std::string(select_hook_run) +
                               "where error <> '' and done_at is null order by id desc limit ?");
    use.bind(limit);
    std::vector<HookRun> runs;
    while (use.step()) runs.push_back(read_hook_run(use));
    return runs;
}

Result<void> SqliteTables::forget_hook_runs(Instant raised_before, int limit) {
    // By the key, which sorts by time: what is kept is never looked at.
    statements_
        .use(
            "delete from hook_runs where id in (select id from hook_runs where id < ? and next_at "
            "is null order by id limit ?)")
        .bind(least_id("hkr", raised_before))
        .bind(limit)
        .run();
    return {};
}

Result<std::optional<CircuitState>> SqliteTables::circuit(std::string_view key) {
    auto use = statements_.use("select body from circuits where key = ?");
    use.bind(key);
    if (!use.step()) return std::optional<CircuitState>();
    return std::optional<CircuitState>(circuit_from_json(std::string(key), use.object()));
}

Result<void> SqliteTables::put_circuit(CircuitState const& circuit) {
    if (circuit.phase == CircuitState::Phase::closed) {
        statements_.use("delete from circuits where key = ?").bind(circuit.key).run();
        return {};
    }
    statements_.use("replace into circuits(key, body) values(?,?)")
        .bind(circuit.key)
        .bind(circuit_to_json(circuit))
        .run();
    return {};
}

Result<std::vector<CircuitState>> SqliteTables::circuits() {
    auto use = statements_.use("select key, body from circuits order by key");
    std::vector<CircuitState> circuits;
    while (use.step()) {
        auto key = use.text();
        circuits.push_back(circuit_from_json(std::move(key), use.object()));
    }
    return circuits;
}

}  // namespace postrider::core::detail

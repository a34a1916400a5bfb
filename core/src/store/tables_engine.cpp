// What the engine keeps for itself: circuits that are not closed.
#include "store/sqlite_tables.hpp"

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

}  // namespace

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

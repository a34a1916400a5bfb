// The fault tables, read once. They travel inside the program, so a mistake in them is a bug.
#include <postrider/conformance/faults.hpp>

#include <boost/json/parse.hpp>
#include <boost/json/value_to.hpp>

#include <stdexcept>
#include <string_view>

namespace postrider::conformance {

namespace {

constexpr std::string_view tables[] = {
#include "fault_tables.inc"
};

template <class E>
E need_word(boost::json::value const& value) {
    auto const found = from_word<E>(std::string_view(value.as_string()));
    if (!found)
        throw std::logic_error("fault table: unknown word " + std::string(value.as_string()));
    return *found;
}

std::vector<Expectation> read_tables() {
    std::vector<Expectation> all;
    for (auto const text : tables) {
        auto const table = boost::json::parse(text).as_object();
        for (auto const& entry : table.at("rows").as_array()) {
            auto const& row = entry.as_object();
            Expectation expected;
            expected.effect = need_word<adapter::Effect>(table.at("effect"));
            expected.states = boost::json::value_to<std::vector<std::string>>(row.at("states"));
            expected.posts = boost::json::value_to<std::vector<int>>(row.at("posts"));
            expected.again = need_word<Expectation::Again>(row.at("again"));
            expected.why = row.at("why").as_string();
            for (auto const& fault : row.at("faults").as_array()) {
                expected.fault = need_word<Fault>(fault);
                all.push_back(expected);
            }
        }
    }
    return all;
}

}  // namespace

std::span<Expectation const> expectations() {
    static std::vector<Expectation> const all = read_tables();
    return all;
}

Expectation const* find_expectation(adapter::Effect effect, Fault fault) {
    for (auto const& expected : expectations())
        if (expected.effect == effect && expected.fault == fault) return &expected;
    return nullptr;
}

}  // namespace postrider::conformance

// Data files of a campaign: CSV and JSON. Whatever is in them, a script gets rows or an error with
// its place.
#include "csv.hpp"
#include "json_text.hpp"
#include "promise.hpp"
#include "script_error.hpp"

#include <boost/json/serialize.hpp>

#include <algorithm>

namespace {

using namespace postrider;
using namespace postrider::script;

// Only what a script may be told leaves these functions; anything else ends the fuzzer.
template <class F>
void told(F read) {
    try {
        read();
    } catch (ScriptError const& error) {
        fuzz::promise(error.code == "script.bad_data", "broken data is called so", error.code);
    }
}

std::string written(std::vector<CsvRecord> const& records) {
    std::string text;
    for (auto const& record : records) {
        for (std::size_t i = 0; i < record.cells.size(); ++i) {
            text += i > 0 ? ",\"" : "\"";
            for (char const c : record.cells[i]) text += c == '"' ? "\"\"" : std::string(1, c);
            text += '"';
        }
        text += '\n';
    }
    return text;
}

void read_csv(std::string_view text) {
    auto const records = parse_csv(text, ',', "data.csv");
    int line = 0;
    for (auto const& record : records) {
        fuzz::promise(record.line > line, "lines grow", text);
        line = record.line;
        for (auto const& cell : record.cells)
            for (auto const& type : csv_types()) (void)csv_complaint(type, cell);
    }
    auto const again = parse_csv(written(records), ',', "data.csv");
    bool const same = std::equal(
        records.begin(), records.end(), again.begin(), again.end(), [](auto& a, auto& b) {
            return a.cells == b.cells;
        });
    fuzz::promise(same, "cells read back", text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    std::string_view const text(reinterpret_cast<char const*>(data), size);
    told([&] { read_csv(text); });
    told([&] {
        auto const once = boost::json::serialize(parse_json(text, "data.json"));
        auto const twice = boost::json::serialize(parse_json(once, "data.json"));
        fuzz::promise(once == twice, "JSON reads back", once);
    });
    return 0;
}

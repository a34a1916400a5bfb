// CSV by RFC 4180, with the line on which each record begins. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace postrider::script {

struct CsvRecord {
    int line = 0;
    std::vector<std::string> cells;
};

/// Empty lines are skipped. Throws `script.bad_data` with file and line for quotes that do not
/// pair.
std::vector<CsvRecord> parse_csv(std::string_view text, char separator, std::string_view file);

/// Empty when the cell is a value of this type, else what it should be. `type` without its question
/// mark.
std::string_view csv_complaint(std::string_view type, std::string_view cell);

/// The types a column may have.
std::vector<std::string> const& csv_types();

}  // namespace postrider::script

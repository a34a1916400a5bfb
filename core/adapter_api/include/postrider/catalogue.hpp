// The catalogue of errors that belong to no single network. Code, docs, `explain` and tests read
// this one table; an adapter brings the rows of its own codes with its descriptor.
#pragma once

#include <postrider/error.hpp>

#include <span>
#include <string>
#include <string_view>

namespace postrider {

/// Every row, sorted by code.
std::span<ErrorRow const> catalogue();

/// The row of a code, or null.
ErrorRow const* find_error_row(std::string_view code);

/// An error with the row's fixed part. A code that is not in the catalogue is a bug and gives
/// `internal.bug`.
Error make_error(std::string_view code, std::string message = {});

}  // namespace postrider

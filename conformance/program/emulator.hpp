// An emulator as a network for the kit: a program of its own for each case, spoken to over HTTP,
// its clock pushed forward by as much as the kit's has jumped.
#pragma once

#include <postrider/conformance/suite.hpp>

#include <filesystem>

namespace postrider::conformance {

/// Starts `program`. Errors say what its contract lacks.
Result<std::unique_ptr<World>> start_emulator(std::filesystem::path const& program,
                                              Stage const& stage);

}  // namespace postrider::conformance

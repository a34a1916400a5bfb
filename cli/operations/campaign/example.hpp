// Scripts that `campaign new` begins with. They name no network: accounts and options are left to
// fill in.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace postrider::cli {

/// File names and contents; `example` is calendar, syndication or launch.
std::vector<std::pair<std::string, std::string>> example_files(std::string const& name,
                                                               std::string const& example);

}  // namespace postrider::cli

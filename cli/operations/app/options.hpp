// Options written as NAME=VALUE: of apps, and of posts as NETWORK.NAME=VALUE; typed by the
// descriptor.
#pragma once

#include <postrider/adapter/descriptor.hpp>
#include <postrider/error.hpp>
#include <postrider/result.hpp>

#include <boost/json/object.hpp>

#include <span>
#include <string>
#include <utility>
#include <vector>

namespace postrider::cli {

/// Name and value of `NAME=VALUE`; the value is empty and the flag false when there is no `=`.
struct WrittenOption {
    std::string name;
    std::string value;
    bool has_value = false;
};
WrittenOption written_option(std::string const& text);

/// A value of the option's own type, or a finding with the path. `ask` alone stands for an open
/// choice where one is allowed.
Result<boost::json::value> typed_option(adapter::OptionSpec const& spec,
                                        std::string const& text,
                                        std::string const& path);

/// App options are kept as texts. Adds what was written to `options`; gives what is wrong.
std::vector<Finding> set_app_options(std::span<adapter::OptionSpec const> specs,
                                     std::vector<std::string> const& written,
                                     boost::json::object& options);

}  // namespace postrider::cli

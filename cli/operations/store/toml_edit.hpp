// Changing one value of a TOML file while everything else in it, comments too, stays as it is.
#pragma once

#include <optional>
#include <string>

namespace postrider::cli {

/// The text with `key` (`output`, `script.jobs`) set to `value`, which is TOML itself. Nothing when
/// the text cannot be read, or there is no place where the key could be written.
std::optional<std::string> with_toml_value(std::string const& text,
                                           std::string const& key,
                                           std::string const& value);

}  // namespace postrider::cli

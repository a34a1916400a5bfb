// Channels of the configuration: files that are given one line of NDJSON for each notice.
#pragma once

#include <postrider/result.hpp>

#include <filesystem>
#include <map>
#include <string>

namespace postrider::cli {

/// Appends the line in one write and waits until it is on disk. `hook.channel_unknown`,
/// `hook.channel_failed`.
Result<void> tell_channel(std::map<std::string, std::filesystem::path> const& channels,
                          std::string const& name,
                          std::string const& line);

}  // namespace postrider::cli

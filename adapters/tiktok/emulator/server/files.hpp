// The two files an emulator writes. Whoever reads them at any moment sees a whole document.
#pragma once

#include <boost/json/object.hpp>
#include <optional>
#include <string>

namespace postrider::tiktok::emulator {

/// The whole file; nothing when it cannot be read or is larger than 1 GiB.
std::optional<std::string> read_file(std::string const& path);

/// Writes beside the file and renames. An empty answer means success, else one sentence.
std::string write_file(std::string const& path, std::string const& text);

}  // namespace postrider::tiktok::emulator

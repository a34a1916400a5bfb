// Configuration: environment over project file over user file over system file over built-in.
// Unknown keys are errors.
#pragma once

#include "operations/host.hpp"

#include <postrider/result.hpp>

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postrider::cli {

/// One setting: where it was said, and what.
struct Setting {
    std::string key;     ///< `script.jobs`
    std::string value;   ///< as text; lists parted by `:`
    std::string origin;  ///< a file, `environment POSTRIDER_STORE`, or `built-in`
};

struct Settings {
    std::filesystem::path store;
    std::filesystem::path vault_key_file;
    std::string output = "auto";
    std::string color = "auto";
    std::optional<Milliseconds> timeout;
    std::vector<std::filesystem::path> media_folders;
    std::vector<std::filesystem::path> campaign_folders;
    std::map<std::string, std::filesystem::path> channels;  ///< name -> file of NDJSON lines
    std::uint64_t script_instructions = 100'000'000;
    std::uint64_t script_memory_bytes = 256U * 1024 * 1024;
    std::uint64_t script_jobs = 20'000;
    int concurrency = 16;

    std::vector<Setting> all;                  ///< every known key, sorted, with its origin
    std::vector<std::filesystem::path> files;  ///< that were read, strongest first
};

/// Where a file of settings may stand, strongest first: POSTRIDER_CONFIG or the project's, the
/// user's, the system's.
std::vector<std::filesystem::path> settings_files(Host const& host);

/// Every key that a file may hold, sorted; those of `channels` have names of their own.
std::vector<std::string> known_settings();

/// A setting as it stands in `file`, in TOML. Paths are taken to be written from `host.folder`, as
/// a person types them. Errors: `usage.bad_value`, for a key that is unknown, with the nearest.
Result<std::string> setting_as_toml(Host const& host,
                                    std::string const& key,
                                    std::string const& value,
                                    std::filesystem::path const& file);

/// `setup.config_invalid` with file, line and the nearest key for each that is wrong.
Result<Settings> load_settings(Host const& host);

/// `environment[name]`, empty when it is not set.
std::string environment_value(Host const& host, std::string const& name);

}  // namespace postrider::cli

// What one run of a campaign script knows and collects; every binding reaches it from its Lua
// state.
#pragma once

#include <postrider/script/campaign.hpp>

#include "files.hpp"
#include "script_error.hpp"
#include "source.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postrider::script {

/// One media file or URL. Probed when something is first asked of it, or at the latest when the
/// jobs are made.
struct MediaEntry {
    std::string source;          ///< as written, relative to the folder, or the URL
    std::filesystem::path real;  ///< empty for a URL
    std::optional<adapter::MediaFacts> facts;
};

struct Context {
    Context(ScriptHost const& host_, ScriptLimits const& limits_) : host(host_), limits(limits_) {}

    ScriptHost const& host;
    ScriptLimits limits;
    Folder folder;
    std::string file;                       ///< of the campaign, within the folder
    std::map<std::string, Source> sources;  ///< by file, for messages
    std::map<std::string, std::string> inputs;
    std::vector<std::string> notes;
    std::map<std::string, std::shared_ptr<MediaEntry>> media;
    std::vector<std::string> data_files;  ///< read by csv, json, text
    std::vector<std::pair<std::string, std::string>>
        columns;  ///< file, column: what csv() was given
    /// Each list of times, and which of them were used.
    std::vector<std::pair<Place, std::shared_ptr<std::vector<bool>>>> slots;
    std::vector<Error> origins;  ///< errors of the host that became script errors, by number

    /// Counts memory that is held for the script outside Lua; throws `script.limit` when it is too
    /// much.
    void charge(std::size_t bytes) {
        charged += bytes;
        if (charged > limits.memory_bytes)
            throw ScriptError("script.limit", "the script needs more memory than it may have");
    }
    std::size_t charged = 0;

    /// Counts work inside a C++ function as so many instructions: Lua does not see it.
    void work(std::size_t instructions) { unseen_work += instructions; }
    std::uint64_t unseen_work = 0;

    void add_input(std::string name, std::string hash) {
        inputs[std::move(name)] = std::move(hash);
    }

    // Answers of the host, asked once.
    std::vector<core::Account> const& accounts();
    std::vector<std::string> const& networks();
    /// Throws `script.unknown_network`, with the nearest name.
    adapter::Descriptor const& descriptor(std::string_view network);
    core::Account const* find_account(std::string_view name_or_id);
    /// Throws `script.unknown_account`.
    core::Account const& account(std::string_view name_or_id);
    /// Probes it if that has not happened; a URL gets what its name tells. Throws what the probe
    /// says.
    adapter::MediaFacts const& facts(MediaEntry& entry);
    std::shared_ptr<MediaEntry> media_entry(std::string_view source);

 private:
    std::optional<std::vector<core::Account>> accounts_;
    std::optional<std::vector<std::string>> networks_;
};

}  // namespace postrider::script

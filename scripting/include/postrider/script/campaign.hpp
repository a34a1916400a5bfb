// Campaign scripts: what comes in (a file, and a host that answers questions), what comes out (jobs
// to be planned). Loading a campaign is pure: the same file, data and answers give the same jobs.
// Nothing here writes, sends, or plans.
#pragma once

#include <postrider/adapter/descriptor.hpp>
#include <postrider/adapter/media.hpp>
#include <postrider/core/job.hpp>
#include <postrider/core/records.hpp>
#include <postrider/instant.hpp>
#include <postrider/result.hpp>

#include <boost/json/object.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace postrider::script {

/// Everything that a script may learn from outside its folder. Each answer goes into
/// LoadedCampaign::inputs, as a hash or a version. A function that is not set answers "there is
/// none".
struct ScriptHost {
    std::function<Result<adapter::MediaFacts>(std::filesystem::path const&)> probe;
    std::function<std::vector<core::Account>()> accounts;
    std::function<Result<adapter::Descriptor const*>(std::string_view network)> descriptor;
    std::function<std::vector<std::string>()> networks;
    /// Every job in the store that still counts, of all campaigns: for spacing, caps, and times
    /// that are kept.
    std::function<std::vector<core::Job>()> jobs;
    /// The name that people gave an app, for Account.app; without it the id is shown.
    std::function<std::string(std::string_view app_id)> app_name;
    std::vector<std::string> channels;  ///< for notify
    std::string version = "0.1.0";      ///< of the program, for needs()
    Instant now{};                      ///< compiles "asap"; no script can read it
};

/// Beyond each of these a script ends with `script.limit` and the line that it had reached.
struct ScriptLimits {
    std::uint64_t instructions = 100'000'000;
    std::size_t memory_bytes = std::size_t{256} * 1024 * 1024;
    int jobs = 20'000;
    /// A net below the other three: processor time of the thread. Only what is hostile ever meets
    /// it.
    std::chrono::seconds cpu{60};
};

/// Where something was written: file as the script names it (`launch.lua`), line from 1.
struct Place {
    std::string file;
    int line = 0;
};

struct LoadedCampaign {
    std::string name;
    std::vector<core::JobSpec> jobs;  ///< sorted by due time, key, account
    std::vector<std::string> notes;   ///< what the script printed
    boost::json::object inputs;       ///< name -> hash or version of all that went in
    std::vector<Finding>
        warnings;  ///< of the campaign as a whole; those of one job are in its spec
    /// Post key, or post key and the path of a finding (`teaser/options/alpha/visibility`) -> where
    /// it is written.
    std::map<std::string, Place> places;
};

/// Runs the script in a fresh sandbox and expands what it returns. Errors are `script.*` (and
/// `media.*` for what the probe says), with file, line, code, got and allowed of each problem in
/// at(); see printed().
Result<LoadedCampaign> load_campaign(std::filesystem::path const& file,
                                     ScriptHost const& host,
                                     ScriptLimits const& limits);

/// Habits that lead to trouble later (codes `lint.*`). Loads the campaign first; its errors come
/// back as they are.
Result<std::vector<Finding>> lint_campaign(std::filesystem::path const& file,
                                           ScriptHost const& host,
                                           ScriptLimits const& limits);

/// Gives findings about a job of this campaign the file and line that they speak of, where they
/// have none yet.
void add_places(LoadedCampaign const& campaign,
                std::string_view post_key,
                std::vector<Finding>& findings);

/// The form for people: `launch.lua:14: unknown field ... [script.unknown_field]`, the source line,
/// a caret below the word.
std::string printed(Error const& error);

// --- For editors and readers; all of it from the one table that the functions themselves are
// registered from -------------

/// `postrider.d.lua` for LuaLS, with the options of these networks.
std::string lua_stubs(std::vector<adapter::Descriptor const*> const& descriptors);
/// `.luarc.json`: Lua 5.4, `library` as the folder of the stubs.
std::string luarc(std::string_view library = ".");
/// `.luacheckrc`: exactly the globals that the sandbox has.
std::string luacheckrc();
/// The reference page of the campaign functions, in Markdown.
std::string lua_reference();

}  // namespace postrider::script

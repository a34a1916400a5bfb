// A campaign's script with everything that it may ask of us: probe, accounts, networks, channels.
#pragma once

#include "operations/context.hpp"

#include <postrider/script/campaign.hpp>

#include <filesystem>

namespace postrider::cli {

/// Answers for a script.
Result<script::ScriptHost> script_host(Context& context);
Result<script::ScriptLimits> script_limits(Context& context);

/// Runs the script. A store that is not there counts as one without accounts.
Result<script::LoadedCampaign> load_script(Context& context, std::filesystem::path const& file);

}  // namespace postrider::cli

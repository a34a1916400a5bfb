// Connects scripts to the store, the adapters and the probe.
#include "operations/campaign/loading.hpp"

#include "operations/envelope.hpp"
#include "operations/lookup.hpp"

#include <postrider/adapter/adapter.hpp>
#include <postrider/core/adapters.hpp>

namespace postrider::cli {

Result<script::ScriptHost> script_host(Context& context) {
    auto adapters = context.adapters();
    if (!adapters) return adapters.error();
    auto settings = context.settings();
    if (!settings) return settings.error();
    // Read once: a script sees one moment of the store.
    struct Known {
        std::vector<core::Account> accounts;
        std::vector<core::Job> jobs;
        std::vector<core::App> apps;
    };
    auto known = std::make_shared<Known>();
    if (auto store = context.store()) {
        auto read = core::read_now<bool>(**store, [&](core::Tables& tables) -> Result<bool> {
            auto accounts = tables.accounts();
            if (!accounts) return accounts.error();
            auto jobs = all_jobs(tables, {});
            if (!jobs) return jobs.error();
            auto apps = tables.apps("");
            if (!apps) return apps.error();
            *known = {*std::move(accounts), *std::move(jobs), *std::move(apps)};
            return true;
        });
        if (!read) return read.error();
    } else if (store.error().code() != "setup.not_initialised") {
        return store.error();
    }
    script::ScriptHost host;
    host.probe = [&context](std::filesystem::path const& file) { return context.probe(file); };
    host.accounts = [known] { return known->accounts; };
    host.jobs = [known] { return known->jobs; };
    host.app_name = [known](std::string_view id) -> std::string {
        for (auto const& app : known->apps)
            if (app.id == id) return app.name;
        return std::string(id);
    };
    host.descriptor =
        [found = *adapters](std::string_view network) -> Result<adapter::Descriptor const*> {
        auto adapter = found->find(network);
        if (!adapter) return adapter.error();
        return &(*adapter)->descriptor();
    };
    host.networks = [found = *adapters] { return found->names(); };
    for (auto const& [name, file] : (*settings)->channels) host.channels.push_back(name);
    auto const tool = tool_name();
    host.version = tool.substr(tool.find(' ') + 1);
    host.now = context.now();
    return host;
}

Result<script::ScriptLimits> script_limits(Context& context) {
    auto settings = context.settings();
    if (!settings) return settings.error();
    script::ScriptLimits limits;
    limits.instructions = (*settings)->script_instructions;
    limits.memory_bytes = static_cast<std::size_t>((*settings)->script_memory_bytes);
    limits.jobs = static_cast<int>((*settings)->script_jobs);
    return limits;
}

Result<script::LoadedCampaign> load_script(Context& context, std::filesystem::path const& file) {
    auto host = script_host(context);
    if (!host) return host.error();
    auto limits = script_limits(context);
    if (!limits) return limits.error();
    auto loaded = script::load_campaign(file, *host, *limits);
    if (!loaded) {
        // People see the script's own line with a caret beneath; programs have it in `error.at`.
        if (context.on_table()) context.say(script::printed(loaded.error()));
        return loaded.error();
    }
    for (auto const& note : loaded->notes) context.say("note: " + escape_controls(note));
    return loaded;
}

}  // namespace postrider::cli

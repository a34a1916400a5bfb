// Loading a campaign: the sandbox runs the script, expand() makes jobs of what it returned.
#include <postrider/script/campaign.hpp>

#include <postrider/catalogue.hpp>

#include "campaign_run.hpp"
#include "expand.hpp"
#include "lua_values.hpp"
#include "sandbox.hpp"

#include <fmt/format.h>

#include <system_error>

namespace postrider::script {

namespace {

CampaignDecl const& returned_campaign(lua_State* L, Context& ctx) {
    if (auto const* value = test<CampaignValue>(L, -1)) return *value->campaign;
    auto const last = static_cast<int>(
        std::count(ctx.sources[ctx.file].text().begin(), ctx.sources[ctx.file].text().end(), '\n'));
    throw ScriptError(
        "script.wrong_type",
        fmt::format("the file must return postrider.campaign {{ }}, not {}", type_word(L, -1)))
        .in({ctx.file, std::max(1, last)});
}

void add_places_of(PostDecl const& post, std::map<std::string, Place>& places) {
    places[post.key] = post.place;
    for (auto const& [path, line] : post.lines) places[post.key + path] = {post.place.file, line};
}

LoadedCampaign collect(Context& ctx, CampaignDecl const& campaign) {
    LoadedCampaign loaded;
    loaded.name = campaign.name;
    loaded.jobs = expand(ctx, campaign);
    loaded.notes = ctx.notes;
    for (auto const& post : campaign.posts) add_places_of(*post, loaded.places);
    for (auto const& [name, hash] : ctx.inputs) loaded.inputs[name] = hash;
    for (auto& spec : loaded.jobs) add_places(loaded, spec.post_key, spec.findings);
    return loaded;
}

}  // namespace

Result<LoadedCampaign> run_campaign(Context& ctx,
                                    std::filesystem::path const& file,
                                    std::shared_ptr<CampaignDecl const>* declared) {
    std::error_code trouble;
    auto const real = std::filesystem::canonical(file, trouble);
    if (trouble || !std::filesystem::is_regular_file(real, trouble)) {
        ScriptError error("script.file_missing",
                          fmt::format("there is no campaign file '{}'", file.string()));
        return to_error(ctx, std::move(error.in({file.filename().string(), 0})));
    }
    try {
        ctx.folder = Folder(real.parent_path());
        ctx.file = real.filename().string();
        Sandbox sandbox(ctx);
        if (auto ran = sandbox.run(); !ran) return ran.error();
        auto const& campaign = returned_campaign(sandbox.state(), ctx);
        if (declared) *declared = test<CampaignValue>(sandbox.state(), -1)->campaign;
        return collect(ctx, campaign);
    } catch (ScriptError& error) {
        return to_error(ctx, std::move(error));
    }
}

Result<LoadedCampaign> load_campaign(std::filesystem::path const& file,
                                     ScriptHost const& host,
                                     ScriptLimits const& limits) {
    Context ctx(host, limits);
    return run_campaign(ctx, file, nullptr);
}

void add_places(LoadedCampaign const& campaign,
                std::string_view post_key,
                std::vector<Finding>& findings) {
    for (auto& finding : findings) {
        if (!finding.file.empty()) continue;
        // The path itself, or the nearest one above it, or the post.
        std::string_view path = finding.path;
        for (;;) {
            auto const place = campaign.places.find(fmt::format("{}{}", post_key, path));
            if (place != campaign.places.end()) {
                finding.file = place->second.file;
                finding.line = place->second.line;
                break;
            }
            if (path.empty()) break;
            path = path.substr(0, path.rfind('/'));
        }
    }
}

}  // namespace postrider::script

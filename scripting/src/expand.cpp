// One post for one account is one job. Everything here is a function of the declaration, the
// accounts and the seed: a job does not change when its neighbours do, unless a rule of the
// campaign ties them together.
#include "expand.hpp"

#include "render.hpp"
#include "zone.hpp"

#include <postrider/core/canonical_json.hpp>
#include <postrider/text_length.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <tuple>

namespace postrider::script {
namespace {

bool has_all(std::vector<std::string> const& tags, std::vector<std::string> const& wanted) {
    return std::all_of(wanted.begin(), wanted.end(), [&](auto const& tag) {
        return std::find(tags.begin(), tags.end(), tag) != tags.end();
    });
}

std::string zone_for(CampaignDecl const& campaign,
                     core::Account const& account,
                     PostDecl const& post,
                     bool needed) {
    if (campaign.zone != "account") return campaign.zone;
    if (account.zone.empty() && needed)
        throw ScriptError("script.unknown_zone",
                          fmt::format("the campaign's zone is \"account\", and {} has no home "
                                      "zone; set it with: postrider account set {} --zone ZONE",
                                      account.name,
                                      account.name))
            .in(post.place)
            .with_got(boost::json::string(account.name));
    return account.zone;
}

std::string text_for(std::optional<CaptionValue> const& caption,
                     std::string_view field,
                     core::JobSpec const& spec,
                     PostDecl const& post,
                     adapter::Descriptor const& descriptor,
                     std::string const& seed) {
    if (!caption) return {};
    auto text =
        render(*caption, spec.network, seed, adapter::find_text(descriptor, field, spec.post.kind));
    if (!is_valid_utf8(text))
        throw ScriptError("script.template",
                          fmt::format("the {} of post '{}' is not UTF-8", field, post.key))
            .in(post.place)
            .at(std::string(field));
    return text;
}

std::vector<adapter::MediaFacts> media_of(Context& ctx, PostDecl const& post) {
    std::vector<adapter::MediaFacts> media;
    for (auto const& value : post.media) {
        auto facts = ctx.facts(*value.entry);
        facts.alt = value.alt;
        facts.title = value.title;
        media.push_back(std::move(facts));
    }
    return media;
}

class Expansion {
 public:
    Expansion(Context& ctx, CampaignDecl const& campaign) : ctx_(ctx), campaign_(campaign) {
        if (ctx.host.jobs)
            for (auto const& job : ctx.host.jobs())
                if (job.spec.campaign == campaign.name && job.spec.asap)
                    first_due_[job.spec.key] = job.spec.due_at;
    }

    std::vector<core::JobSpec> run() {
        for (auto const& post : campaign_.posts) {
            try {
                add_post(*post);
            } catch (ScriptError& error) {
                // What was found out now is told at the post that it is about.
                if (error.place.file.empty()) error.place = post->place;
                throw;
            }
        }
        std::vector<Placement> placements;
        for (std::size_t i = 0; i < specs_.size(); ++i)
            placements.push_back({&specs_[i], apps_[i], zones_[i], rule_zones_[i]});
        apply_rules(ctx_, campaign_, placements);
        std::sort(specs_.begin(), specs_.end(), [](auto const& a, auto const& b) {
            return std::tie(a.due_at, a.post_key, a.account) <
                   std::tie(b.due_at, b.post_key, b.account);
        });
        return std::move(specs_);
    }

 private:
    void add_post(PostDecl const& post) {
        auto const kind = kind_of(ctx_, post);
        auto const media = media_of(ctx_, post);
        for (auto const& name : route_post(ctx_, campaign_, post, kind)) {
            auto const& account = ctx_.account(name);
            core::JobSpec spec = common(post, account);
            spec.post.kind = kind;
            spec.post.media = media;
            auto const& descriptor = ctx_.descriptor(account.network);
            auto const seed = fmt::format("{}\n{}\n{}", campaign_.seed, post.key, account.name);
            spec.post.caption = text_for(post.caption, "caption", spec, post, descriptor, seed);
            spec.post.title = text_for(post.title, "title", spec, post, descriptor, seed);
            add_times(spec, post, account, seed);
            if (specs_.size() >= static_cast<std::size_t>(ctx_.limits.jobs))
                throw ScriptError("script.limit",
                                  fmt::format("a campaign has at most {} jobs", ctx_.limits.jobs))
                    .in(campaign_.place);
            specs_.push_back(std::move(spec));
            apps_.push_back(account.app_id);
        }
    }

    core::JobSpec common(PostDecl const& post, core::Account const& account) {
        core::JobSpec spec;
        spec.campaign = campaign_.name;
        spec.post_key = post.key;
        spec.account = account.name;
        spec.network = account.network;
        spec.key = core::idempotency_key(campaign_.name, post.key, account.name);
        if (auto const options = post.options.find(account.network); options != post.options.end())
            spec.post.options = options->second;
        spec.post.deliver = post.deliver;
        spec.catch_up = campaign_.catch_up;
        spec.catch_up_within = campaign_.catch_up_within;
        spec.catch_up_spacing = campaign_.catch_up_spacing;
        spec.hooks = campaign_.hooks;
        add_hooks(spec.hooks, post.hooks);
        spec.tags = post.tags;
        spec.note = post.note;
        spec.approval = campaign_.approval;
        return spec;
    }

    void add_times(core::JobSpec& spec,
                   PostDecl const& post,
                   core::Account const& account,
                   std::string const& seed) {
        auto const floating = [&](std::optional<TimeValue> const& time) {
            return time && time->zone.empty();
        };
        bool const needed = (!post.asap && post.when.zone.empty()) || floating(post.not_after);
        auto const zone = zone_for(campaign_, account, post, needed);
        if (post.asap) {
            // A job that is planned again keeps the moment at which it was planned first.
            auto const first = first_due_.find(spec.key);
            spec.asap = true;
            spec.due_at = first != first_due_.end() ? first->second : ctx_.host.now;
        } else {
            auto resolved = resolve(post.when, zone, campaign_.rule, seed);
            set_time(spec, resolved.at, resolved.zone, resolved.rule);
            // As written, also where the clocks skip it: wall time is the truth.
            spec.wall = wall_text(resolved.wall);
            if (post.when.instant) {
                spec.wall.clear();
                spec.zone.clear();
            }
            for (auto& finding : resolved.findings) spec.findings.push_back(std::move(finding));
        }
        if (post.not_after)
            spec.not_after = resolve(*post.not_after, zone, campaign_.rule, seed).at;
        auto const own =
            zone.empty() ? (account.zone.empty() ? std::string("UTC") : account.zone) : zone;
        spec.blackout = compile_blackouts(campaign_, own, spec.due_at);
        rule_zones_.push_back(own);
        zones_.push_back(account.zone.empty() ? own : account.zone);
    }

    Context& ctx_;
    CampaignDecl const& campaign_;
    std::map<std::string, Instant> first_due_;
    std::vector<core::JobSpec> specs_;
    std::vector<std::string> apps_;
    std::vector<std::string> zones_;
    std::vector<std::string> rule_zones_;
};

}  // namespace

std::vector<core::JobSpec> expand(Context& ctx, CampaignDecl const& campaign) {
    auto specs = Expansion(ctx, campaign).run();
    ctx.add_input("zone_data", zone_data_version());
    return specs;
}

std::vector<std::string> route_post(Context& ctx,
                                    CampaignDecl const& campaign,
                                    PostDecl const& post,
                                    adapter::PostKind kind) {
    std::set<std::string> names(post.accounts.begin(), post.accounts.end());
    if (names.empty())
        for (auto const& route : campaign.routes) {
            if (!has_all(post.tags, route.tags) ||
                (!route.kind.empty() && route.kind != word(kind)))
                continue;
            for (auto const& name : route.accounts) {
                auto const& networks = route.networks;
                bool const fits =
                    networks.empty() ||
                    std::find(networks.begin(), networks.end(), ctx.account(name).network) !=
                        networks.end();
                if (fits) names.insert(name);
            }
            if (route.stop) break;
        }
    if (names.empty()) names.insert(campaign.accounts.begin(), campaign.accounts.end());
    if (names.empty())
        throw ScriptError("script.unrouted",
                          fmt::format("post '{}' goes nowhere: it has no accounts, no route "
                                      "matches, and the campaign has none",
                                      post.key))
            .in(post.place);
    return {names.begin(), names.end()};
}

void set_time(core::JobSpec& spec, Instant at, std::string const& zone, ZoneRule const& rule) {
    spec.due_at = at;
    spec.zone = zone;
    spec.zone_rule = rule.text();
    spec.wall = wall_text(local_time(at, zone));
}

}  // namespace postrider::script

// campaign { }: what the script returns. Posts are expanded into jobs elsewhere, when the script is
// over.
#include "lua_values.hpp"
#include "zone.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace postrider::script {
namespace {

namespace json = boost::json;

FieldBinding const campaign_fields[] = {
    {"name",
     Form::text,
     true,
     "identity: `[a-z0-9][a-z0-9-]{0,62}`; another name is another campaign"},
    {"zone",
     Form::text,
     true,
     "zone of wall times without one; `\"account\"`: each account's home zone"},
    {"posts", Form::any, true, "the posts; order has no meaning", "postrider.Post[]"},
    {"catch_up",
     Form::any,
     false,
     "what happens to posts that are late; else `ask`",
     "\"skip\"|\"latest\"|\"ask\"|postrider.CatchUpFields"},
    {"accounts",
     Form::any,
     false,
     "for posts without accounts and without a matching route",
     "(postrider.Account|string)[]"},
    {"routes", Form::any, false, "which posts go where", "postrider.Route[]"},
    {"approval",
     Form::words,
     false,
     "how the plan is cut into approvals; also makes approval needed",
     {},
     "plan|account|post"},
    {"seed",
     Form::text,
     false,
     "for jitter and vary, with the post's key and the account; else the name"},
    {"spacing",
     Form::any,
     false,
     "least distance between posts of one account, of one app",
     "postrider.SpacingFields"},
    {"caps",
     Form::any,
     false,
     "how many posts; counts every job in the store",
     "postrider.CapsFields"},
    {"blackout",
     Form::any,
     false,
     "times in which nothing is committed",
     "postrider.BlackoutFields[]"},
    {"conflict",
     Form::any,
     false,
     "when spacing, caps or blackout clash with a time; else `refuse`",
     "\"refuse\"|postrider.ConflictFields"},
    {"zone_rule",
     Form::any,
     false,
     "what to do where the clocks are changed",
     "postrider.ZoneRuleFields"},
    {"on", Form::any, false, "hooks", "postrider.Hooks"},
};
FieldBinding const catch_up_fields[] = {
    {"policy", Form::words, true, "what happens beyond `within`", {}, "skip|latest|all|ask"},
    {"within", Form::duration, false, "up to so much late is on time; else 15m"},
    {"spacing", Form::duration, false, "distance of the late ones; needed with `all`"},
};
FieldBinding const spacing_fields[] = {
    {"account", Form::duration, false, "between posts of one account"},
    {"app", Form::duration, false, "between posts of one app"},
};
FieldBinding const caps_fields[] = {
    {"account_per_day", Form::integer, false, "posts of one account, calendar days of its zone"},
    {"account_per_week", Form::integer, false, "posts of one account, weeks from Monday"},
    {"app_per_day", Form::integer, false, "posts of one app"},
};
FieldBinding const blackout_fields[] = {
    {"from", Form::any, false, "begin", "postrider.Time|string"},
    {"to", Form::any, false, "end", "postrider.Time|string"},
    {"daily", Form::text, false, "every day: `22:00-07:00`"},
    {"zone", Form::text, false, "zone of these times; else the campaign's"},
    {"why", Form::text, false, "shown where it matters"},
};
FieldBinding const conflict_fields[] = {
    {"shift", Form::duration, true, "the next free time within so much"},
};
FieldBinding const zone_rule_fields[] = {
    {"gap",
     Form::words,
     false,
     "a time that does not exist; else `later`",
     {},
     "later|earlier|refuse"},
    {"overlap",
     Form::words,
     false,
     "a time that exists twice; else `first`",
     {},
     "first|second|refuse"},
};

void read_posts(lua_State* L, Fields const& fields, CampaignDecl& campaign) {
    (void)fields.push("posts");
    std::map<std::string, Place> seen;
    each_element(L, -1, fmt::format("'posts' of {}", fields.title()), "posts", [&](int i) {
        auto const* value = test<PostValue>(L, -1);
        if (!value)
            throw fields.error(
                "script.wrong_type",
                "posts",
                fmt::format("item {} of 'posts' must be post {{ }}, not {}", i, type_word(L, -1)));
        auto const [other, is_new] = seen.emplace(value->post->key, value->post->place);
        if (!is_new)
            throw ScriptError("script.duplicate_key",
                              fmt::format("the key '{}' is that of the post at line {} too",
                                          value->post->key,
                                          other->second.line))
                .in(value->post->place)
                .at(value->post->key)
                .with_got(json::string(value->post->key));
        campaign.posts.push_back(value->post);
        if (campaign.posts.size() > static_cast<std::size_t>(context(L).limits.jobs))
            throw ScriptError("script.limit",
                              fmt::format("a campaign has at most {} jobs", context(L).limits.jobs))
                .at("posts");
    });
    lua_pop(L, 1);
}

void read_catch_up(lua_State* L, Fields const& fields, CampaignDecl& campaign) {
    if (!fields.push("catch_up")) return;
    static std::vector<std::string> const known = {"skip", "latest", "all", "ask"};
    if (is_text(L, -1)) {
        campaign.catch_up = view(L, -1);
        if (std::find(known.begin(), known.end(), campaign.catch_up) == known.end())
            throw fields
                .error("script.not_allowed",
                       "catch_up",
                       fmt::format("'catch_up' takes skip, latest, all or ask, not '{}'",
                                   campaign.catch_up))
                .with_got(shown_json(L, -1))
                .known(campaign.catch_up, known);
    } else {
        Fields const policy(L, -1, catch_up_table, "'catch_up' of " + fields.title());
        campaign.catch_up = policy.text("policy");
        campaign.catch_up_within = policy.duration("within").value_or(campaign.catch_up_within);
        campaign.catch_up_spacing = policy.duration("spacing");
    }
    if (campaign.catch_up == "all" && !campaign.catch_up_spacing)
        throw fields.error("script.missing_field",
                           "catch_up",
                           "the policy \"all\" needs the field 'spacing': catch_up = { policy = "
                           "\"all\", spacing = \"30m\" }");
    lua_pop(L, 1);
}

void read_rules(lua_State* L, Fields const& fields, CampaignDecl& campaign) {
    if (fields.push("spacing")) {
        Fields const spacing(L, -1, spacing_table, "'spacing' of " + fields.title());
        campaign.spacing_account = spacing.duration("account");
        campaign.spacing_app = spacing.duration("app");
        lua_pop(L, 1);
    }
    if (fields.push("caps")) {
        Fields const caps(L, -1, caps_table, "'caps' of " + fields.title());
        for (auto const& [name, cap] : {std::pair{"account_per_day", &campaign.account_per_day},
                                        {"account_per_week", &campaign.account_per_week},
                                        {"app_per_day", &campaign.app_per_day}}) {
            *cap = caps.integer(name);
            if (caps.has(name) && *cap < 1)
                throw caps.error(
                    "script.not_allowed", name, fmt::format("'{}' of caps is at least 1", name));
        }
        lua_pop(L, 1);
    }
    if (fields.push("conflict")) {
        if (lua_istable(L, -1))
            campaign.shift =
                Fields(L, -1, conflict_table, "'conflict' of " + fields.title()).duration("shift");
        else if (!is_text(L, -1) || view(L, -1) != "refuse")
            throw fields.wrong_type("conflict", "\"refuse\" or { shift = \"6h\" }", -1);
        lua_pop(L, 1);
    }
    if (fields.push("zone_rule")) {
        Fields const rule(L, -1, zone_rule_table, "'zone_rule' of " + fields.title());
        campaign.rule.gap = from_word<Gap>(rule.text("gap", "later")).value_or(Gap::later);
        campaign.rule.overlap =
            from_word<Overlap>(rule.text("overlap", "first")).value_or(Overlap::first);
        lua_pop(L, 1);
    }
}

BlackoutDecl read_blackout(lua_State* L, std::string const& what) {
    Fields const fields(L, -1, blackout_table, what);
    BlackoutDecl blackout;
    blackout.why = fields.text("why");
    blackout.zone = fields.text("zone");
    if (!blackout.zone.empty()) check_zone(blackout.zone);
    if (fields.has("daily") == (fields.has("from") || fields.has("to")) ||
        fields.has("from") != fields.has("to"))
        throw fields.error("script.missing_field",
                           "blackout",
                           fmt::format("{} needs 'from' and 'to', or 'daily'", what));
    if (fields.has("daily")) {
        blackout.text = fields.text("daily");
        auto const dash = blackout.text.find('-');
        auto const from = parse_clock(blackout.text.substr(0, dash));
        auto const to =
            dash == std::string::npos ? from : parse_clock(blackout.text.substr(dash + 1));
        if (!from || !to || *from == *to)
            throw fields
                .error(
                    "script.bad_time",
                    "daily",
                    fmt::format("'{}' is no part of a day such as \"22:00-07:00\"", blackout.text))
                .with_got(json::string(blackout.text));
        blackout.daily_from = std::chrono::duration_cast<std::chrono::minutes>(*from);
        blackout.daily_to = std::chrono::duration_cast<std::chrono::minutes>(*to);
        return blackout;
    }
    auto const time = [&](std::string_view name) {
        (void)fields.push(name);
        auto value = read_time(L, -1, fmt::format("'{}' of {}", name, what), name);
        if (value.zone.empty()) value.zone = blackout.zone;
        lua_pop(L, 1);
        return value;
    };
    blackout.window = {time("from"), time("to")};
    if (blackout.window->second.wall <= blackout.window->first.wall &&
        blackout.window->second.zone == blackout.window->first.zone)
        throw fields.error("script.bad_time", "to", fmt::format("{} ends before it begins", what));
    blackout.text = wall_text(blackout.window->first.wall);
    return blackout;
}

int make_campaign(lua_State* L) {
    Fields const fields(L, 1, campaign_table, title_of(L, 1, campaign_table, "name"));
    auto campaign = std::make_shared<CampaignDecl>();
    campaign->place = where(L);
    campaign->name = fields.text("name");
    check_key(campaign->name, "-", "the name of a campaign");
    campaign->zone = fields.text("zone");
    if (campaign->zone != "account") check_zone(campaign->zone);
    read_posts(L, fields, *campaign);
    read_catch_up(L, fields, *campaign);
    read_rules(L, fields, *campaign);
    if (fields.push("accounts")) {
        campaign->accounts = read_accounts(L, -1, "'accounts' of " + fields.title(), "accounts");
        lua_pop(L, 1);
    }
    if (fields.push("routes")) {
        each_element(L, -1, "'routes' of " + fields.title(), "routes", [&](int i) {
            auto const* route = test<RouteValue>(L, -1);
            if (!route)
                throw fields.error(
                    "script.wrong_type",
                    "routes",
                    fmt::format(
                        "item {} of 'routes' must be route {{ }}, not {}", i, type_word(L, -1)));
            campaign->routes.push_back(*route);
        });
        lua_pop(L, 1);
    }
    if (fields.push("blackout")) {
        each_element(L, -1, "'blackout' of " + fields.title(), "blackout", [&](int i) {
            campaign->blackout.push_back(read_blackout(L, fmt::format("item {} of 'blackout'", i)));
        });
        lua_pop(L, 1);
    }
    campaign->approval = fields.text("approval");
    campaign->seed = fields.text("seed", campaign->name);
    if (fields.push("on")) {
        campaign->hooks = read_hooks(L, -1, "'on' of " + fields.title());
        lua_pop(L, 1);
    }
    push(L, CampaignValue{std::move(campaign)});
    return 1;
}

}  // namespace

TableBinding const campaign_table{
    "campaign", "CampaignFields", "Posts, and what holds for all of them.", campaign_fields};
TableBinding const catch_up_table{
    "catch_up", "CatchUpFields", "What happens to posts that are late.", catch_up_fields};
TableBinding const spacing_table{"spacing", "SpacingFields", "Least distances.", spacing_fields};
TableBinding const caps_table{"caps", "CapsFields", "Greatest numbers.", caps_fields};
TableBinding const blackout_table{
    "blackout", "BlackoutFields", "A time in which nothing is committed.", blackout_fields};
TableBinding const conflict_table{
    "conflict", "ConflictFields", "How far a time may be moved.", conflict_fields};
TableBinding const zone_rule_table{
    "zone_rule", "ZoneRuleFields", "What to do where the clocks are changed.", zone_rule_fields};
ClassBinding const campaign_class{
    .name = "Campaign", .doc = "What a script returns.", .destroy = destroy<CampaignValue>};

std::vector<FunctionBinding> const campaign_functions = {
    {"campaign",
     "fields: postrider.CampaignFields",
     "postrider.Campaign",
     "The campaign that the file returns.",
     "unknown_field wrong_type missing_field bad_key duplicate_key",
     guarded<make_campaign>},
};

}  // namespace postrider::script

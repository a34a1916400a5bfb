// What a script describes, as values: posts, captions, times, routes, the campaign. Made by the
// bindings, turned into jobs by expand.cpp. No Lua in here.
#pragma once

#include <postrider/adapter/post.hpp>
#include <postrider/script/time.hpp>

#include "context.hpp"

#include <date/date.h>
#include <boost/json/object.hpp>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace postrider::script {

using Wall = date::local_seconds;

/// A time as written: compiled only when zone, rule and account are known.
struct TimeValue {
    static constexpr char const* lua_name = "Time";
    struct Shift {
        bool days = false;  ///< calendar days, else elapsed milliseconds
        std::int64_t amount = 0;
    };

    Wall wall{};
    std::string zone;  ///< empty: the campaign's
    std::vector<Shift> shifts;
    Milliseconds jitter{0};  ///< at most so much later, decided by what the post is
    bool instant = false;    ///< written as RFC 3339: the instant is the promise, not the wall time
    bool fixed_offset = false;  ///< with an offset other than Z
};

struct AskValue {
    static constexpr char const* lua_name = "Ask";
    std::string note;
};

struct MediaValue {
    static constexpr char const* lua_name = "Media";
    std::shared_ptr<MediaEntry> entry;
    std::string alt;
    std::string title;
};

struct AccountValue {
    static constexpr char const* lua_name = "Account";
    core::Account const* account =
        nullptr;  ///< in the context's list, which lives as long as the script
};

/// A caption or title: one template, others for single networks. A plain text has no values and no
/// template marks.
struct CaptionValue {
    static constexpr char const* lua_name = "Caption";
    bool plain = false;
    std::string text;
    std::map<std::string, std::string> networks;
    std::map<std::string, std::string> values;
    std::map<std::string, std::vector<std::string>> vary;
    bool shorten = false;
    std::vector<std::string> shorten_names;
};

struct RouteValue {
    static constexpr char const* lua_name = "Route";
    std::vector<std::string> tags;
    std::string kind;
    std::vector<std::string> networks;
    std::vector<std::string> accounts;
    bool stop = false;
};

struct ActionValue {
    static constexpr char const* lua_name = "Action";
    boost::json::object data;
};

struct PostDecl {
    std::string key;
    Place place;
    std::vector<MediaValue> media;
    std::optional<CaptionValue> caption;
    std::optional<CaptionValue> title;
    bool has_accounts = false;
    std::vector<std::string> accounts;
    bool asap = false;
    TimeValue when;
    std::map<std::string, boost::json::object> options;
    std::map<std::string, int> lines;  ///< path of a finding -> line, for places
    adapter::Deliver deliver = adapter::Deliver::direct;
    std::vector<std::string> tags;
    std::optional<TimeValue> not_after;
    std::string note;
    boost::json::object hooks;
};

struct PostValue {
    static constexpr char const* lua_name = "Post";
    std::shared_ptr<PostDecl const> post;
};

struct BlackoutDecl {
    std::optional<std::pair<TimeValue, TimeValue>> window;
    std::chrono::minutes daily_from{0};
    std::chrono::minutes daily_to{0};
    std::string zone;  ///< of `daily`; empty: the campaign's
    std::string why;
    std::string text;  ///< as written, for messages
};

struct CampaignDecl {
    std::string name;
    Place place;
    std::string zone;  ///< "account": each account's own
    std::string catch_up = "ask";
    Milliseconds catch_up_within{15 * 60'000};
    std::optional<Milliseconds> catch_up_spacing;
    std::vector<std::shared_ptr<PostDecl const>> posts;
    std::vector<std::string> accounts;
    std::vector<RouteValue> routes;
    std::string approval;
    std::string seed;
    std::optional<Milliseconds> spacing_account;
    std::optional<Milliseconds> spacing_app;
    std::int64_t account_per_day = 0;
    std::int64_t account_per_week = 0;
    std::int64_t app_per_day = 0;
    std::vector<BlackoutDecl> blackout;
    std::optional<Milliseconds> shift;  ///< of conflict; empty: refuse
    ZoneRule rule;
    boost::json::object hooks;
};

struct CampaignValue {
    static constexpr char const* lua_name = "Campaign";
    std::shared_ptr<CampaignDecl const> campaign;
};

struct SlotsValue {
    static constexpr char const* lua_name = "Slots";
    std::vector<TimeValue> times;
    std::shared_ptr<std::vector<bool>> used;  ///< by number, shared with what first() gave
    Place place;
};

/// Merges hooks: those of `more` come after those that are there.
void add_hooks(boost::json::object& hooks, boost::json::object const& more);

/// Kind of a post by its media. Throws `script.not_allowed` for a mixture.
adapter::PostKind kind_of(Context& ctx, PostDecl const& post);

}  // namespace postrider::script

// Spacing, caps and blackouts as functions of an instant. Each forbids it and names the next one to
// try, so that the search for a free time walks from obstacle to obstacle.
#include "board.hpp"

#include "zone.hpp"

#include <fmt/format.h>
#include <boost/json/object.hpp>

#include <algorithm>
#include <iterator>

namespace postrider::script {
namespace {

namespace json = boost::json;

std::string const& account_of(Placement const& placement) {
    return placement.spec->account;
}
std::string const& app_of(Placement const& placement) {
    return placement.app;
}

Instant day_start(Instant at, std::string const& zone, bool week, int days_later) {
    auto day = date::floor<date::days>(local_time(at, zone));
    if (week) day -= date::days(weekday(Wall(day)));
    return resolve(Wall(day + date::days(days_later)), zone, {}).at;
}

struct Window {
    Instant from{};
    Instant to{};
    std::string const* why = nullptr;
};

// The windows of one blackout that touch the days from `first` to `last` around an instant.
template <class F>
void each_window(CampaignDecl const& campaign,
                 BlackoutDecl const& blackout,
                 std::string const& zone,
                 Instant around,
                 int first,
                 int last,
                 F visit) {
    if (blackout.window) {
        visit(Window{resolve(blackout.window->first, zone, campaign.rule, {}).at,
                     resolve(blackout.window->second, zone, campaign.rule, {}).at,
                     &blackout.why});
        return;
    }
    auto const own = blackout.zone.empty() ? zone : blackout.zone;
    auto const today = date::floor<date::days>(local_time(around, own));
    int const over_midnight = blackout.daily_to <= blackout.daily_from ? 1 : 0;
    for (int number = first; number <= last; ++number) {
        auto const day = today + date::days(number);
        auto const from = resolve(Wall(day) + blackout.daily_from, own, {}).at;
        auto const to =
            resolve(Wall(day + date::days(over_midnight)) + blackout.daily_to, own, {}).at;
        if (to > from) visit(Window{from, to, &blackout.why});
    }
}

}  // namespace

Board::Board(CampaignDecl const& campaign) {
    add_spacing("spacing.account", campaign.spacing_account, accounts_, account_of);
    add_spacing("spacing.app", campaign.spacing_app, apps_, app_of);
    add_cap("caps.account_per_day", campaign.account_per_day, false, accounts_, account_of);
    add_cap("caps.account_per_week", campaign.account_per_week, true, accounts_, account_of);
    add_cap("caps.app_per_day", campaign.app_per_day, false, apps_, app_of);
    if (!campaign.blackout.empty()) add_blackout(campaign);
}

void Board::take(Instant at, std::string const& account, std::string const& app, std::string what) {
    apps_[app].emplace(at, what);
    accounts_[account].emplace(at, std::move(what));
}

std::vector<std::pair<std::string, std::string>> Board::clashes(Instant at,
                                                                Placement const& placement) const {
    std::vector<std::pair<std::string, std::string>> found;
    for (auto const& rule : rules_)
        if (auto const clash = rule.forbids(at, placement))
            found.emplace_back(rule.name, clash->sentence);
    return found;
}

std::optional<Instant> Board::free_from(Instant at,
                                        Instant last,
                                        Placement const& placement,
                                        std::uint32_t mask) const {
    // Each round moves past one obstacle; the bound only guards against a rule that does not.
    for (int round = 0; round < 100'000 && at <= last; ++round) {
        std::optional<Instant> next;
        for (std::size_t i = 0; i < rules_.size() && !next; ++i)
            if ((mask >> i & 1U) != 0)
                if (auto const clash = rules_[i].forbids(at, placement)) next = clash->free_at;
        if (!next) return at;
        at = std::max(*next, at + Milliseconds(1000));
    }
    return std::nullopt;
}

void Board::add_spacing(std::string name,
                        std::optional<Milliseconds> distance,
                        Tracks const& tracks,
                        KeyOf key) {
    if (!distance || distance->count() == 0) return;
    auto forbids = [&tracks, key, name, distance = *distance](
                       Instant at, Placement const& placement) -> std::optional<Clash> {
        auto const track = tracks.find(key(placement));
        if (track == tracks.end()) return std::nullopt;
        // The last one that is too near: after it and the distance is the first time that can be
        // free.
        auto const beyond = track->second.lower_bound(at + distance);
        if (beyond == track->second.begin()) return std::nullopt;
        auto const near = std::prev(beyond);
        auto const gap = at > near->first ? at - near->first : near->first - at;
        if (gap >= distance) return std::nullopt;
        return Clash{near->first + distance,
                     fmt::format("{} = {}: {} is only {} away",
                                 name,
                                 to_duration_text(distance),
                                 near->second,
                                 to_duration_text(gap))};
    };
    rules_.push_back({std::move(name), std::move(forbids)});
}

void Board::add_cap(
    std::string name, std::int64_t most, bool week, Tracks const& tracks, KeyOf key) {
    if (most == 0) return;
    auto forbids = [&tracks, key, name, most, week](
                       Instant at, Placement const& placement) -> std::optional<Clash> {
        auto const track = tracks.find(key(placement));
        if (track == tracks.end()) return std::nullopt;
        auto const from = track->second.lower_bound(day_start(at, placement.zone, week, 0));
        auto const end = day_start(at, placement.zone, week, week ? 7 : 1);
        auto const count = std::distance(from, track->second.lower_bound(end));
        if (count < most) return std::nullopt;
        return Clash{
            end,
            fmt::format(
                "{} = {}: there {} {} already", name, most, count == 1 ? "is" : "are", count)};
    };
    rules_.push_back({std::move(name), std::move(forbids)});
}

void Board::add_blackout(CampaignDecl const& campaign) {
    auto forbids = [&campaign](Instant at, Placement const& placement) {
        std::optional<Clash> clash;
        for (auto const& blackout : campaign.blackout)
            each_window(
                campaign, blackout, placement.rule_zone, at, -1, 0, [&](Window const& window) {
                    if (at < window.from || at >= window.to) return;
                    clash = Clash{window.to,
                                  fmt::format("blackout until {}{}{}",
                                              wall_text(local_time(window.to, placement.rule_zone)),
                                              window.why->empty() ? "" : ": ",
                                              *window.why)};
                });
        return clash;
    };
    rules_.push_back({"blackout", std::move(forbids)});
}

json::array compile_blackouts(CampaignDecl const& campaign,
                              std::string const& zone,
                              Instant around) {
    // A daily blackout has no end: so many days are written down, enough for what lateness a job
    // may have.
    constexpr int days_after = 8;
    json::array windows;
    for (auto const& blackout : campaign.blackout)
        each_window(campaign, blackout, zone, around, -1, days_after, [&](Window const& window) {
            windows.push_back(json::object{{"from", to_rfc3339(window.from)},
                                           {"to", to_rfc3339(window.to)},
                                           {"why", *window.why}});
        });
    return windows;
}

}  // namespace postrider::script

// Spacing, caps and blackouts over the jobs of a campaign and those in the store. Jobs are placed
// one after the other, in order of time, key and account, those that the store has already before
// the rest: what was applied keeps its time.
#include "expand.hpp"

#include "zone.hpp"

#include <fmt/format.h>
#include <boost/json/string.hpp>

#include <algorithm>
#include <optional>
#include <tuple>

namespace postrider::script {
namespace {

namespace json = boost::json;

struct Taken {
    Instant at{};
    std::string account;
    std::string app;
    std::string zone;
    std::string what;  // for messages
};

/// One rule: when it forbids an instant, it names the first one that it might allow.
struct Rule {
    std::string name;
    std::function<std::optional<std::pair<Instant, std::string>>(Instant, Placement const&)>
        forbids;
};

Instant day_start(Instant at, std::string const& zone, bool week, int days_later) {
    auto day = date::floor<date::days>(local_time(at, zone));
    if (week) day -= date::days(date::weekday(day).iso_encoding() - 1);
    return resolve(Wall(day + date::days(days_later)), zone, {}).at;
}

class Board {
 public:
    Board(Context& ctx, CampaignDecl const& campaign) : campaign_(campaign) {
        add_spacing(
            "spacing.account", campaign.spacing_account, [](Taken const& t, Placement const& p) {
                return t.account == p.spec->account;
            });
        add_spacing("spacing.app", campaign.spacing_app, [](Taken const& t, Placement const& p) {
            return t.app == p.app;
        });
        add_cap("caps.account_per_day",
                campaign.account_per_day,
                false,
                [](Taken const& t, Placement const& p) { return t.account == p.spec->account; });
        add_cap("caps.account_per_week",
                campaign.account_per_week,
                true,
                [](Taken const& t, Placement const& p) { return t.account == p.spec->account; });
        add_cap("caps.app_per_day",
                campaign.app_per_day,
                false,
                [](Taken const& t, Placement const& p) { return t.app == p.app; });
        if (!campaign.blackout.empty()) add_blackout();
        (void)ctx;
    }

    [[nodiscard]] bool empty() const { return rules_.empty(); }
    void take(Taken taken) { taken_.push_back(std::move(taken)); }

    /// Names and sentences of the rules that forbid this instant.
    [[nodiscard]] std::vector<std::pair<std::string, std::string>> clashes(
        Instant at, Placement const& placement) const {
        std::vector<std::pair<std::string, std::string>> found;
        for (auto const& rule : rules_)
            if (auto const clash = rule.forbids(at, placement))
                found.emplace_back(rule.name, clash->second);
        return found;
    }

    /// First instant from `at` to `last` that none of the rules in `mask` forbids.
    [[nodiscard]] std::optional<Instant> free_from(Instant at,
                                                   Instant last,
                                                   Placement const& placement,
                                                   std::uint32_t mask) const {
        // Each round moves forward past one obstacle; the bound only guards against a rule that
        // does not.
        for (int round = 0; round < 100'000 && at <= last; ++round) {
            std::optional<Instant> next;
            for (std::size_t i = 0; i < rules_.size() && !next; ++i)
                if ((mask >> i & 1U) != 0)
                    if (auto const clash = rules_[i].forbids(at, placement)) next = clash->first;
            if (!next) return at;
            at = std::max(*next, at + Milliseconds(1000));
        }
        return std::nullopt;
    }

    [[nodiscard]] std::vector<Rule> const& rules() const { return rules_; }

 private:
    template <class Same>
    void add_spacing(std::string name, std::optional<Milliseconds> distance, Same same) {
        if (!distance || distance->count() == 0) return;
        rules_.push_back(
            {name,
             [this, name, distance = *distance, same](Instant at, Placement const& placement)
                 -> std::optional<std::pair<Instant, std::string>> {
                 std::optional<std::pair<Instant, std::string>> worst;
                 for (auto const& taken : taken_) {
                     if (!same(taken, placement)) continue;
                     auto const gap = at > taken.at ? at - taken.at : taken.at - at;
                     if (gap >= distance || (worst && worst->first >= taken.at + distance))
                         continue;
                     worst = {taken.at + distance,
                              fmt::format("{} = {}: {} is only {} away",
                                          name,
                                          to_duration_text(distance),
                                          taken.what,
                                          to_duration_text(gap))};
                 }
                 return worst;
             }});
    }

    template <class Same>
    void add_cap(std::string name, std::int64_t most, bool week, Same same) {
        if (most == 0) return;
        rules_.push_back({name,
                          [this, name, most, week, same](Instant at, Placement const& placement)
                              -> std::optional<std::pair<Instant, std::string>> {
                              auto const from = day_start(at, placement.zone, week, 0);
                              auto const to = day_start(at, placement.zone, week, week ? 7 : 1);
                              auto const count = std::count_if(
                                  taken_.begin(), taken_.end(), [&](Taken const& taken) {
                                      return same(taken, placement) && taken.at >= from &&
                                             taken.at < to;
                                  });
                              if (count < most) return std::nullopt;
                              return std::pair{to,
                                               fmt::format("{} = {}: there {} {} already",
                                                           name,
                                                           most,
                                                           count == 1 ? "is" : "are",
                                                           count)};
                          }});
    }

    void add_blackout() {
        rules_.push_back(
            {"blackout",
             [](Instant at,
                Placement const& placement) -> std::optional<std::pair<Instant, std::string>> {
                 for (auto const& entry : placement.spec->blackout) {
                     auto const from = parse_rfc3339(entry.at("from").as_string());
                     auto const to = parse_rfc3339(entry.at("to").as_string());
                     if (!from || !to || at < *from || at >= *to) continue;
                     auto const& why = entry.at("why").as_string();
                     return std::pair{*to,
                                      fmt::format("blackout until {}{}{}",
                                                  to_rfc3339(*to),
                                                  why.empty() ? "" : ": ",
                                                  std::string_view(why.data(), why.size()))};
                 }
                 return std::nullopt;
             }});
    }

    CampaignDecl const& campaign_;
    std::vector<Rule> rules_;
    std::vector<Taken> taken_;
};

// Indices of the smallest set of rules that together leave no free time, all of one size tried
// before the next.
std::vector<std::size_t> smallest_clash(Board const& board,
                                        Instant at,
                                        Instant last,
                                        Placement const& placement) {
    auto const count = board.rules().size();
    std::vector<std::uint32_t> masks;
    for (std::uint32_t mask = 1; mask < (1U << count); ++mask) masks.push_back(mask);
    std::stable_sort(masks.begin(), masks.end(), [](auto a, auto b) {
        return __builtin_popcount(a) < __builtin_popcount(b);
    });
    for (auto const mask : masks) {
        if (board.free_from(at, last, placement, mask)) continue;
        std::vector<std::size_t> rules;
        for (std::size_t i = 0; i < count; ++i)
            if ((mask >> i & 1U) != 0) rules.push_back(i);
        return rules;
    }
    return {};
}

Finding impossible(core::JobSpec const& spec, std::string message, json::array rules) {
    Finding finding;
    finding.code = "schedule.impossible";
    finding.message = std::move(message);
    finding.path = "/when";
    finding.got = json::string(spec.asap           ? "asap"
                               : spec.wall.empty() ? to_rfc3339(spec.due_at)
                                                   : spec.wall + " " + spec.zone);
    finding.allowed = std::move(rules);
    return finding;
}

bool counts(core::JobState state) {
    return state != core::JobState::rejected && state != core::JobState::cancelled;
}

bool may_still_move(core::Job const& job) {
    return !job.committed &&
           (job.state == core::JobState::awaiting_approval ||
            job.state == core::JobState::scheduled || job.state == core::JobState::waiting);
}

std::string when_text(core::JobSpec const& spec) {
    return spec.wall.empty() ? to_rfc3339(spec.due_at) : spec.wall;
}

class Scheduler {
 public:
    Scheduler(Context& ctx, CampaignDecl const& campaign, std::vector<Placement>& placements)
        : ctx_(ctx), campaign_(campaign), placements_(placements), board_(ctx, campaign) {}

    void run() {
        if (board_.empty()) return;
        take_stored();
        std::vector<Placement*> order;
        for (auto& placement : placements_) order.push_back(&placement);
        std::sort(order.begin(), order.end(), [&](Placement const* a, Placement const* b) {
            auto const rank = [&](Placement const* p) {
                return std::tuple(!kept_.contains(p->spec->key),
                                  p->spec->due_at,
                                  std::cref(p->spec->post_key),
                                  std::cref(p->spec->account));
            };
            auto const left = rank(a);
            auto const right = rank(b);
            return std::tie(std::get<0>(left),
                            std::get<1>(left),
                            std::get<2>(left).get(),
                            std::get<3>(left).get()) < std::tie(std::get<0>(right),
                                                                std::get<1>(right),
                                                                std::get<2>(right).get(),
                                                                std::get<3>(right).get());
        });
        for (auto* placement : order) place(*placement);
    }

 private:
    void take_stored() {
        if (!ctx_.host.jobs) return;
        std::map<std::string, core::JobSpec const*> wanted;
        for (auto const& placement : placements_) wanted[placement.spec->key] = placement.spec;
        for (auto const& job : ctx_.host.jobs()) {
            if (!counts(job.state)) continue;
            if (job.spec.campaign == campaign_.name) {
                // Ours: either the script has it still (then it is placed as it says), or the plan
                // will cancel it.
                if (wanted.contains(job.spec.key)) {
                    kept_[job.spec.key] = job.spec;
                    continue;
                }
                if (may_still_move(job)) continue;
            }
            auto const* account = ctx_.find_account(job.spec.account);
            board_.take({job.spec.due_at,
                         job.spec.account,
                         account ? account->app_id : job.app_id,
                         {},
                         describe(job.spec)});
        }
    }

    static std::string describe(core::JobSpec const& spec) {
        return fmt::format("{} on {} at {}",
                           spec.campaign.empty()
                               ? "a single post"
                               : fmt::format("'{}' of {}", spec.post_key, spec.campaign),
                           spec.account,
                           when_text(spec));
    }

    void place(Placement& placement) {
        auto& spec = *placement.spec;
        auto const wanted = spec.due_at;
        auto const clashes = board_.clashes(wanted, placement);
        if (campaign_.shift && !spec.asap) {
            shift(placement, wanted, !clashes.empty());
        } else {
            for (auto const& [name, sentence] : clashes)
                spec.findings.push_back(impossible(
                    spec,
                    fmt::format("post '{}' on {}: {}", spec.post_key, spec.account, sentence),
                    json::array{json::string(name)}));
        }
        board_.take({spec.due_at, spec.account, placement.app, placement.zone, describe(spec)});
    }

    void shift(Placement& placement, Instant wanted, bool clashes) {
        auto& spec = *placement.spec;
        auto const last = wanted + *campaign_.shift;
        auto const all = static_cast<std::uint32_t>((1U << board_.rules().size()) - 1);
        // A job that was moved when it was applied keeps that time as long as it would do.
        if (auto const kept = kept_.find(spec.key); kept != kept_.end() && !kept->second.asap) {
            auto const at = kept->second.due_at;
            if (at >= wanted && at <= last && board_.clashes(at, placement).empty()) {
                if (at != wanted) move(spec, at);
                return;
            }
        }
        if (!clashes) return;
        if (auto const free = board_.free_from(wanted, last, placement, all))
            return move(spec, *free);
        json::array names;
        std::string sentences;
        for (auto const rule : smallest_clash(board_, wanted, last, placement)) {
            names.emplace_back(board_.rules()[rule].name);
            auto const clash = board_.rules()[rule].forbids(wanted, placement);
            sentences += (sentences.empty() ? "" : "; ") +
                         (clash ? clash->second : board_.rules()[rule].name);
        }
        spec.findings.push_back(
            impossible(spec,
                       fmt::format("post '{}' on {} has no free time within {}: {}",
                                   spec.post_key,
                                   spec.account,
                                   to_duration_text(*campaign_.shift),
                                   sentences),
                       std::move(names)));
    }

    static void move(core::JobSpec& spec, Instant at) {
        auto const zone = spec.zone.empty() ? std::string("UTC") : spec.zone;
        auto const moved =
            at_instant(at, zone, ZoneRule::parse(spec.zone_rule).value_or(ZoneRule{}));
        set_time(spec, moved.at, zone, moved.rule);
        std::erase_if(spec.findings,
                      [](Finding const& finding) { return finding.code.starts_with("time."); });
    }

    Context& ctx_;
    CampaignDecl const& campaign_;
    std::vector<Placement>& placements_;
    Board board_;
    std::map<std::string, core::JobSpec> kept_;
};

void add_window(json::array& windows, Instant from, Instant to, std::string const& why) {
    windows.push_back(
        json::object{{"from", to_rfc3339(from)}, {"to", to_rfc3339(to)}, {"why", why}});
}

}  // namespace

void apply_rules(Context& ctx, CampaignDecl const& campaign, std::vector<Placement>& placements) {
    Scheduler(ctx, campaign, placements).run();
}

boost::json::array compile_blackouts(CampaignDecl const& campaign,
                                     std::string const& zone,
                                     Instant around) {
    // A daily blackout has no end: so many days around the due time are written down, enough for
    // every kind of lateness.
    constexpr int days_before = 1;
    constexpr int days_after = 14;
    json::array windows;
    for (auto const& blackout : campaign.blackout) {
        if (blackout.window) {
            add_window(windows,
                       resolve(blackout.window->first, zone, campaign.rule, {}).at,
                       resolve(blackout.window->second, zone, campaign.rule, {}).at,
                       blackout.why);
            continue;
        }
        auto const own = blackout.zone.empty() ? zone : blackout.zone;
        auto const today = date::floor<date::days>(local_time(around, own));
        for (auto day = today - date::days(days_before); day <= today + date::days(days_after);
             day += date::days(1)) {
            bool const over_midnight = blackout.daily_to <= blackout.daily_from;
            auto const from = resolve(Wall(day) + blackout.daily_from, own, {});
            auto const to = resolve(
                Wall(over_midnight ? day + date::days(1) : day) + blackout.daily_to, own, {});
            if (to.at > from.at) add_window(windows, from.at, to.at, blackout.why);
        }
    }
    return windows;
}

}  // namespace postrider::script

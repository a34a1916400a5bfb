// Spacing, caps and blackouts over the jobs of a campaign and those in the store. Jobs are placed
// one after the other, in order of time, key and account, those that the store has already before
// the rest: what was applied keeps its time.
#include "board.hpp"
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
        : ctx_(ctx), campaign_(campaign), placements_(placements), board_(campaign) {}

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
            board_.take(job.spec.due_at,
                        job.spec.account,
                        account ? account->app_id : job.app_id,
                        describe(job.spec));
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
        board_.take(spec.due_at, spec.account, placement.app, describe(spec));
    }

    void shift(Placement& placement, Instant wanted, bool clashes) {
        auto& spec = *placement.spec;
        auto const last = wanted + *campaign_.shift;
        auto const all = static_cast<std::uint32_t>((1U << board_.rules().size()) - 1);
        // A job that was moved when it was applied keeps that time as long as it would do.
        if (auto const kept = kept_.find(spec.key); kept != kept_.end() && !kept->second.asap) {
            auto const at = kept->second.due_at;
            if (at >= wanted && at <= last && board_.clashes(at, placement).empty()) {
                if (at != wanted) move(placement, at);
                return;
            }
        }
        if (!clashes) return;
        if (auto const free = board_.free_from(wanted, last, placement, all))
            return move(placement, *free);
        json::array names;
        std::string sentences;
        for (auto const rule : smallest_clash(board_, wanted, last, placement)) {
            names.emplace_back(board_.rules()[rule].name);
            auto const clash = board_.rules()[rule].forbids(wanted, placement);
            sentences += (sentences.empty() ? "" : "; ") +
                         (clash ? clash->sentence : board_.rules()[rule].name);
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

    void move(Placement const& placement, Instant at) {
        auto& spec = *placement.spec;
        auto const zone = spec.zone.empty() ? std::string("UTC") : spec.zone;
        auto const moved =
            at_instant(at, zone, ZoneRule::parse(spec.zone_rule).value_or(ZoneRule{}));
        set_time(spec, moved.at, zone, moved.rule);
        spec.blackout = compile_blackouts(campaign_, placement.rule_zone, spec.due_at);
        std::erase_if(spec.findings,
                      [](Finding const& finding) { return finding.code.starts_with("time."); });
    }

    Context& ctx_;
    CampaignDecl const& campaign_;
    std::vector<Placement>& placements_;
    Board board_;
    std::map<std::string, core::JobSpec> kept_;
};

}  // namespace

void apply_rules(Context& ctx, CampaignDecl const& campaign, std::vector<Placement>& placements) {
    Scheduler(ctx, campaign, placements).run();
}

}  // namespace postrider::script

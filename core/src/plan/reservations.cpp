// Which posts fit into the rolling windows of their accounts' quotas.
#include "plan/reservations.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace postrider::core::detail {

namespace {

bool earlier(Taken const& left, Taken const& right) {
    return left.at < right.at;
}

bool fills(adapter::BucketSpec const& bucket, adapter::Deliver deliver) {
    auto const& which = bucket.deliver;
    return bucket.reason == adapter::WaitReason::quota &&
           (which.empty() || std::find(which.begin(), which.end(), deliver) != which.end());
}

Finding impossible(Finding::Level level, Instant got, Instant free, std::string message) {
    Finding finding;
    finding.level = level;
    finding.code = "schedule.impossible";
    finding.path = "/when";
    finding.message = std::move(message);
    finding.got = to_rfc3339(got);
    finding.allowed.emplace_back(to_rfc3339(free));
    return finding;
}

class Reserver {
 public:
    Reserver(Tables& tables, std::vector<PlannedJob>& jobs, Instant now)
        : tables_(tables), jobs_(jobs), now_(now) {
        for (auto const& planned : jobs_)
            if (planned.action != PlanAction::unchanged) moving_.insert(planned.spec.key);
    }

    Result<void> reserve(PlannedJob& planned,
                         Account const& account,
                         adapter::Descriptor const& descriptor) {
        std::vector<std::string> names;
        for (auto const& bucket : descriptor.buckets)
            if (fills(bucket, planned.spec.post.deliver)) names.push_back(bucket.name);
        for (auto const& use : bucket_uses(descriptor, names, account.app_id, account.id)) {
            auto& permits = reserves[use.key];
            permits = permits.is_int64() ? permits.get_int64() + 1 : 1;
            if (use.spec->scope != adapter::BucketScope::account) continue;
            auto calendar = calendar_of(use, account);
            if (!calendar) return calendar.error();
            place(planned, use, **calendar);
        }
        return {};
    }

    boost::json::object reserves;

 private:
    void place(PlannedJob& planned, BucketUse const& use, Calendar& calendar) {
        auto const& spec = planned.spec;
        auto const clash = calendar.clash(spec.due_at);
        if (clash.empty()) {
            calendar.take({spec.due_at, fmt::format("{} (this plan)", spec.post_key)});
            return;
        }
        auto const free = calendar.free_from(spec.due_at);
        // As soon as possible is kept also by one that waits for its turn.
        auto const level = spec.asap ? Finding::Level::warning : Finding::Level::error;
        planned.findings.push_back(impossible(
            level,
            spec.due_at,
            free,
            fmt::format(
                "{} lets {} have {} in {}, and they are taken around {}: the next free time "
                "is {}.",
                use.spec->name,
                spec.account,
                use.spec->size,
                to_duration_text(use.spec->window),
                to_rfc3339(spec.due_at),
                to_rfc3339(free))));
        // Who stands in the way is told once for each bucket: the rest follow from the same.
        if (level != Finding::Level::error || !told_.insert(use.key).second) return;
        for (auto const& taken : clash)
            planned.findings.push_back(
                impossible(level,
                           taken.at,
                           free,
                           fmt::format("In the way: {} at {}.", taken.who, to_rfc3339(taken.at))));
    }

    Result<Calendar*> calendar_of(BucketUse const& use, Account const& account) {
        auto const found = calendars_.find(use.key);
        if (found != calendars_.end()) return &found->second;
        Calendar calendar(use.spec->size, use.spec->window);
        // What was counted already: a permit cools from the answer on.
        auto bucket = tables_.bucket(use.key);
        if (!bucket) return bucket.error();
        if (*bucket)
            for (auto const& slot : (*bucket)->slots)
                if (slot.holder.empty() && slot.free_at > now_)
                    calendar.take({slot.free_at - use.spec->window, "one that was sent"});
        auto times = tables_.due_times(account.id, now_ - use.spec->window);
        if (!times) return times.error();
        for (auto const& stored : *times) {
            if (moving_.contains(stored.key)) continue;
            calendar.take({std::max(stored.due_at, now_), fmt::format("job {}", stored.job_id)});
        }
        return &calendars_.emplace(use.key, std::move(calendar)).first->second;
    }

    Tables& tables_;
    std::vector<PlannedJob>& jobs_;
    Instant now_;
    std::set<std::string> moving_;
    std::set<std::string> told_;
    std::map<std::string, Calendar> calendars_;
};

}  // namespace

void Calendar::take(Taken taken) {
    auto const place = std::upper_bound(taken_.begin(), taken_.end(), taken, earlier);
    taken_.insert(place, std::move(taken));
}

std::vector<Taken> Calendar::clash(Instant at) const {
    // Any full window that holds this time begins with one of the permits taken, or with this one.
    auto const first =
        std::upper_bound(taken_.begin(), taken_.end(), Taken{at - window_, {}}, earlier);
    for (auto begin = first;; ++begin) {
        auto const start = begin == taken_.end() ? at : std::min(begin->at, at);
        std::vector<Taken> inside;
        for (auto each = begin; each != taken_.end() && each->at < start + window_; ++each)
            inside.push_back(*each);
        if (inside.size() >= size_limit()) {
            inside.resize(size_limit());
            return inside;
        }
        if (begin == taken_.end() || begin->at >= at) return {};
    }
}

Instant Calendar::free_from(Instant at) const {
    if (clash(at).empty()) return at;
    for (auto const& taken : taken_) {
        auto const free = taken.at + window_;
        if (free > at && clash(free).empty()) return free;
    }
    return taken_.back().at + window_;
}

Result<boost::json::object> reserve_quotas(
    Tables& tables,
    std::vector<PlannedJob>& jobs,
    std::map<std::string, std::pair<Account, adapter::Descriptor const*>> const& logins,
    Instant now) {
    Reserver reserver(tables, jobs, now);
    std::vector<PlannedJob*> ordered;
    for (auto& planned : jobs)
        if (planned.action == PlanAction::create || planned.action == PlanAction::change)
            ordered.push_back(&planned);
    std::stable_sort(ordered.begin(), ordered.end(), [](auto const* left, auto const* right) {
        return left->spec.due_at < right->spec.due_at;
    });
    for (auto* planned : ordered) {
        auto const login = logins.find(planned->spec.account);
        if (login == logins.end()) continue;
        auto const& [account, descriptor] = login->second;
        if (auto done = reserver.reserve(*planned, account, *descriptor); !done)
            return done.error();
    }
    return std::move(reserver.reserves);
}

}  // namespace postrider::core::detail

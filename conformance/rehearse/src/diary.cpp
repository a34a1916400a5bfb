// Reading events.
#include "diary.hpp"

#include "members.hpp"

#include <boost/json/object.hpp>

#include <algorithm>
#include <utility>

namespace postrider::rehearse {

namespace {

using namespace std::chrono_literals;

constexpr int events_at_once = 1'000;

// A store may have millions of events, and none of them matters here.
Result<std::int64_t> newest_event(core::Tables& tables) {
    std::int64_t there = 0;  // 0, or the number of one that is there
    for (std::int64_t step = std::int64_t{1} << 40; step > 0;) {
        auto const beyond = tables.events(there + step - 1, {}, 1);
        if (!beyond) return beyond.error();
        if (beyond->empty())
            step /= 2;
        else
            there = beyond->front().seq;
    }
    return there;
}

int used_of(core::BucketState const& bucket, Instant now) {
    return static_cast<int>(std::count_if(bucket.slots.begin(),
                                          bucket.slots.end(),
                                          [now](auto const& slot) { return slot.free_at > now; }));
}

}  // namespace

Result<void> Diary::begin(Instant now) {
    began_ = now;
    return ground_.store().read([&](core::Tables& tables) -> Result<void> {
        auto newest = newest_event(tables);
        if (!newest) return newest.error();
        seen_ = *newest;
        auto buckets = tables.buckets();
        if (!buckets) return buckets.error();
        for (auto& bucket : *buckets) before_.emplace(bucket.key, std::move(bucket));
        for (auto const* jobs : {&ground_.planned, &ground_.others}) {
            for (auto const& job : *jobs) {
                Story story;
                story.job_id = job.id;
                story.due_at = job.spec.due_at;
                story.planned = jobs == &ground_.planned;
                if (job.state == core::JobState::awaiting_approval)
                    story.open = Wait{"approval", now, now};
                if (job.state == core::JobState::waiting && job.waiting)
                    story.open = Wait{std::string(word(*job.waiting)), now, now};
                if (story.planned) ++open_;
                account_ids_.emplace(job.spec.account, job.account_id);
                by_id_.emplace(job.id, stories_.size());
                stories_.push_back(std::move(story));
            }
        }
        for (auto& story : stories_)
            if (auto judged = judge_rest(tables, story); !judged) return judged;
        return {};
    });
}

bool Diary::is_late_burst(core::Tables& tables, Story const& story, Instant at) const {
    auto const job = tables.job(story.job_id);
    if (!job || !*job || (*job)->spec.asap) return false;
    if (at - (*job)->spec.due_at <= (*job)->spec.catch_up_within) return false;
    auto const recent = tables.late_commits((*job)->account_id, at - 1h, (*job)->id);
    auto const kinds = ground_.kinds();
    auto const kind = std::find_if(kinds.begin(), kinds.end(), [&](auto const* one) {
        return one->name == (*job)->spec.network;
    });
    return recent && kind != kinds.end() &&
           static_cast<int>(recent->size()) >= (*kind)->adapter->descriptor().account_burst;
}

void Diary::note(core::Tables& tables, core::Event const& event) {
    auto const found = by_id_.find(text_member(event.data, "job"));
    if (found == by_id_.end() || !event.type.starts_with("job.")) return;
    auto& story = stories_[found->second];
    if (story.open) {
        story.open->to = event.at;
        story.waits.push_back(*std::exchange(story.open, std::nullopt));
    }
    if (event.type == "job.awaiting_approval") story.open = Wait{"approval", event.at, event.at};
    if (event.type == "job.waiting") {
        auto reason = text_member(event.data, "reason");
        if (reason == "rate" || reason == "quota")
            blocked_.insert(text_member(event.data, "account"));
        if (reason == "quota" && is_late_burst(tables, story, event.at)) reason = "late_burst";
        story.open = Wait{std::move(reason), event.at, event.at};
    }
}

// At rest: the engine does nothing more about it by itself. One that waits for its approval is only
// so when nobody will give it, which is for whoever gives approvals to say.
Result<void> Diary::judge_rest(core::Tables& tables, Story& story) {
    auto const job = tables.job(story.job_id);
    if (!job) return job.error();
    bool const rests =
        !*job || is_final((*job)->state) || (!(*job)->next_at && (*job)->lease_owner.empty());
    if (story.planned && rests != story.at_rest) open_ += rests ? -1 : 1;
    story.at_rest = rests;
    return {};
}

Result<void> Diary::catch_up() {
    auto const done = ground_.store().read([&](core::Tables& tables) -> Result<void> {
        std::set<std::size_t> touched;
        for (;;) {
            auto page = tables.events(seen_, {}, events_at_once);
            if (!page) return page.error();
            if (page->empty()) break;
            seen_ = page->back().seq;
            for (auto const& event : *page) {
                note(tables, event);
                auto const found = by_id_.find(text_member(event.data, "job"));
                if (found != by_id_.end()) touched.insert(found->second);
            }
        }
        for (auto const index : touched)
            if (auto judged = judge_rest(tables, stories_[index]); !judged) return judged;
        return {};
    });
    for (auto const& account : std::exchange(blocked_, {}))
        if (on_blocked) on_blocked(account);
    return done;
}

void Diary::look_at_limits(std::string const& account,
                           std::vector<std::string> const& buckets,
                           Instant now) {
    auto const id = account_ids_.find(account);
    auto const* known = id == account_ids_.end() ? nullptr : ground_.account(id->second);
    if (!known) return;
    auto const kinds = ground_.kinds();
    auto const kind = std::find_if(
        kinds.begin(), kinds.end(), [&](auto const* one) { return one->name == known->network; });
    if (kind == kinds.end()) return;
    auto const uses =
        core::bucket_uses((*kind)->adapter->descriptor(), buckets, known->app_id, known->id);
    auto const look = [&](core::Tables& tables) -> Result<void> {
        for (auto const& use : uses) {
            auto const bucket = tables.bucket(use.key);
            if (!bucket) return bucket.error();
            if (!*bucket) continue;
            auto const [place, fresh] = limits_.try_emplace(use.key);
            auto& limit = place->second;
            if (fresh) {
                limit.name = use.spec->name;
                limit.network = known->network;
                limit.app_id = known->app_id;
                limit.reason = use.spec->reason;
                if (use.spec->scope == adapter::BucketScope::account) limit.account = account;
                limit.peak_at = began_;
                if (auto const old = before_.find(use.key); old != before_.end()) {
                    limit.used_before = limit.peak = used_of(old->second, began_);
                    if (limit.used_before >= old->second.size) limit.full_at = began_;
                }
            }
            auto const used = used_of(**bucket, now);
            if (used > limit.peak) {
                limit.peak = used;
                limit.peak_at = now;
            }
            if (used >= (*bucket)->size && !limit.full_at) limit.full_at = now;
            limit.last = **bucket;
        }
        return {};
    };
    (void)ground_.store().read(look);
}

Result<void> Diary::end(Instant now) {
    if (auto read = catch_up(); !read) return read;
    for (auto& story : stories_) {
        if (!story.open) continue;
        story.open->to = now;
        story.waits.push_back(*std::exchange(story.open, std::nullopt));
    }
    return {};
}

}  // namespace postrider::rehearse

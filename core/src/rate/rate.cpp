// Permit slots of one bucket, and the registry over the store's tables.
#include <postrider/core/mutant.hpp>
#include <postrider/core/rate.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace postrider::core {
namespace {

void drop_free_slots(BucketState& bucket, Instant now) {
    std::erase_if(bucket.slots,
                  [now](BucketState::Slot const& slot) { return slot.free_at <= now; });
}

BucketState::Slot* held_slot(BucketState& bucket, std::string_view holder) {
    auto found = std::find_if(bucket.slots.begin(), bucket.slots.end(), [holder](auto const& slot) {
        return slot.holder == holder;
    });
    return found == bucket.slots.end() ? nullptr : &*found;
}

// A holder is `owner/job/fence`.
std::string_view job_of(std::string_view holder) {
    auto const end = holder.rfind('/');
    auto const start = holder.rfind('/', end == holder.npos ? end : end - 1);
    if (start == holder.npos || start == end) return {};
    return holder.substr(start + 1, end - start - 1);
}

Result<BucketState> load(Tables& tables, BucketUse const& use) {
    auto stored = tables.bucket(use.key);
    if (!stored) return stored.error();
    BucketState bucket = stored->value_or(BucketState{});
    bucket.key = use.key;
    bucket.window = use.spec->window;
    bucket.declared = use.spec->size;
    if (bucket.source == "declared" || bucket.size == 0) bucket.size = use.spec->size;
    return bucket;
}

// A learned size grows back by one after ten windows without a refusal, never beyond what is
// declared.
void loosen(BucketState& bucket, Instant now) {
    if (bucket.source != "learned" || !bucket.learned_at) return;
    auto const step = bucket.window * 10;
    while (bucket.size < bucket.declared && *bucket.learned_at + step <= now) {
        ++bucket.size;
        *bucket.learned_at += step;
    }
    if (bucket.size >= bucket.declared) {
        bucket.source = "declared";
        bucket.learned_at.reset();
        bucket.evidence.clear();
    }
}

}  // namespace

Instant permit_free_at(BucketState const& bucket, Instant now) {
    std::vector<Instant> busy;
    for (auto const& slot : bucket.slots)
        if (slot.free_at > now) busy.push_back(slot.free_at);
    auto const size = static_cast<std::size_t>(std::max(bucket.size, 1));
    if (busy.size() < size) return now;
    // With as many busy slots as the size allows, the first to come free makes room; a bucket that
    // has shrunk waits for more.
    auto const nth = busy.begin() + static_cast<std::ptrdiff_t>(busy.size() - size);
    std::nth_element(busy.begin(), nth, busy.end());
    return *nth;
}

void take_permit(BucketState& bucket, std::string_view holder, Instant now, Instant deadline) {
    drop_free_slots(bucket, now);
    bucket.slots.push_back({deadline + bucket.window, std::string(holder), {}});
}

void settle_permit(BucketState& bucket,
                   std::string_view holder,
                   Instant replied_at,
                   std::string_view effect_of) {
    auto* slot = held_slot(bucket, holder);
    if (!slot) return;
    slot->free_at = replied_at + bucket.window;
    if (mutant("slots_freed_early")) slot->free_at = replied_at;
    slot->holder.clear();
    slot->job = effect_of;
}

void refund_permit(BucketState& bucket, std::string_view holder) {
    std::erase_if(bucket.slots, [holder](auto const& slot) { return slot.holder == holder; });
}

void learn_refusal(BucketState& bucket, Instant now, Instant until, std::string evidence) {
    drop_free_slots(bucket, now);
    bucket.size = std::max(1, bucket.size - std::max(1, bucket.size / 10));
    bucket.source = "learned";
    bucket.learned_at = now;
    bucket.evidence = std::move(evidence);
    for (auto& slot : bucket.slots) slot.free_at = std::max(slot.free_at, until);
    while (bucket.slots.size() < static_cast<std::size_t>(bucket.size))
        bucket.slots.push_back({until, {}, {}});
}

std::vector<BucketUse> bucket_uses(adapter::Descriptor const& descriptor,
                                   std::span<std::string const> names,
                                   std::string_view app_id,
                                   std::string_view account_id) {
    std::vector<BucketUse> uses;
    for (auto const& name : names) {
        auto const* spec = adapter::find_bucket(descriptor, name);
        if (!spec) continue;
        bool const app_wide = spec->scope == adapter::BucketScope::app;
        uses.push_back({fmt::format("{}/{}/{}/{}",
                                    descriptor.network,
                                    app_id,
                                    app_wide ? std::string_view("-") : account_id,
                                    name),
                        spec});
    }
    return uses;
}

Result<std::optional<Blocked>> acquire_permits(Tables& tables,
                                               std::span<BucketUse const> uses,
                                               std::string_view holder,
                                               Instant now,
                                               Instant deadline) {
    std::vector<BucketState> buckets;
    std::optional<Blocked> blocked;
    for (auto const& use : uses) {
        auto bucket = load(tables, use);
        if (!bucket) return bucket.error();
        loosen(*bucket, now);
        auto const free_at = permit_free_at(*bucket, now);
        if (free_at > now && (!blocked || free_at > blocked->until))
            blocked = Blocked{free_at, use.spec->reason, use.key, Owner::network};
        buckets.push_back(*std::move(bucket));
    }
    if (blocked) return blocked;
    for (auto& bucket : buckets) {
        take_permit(bucket, holder, now, deadline);
        if (auto put = tables.put_bucket(bucket); !put) return put.error();
    }
    return std::optional<Blocked>();
}

Result<void> end_permits(Tables& tables,
                         std::span<BucketUse const> uses,
                         std::string_view holder,
                         PermitEnd end,
                         Instant at) {
    for (auto const& use : uses) {
        auto bucket = load(tables, use);
        if (!bucket) return bucket.error();
        bool const refused_effect =
            end == PermitEnd::refused && use.spec->counts == adapter::BucketCounts::effects;
        if (end == PermitEnd::not_sent || refused_effect)
            refund_permit(*bucket, holder);
        else
            settle_permit(*bucket,
                          holder,
                          at,
                          use.spec->counts == adapter::BucketCounts::effects ? job_of(holder)
                                                                             : std::string_view());
        if (auto put = tables.put_bucket(*bucket); !put) return put.error();
    }
    return {};
}

Result<void> count_effect(Tables& tables,
                          std::span<BucketUse const> uses,
                          std::string_view job_id,
                          Instant seen_at) {
    for (auto const& use : uses) {
        if (use.spec->counts != adapter::BucketCounts::effects) continue;
        auto bucket = load(tables, use);
        if (!bucket) return bucket.error();
        bool moved = false;
        for (auto& slot : bucket->slots) {
            if (slot.job != job_id) continue;
            slot.free_at = std::max(slot.free_at, seen_at + bucket->window);
            slot.job.clear();
            moved = true;
        }
        if (!moved) continue;
        if (auto put = tables.put_bucket(*bucket); !put) return put.error();
    }
    return {};
}

Result<std::optional<Blocked>> effect_blocked(Tables& tables,
                                              std::span<BucketUse const> uses,
                                              std::string_view job_id,
                                              Instant now) {
    std::optional<Blocked> blocked;
    for (auto const& use : uses) {
        if (use.spec->counts != adapter::BucketCounts::effects) continue;
        auto bucket = load(tables, use);
        if (!bucket) return bucket.error();
        bool const own =
            std::any_of(bucket->slots.begin(), bucket->slots.end(), [job_id](auto const& slot) {
                return slot.job == job_id || job_of(slot.holder) == job_id;
            });
        auto const free_at = permit_free_at(*bucket, now);
        if (!own && free_at > now && (!blocked || free_at > blocked->until))
            blocked = Blocked{free_at, use.spec->reason, use.key, Owner::network};
    }
    return blocked;
}

Result<std::optional<Instant>> first_effect_ends(Tables& tables,
                                                 std::span<BucketUse const> uses,
                                                 Instant now) {
    std::optional<Instant> first;
    for (auto const& use : uses) {
        if (use.spec->counts != adapter::BucketCounts::effects) continue;
        auto bucket = load(tables, use);
        if (!bucket) return bucket.error();
        for (auto const& slot : bucket->slots)
            if (slot.free_at > now && (!first || slot.free_at < *first)) first = slot.free_at;
    }
    return first;
}

Result<void> abandon_permits(Tables& tables, std::string_view holder_prefix, Instant at) {
    auto buckets = tables.buckets();
    if (!buckets) return buckets.error();
    for (auto& bucket : *buckets) {
        bool changed = false;
        for (auto& slot : bucket.slots) {
            if (slot.holder.empty() || !slot.holder.starts_with(holder_prefix)) continue;
            slot.free_at = std::min(slot.free_at, at + bucket.window);
            slot.holder.clear();
            changed = true;
        }
        if (!changed) continue;
        if (auto put = tables.put_bucket(bucket); !put) return put.error();
    }
    return {};
}

}  // namespace postrider::core

// Permit slots: a limit of n in a window W is n slots. A request takes one and keeps it until its
// answer; the slot is free again W after the answer. So no window at the server ever holds more
// than n arrivals, whatever the delays on the way: the next request through the same slot leaves
// after answer + W, and so arrives after arrival + W.
#pragma once

#include <postrider/adapter/descriptor.hpp>
#include <postrider/core/records.hpp>
#include <postrider/core/store.hpp>

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace postrider::core {

// --- one bucket, pure

/// When the next permit is free; `now` when one is free already.
Instant permit_free_at(BucketState const& bucket, Instant now);
/// Takes a permit that must be free. It can be counted by the server until `deadline`.
void take_permit(BucketState& bucket, std::string_view holder, Instant now, Instant deadline);
/// The answer came at `replied_at`: the slot cools from then on. `effect_of`: it counts the effect
/// of this job, which may become visible later still (count_effect).
void settle_permit(BucketState& bucket,
                   std::string_view holder,
                   Instant replied_at,
                   std::string_view effect_of = {});
/// No byte left, or (for a bucket that counts effects) the request was refused: the slot is as it
/// was.
void refund_permit(BucketState& bucket, std::string_view holder);
/// The server refused by rate: it has counted more than we know of. Every slot is free no sooner
/// than `until`, and the size in force drops by a tenth, at least by one, never below one.
void learn_refusal(BucketState& bucket, Instant now, Instant until, std::string evidence);

// --- the registry: buckets of a request, in the store

/// One bucket that a request has to pass.
struct BucketUse {
    std::string key;
    adapter::BucketSpec const* spec = nullptr;
};

/// Keys are `network/app/account/bucket`, with `-` for the account of an app-wide bucket.
std::vector<BucketUse> bucket_uses(adapter::Descriptor const& descriptor,
                                   std::span<std::string const> names,
                                   std::string_view app_id,
                                   std::string_view account_id);

struct Blocked {
    Instant until{};
    adapter::WaitReason reason = adapter::WaitReason::rate;
    std::string bucket;
    Owner owner = Owner::network;
};

/// A permit in each bucket or in none. Gives what is in the way, or nothing when all were taken.
Result<std::optional<Blocked>> acquire_permits(Tables& tables,
                                               std::span<BucketUse const> uses,
                                               std::string_view holder,
                                               Instant now,
                                               Instant deadline);

enum class PermitEnd { replied, refused, not_sent, lost };

/// Ends what acquire_permits() began. `lost`: no answer; the slot cools from the deadline.
Result<void> end_permits(Tables& tables,
                         std::span<BucketUse const> uses,
                         std::string_view holder,
                         PermitEnd end,
                         Instant at);

/// The effect of a job was seen. What counts effects may have begun to count it only now, long
/// after the request that asked for it was answered, so its slots cool from here.
Result<void> count_effect(Tables& tables,
                          std::span<BucketUse const> uses,
                          std::string_view job_id,
                          Instant seen_at);

/// What is in the way of the effect of a job, before anything is asked for it; nothing is taken. A
/// slot that counts this job already is its own.
Result<std::optional<Blocked>> effect_blocked(Tables& tables,
                                              std::span<BucketUse const> uses,
                                              std::string_view job_id,
                                              Instant now);

/// When the first of our own effects ends to count; empty when none counts.
Result<std::optional<Instant>> first_effect_ends(Tables& tables,
                                                 std::span<BucketUse const> uses,
                                                 Instant now);

/// A holder is proved dead at `at`: its slots cool from then at the latest.
Result<void> abandon_permits(Tables& tables, std::string_view holder_prefix, Instant at);

}  // namespace postrider::core

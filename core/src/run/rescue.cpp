// What the dead held: their claims, within a second, and permits without a job to show for them.
#include "run/engine_impl.hpp"

#include <postrider/core/mutant.hpp>
#include <postrider/core/rate.hpp>

#include <set>

namespace postrider::core {

namespace asio = boost::asio;

// Gives whether anybody was dead.
asio::awaitable<Result<bool>> Engine::Impl::rescue(std::vector<std::string> owners) {
    bool freed = false;
    if (!parts_.owner_is_dead) co_return freed;
    for (auto const& owner : owners) {
        bool const dead = parts_.owner_is_dead(owner) || mutant("live_owner_rescued");
        if (owner == parts_.owner || !dead || mutant("nobody_rescues")) continue;
        auto const now = parts_.clock.now();
        Store::Work work = [owner, now](Tables& tables) -> Result<void> {
            auto held = tables.held_jobs(owner);
            if (!held) return held.error();
            for (auto& job : *held) {
                // The fence is raised: should the dead have left a write under way, it finds the
                // door shut.
                ++job.fence;
                job.lease_owner.clear();
                job.next_at = now;
                job.updated_at = now;
                if (auto updated = tables.update_job(job); !updated) return updated;
            }
            if (mutant("permits_of_the_dead_kept")) return {};
            return abandon_permits(tables, owner + "/", now);
        };
        auto done = co_await write(parts_.store, std::move(work));
        if (!done) co_return done.error();
        freed = true;
    }
    co_return freed;
}

// What the dead held without a job to show for it: the answer to a request whose job somebody had
// taken away meanwhile, for one. Rare, so it is looked for at the start and with the calendar.
asio::awaitable<Result<void>> Engine::Impl::rescue_permits() {
    if (!parts_.owner_is_dead || mutant("permits_of_the_dead_kept")) co_return Result<void>();
    auto owners = read_now<std::set<std::string>>(
        parts_.store, [](Tables& tables) -> Result<std::set<std::string>> {
            auto buckets = tables.buckets();
            if (!buckets) return buckets.error();
            std::set<std::string> found;
            for (auto const& bucket : *buckets)
                for (auto const& slot : bucket.slots)
                    if (!slot.holder.empty())
                        found.insert(slot.holder.substr(0, slot.holder.find('/')));
            return found;
        });
    if (!owners) co_return owners.error();
    for (auto const& owner : *owners) {
        if (owner == parts_.owner || !parts_.owner_is_dead(owner)) continue;
        Store::Work work = [owner, now = parts_.clock.now()](Tables& tables) {
            return abandon_permits(tables, owner + "/", now);
        };
        auto done = co_await write(parts_.store, std::move(work));
        if (!done) co_return done;
    }
    co_return Result<void>();
}

}  // namespace postrider::core

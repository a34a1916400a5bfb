// One visit to one claimed job: from the state it rests in to the next one. All writes carry the
// claim's fence.
#pragma once

#include "run/exchange.hpp"
#include "run/gate.hpp"

#include <postrider/core/engine.hpp>
#include <postrider/core/retry.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <functional>
#include <string>
#include <vector>

namespace postrider::core {

class Attempt {
 public:
    Attempt(EngineParts& parts,
            Exchanges& exchanges,
            boost::asio::any_io_executor workers,
            std::function<void(Progress const&)> const& progress,
            Job claimed);

    /// Ends with the job released in a durable state, or with the claim lost (then nothing of ours
    /// is written).
    boost::asio::awaitable<void> run();

    /// Why the store could not be used: then the claim stays as it is, and nothing was decided.
    [[nodiscard]] std::optional<Error> const& store_failure() const { return store_failure_; }
    /// Until when it waits, if it was told to before it could send more than looks.
    [[nodiscard]] std::optional<Instant> const& turned_away() const { return turned_away_; }
    [[nodiscard]] bool began() const { return began_; }

 private:
    // What the visit came to: go on with an answer, or the visit is over.
    struct Next {
        bool over = false;
        adapter::Answer answer = adapter::Begin{};
        Next() = default;
    };

    boost::asio::awaitable<Result<void>> load();
    boost::asio::awaitable<void> publish();
    boost::asio::awaitable<void> observe();
    boost::asio::awaitable<Next> act(adapter::Send send);
    boost::asio::awaitable<Next> look(adapter::Send send);
    boost::asio::awaitable<Next> fail(Error error, std::optional<adapter::SavedState> state);
    boost::asio::awaitable<Next> settle_commit_reply(adapter::Action const& action);
    boost::asio::awaitable<void> stop_at(GateStop stop);
    boost::asio::awaitable<void> doubt(Error error, Milliseconds look_after);
    boost::asio::awaitable<void> hold_account(Error error);
    boost::asio::awaitable<void> finish(adapter::Finish done);
    boost::asio::awaitable<void> resume(adapter::Resume resume);
    boost::asio::awaitable<void> look_later(std::optional<Milliseconds> delay);
    boost::asio::awaitable<void> snooze(adapter::WaitReason reason,
                                        Owner owner,
                                        std::optional<Instant> until);
    boost::asio::awaitable<Result<void>> check_files();

    // Writes the job with everything that is pending; false when the claim is lost or the store
    // fails: then the visit ends.
    boost::asio::awaitable<bool> put();
    boost::asio::awaitable<bool> release();
    [[nodiscard]] bool left_in_doubt() const;
    // False when somebody took the job away meanwhile, or the store failed.
    bool still_ours();
    // Somebody took the job away while a request was under way: the job is theirs, but what was
    // sent was sent, and its permits are given back.
    boost::asio::awaitable<void> leave_traces();
    // True when it is the store that failed: an error of this kind is no verdict on the post.
    bool store_failed(Error const& error);
    [[nodiscard]] std::vector<BucketUse> effect_uses() const;
    Instant quota_asked_again_at();
    void note_step(adapter::Send const& send, ExchangeResult const& exchange);
    void enter(JobState state);
    adapter::JobView view() const;
    Job stored_form() const;
    Instant now() const { return parts_.clock.now(); }
    void report(std::uint64_t sent = 0, std::uint64_t total = 0) const;

    EngineParts& parts_;
    Exchanges& exchanges_;
    boost::asio::any_io_executor workers_;
    std::function<void(Progress const&)> const& progress_;

    Job job_;
    JobState stored_state_;
    adapter::SavedState loaded_;  // kept by a planted bug alone
    Account account_;
    App app_;
    Campaign campaign_;
    adapter::Adapter const* adapter_ = nullptr;
    bool state_is_open_ = false;  // until then job_.saved is as it stands in the store
    std::vector<Store::Work> pending_;
    std::optional<Error> store_failure_;
    std::optional<std::int64_t> stale_token_;
    std::optional<Instant> turned_away_;
    bool began_ = false;  // more than looks left for the network
    bool refreshed_ = false;
    adapter::Effect last_effect_ = adapter::Effect::look;
    adapter::Verdict last_verdict_ = adapter::Verdict::replied;
    std::optional<Milliseconds> told_to_wait_;  ///< by the network, with the answer that failed
    bool commit_replied_ =
        false;  // the newest answer is a commit's, and the adapter has not yet said what it means
    std::int64_t token_generation_ = 0;
};

/// Opens and seals the part of a job's state that is encrypted at rest.
Result<adapter::SavedState> open_state(adapter::SavedState const& stored,
                                       std::string_view job_id,
                                       Vault const& vault);
adapter::SavedState seal_state(adapter::SavedState const& state,
                               std::string_view job_id,
                               Vault const& vault);

}  // namespace postrider::core

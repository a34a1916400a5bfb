// What is kept between the steps of one post. All but the upload URL may be seen by people.
#pragma once

#include <postrider/adapter/action.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace postrider::tiktok {

/// How far a post has come. The words are those in the saved state.
enum class Phase {
    fresh,       ///< nothing is with TikTok
    ready,       ///< creator_info was asked in this attempt; the init comes next
    uploading,   ///< init is done, bytes are missing
    processing,  ///< everything is with TikTok
    posted,      ///< published; the id may be missing
    handed_off,  ///< in the creator's inbox
};

struct State {
    Phase phase = Phase::fresh;
    bool inbox = false;      ///< this post goes, or fell back, to the inbox
    std::string publish_id;  ///< the handle; saved before the first byte that could publish it
    std::string upload_url;  ///< a credential
    std::optional<Instant> init_at;
    std::uint64_t size = 0;  ///< of the upload; 0 when TikTok fetches the media
    std::uint64_t chunk_size = 0;
    std::uint64_t offset = 0;  ///< everything before it is stored at TikTok, as far as we were told
    bool last_sent = false;    ///< the last chunk of this handle has left once
    int resumes = 0;           ///< how often the last chunk was sent again after a look
    int stumbles = 0;   ///< 416 answers and foreign pages since the last chunk that was taken
    int uncounted = 0;  ///< looks in this doubt at an upload whose bytes TikTok did not count
    std::optional<Instant> since;  ///< when the present phase `processing` or `posted` began
    std::string username;          ///< creator_username, where it is not the account's handle
    std::vector<Instant> inits;    ///< of this post, newest last: inits are not free
    std::string abandoned;         ///< why the last handle was given up
    /// The newest armed commit that was proved to have had no effect. It must not be doubted again.
    std::optional<adapter::Intent> settled;

    [[nodiscard]] bool upload() const { return size > 0; }
};

/// Reads what write_state wrote; anything unreadable is left at its default.
State read_state(adapter::SavedState const& saved);
adapter::SavedState write_state(State const& state);

/// The state after a handle was proved dead, or could never publish: ready for a new init.
State without_handle(State state, std::string why);

/// The armed commit that may still take effect, or null.
adapter::Intent const* live_intent(adapter::JobView const& job, State const& state);

/// Marks the job's newest intent as proved to be without effect.
void settle(State& state, adapter::JobView const& job);

}  // namespace postrider::tiktok

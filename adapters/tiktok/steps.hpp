// What the files of the adapter share: names of steps, requests, and one reading of TikTok's
// answers.
#pragma once

#include "api.hpp"
#include "settings.hpp"
#include "state.hpp"

#include <postrider/adapter/action.hpp>
#include <postrider/adapter/descriptor.hpp>
#include <postrider/result.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postrider::tiktok {

namespace step {
inline constexpr std::string_view creator_info = "creator_info";
inline constexpr std::string_view user_info = "user_info";
inline constexpr std::string_view init = "init";
inline constexpr std::string_view inbox_init = "inbox_init";
inline constexpr std::string_view pull_init = "pull_init";
inline constexpr std::string_view inbox_pull_init = "inbox_pull_init";
inline constexpr std::string_view photo_init = "photo_init";
inline constexpr std::string_view inbox_photo_init = "inbox_photo_init";
inline constexpr std::string_view upload_chunk = "upload_chunk";
inline constexpr std::string_view upload_last_chunk = "upload_last_chunk";
inline constexpr std::string_view status = "status";
}  // namespace step

adapter::Descriptor const& tiktok_descriptor();

// --- creator.cpp: what TikTok says of a creator

adapter::CreatorFacts facts_of(CreatorInfo const& info, Instant now);
adapter::Send ask_creator_info(Settings const& settings);
adapter::FactsAction creator_facts(adapter::AccountView const& account,
                                   adapter::AppView const& app,
                                   Instant now,
                                   adapter::Answer const& answer);

/// True when the creator has granted direct posts and not drafts: the inbox is closed.
bool only_direct(adapter::AccountView const& account);

// --- validate.cpp

std::vector<Finding> check_post(adapter::Post const& post,
                                adapter::AppView const& app,
                                adapter::CreatorFacts const* facts);

/// What an earlier approval or check has let pass and today's facts do not: nothing, or the error
/// that keeps the post from being sent. A choice is never changed instead.
std::optional<Error> lapsed(adapter::Post const& post,
                            adapter::AppView const& app,
                            adapter::CreatorFacts const& facts);

/// True when the only thing against a direct post is something that does not concern a draft.
bool only_direct_is_impossible(adapter::Post const& post,
                               adapter::AppView const& app,
                               adapter::CreatorFacts const& facts);

// --- requests.cpp: every request of the posting flow

bool fetched_by_network(adapter::Post const& post);  ///< the media are addresses, not files

/// The init that this post and state call for; an error when the post lacks what it needs.
Result<adapter::Send> init_request(adapter::JobView const& job, State const& state);

adapter::Send chunk_request(adapter::JobView const& job, State const& state, Chunk const& chunk);
adapter::Send status_request(Settings const& settings, std::string_view publish_id);

// --- look.cpp: one reading of status/fetch for next() and reconcile()

enum class Seen {
    published,
    handed_off,
    failed,
    working,  ///< also for status words that are not known
    no_such,  ///< the publish id is not known, or not ours to ask about
    unread,   ///< the call failed; it says nothing about the post
};

struct Look {
    Seen seen = Seen::unread;
    StatusAnswer status;
    std::optional<Error> error;  ///< with `failed`, `no_such` and `unread`
};

Look read_look(adapter::HttpReply const& reply);

/// The end of a post that was seen to be published or handed off.
adapter::Finish finish(adapter::JobView const& job, State state, Look const& look);

/// The end of a post that was seen to have failed: a proof, so the next attempt may begin afresh.
adapter::Fail fail_seen(adapter::JobView const& job, State state, Look const& look);

/// The last chunk is missing at TikTok, and its handle can no longer publish.
bool proved_dead(State const& state, StatusAnswer const& status, Instant now);

/// The upload URL is young enough to be used.
bool upload_url_alive(State const& state, Instant now);

Error in_doubt(std::string sentence);

// --- upload.cpp: from the first chunk to the end of processing

/// Goes on with an upload whose offset is known.
adapter::Action put_chunk(adapter::JobView const& job, State const& state);
adapter::Action after_chunk(adapter::JobView const& job, State state, adapter::Reply const& reply);
adapter::Action after_status(adapter::JobView const& job, State state, adapter::Reply const& reply);

/// Everything is with TikTok now.
adapter::Save save_processing(State state, Instant now);

// --- direct_post.cpp and reconcile.cpp

adapter::Action next_action(adapter::JobView const& job, adapter::Answer const& answer);
adapter::Action reconcile_action(adapter::JobView const& job, adapter::Answer const& answer);

}  // namespace postrider::tiktok

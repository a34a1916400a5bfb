// The world an emulator starts with: apps, creators, tokens, switches, times, and what becomes of
// which file.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tiktok/emulator/model/fields.hpp"
#include "tiktok/emulator/model/http.hpp"
#include "tiktok/emulator/model/switches.hpp"

namespace postrider::tiktok::emulator {

/// One registered application.
struct App {
    std::string client_key;
    std::string client_secret;
    std::string kind = "desktop";  ///< or `web`
    bool audited = true;
    bool sandbox = false;
    std::vector<std::string> scopes;  ///< what it may ask for
    std::vector<std::string> redirect_uris;
    std::vector<std::string> target_users;  ///< of a sandbox: the handles that may authorize
    std::vector<std::string>
        verified_urls;  ///< domains (`media.example`) and prefixes (`https://h/p/`)
    std::optional<std::int64_t> active_user_cap;  ///< creators that may post in 24 h
};

/// One account. Everything here may be changed while the emulator runs.
struct Creator {
    std::string handle;  ///< without `@`
    std::string nickname;
    bool private_account = false;
    std::optional<std::vector<std::string>> privacy_level_options;  ///< instead of the usual ones
    bool comment_disabled = false;
    bool duet_disabled = false;
    bool stitch_disabled = false;
    std::int64_t max_video_post_duration_sec = 600;
    std::int64_t daily_cap = 15;
    std::int64_t posts_already_today = 0;  ///< by other clients, when the emulator starts
    std::int64_t pending_drafts_cap = 5;
    bool banned = false;
    bool old_app = false;  ///< their TikTok app is too old for photo drafts
    bool denies = false;   ///< presses Cancel on the authorize page
    std::optional<std::vector<std::string>>
        grants;  ///< the scopes they leave ticked; all when absent

    std::vector<std::string> privacy_options() const;
};

/// A token pair with values known beforehand, so that files can be prepared.
struct FixedToken {
    std::string creator;
    std::string client_key;
    std::string access_token;
    std::string refresh_token;
    std::vector<std::string> scopes;
    std::optional<std::int64_t>
        expires_in;  ///< seconds; may be negative, for a token that is dead on arrival
};

/// What becomes of the content that matches. The first matching row decides.
struct OutcomeRule {
    std::optional<std::string> title;
    std::optional<std::string> sha256;
    std::optional<std::string> url;
    std::optional<std::string> fail_reason;
    std::optional<std::int64_t> duration_sec;
    std::optional<std::int64_t> size;          ///< of a pulled file
    std::optional<std::string> pulled_sha256;  ///< of a pulled file
    std::optional<std::int64_t> processing_ms;
    std::optional<std::int64_t> id_delay_ms;
    std::int64_t posts = 1;  ///< how many posts the creator makes of a draft
};

struct Lifetimes {
    std::int64_t access_token_sec = 7'200;
    std::int64_t refresh_token_sec = 15'552'000;
    std::int64_t client_token_sec = 7'200;
    std::int64_t code_sec = 600;
    std::int64_t upload_url_sec = 3'600;
};

/// Calls a minute, for each token and endpoint. 0 means no limit.
struct Limits {
    std::int64_t init = 6;
    std::int64_t creator_info = 20;
    std::int64_t status = 30;
    std::int64_t display = 600;
    std::int64_t cancel = 0;
    std::int64_t upload = 0;
};

struct Scenario {
    std::optional<std::uint64_t> seed;  ///< of all ids; 1 when absent
    std::vector<App> apps;
    std::vector<Creator> creators;
    std::vector<FixedToken> tokens;
    std::vector<OutcomeRule> outcomes;
    Switches switches;
    Lifetimes lifetimes;
    Limits limits;
    Millis processing{300};
    Millis pull{300};  ///< how long fetching a URL takes, before processing
    Millis id_delay{300};
    Millis draft_post_delay{1'000};  ///< with `drafts: post`

    /// One audited desktop app `emu-app` (secret `emu-secret`) and three creators.
    static Scenario built_in();
};

std::vector<std::string> const& all_scopes();
std::vector<std::string> const& all_privacy_levels();

/// Parts that are absent keep the built-in default; `apps` and `creators` are replaced as a whole.
Read<Scenario> read_scenario(std::string_view text);

json::object write_creator(Creator const& creator);
/// Changes the members that `fields` names and leaves the others. Throws SpecError.
void read_creator_facts(Fields& fields, Creator& creator);

}  // namespace postrider::tiktok::emulator

// The state behind the model: plain structs, and the few rules that several endpoints share. Not
// for users of the library; they talk to Model.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "tiktok/emulator/model/digest.hpp"
#include "tiktok/emulator/model/faults.hpp"
#include "tiktok/emulator/model/http.hpp"
#include "tiktok/emulator/model/ids.hpp"
#include "tiktok/emulator/model/ledger.hpp"
#include "tiktok/emulator/model/scenario.hpp"

namespace postrider::tiktok::emulator {

/// What one creator allowed one app. Tokens die with it.
struct Grant {
    std::string creator;
    std::string client_key;
    std::string open_id;
    bool revoked = false;
    std::deque<TimePoint> looks;         ///< creator_info answers that no init has used yet
    std::optional<TimePoint> stop_seen;  ///< when creator_info last said to stop posting
};

struct AccessToken {
    std::string grant;  ///< key in World::grants; empty for a client token
    std::string client_key;
    std::vector<std::string> scopes;
    TimePoint expires{};
    bool dead = false;
    std::optional<TimePoint> first_refused;
};

struct RefreshToken {
    std::string grant;
    std::string access_token;
    std::vector<std::string> scopes;
    TimePoint expires{};
    bool dead = false;
    std::int64_t uses_after_death = 0;
};

struct AuthCode {
    std::string grant;
    std::string redirect_uri;
    std::string challenge;
    std::vector<std::string> scopes;
    TimePoint expires{};
    bool used = false;
};

enum class Phase { uploading, pulling, processing, inbox, complete, failed };

struct Publish {
    std::string id;
    std::string creator;
    std::string client_key;
    bool photo = false;
    bool draft = false;
    bool pull = false;
    std::string title;
    std::string privacy_level;
    json::object post_info;
    std::vector<std::string> urls;
    TimePoint created{};

    // Upload
    std::string upload_id;
    std::string upload_token;
    std::int64_t size = 0;
    std::int64_t chunk_size = 0;
    std::int64_t chunk_count = 0;
    std::int64_t stored = 0;
    std::int64_t chunks_stored = 0;
    std::int64_t repeats = 0;  ///< PUTs of the newest stored chunk since it was stored
    bool blind = false;  ///< a PUT of the last chunk went wrong and no status was fetched since
    Sha256 hash;
    TimePoint url_expires{};
    bool forgotten = false;

    Phase phase = Phase::uploading;
    TimePoint started{};           ///< of the running phase
    std::optional<TimePoint> due;  ///< when it ends by itself
    std::string sha256;            ///< once all bytes are there
    std::string fail_reason;
    std::vector<std::int64_t> post_ids;
    TimePoint published{};
    TimePoint ids_visible{};

    bool all_bytes() const { return !pull && stored == size; }
    bool terminal() const { return phase == Phase::complete || phase == Phase::failed; }
};

struct World {
    World(Scenario scenario, Clock clock);

    Scenario scenario;
    Clock clock;
    Millis clock_offset{0};
    TimePoint began{};
    /// Client seconds to model time, when the model's clock runs faster than the client's.
    std::int64_t time_scale = 1;
    std::string base_url = "http://127.0.0.1";
    Ids ids;
    FaultScript faults;

    std::map<std::string, App, std::less<>> apps;
    std::map<std::string, Creator, std::less<>> creators;
    std::map<std::string, Grant, std::less<>> grants;
    std::map<std::string, AccessToken, std::less<>> access_tokens;
    std::map<std::string, RefreshToken, std::less<>> refresh_tokens;
    std::map<std::string, AuthCode, std::less<>> codes;
    std::map<std::string, Publish, std::less<>> publishes;
    std::map<std::string, std::string, std::less<>> uploads;  ///< upload_id -> publish_id
    std::set<std::pair<TimePoint, std::string>> due;          ///< running phases by their end
    std::map<std::string, std::deque<TimePoint>, std::less<>> windows;
    /// app -> creator -> newest accepted init: who counts as an active user
    std::map<std::string, std::map<std::string, TimePoint>, std::less<>> active_users;

    Ledger ledger;
    std::vector<Violation> violations;
    std::int64_t violation_count = 0;
    std::deque<RequestRecord> requests;
    std::int64_t request_count = 0;
    std::uint64_t revision = 0;  ///< grows with each change that a restart must know

    TimePoint now() const { return clock() + clock_offset; }
    void changed() { ++revision; }

    // Tokens
    std::string grant_key(std::string_view creator, std::string_view client_key) const;
    Grant& grant_for(std::string const& creator, std::string const& client_key);
    /// The answer of the token endpoint; also what `account connect --token-stdin` takes.
    json::object mint(Grant& grant, std::vector<std::string> const& scopes);
    void revoke(Grant& grant);

    // Limits and caps
    /// Takes a place in the window of one minute; false when there is none.
    bool take_place(std::string const& window, std::int64_t limit);
    std::int64_t posts_in_last_day(std::string const& creator, TimePoint at) const;
    std::int64_t posts_under_way(std::string const& creator) const;
    std::int64_t pending_drafts(std::string const& creator, TimePoint at) const;
    bool active_user_cap_reached(App const& app, std::string const& creator, TimePoint at) const;

    // Processing
    OutcomeRule const* outcome_for(Publish const& publish) const;
    void start_processing(Publish& publish);
    void fail(Publish& publish, std::string const& reason);
    void make_posts(Publish& publish, std::int64_t count, TimePoint at);
    /// Lets everything happen that is due by now.
    void settle();
    std::optional<TimePoint> next_event() const;

    void violate(Violation violation);
    void schedule(Publish& publish, TimePoint at);
    void unschedule(Publish& publish);

 private:
    void finish_phase(Publish& publish, TimePoint at);
    void finish_processing(Publish& publish, TimePoint at);
};

constexpr std::chrono::minutes window_length{1};
constexpr std::chrono::hours day_length{24};

}  // namespace postrider::tiktok::emulator

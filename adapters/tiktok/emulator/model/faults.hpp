// The fault script: which request meets which misfortune. Pure bookkeeping; the deeds are done in
// model.cpp, upload.cpp and, for broken connections and slow bodies, by the server.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tiktok/emulator/model/fields.hpp"

namespace postrider::tiktok::emulator {

/// What a rule may look at.
struct FaultFacts {
    std::string_view endpoint{};
    std::string_view creator{};
    std::string_view title{};
    std::string_view publish_id{};
    std::int64_t chunk = 0;  ///< from 1; 0 for everything but an upload
    std::int64_t chunk_count = 0;
};

enum class FaultKind {
    error_before,   ///< `500_before`: 5xx, nothing happened
    error_after,    ///< `500_after`: 5xx, it happened
    drop_before,    ///< connection closed, nothing happened
    drop_after,     ///< connection closed, it happened
    drop_during,    ///< upload: connection closed after `bytes` of the body
    stall,          ///< it happened, the answer comes `ms` late
    slow_body,      ///< it happened, the answer's body takes `ms`
    truncate_json,  ///< it happened, the body is cut but its length is true
    cut_body,       ///< it happened, the connection closes in the middle of the body
    html,           ///< an HTML page, nothing happened
    html_after,     ///< an HTML page, it happened
    rate_limited,   ///< 429, nothing happened
    redirect,       ///< 302 to another place, nothing happened
    revoke_token,   ///< the creator removes the app, then the request is handled
    expire_token,   ///< the access token ends, then the request is handled
    expire_upload,  ///< upload: the URL ends, then the request is handled
    forget_upload,  ///< upload: the task is gone, then the request is handled
    range_before,   ///< `416_before`: upload: 416 with the progress, nothing stored
    range_after,    ///< `416_after`: upload: 416 with the progress, chunk stored
    status_word,    ///< status: the word `value` instead of the true one
};

struct FaultRule {
    std::string on;  ///< an endpoint's name, or `any`
    FaultKind kind = FaultKind::error_before;
    std::optional<std::string> creator;
    std::optional<std::string> title;
    std::optional<std::string> publish_id;
    std::optional<std::int64_t> chunk;
    bool last_chunk = false;
    std::int64_t nth = 1;    ///< the first matching request that is hit
    std::int64_t every = 0;  ///< instead of nth: each k-th one
    std::int64_t times = 1;  ///< 0: without end
    std::int64_t ms = 0;
    std::int64_t bytes = 0;
    int status = 0;
    std::string value;

    std::int64_t seen = 0;
    std::int64_t fired = 0;

    std::string_view name() const;
};

class FaultScript {
 public:
    FaultScript() = default;
    explicit FaultScript(std::vector<FaultRule> rules, std::string fingerprint);

    /// Counts the request for every rule that it matches and gives the first rule that hits it.
    std::optional<FaultRule> fire(FaultFacts const& facts);

    std::vector<FaultRule> const& rules() const { return rules_; }

    // What a restart has to remember: which rules have had their turn.
    json::object save() const;
    /// Ignored when the state belongs to another script.
    void load(json::object const& object);

 private:
    std::vector<FaultRule> rules_;
    std::string fingerprint_;
};

/// A list of rules, or an object with the one member `faults`.
Read<FaultScript> read_faults(std::string_view text);

std::vector<std::string> const& endpoint_names();

}  // namespace postrider::tiktok::emulator

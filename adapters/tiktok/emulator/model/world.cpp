// What happens by itself: tokens come and die, windows slide, uploads are processed, posts appear.
#include "tiktok/emulator/model/world.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "tiktok/emulator/model/text.hpp"

namespace postrider::tiktok::emulator {
namespace {

constexpr std::size_t violations_max = 10'000;
constexpr std::int64_t inbox_duration_max_sec = 600;
constexpr std::int64_t pulled_size_default = 10'000'000;
constexpr std::chrono::hours pull_timeout{1};

}  // namespace

World::World(Scenario given, Clock given_clock)
    : scenario(std::move(given)), clock(std::move(given_clock)), ids(scenario.seed.value_or(1)) {
    began = now();
    for (App const& app : scenario.apps) apps.emplace(app.client_key, app);
    for (Creator const& creator : scenario.creators) creators.emplace(creator.handle, creator);
    for (FixedToken const& fixed : scenario.tokens) {
        Grant& grant = grant_for(fixed.creator, fixed.client_key);
        std::string const key = grant_key(grant.creator, grant.client_key);
        auto const lives =
            std::chrono::seconds{fixed.expires_in.value_or(scenario.lifetimes.access_token_sec)};
        access_tokens[fixed.access_token] =
            AccessToken{key, fixed.client_key, fixed.scopes, began + lives, false, {}};
        refresh_tokens[fixed.refresh_token] =
            RefreshToken{key,
                         fixed.access_token,
                         fixed.scopes,
                         began + std::chrono::seconds{scenario.lifetimes.refresh_token_sec},
                         false,
                         0};
    }
}

// --- tokens ---

std::string World::grant_key(std::string_view creator, std::string_view client_key) const {
    return fmt::format("{} {}", creator, client_key);
}

Grant& World::grant_for(std::string const& creator, std::string const& client_key) {
    std::string const key = grant_key(creator, client_key);
    auto const found = grants.find(key);
    if (found != grants.end()) return found->second;
    Grant grant;
    grant.creator = creator;
    grant.client_key = client_key;
    // Stable over restarts without a state file, as a real open_id is.
    grant.open_id = "-000" + sha256_hex("open_id " + key).substr(0, 32);
    return grants.emplace(key, std::move(grant)).first->second;
}

json::object World::mint(Grant& grant, std::vector<std::string> const& scopes) {
    Lifetimes const& lives = scenario.lifetimes;
    std::string const key = grant_key(grant.creator, grant.client_key);
    std::string const access = ids.token("act.emu");
    std::string const refresh = ids.token("rft.emu");
    TimePoint const at = now();
    access_tokens[access] =
        AccessToken{key,
                    grant.client_key,
                    scopes,
                    at + std::chrono::seconds{lives.access_token_sec * time_scale},
                    false,
                    {}};
    refresh_tokens[refresh] =
        RefreshToken{key,
                     access,
                     scopes,
                     at + std::chrono::seconds{lives.refresh_token_sec * time_scale},
                     false,
                     0};
    grant.revoked = false;
    changed();
    return {{"access_token", access},
            {"refresh_token", refresh},
            {"expires_in", lives.access_token_sec},
            {"refresh_expires_in", lives.refresh_token_sec},
            {"open_id", grant.open_id},
            {"scope", join(scopes, ",")}};
}

void World::revoke(Grant& grant) {
    grant.revoked = true;
    std::string const key = grant_key(grant.creator, grant.client_key);
    for (auto& [value, token] : access_tokens) {
        if (token.grant == key) token.dead = true;
    }
    for (auto& [value, token] : refresh_tokens) {
        if (token.grant == key) token.dead = true;
    }
    changed();
}

// --- limits and caps ---

bool World::take_place(std::string const& window, std::int64_t limit) {
    if (limit == 0) return true;
    TimePoint const at = now();
    auto& places = windows[window];
    while (!places.empty() && places.front() + window_length <= at) places.pop_front();
    if (static_cast<std::int64_t>(places.size()) >= limit) return false;
    places.push_back(at);
    return true;
}

std::int64_t World::posts_in_last_day(std::string const& creator, TimePoint at) const {
    std::int64_t count = 0;
    auto const& entries = ledger.entries();
    for (auto entry = entries.rbegin(); entry != entries.rend(); ++entry) {
        if (entry->published_at + day_length <= at) break;  // the ledger is in order of time
        if (entry->creator == creator && !entry->from_draft) ++count;
    }
    if (began + day_length > at) {
        auto const found = creators.find(creator);
        if (found != creators.end()) count += found->second.posts_already_today;
    }
    return count;
}

std::int64_t World::posts_under_way(std::string const& creator) const {
    std::int64_t count = 0;
    for (auto const& [at, id] : due) {
        Publish const& publish = publishes.find(id)->second;
        if (publish.creator == creator && !publish.draft) ++count;
    }
    return count;
}

std::int64_t World::pending_drafts(std::string const& creator, TimePoint at) const {
    bool const abandoned_count = scenario.switches.abandoned_drafts == "count";
    std::int64_t count = 0;
    for (auto const& [id, publish] : publishes) {
        if (publish.creator != creator || !publish.draft || publish.terminal()) continue;
        if (publish.created + day_length <= at) continue;
        if (publish.phase == Phase::uploading && !abandoned_count) continue;
        ++count;
    }
    return count;
}

bool World::active_user_cap_reached(App const& app,
                                    std::string const& creator,
                                    TimePoint at) const {
    if (!app.active_user_cap) return false;
    auto const found = active_users.find(app.client_key);
    if (found == active_users.end()) return *app.active_user_cap == 0;
    std::int64_t others = 0;
    for (auto const& [user, newest] : found->second) {
        if (newest + day_length <= at) continue;
        if (user == creator) return false;
        ++others;
    }
    return others >= *app.active_user_cap;
}

// --- processing ---

OutcomeRule const* World::outcome_for(Publish const& publish) const {
    for (OutcomeRule const& rule : scenario.outcomes) {
        if (rule.title && *rule.title != publish.title) continue;
        if (rule.sha256 && *rule.sha256 != publish.sha256) continue;
        if (rule.url && !contains(publish.urls, *rule.url)) continue;
        return &rule;
    }
    return nullptr;
}

void World::unschedule(Publish& publish) {
    if (publish.due) due.erase({*publish.due, publish.id});
    publish.due.reset();
}

void World::schedule(Publish& publish, TimePoint at) {
    unschedule(publish);
    publish.due = at;
    due.emplace(at, publish.id);
}

void World::start_processing(Publish& publish) {
    if (!publish.pull) publish.sha256 = publish.hash.hex();
    publish.phase = publish.pull ? Phase::pulling : Phase::processing;
    publish.started = now();
    Millis takes = scenario.processing;
    OutcomeRule const* rule = outcome_for(publish);
    if (rule != nullptr && rule->processing_ms) takes = Millis{*rule->processing_ms};
    if (publish.pull) {
        takes = scenario.pull;
        publish.sha256 = rule != nullptr && rule->pulled_sha256
                             ? *rule->pulled_sha256
                             : sha256_hex(join(publish.urls, "\n"));
        publish.size = rule != nullptr && rule->size ? *rule->size : pulled_size_default;
        if (scenario.switches.pull == "hang") takes = pull_timeout;
    }
    schedule(publish, publish.started + takes);
    changed();
}

void World::fail(Publish& publish, std::string const& reason) {
    unschedule(publish);
    publish.phase = Phase::failed;
    publish.fail_reason = reason;
    changed();
}

void World::make_posts(Publish& publish, std::int64_t count, TimePoint at) {
    unschedule(publish);
    publish.phase = Phase::complete;
    publish.published = at;
    OutcomeRule const* rule = outcome_for(publish);
    publish.ids_visible = at + (rule != nullptr && rule->id_delay_ms ? Millis{*rule->id_delay_ms}
                                                                     : scenario.id_delay);
    for (std::int64_t i = 0; i < count; ++i) {
        LedgerEntry entry;
        entry.creator = publish.creator;
        entry.client_key = publish.client_key;
        entry.publish_id = publish.id;
        entry.post_id = ids.number();
        entry.kind = publish.photo ? "photo" : "video";
        entry.source = publish.pull ? "PULL_FROM_URL" : "FILE_UPLOAD";
        entry.from_draft = publish.draft;
        entry.title = publish.title;
        entry.privacy_level = publish.privacy_level;
        entry.sha256 = publish.sha256;
        entry.size = publish.size;
        entry.published_at = at;
        entry.post_info = publish.post_info;
        publish.post_ids.push_back(entry.post_id);
        if (ledger.add(std::move(entry))) {
            violate({.at = at,
                     .rule = "double_publish",
                     .endpoint = publish.pull ? "video_init" : "upload",
                     .creator = publish.creator,
                     .client_key = publish.client_key,
                     .publish_id = publish.id,
                     .detail = "the same content became public by another publish_id before"});
        }
    }
    changed();
}

void World::finish_processing(Publish& publish, TimePoint at) {
    Creator const& creator = creators.find(publish.creator)->second;
    Grant const& grant = grants.find(grant_key(publish.creator, publish.client_key))->second;
    OutcomeRule const* rule = outcome_for(publish);
    std::int64_t const longest =
        publish.draft ? inbox_duration_max_sec : creator.max_video_post_duration_sec;
    if (grant.revoked) return fail(publish, "auth_removed");
    if (creator.banned) return fail(publish, "spam_risk_user_banned_from_posting");
    if (rule != nullptr && rule->fail_reason) return fail(publish, *rule->fail_reason);
    if (rule != nullptr && rule->duration_sec && !publish.photo && *rule->duration_sec > longest) {
        return fail(publish, "duration_check_failed");
    }
    if (!publish.draft) {
        if (posts_in_last_day(publish.creator, at) >= creator.daily_cap) {
            return fail(publish, "spam_risk_too_many_posts");
        }
        return make_posts(publish, 1, at);
    }
    publish.phase = Phase::inbox;
    unschedule(publish);
    if (scenario.switches.drafts == "post") schedule(publish, at + scenario.draft_post_delay);
    changed();
}

void World::finish_phase(Publish& publish, TimePoint at) {
    switch (publish.phase) {
        case Phase::pulling: {
            if (scenario.switches.pull != "succeed") {
                return fail(publish, publish.photo ? "photo_pull_failed" : "video_pull_failed");
            }
            publish.phase = Phase::processing;
            OutcomeRule const* rule = outcome_for(publish);
            schedule(publish,
                     at + (rule != nullptr && rule->processing_ms ? Millis{*rule->processing_ms}
                                                                  : scenario.processing));
            return changed();
        }
        case Phase::processing:
            return finish_processing(publish, at);
        case Phase::inbox: {
            OutcomeRule const* rule = outcome_for(publish);
            return make_posts(publish, rule != nullptr ? rule->posts : 1, at);
        }
        case Phase::uploading:
        case Phase::complete:
        case Phase::failed:
            return unschedule(publish);
    }
}

void World::settle() {
    TimePoint const at = now();
    while (!due.empty() && due.begin()->first <= at) {
        auto const [when, id] = *due.begin();
        finish_phase(publishes.find(id)->second, when);
    }
}

std::optional<TimePoint> World::next_event() const {
    if (due.empty()) return std::nullopt;
    return due.begin()->first;
}

void World::violate(Violation violation) {
    violation.n = ++violation_count;
    if (violation.at == TimePoint{}) violation.at = now();
    if (violations.size() < violations_max) violations.push_back(std::move(violation));
    changed();
}

}  // namespace postrider::tiktok::emulator

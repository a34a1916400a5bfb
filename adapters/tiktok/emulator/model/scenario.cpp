// Reading of scenario files and the built-in scenario.
#include "tiktok/emulator/model/scenario.hpp"

#include <fmt/format.h>

#include "tiktok/emulator/model/text.hpp"

namespace postrider::tiktok::emulator {
namespace {

constexpr std::int64_t day_ms = 24 * 3'600'000;

void need_words(std::vector<std::string> const& words,
                std::vector<std::string> const& known,
                std::string const& where) {
    for (std::string const& word : words) {
        if (contains(known, word)) continue;
        std::string const guess = nearest(word, known);
        throw SpecError(
            guess.empty()
                ? fmt::format("{}: {} is not known", where, word)
                : fmt::format("{}: {} is not known; did you mean {}?", where, word, guess));
    }
}

App read_app(json::value const& value, std::string const& where) {
    Fields fields(value, where);
    App app;
    app.client_key = fields.need_text("client_key", 128);
    app.client_secret = fields.need_text("client_secret", 128);
    app.kind = fields.text("kind").value_or("desktop");
    need_words({app.kind}, {"desktop", "web"}, fields.path("kind"));
    app.audited = fields.flag("audited").value_or(true);
    app.sandbox = fields.flag("sandbox").value_or(false);
    app.scopes = fields.texts("scopes").value_or(all_scopes());
    need_words(app.scopes, all_scopes(), fields.path("scopes"));
    app.redirect_uris =
        fields.texts("redirect_uris", 10).value_or(Scenario::built_in().apps.front().redirect_uris);
    for (std::string const& handle :
         fields.texts("target_users").value_or(std::vector<std::string>{})) {
        app.target_users.emplace_back(bare_handle(handle));
    }
    app.verified_urls = fields.texts("verified_urls").value_or(std::vector<std::string>{});
    app.active_user_cap = fields.integer("active_user_cap", 0);
    if (!app.active_user_cap && !app.audited) app.active_user_cap = 5;
    fields.done();
    return app;
}

FixedToken read_token(json::value const& value, std::string const& where) {
    Fields fields(value, where);
    FixedToken token;
    token.creator = bare_handle(fields.need_text("creator"));
    token.client_key = fields.need_text("client_key");
    token.access_token = fields.need_text("access_token", 512);
    token.refresh_token = fields.need_text("refresh_token", 512);
    if (auto scope = fields.text("scope")) {
        token.scopes = split(*scope, ',');
        need_words(token.scopes, all_scopes(), fields.path("scope"));
    } else {
        token.scopes = all_scopes();
    }
    token.expires_in = fields.integer("expires_in", -1'000'000'000, 1'000'000'000);
    fields.done();
    return token;
}

OutcomeRule read_outcome(json::value const& value, std::string const& where) {
    Fields fields(value, where);
    OutcomeRule rule;
    rule.title = fields.text("title", 64 * 1024);
    rule.sha256 = fields.text("sha256");
    rule.url = fields.text("url");
    rule.fail_reason = fields.text("fail_reason");
    rule.duration_sec = fields.integer("duration_sec", 0);
    rule.size = fields.integer("size", 1);
    rule.pulled_sha256 = fields.text("pulled_sha256");
    rule.processing_ms = fields.integer("processing_ms", 0, 30 * day_ms);
    rule.id_delay_ms = fields.integer("id_delay_ms", 0, 30 * day_ms);
    rule.posts = fields.integer("posts", 0, 20).value_or(1);
    fields.done();
    if (!rule.title && !rule.sha256 && !rule.url) {
        throw SpecError(fmt::format("{} names no title, sha256 or url", where));
    }
    return rule;
}

void read_lifetimes(json::object const& object, Lifetimes& lifetimes) {
    Fields fields(object, "lifetimes");
    constexpr std::int64_t most = 1'000'000'000;
    auto const take = [&](std::string_view name, std::int64_t& target) {
        target = fields.integer(name, 1, most).value_or(target);
    };
    take("access_token_sec", lifetimes.access_token_sec);
    take("refresh_token_sec", lifetimes.refresh_token_sec);
    take("client_token_sec", lifetimes.client_token_sec);
    take("code_sec", lifetimes.code_sec);
    take("upload_url_sec", lifetimes.upload_url_sec);
    fields.done();
}

void read_limits(json::object const& object, Limits& limits) {
    Fields fields(object, "limits");
    auto const take = [&](std::string_view name, std::int64_t& target) {
        target = fields.integer(name, 0, 1'000'000'000).value_or(target);
    };
    take("init", limits.init);
    take("creator_info", limits.creator_info);
    take("status", limits.status);
    take("display", limits.display);
    take("cancel", limits.cancel);
    take("upload", limits.upload);
    fields.done();
}

Millis read_millis(Fields& fields, std::string_view name, Millis otherwise) {
    return Millis{fields.integer(name, 0, 30 * day_ms).value_or(otherwise.count())};
}

template <class T, class ReadOne>
void read_list(Fields& fields, std::string_view name, std::vector<T>& target, ReadOne read_one) {
    json::array const* array = fields.list(name);
    if (array == nullptr) return;
    target.clear();
    for (std::size_t i = 0; i < array->size(); ++i) {
        target.push_back(read_one((*array)[i], fmt::format("{}[{}]", name, i)));
    }
}

Creator read_creator(json::value const& value, std::string const& where) {
    Fields fields(value, where);
    Creator creator;
    creator.handle = bare_handle(fields.need_text("handle", 64));
    creator.nickname = creator.handle;
    read_creator_facts(fields, creator);
    fields.done();
    return creator;
}

void check_references(Scenario const& scenario) {
    auto const has_creator = [&](std::string const& handle) {
        for (Creator const& creator : scenario.creators) {
            if (creator.handle == handle) return true;
        }
        return false;
    };
    if (scenario.apps.empty()) throw SpecError("apps is empty");
    if (scenario.creators.empty()) throw SpecError("creators is empty");
    for (FixedToken const& token : scenario.tokens) {
        if (!has_creator(token.creator)) {
            throw SpecError(fmt::format("tokens: there is no creator {}", token.creator));
        }
        bool known = false;
        for (App const& app : scenario.apps) known = known || app.client_key == token.client_key;
        if (!known) throw SpecError(fmt::format("tokens: there is no app {}", token.client_key));
    }
}

}  // namespace

std::vector<std::string> const& all_scopes() {
    static std::vector<std::string> const scopes{"user.info.basic",
                                                 "user.info.profile",
                                                 "user.info.stats",
                                                 "video.list",
                                                 "video.publish",
                                                 "video.upload"};
    return scopes;
}

std::vector<std::string> const& all_privacy_levels() {
    static std::vector<std::string> const levels{
        "PUBLIC_TO_EVERYONE", "MUTUAL_FOLLOW_FRIENDS", "FOLLOWER_OF_CREATOR", "SELF_ONLY"};
    return levels;
}

std::vector<std::string> Creator::privacy_options() const {
    if (privacy_level_options) return *privacy_level_options;
    return {private_account ? "FOLLOWER_OF_CREATOR" : "PUBLIC_TO_EVERYONE",
            "MUTUAL_FOLLOW_FRIENDS",
            "SELF_ONLY"};
}

void read_creator_facts(Fields& fields, Creator& creator) {
    auto const flag = [&](std::string_view name, bool& target) {
        target = fields.flag(name).value_or(target);
    };
    auto const number = [&](std::string_view name, std::int64_t& target) {
        target = fields.integer(name, 0, 1'000'000'000).value_or(target);
    };
    creator.nickname = fields.text("nickname", 256).value_or(creator.nickname);
    if (auto const account = fields.text("account")) {
        need_words({*account}, {"public", "private"}, fields.path("account"));
        creator.private_account = *account == "private";
    }
    if (fields.is_null("privacy_level_options")) {
        creator.privacy_level_options.reset();
    } else if (auto options = fields.texts("privacy_level_options", 16)) {
        creator.privacy_level_options = std::move(options);
    }
    flag("comment_disabled", creator.comment_disabled);
    flag("duet_disabled", creator.duet_disabled);
    flag("stitch_disabled", creator.stitch_disabled);
    number("max_video_post_duration_sec", creator.max_video_post_duration_sec);
    number("daily_cap", creator.daily_cap);
    number("posts_already_today", creator.posts_already_today);
    number("pending_drafts_cap", creator.pending_drafts_cap);
    flag("banned", creator.banned);
    flag("old_app", creator.old_app);
    flag("denies", creator.denies);
    if (fields.is_null("grants")) {
        creator.grants.reset();
    } else if (auto grants = fields.texts("grants", 32)) {
        need_words(*grants, all_scopes(), fields.path("grants"));
        creator.grants = std::move(grants);
    }
}

json::object write_creator(Creator const& creator) {
    auto const list = [](std::optional<std::vector<std::string>> const& words) -> json::value {
        if (!words) return nullptr;
        json::array array;
        for (std::string const& word : *words) array.emplace_back(word);
        return array;
    };
    return {{"handle", creator.handle},
            {"nickname", creator.nickname},
            {"account", creator.private_account ? "private" : "public"},
            {"privacy_level_options", list(creator.privacy_level_options)},
            {"comment_disabled", creator.comment_disabled},
            {"duet_disabled", creator.duet_disabled},
            {"stitch_disabled", creator.stitch_disabled},
            {"max_video_post_duration_sec", creator.max_video_post_duration_sec},
            {"daily_cap", creator.daily_cap},
            {"posts_already_today", creator.posts_already_today},
            {"pending_drafts_cap", creator.pending_drafts_cap},
            {"banned", creator.banned},
            {"old_app", creator.old_app},
            {"denies", creator.denies},
            {"grants", list(creator.grants)}};
}

Scenario Scenario::built_in() {
    Scenario scenario;
    App app;
    app.client_key = "emu-app";
    app.client_secret = "emu-secret";
    app.scopes = all_scopes();
    app.redirect_uris = {"http://127.0.0.1:*/callback/",
                         "http://127.0.0.1:*/callback",
                         "http://localhost:*/callback/",
                         "http://localhost:*/callback"};
    app.verified_urls = {"media.example"};
    scenario.apps.push_back(app);
    for (auto const& [handle, nickname] : {std::pair{"acmebakery", "Acme Bakery"},
                                           std::pair{"nova_fr", "Nova France"},
                                           std::pair{"nova_de", "Nova Deutschland"}}) {
        Creator creator;
        creator.handle = handle;
        creator.nickname = nickname;
        scenario.creators.push_back(creator);
    }
    return scenario;
}

Read<Scenario> read_scenario(std::string_view text) {
    try {
        json::object const document = parse_object(text, "the scenario");
        Fields fields(document, "");
        Scenario scenario = Scenario::built_in();
        if (auto const seed = fields.integer("seed")) {
            scenario.seed = static_cast<std::uint64_t>(*seed);
        }
        read_list(fields, "apps", scenario.apps, read_app);
        read_list(fields, "creators", scenario.creators, read_creator);
        read_list(fields, "tokens", scenario.tokens, read_token);
        read_list(fields, "outcomes", scenario.outcomes, read_outcome);
        if (auto const* object = fields.object("switches")) {
            read_switches(*object, scenario.switches);
        }
        if (auto const* object = fields.object("lifetimes")) {
            read_lifetimes(*object, scenario.lifetimes);
        }
        if (auto const* object = fields.object("limits")) read_limits(*object, scenario.limits);
        scenario.processing = read_millis(fields, "processing_ms", scenario.processing);
        scenario.pull = read_millis(fields, "pull_ms", scenario.pull);
        scenario.id_delay = read_millis(fields, "id_delay_ms", scenario.id_delay);
        scenario.draft_post_delay =
            read_millis(fields, "draft_post_delay_ms", scenario.draft_post_delay);
        fields.done();
        check_references(scenario);
        return {std::move(scenario), {}};
    } catch (SpecError const& error) {
        return {std::nullopt, error.what()};
    }
}

}  // namespace postrider::tiktok::emulator

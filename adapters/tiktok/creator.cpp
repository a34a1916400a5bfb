// What TikTok says of a creator now: creator_info where posting is granted, else the profile alone.
#include "errors.hpp"
#include "steps.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace postrider::tiktok {

namespace {

bool has_scope(adapter::AccountView const& account, std::string_view scope) {
    return std::find(account.scopes.begin(), account.scopes.end(), scope) != account.scopes.end();
}

// Without video.publish creator_info is refused; the profile at least tells whose account it is.
bool only_drafts(adapter::AccountView const& account) {
    return !has_scope(account, "video.publish") && has_scope(account, "video.upload");
}

adapter::Send ask_user_info(Settings const& settings, adapter::AccountView const& account) {
    adapter::Send send;
    send.step = step::user_info;
    send.effect = adapter::Effect::look;
    send.request = {
        "GET",
        api_url(settings,
                fmt::format("/v2/user/info/?fields=open_id,avatar_url,display_name{}",
                            has_scope(account, "user.info.profile") ? ",username" : ""))};
    send.request.credential = adapter::Credential::bearer;
    send.buckets = {"user_info"};
    return send;
}

std::string at_handle(std::string_view username) {
    return username.empty() ? std::string{} : fmt::format("@{}", username);
}

// These say something about the creator rather than about the call.
bool is_about_creator(Error const& error) {
    return error.code() == "network.quota_spent" || error.code() == "network.account_banned" ||
           error.code() == "network.user_cap";
}

}  // namespace

bool only_direct(adapter::AccountView const& account) {
    return has_scope(account, "video.publish") && !has_scope(account, "video.upload");
}

adapter::Send ask_creator_info(Settings const& settings) {
    adapter::Send send;
    send.step = step::creator_info;
    send.effect = adapter::Effect::look;
    send.request = {"POST", api_url(settings, "/v2/post/publish/creator_info/query/")};
    send.request.headers = {{"Content-Type", "application/json; charset=UTF-8"}};
    send.request.credential = adapter::Credential::bearer;
    send.request.body = std::string{"{}"};
    send.buckets = {"creator_info"};
    return send;
}

adapter::CreatorFacts facts_of(CreatorInfo const& info, Instant now) {
    adapter::CreatorFacts facts;
    facts.as_of = now;
    facts.handle = at_handle(info.username);
    facts.nickname = info.nickname;
    facts.avatar_url = info.avatar_url;
    if (info.privacy_levels) facts.offered["privacy_level"] = *info.privacy_levels;
    auto const lock = [&](bool disabled, std::string const& option, std::string_view what) {
        if (disabled)
            facts.locked[option] =
                fmt::format("The creator, or the account being private, does not allow {}.", what);
    };
    lock(info.comment_disabled, "allow_comment", "comments");
    lock(info.duet_disabled, "allow_duet", "duets");
    lock(info.stitch_disabled, "allow_stitch", "stitches");
    if (info.max_duration_s > 0) facts.limits["video_duration_ms"] = info.max_duration_s * 1'000;
    return facts;
}

adapter::FactsAction creator_facts(adapter::AccountView const& account,
                                   adapter::AppView const& app,
                                   Instant now,
                                   adapter::Answer const& answer) {
    auto const* reply = std::get_if<adapter::Reply>(&answer);
    if (!reply) {
        auto const settings = settings_of(app);
        return only_drafts(account) ? ask_user_info(settings, account) : ask_creator_info(settings);
    }

    auto const envelope = parse_envelope(reply->http.body);
    bool const good = reply->http.status / 100 == 2 && envelope.ok();
    if (!good) {
        auto const error = api_error(reply->http, envelope).with_operation("tiktok." + reply->step);
        if (reply->step != step::creator_info || !is_about_creator(error))
            return adapter::Fail{error, {}};
        // TikTok says so with HTTP 200: the call went well, and the creator cannot post.
        adapter::CreatorFacts facts;
        facts.as_of = now;
        facts.handle = account.handle;
        facts.blocked = error;
        return adapter::Facts{std::move(facts)};
    }
    if (reply->step == step::creator_info) {
        auto facts = facts_of(parse_creator_info(envelope.data), now);
        if (only_direct(account))
            facts.undeliverable["inbox"] =
                "The creator has granted direct posts only; deliver directly, or connect the "
                "account "
                "again and grant drafts.";
        return adapter::Facts{std::move(facts)};
    }

    auto const user = parse_user_info(envelope.data);
    adapter::CreatorFacts facts;
    facts.as_of = now;
    facts.handle = user.username.empty() ? account.handle : at_handle(user.username);
    facts.nickname = user.display_name;
    facts.avatar_url = user.avatar_url;
    facts.remote_id = user.open_id;
    facts.locked["privacy_level"] =
        "The creator has granted drafts only; deliver to the inbox, or connect the account again "
        "and grant direct posts.";
    return adapter::Facts{std::move(facts)};
}

}  // namespace postrider::tiktok

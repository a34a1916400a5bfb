// The records beside jobs as every surface shows them. No secret is in any of them, sealed or not.
#include <postrider/core/records.hpp>

#include "job/json_members.hpp"

namespace postrider::core {

namespace json = boost::json;

json::object to_json(Account const& account) {
    json::object object;
    object["id"] = account.id;
    object["name"] = account.name;
    object["network"] = account.network;
    object["handle"] = account.handle;
    object["remote_id"] = detail::text_or_null(account.remote_id);
    object["app_id"] = account.app_id;
    object["zone"] = detail::text_or_null(account.zone);
    object["tags"] = detail::texts_json(account.tags);
    object["scopes"] = detail::texts_json(account.scopes);
    object["paused"] = account.paused;
    object["pause_reason"] = detail::text_or_null(account.pause_reason);
    object["reconnect_needed"] = account.reconnect_needed;
    object["reconnect_reason"] = detail::text_or_null(account.reconnect_reason);
    object["facts"] = account.facts.empty() ? json::value(nullptr) : json::value(account.facts);
    object["connected_at"] = to_rfc3339(account.connected_at);
    return object;
}

json::object to_json(App const& app) {
    json::object object;
    object["id"] = app.id;
    object["network"] = app.network;
    object["name"] = app.name;
    object["client_id"] = app.client_id;
    object["redirect"] = detail::text_or_null(app.redirect);
    object["audited"] = app.audited;
    object["options"] = app.options;
    object["created_at"] = to_rfc3339(app.created_at);
    return object;
}

json::object to_json(Approval const& approval) {
    json::object object;
    object["id"] = approval.id;
    object["plan_id"] = approval.plan_id;
    object["plan_hash"] = approval.plan_hash;
    object["campaign"] = detail::text_or_null(approval.campaign);
    object["state"] = approval.state;
    object["created_at"] = to_rfc3339(approval.created_at);
    object["expires_at"] = to_rfc3339(approval.expires_at);
    object["decided_at"] = detail::instant_or_null(approval.decided_at);
    object["person"] = detail::text_or_null(approval.person);
    object["note"] = detail::text_or_null(approval.note);
    object["approved_hash"] = detail::text_or_null(approval.approved_hash);
    for (auto const& member : approval.body)
        if (!object.contains(member.key())) object[member.key()] = member.value();
    return object;
}

json::object to_json(Event const& event) {
    json::object object;
    object["id"] = event.id;
    object["seq"] = event.seq;
    object["type"] = event.type;
    object["at"] = to_rfc3339(event.at);
    object["workspace"] = "default";
    object["data"] = event.data;
    return object;
}

json::object to_json(HookRun const& run) {
    json::object object;
    object["id"] = run.id;
    object["job_id"] = run.job_id;
    object["state"] = run.state;
    object["action"] = run.action;
    object["raised_at"] = to_rfc3339(run.raised_at);
    object["attempts"] = run.attempts;
    object["next_at"] = detail::instant_or_null(run.next_at);
    object["done_at"] = detail::instant_or_null(run.done_at);
    object["error"] = detail::text_or_null(run.error);
    return object;
}

}  // namespace postrider::core

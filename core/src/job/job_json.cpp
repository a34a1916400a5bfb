// A job's specification as JSON: for the store and for plans. Reading checks every type and takes
// the default where a member is missing or is something else.
#include "job/job_json.hpp"

#include <postrider/core/job.hpp>

#include "job/json_members.hpp"

namespace postrider::core {
namespace {

namespace json = boost::json;

json::object post_json(adapter::Post const& post) {
    json::object object;
    object["kind"] = word(post.kind);
    json::array media;
    for (auto const& facts : post.media) media.push_back(adapter::to_json(facts));
    object["media"] = std::move(media);
    object["caption"] = post.caption;
    object["title"] = post.title;
    json::value options(post.options);
    detail::keep_finite(options);
    object["options"] = std::move(options);
    object["deliver"] = word(post.deliver);
    return object;
}

adapter::Post post_from_json(json::object const& object) {
    adapter::Post post;
    post.kind = from_word<adapter::PostKind>(detail::read_text(object, "kind")).value_or(post.kind);
    for (auto const& media : detail::read_array(object, "media"))
        if (media.is_object())
            post.media.push_back(adapter::media_facts_from_json(media.get_object()));
    post.caption = detail::read_text(object, "caption");
    post.title = detail::read_text(object, "title");
    post.options = detail::read_object(object, "options");
    post.deliver =
        from_word<adapter::Deliver>(detail::read_text(object, "deliver")).value_or(post.deliver);
    return post;
}

Finding finding_from_json(json::object const& object) {
    Finding finding;
    if (detail::read_text(object, "level") == "warning") finding.level = Finding::Level::warning;
    finding.code = detail::read_text(object, "code");
    finding.message = detail::read_text(object, "message");
    finding.path = detail::read_text(object, "path");
    finding.file = detail::read_text(object, "file");
    finding.line = static_cast<int>(detail::read_number(object, "line").value_or(0));
    if (auto const* got = object.if_contains("got")) finding.got = *got;
    finding.allowed = detail::read_array(object, "allowed");
    return finding;
}

}  // namespace

json::array detail::findings_json(std::vector<Finding> const& findings) {
    json::array array;
    for (auto const& finding : findings) array.push_back(postrider::to_json(finding));
    return array;
}

std::vector<Finding> detail::findings_from_json(json::array const& array) {
    std::vector<Finding> findings;
    for (auto const& element : array)
        if (element.is_object()) findings.push_back(finding_from_json(element.get_object()));
    return findings;
}

json::object to_json(JobSpec const& spec) {
    json::object object;
    object["workspace"] = spec.workspace;
    object["campaign"] = spec.campaign;
    object["post_key"] = spec.post_key;
    object["account"] = spec.account;
    object["network"] = spec.network;
    object["key"] = spec.key;
    object["post"] = post_json(spec.post);
    object["due_at"] = to_rfc3339(spec.due_at);
    object["asap"] = spec.asap;
    object["wall"] = spec.wall;
    object["zone"] = spec.zone;
    object["zone_rule"] = spec.zone_rule;
    object["not_after"] = detail::instant_or_null(spec.not_after);
    object["catch_up"] = spec.catch_up;
    object["catch_up_within_ms"] = spec.catch_up_within.count();
    if (spec.catch_up_spacing) object["catch_up_spacing_ms"] = spec.catch_up_spacing->count();
    object["blackout"] = spec.blackout;
    object["on"] = spec.hooks;
    object["tags"] = detail::texts_json(spec.tags);
    object["note"] = spec.note;
    object["approval"] = spec.approval;
    object["findings"] = detail::findings_json(spec.findings);
    return object;
}

JobSpec job_spec_from_json(json::object const& object) {
    JobSpec spec;
    if (auto workspace = detail::read_text(object, "workspace"); !workspace.empty())
        spec.workspace = std::move(workspace);
    spec.campaign = detail::read_text(object, "campaign");
    spec.post_key = detail::read_text(object, "post_key");
    spec.account = detail::read_text(object, "account");
    spec.network = detail::read_text(object, "network");
    spec.key = detail::read_text(object, "key");
    spec.post = post_from_json(detail::read_object(object, "post"));
    spec.due_at = detail::read_instant(object, "due_at").value_or(Instant{});
    spec.asap = detail::read_flag(object, "asap");
    spec.wall = detail::read_text(object, "wall");
    spec.zone = detail::read_text(object, "zone");
    spec.zone_rule = detail::read_text(object, "zone_rule");
    spec.not_after = detail::read_instant(object, "not_after");
    if (auto catch_up = detail::read_text(object, "catch_up"); !catch_up.empty())
        spec.catch_up = std::move(catch_up);
    spec.catch_up_within =
        detail::read_duration_ms(object, "catch_up_within_ms").value_or(spec.catch_up_within);
    spec.catch_up_spacing = detail::read_duration_ms(object, "catch_up_spacing_ms");
    spec.blackout = detail::read_array(object, "blackout");
    spec.hooks = detail::read_object(object, "on");
    spec.tags = detail::read_texts(object, "tags");
    spec.note = detail::read_text(object, "note");
    spec.approval = detail::read_text(object, "approval");
    spec.findings = detail::findings_from_json(detail::read_array(object, "findings"));
    return spec;
}

}  // namespace postrider::core

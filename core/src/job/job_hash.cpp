// What makes two jobs the same job (the key), and what makes them say the same thing (the hash).
#include <postrider/core/canonical_json.hpp>
#include <postrider/core/job.hpp>

#include "job/job_json.hpp"
#include "job/json_members.hpp"

#include <fmt/format.h>

#include <cctype>
#include <iterator>

namespace postrider::core {
namespace {

// Keys are joined by `/`, are shown to people and may travel in a header: everything else is
// written as %XX.
std::string escaped(std::string_view part) {
    std::string out;
    for (char const letter : part) {
        auto const byte = static_cast<unsigned char>(letter);
        if (byte < 0x80 && (std::isalnum(byte) ||
                            std::string_view("-._~:@+=,").find(letter) != std::string_view::npos))
            out += letter;
        else
            fmt::format_to(std::back_inserter(out), "%{:02X}", byte);
    }
    return out;
}

// A file is what is in it, wherever it lies; what the network fetches itself is its address.
boost::json::object media_content(adapter::MediaFacts const& media) {
    boost::json::object object;
    if (media.url.empty())
        object["sha256"] = media.sha256;
    else
        object["url"] = media.url;
    object["alt"] = media.alt;
    object["title"] = media.title;
    return object;
}

}  // namespace

std::string idempotency_key(std::string_view campaign,
                            std::string_view post_key,
                            std::string_view account) {
    if (campaign.empty()) return fmt::format("post/{}/{}", escaped(post_key), escaped(account));
    return fmt::format("campaign/{}/{}/{}", escaped(campaign), escaped(post_key), escaped(account));
}

boost::json::object detail::sent_or_obeyed(JobSpec const& spec) {
    boost::json::object object;
    object["account"] = spec.account;
    object["network"] = spec.network;
    object["kind"] = word(spec.post.kind);
    boost::json::array media;
    for (auto const& facts : spec.post.media) media.push_back(media_content(facts));
    object["media"] = std::move(media);
    object["caption"] = spec.post.caption;
    object["title"] = spec.post.title;
    object["options"] = spec.post.options;
    object["deliver"] = word(spec.post.deliver);

    // Wall time is the truth: the instant may move with new zone data and stays the same promise.
    // Only a time that was given as an instant is one.
    boost::json::object when;
    if (spec.asap)
        when["asap"] = true;
    else if (spec.wall.empty())
        when["at"] = to_rfc3339(spec.due_at);
    else
        when["wall"] = spec.wall;
    object["when"] = std::move(when);
    object["zone"] = spec.zone;
    object["zone_rule"] = spec.zone_rule;
    object["not_after"] = instant_or_null(spec.not_after);
    boost::json::object catch_up;
    catch_up["policy"] = spec.catch_up;
    catch_up["within_ms"] = spec.catch_up_within.count();
    if (spec.catch_up_spacing) catch_up["spacing_ms"] = spec.catch_up_spacing->count();
    object["catch_up"] = std::move(catch_up);
    object["blackout"] = spec.blackout;
    object["on"] = spec.hooks;
    // That a person must approve is obeyed; how the plan is cut for it is not part of the post.
    object["approval"] = !spec.approval.empty();
    return object;
}

std::string job_hash(JobSpec const& spec) {
    return sha256_text(canonical_json(detail::sent_or_obeyed(spec)));
}

}  // namespace postrider::core

// What a job is about, as an adapter sees it: the post, the account, the app, what the creator's
// network said of them.
#pragma once

#include <postrider/adapter/media.hpp>
#include <postrider/error.hpp>

#include <boost/json/object.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace postrider::adapter {

enum class PostKind { video, photo, text };
enum class Deliver { direct, inbox, direct_or_inbox };

}  // namespace postrider::adapter

namespace postrider {

template <>
struct Words<adapter::PostKind> {
    static constexpr std::pair<adapter::PostKind, std::string_view> table[] = {
        {adapter::PostKind::video, "video"},
        {adapter::PostKind::photo, "photo"},
        {adapter::PostKind::text, "text"},
    };
};

template <>
struct Words<adapter::Deliver> {
    static constexpr std::pair<adapter::Deliver, std::string_view> table[] = {
        {adapter::Deliver::direct, "direct"},
        {adapter::Deliver::inbox, "inbox"},
        {adapter::Deliver::direct_or_inbox, "direct_or_inbox"},
    };
};

}  // namespace postrider

namespace postrider::adapter {

/// One thing to say to one account, fully rendered.
struct Post {
    PostKind kind = PostKind::video;
    std::vector<MediaFacts> media;  ///< in sending order
    std::string caption;
    std::string title;
    boost::json::object
        options;  ///< this network's options by name, types already checked against the descriptor
    Deliver deliver = Deliver::direct;
};

/// The developer application that the account was authorised under. Its secret is not here.
struct AppView {
    std::string name;
    std::string client_id;
    bool audited = false;
    boost::json::object options;  ///< by the names of Descriptor::app_options, defaults filled in
};

struct AccountView {
    std::string id;
    std::string name;       ///< `network:handle`
    std::string handle;     ///< as the network writes it, such as `@acmebakery`
    std::string remote_id;  ///< the network's own id of this login; always text
    std::vector<std::string> scopes;
};

/// What the network says about a creator right now. Option names are the descriptor's.
struct CreatorFacts {
    Instant as_of{};
    std::string handle;
    std::string nickname;
    std::string avatar_url;
    std::string remote_id;  ///< empty when the network did not say
    std::map<std::string, std::vector<std::string>>
        offered;  ///< option -> values that may be chosen now
    std::map<std::string, std::string>
        locked;  ///< boolean option -> why only `false` is possible now
    /// A delivery that the creator has not permitted -> what to do about it.
    std::map<std::string, std::string> undeliverable;
    std::map<std::string, std::int64_t> limits;  ///< such as `video_duration_ms`
    std::optional<Error> blocked;                ///< this creator cannot post now, and why
};

boost::json::object to_json(CreatorFacts const& facts);
CreatorFacts creator_facts_from_json(boost::json::object const& object);

}  // namespace postrider::adapter

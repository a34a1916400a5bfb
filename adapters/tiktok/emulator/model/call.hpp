// One request on its way through the model: what is known of it so far, and the replies it may get.
// Not for users of the library.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "tiktok/emulator/model/world.hpp"

namespace postrider::tiktok::emulator {

struct Call {
    World& world;
    Request const& request;
    std::string endpoint;
    TimePoint now;

    // Known once the token or the publish has been looked up.
    std::string creator;
    std::string client_key;
    std::string publish_id;
    Grant* grant = nullptr;
    AccessToken* token = nullptr;
    App* app = nullptr;
    std::string token_text;

    std::string code;  ///< for the request log
    std::int64_t chunk = 0;
    std::string fault;
    bool answer_lost = false;  ///< a fault keeps the client from reading the answer

    Call(World& the_world, Request const& the_request, std::string the_endpoint)
        : world(the_world),
          request(the_request),
          endpoint(std::move(the_endpoint)),
          now(the_world.now()) {}

    void violate(std::string rule, std::string detail);
};

// The two shapes of an answer (tiktok-api.md 1.1).
Reply api_ok(Call& call, std::optional<json::object> data);
Reply api_refusal(Call& call, int status, std::string_view code, std::string_view message);
/// 400 under the name that the scenario gives to this code; also breaks the rule `bad_request`.
Reply invalid_params(Call& call, std::string_view message);
Reply oauth_refusal(Call& call, std::string_view error, std::string_view description);
Reply json_reply(int status, json::object const& body);
Reply page(int status, std::string_view text);

/// Finds the owner of the bearer token without judging it.
void look_up_token(Call& call);

struct Admission {
    std::vector<std::string> scopes;  ///< any of these is enough; empty: none is needed
    std::string window;               ///< name of the bucket
    std::int64_t limit = 0;
};
/// Token, then scope, then rate limit. A reply when one of them refuses.
std::optional<Reply> admit(Call& call, Admission const& admission);

/// The body as a JSON object, or the refusal.
struct Body {
    std::optional<json::object> object;
    std::optional<Reply> refusal;
};
Body read_body(Call& call, bool may_be_empty);

/// Records members that the schema does not have.
void note_unknown(Call& call, Fields const& fields);

// --- the endpoints, one function each ---
Reply creator_info(Call& call);
Reply video_init(Call& call);
Reply inbox_init(Call& call);
Reply photo_init(Call& call);
Reply fetch_status(Call& call);
Reply cancel_publish(Call& call);
Reply token_exchange(Call& call);
Reply token_revoke(Call& call);
Reply authorize_page(Call& call);
Reply user_info(Call& call);
Reply video_list(Call& call);
Reply video_query(Call& call);

}  // namespace postrider::tiktok::emulator

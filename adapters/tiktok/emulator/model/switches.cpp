// The one table of switches.
#include "tiktok/emulator/model/switches.hpp"

#include <fmt/format.h>

#include "tiktok/emulator/model/text.hpp"

namespace postrider::tiktok::emulator {

std::vector<SwitchRow> const& switch_table() {
    using S = Switches;
    static std::vector<SwitchRow> const table{
        {"oauth_error_status",
         &S::oauth_error_status,
         {"200", "4xx"},
         "HTTP status of OAuth errors (4xx: 401 for invalid_client, else 400)"},
        {"refresh_rotation",
         &S::refresh_rotation,
         {"rotate", "keep"},
         "whether a refresh replaces the refresh token"},
        {"refresh_extends",
         &S::refresh_extends,
         {"yes", "no"},
         "whether a refreshed refresh token lives its whole time again"},
        {"refresh_kills_access",
         &S::refresh_kills_access,
         {"no", "yes"},
         "whether a refresh ends the access token before it"},
        {"refresh_expires_type",
         &S::refresh_expires_type,
         {"number", "string"},
         "JSON type of refresh_expires_in"},
        {"sandbox_refresh",
         &S::sandbox_refresh,
         {"accept", "refuse"},
         "refuse: every refresh of a sandbox app is invalid_grant"},
        {"redirect_mismatch",
         &S::redirect_mismatch,
         {"invalid_request", "invalid_grant"},
         "code for another redirect_uri at the exchange"},
        {"pkce_error",
         &S::pkce_error,
         {"invalid_request", "invalid_grant"},
         "code for a wrong verifier"},
        {"web_pkce", &S::web_pkce, {"checked", "ignored"}, "what a web app's PKCE parameters do"},
        {"missing_field_scope",
         &S::missing_field_scope,
         {"401", "403", "zeros"},
         "fields of user/info without their scope"},
        {"invalid_params_name",
         &S::invalid_params_name,
         {"invalid_params", "invalid_param"},
         "spelling of that code"},
        {"log_id_name", &S::log_id_name, {"log_id", "logid"}, "spelling of that member"},
        {"refusal_data", &S::refusal_data, {"empty", "absent"}, "the member data of a refusal"},
        {"shared_init_bucket",
         &S::shared_init_bucket,
         {"no", "yes"},
         "whether the three inits share one window of 6"},
        {"limit_key", &S::limit_key, {"token", "grant"}, "grant: a window outlives a refresh"},
        {"retry_after", &S::retry_after, {"no", "yes"}, "a Retry-After header with 429"},
        {"size_bands",
         &S::size_bands,
         {"strict", "lenient"},
         "chunk sizes between the MB and the MiB reading"},
        {"multi_chunk",
         &S::multi_chunk,
         {"accept", "refuse"},
         "refuse: every plan of several chunks is answered with The chunk size is invalid"},
        {"progress_header",
         &S::progress_header,
         {"count", "last", "none"},
         "number in Content-Range of upload answers"},
        {"chunk_status",
         &S::chunk_status,
         {"206_201", "201_200", "200_200"},
         "status of a stored chunk and of the last one"},
        {"repeated_chunk",
         &S::repeated_chunk,
         {"416", "accept"},
         "answer to a chunk that is stored already"},
        {"title_too_long", &S::title_too_long, {"refuse", "accept"}, "title above its limit"},
        {"branded_self_only",
         &S::branded_self_only,
         {"refuse", "accept"},
         "branded content with SELF_ONLY"},
        {"brand_toggles",
         &S::brand_toggles,
         {"optional", "required"},
         "whether a missing brand toggle is refused"},
        {"photo_aigc", &S::photo_aigc, {"both", "top"}, "where is_aigc of photos is taken from"},
        {"inbox_title",
         &S::inbox_title,
         {"ignored", "used"},
         "post_info.title of inbox/video/init"},
        {"abandoned_drafts",
         &S::abandoned_drafts,
         {"count", "free"},
         "whether draft inits without bytes are pending for 24 h"},
        {"drafts", &S::drafts, {"wait", "post"}, "what the creator does with a draft in the inbox"},
        {"pull", &S::pull, {"succeed", "fail", "hang"}, "what comes of a URL"},
        {"post_id_shape",
         &S::post_id_shape,
         {"list", "scalar", "strings"},
         "JSON shape of the post ids"},
        {"post_id_member",
         &S::post_id_member,
         {"publicaly", "publicly"},
         "spelling of that member"},
        {"empty_members",
         &S::empty_members,
         {"omitted", "present"},
         "status members without a value"},
        {"expect_continue",
         &S::expect_continue,
         {"answer", "ignore"},
         "Expect: 100-continue of an upload"},
    };
    return table;
}

Switches::Switches() {
    for (SwitchRow const& row : switch_table()) this->*row.member = row.words.front();
}

void read_switches(json::object const& object, Switches& switches) {
    Fields fields(object, "switches");
    for (SwitchRow const& row : switch_table()) {
        auto word = fields.text(row.name);
        if (!word) continue;
        if (row.name == "pull" && *word == "fetch") {
            throw SpecError(
                "switches.pull: fetch is not offered, this emulator makes no requests of its own; "
                "use succeed, fail or hang, and describe the file in outcomes");
        }
        if (!contains(row.words, *word)) {
            throw SpecError(fmt::format(
                "switches.{} is {}, not one of: {}", row.name, *word, join(row.words, ", ")));
        }
        switches.*row.member = std::move(*word);
    }
    fields.done();
}

json::object write_switches(Switches const& switches) {
    json::object out;
    for (SwitchRow const& row : switch_table()) out[row.name] = switches.*row.member;
    return out;
}

}  // namespace postrider::tiktok::emulator

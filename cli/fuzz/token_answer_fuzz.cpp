// The token answer of `account connect --token-stdin`. No message repeats a value: it may be a
// secret.
#include "operations/account/token_answer.hpp"
#include "promise.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

namespace json = boost::json;
using namespace postrider;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    std::string_view const text(reinterpret_cast<char const*>(data), size);
    adapter::OAuthShape oauth;
    oauth.remote_id_member = "open_id";
    oauth.scope_separator = ",";
    auto const answer = cli::read_token_answer(text, oauth);
    if (answer) {
        fuzz::promise(!answer->access.empty() && !answer->remote_id.empty(), "it is whole", text);
        fuzz::promise(answer->expires_in >= 0, "no life is negative", text);
        for (auto const& scope : answer->scopes)
            fuzz::promise(!scope.empty() && scope.find(',') == std::string::npos, "a scope", scope);
        return 0;
    }
    boost::system::error_code bad;
    auto const value = json::parse(json::string_view(text.data(), text.size()), bad);
    if (bad || !value.is_object()) return 0;
    auto const shown = json::serialize(answer.error().to_json());
    for (auto const* name : {"access_token", "refresh_token"})
        if (auto const* secret = value.as_object().if_contains(name);
            secret && secret->is_string() && secret->get_string().size() > 40)
            fuzz::promise(shown.find(std::string_view(secret->get_string())) == std::string::npos,
                          "no message repeats a secret",
                          shown);
    return 0;
}

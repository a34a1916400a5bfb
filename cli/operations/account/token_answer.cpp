// See token_answer.hpp.
#include "operations/account/token_answer.hpp"

#include <postrider/catalogue.hpp>

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>

#include <fmt/format.h>

#include <charconv>

namespace postrider::cli {

namespace {

namespace json = boost::json;

class TokenReader {
 public:
    TokenReader(json::object const& object, adapter::OAuthShape const& oauth)
        : object_(object), oauth_(oauth) {}

    Result<TokenAnswer> read() {
        TokenAnswer answer;
        answer.access = text("access_token", true);
        answer.refresh = text("refresh_token", false);
        answer.expires_in = seconds("expires_in").value_or(24 * 3600);
        answer.refresh_expires_in = seconds("refresh_expires_in");
        answer.scopes = scopes();
        if (!oauth_.remote_id_member.empty())
            answer.remote_id = text(oauth_.remote_id_member, true);
        if (problems_.empty()) return answer;
        auto error =
            make_error("usage.bad_value", "what came by standard input is no token answer");
        for (auto const& problem : problems_) error = error.with_at(problem);
        return error;
    }

 private:
    // The value is never repeated in a message: it may be a secret.
    void problem(std::string_view name, std::string message) {
        Finding finding;
        finding.code = "usage.bad_value";
        finding.path = fmt::format("/token/{}", name);
        finding.message = fmt::format("{}: {}", name, message);
        problems_.push_back(std::move(finding));
    }

    std::string text(std::string_view name, bool needed) {
        auto const* value = object_.if_contains(name);
        if (!value || value->is_null()) {
            if (needed) problem(name, "is missing");
            return {};
        }
        if (!value->is_string()) {
            problem(name, "expected text");
            return {};
        }
        if (needed && value->get_string().empty()) problem(name, "is empty");
        return std::string(value->get_string());
    }

    std::optional<std::int64_t> seconds(std::string_view name) {
        auto const* value = object_.if_contains(name);
        if (!value || value->is_null()) return std::nullopt;
        std::int64_t number = -1;
        if (value->is_int64()) number = value->get_int64();
        if (auto const* written = value->if_string()) {
            auto const* end = written->data() + written->size();
            auto const read = std::from_chars(written->data(), end, number);
            if (read.ec != std::errc{} || read.ptr != end) number = -1;
        }
        // Ten years: more is not a duration but somebody's mistake.
        if (number < 0 || number > 10LL * 366 * 24 * 3600) {
            problem(name, "expected seconds");
            return std::nullopt;
        }
        return number;
    }

    std::vector<std::string> scopes() {
        std::vector<std::string> found;
        auto const written = text("scope", false);
        std::string one;
        for (char const c : written + " ") {
            if (c != ' ' && c != ',' && oauth_.scope_separator.find(c) == std::string::npos) {
                one += c;
            } else if (!one.empty()) {
                found.push_back(std::move(one));
                one.clear();
            }
        }
        return found;
    }

    json::object const& object_;
    adapter::OAuthShape const& oauth_;
    std::vector<Finding> problems_;
};

}  // namespace

Result<TokenAnswer> read_token_answer(json::object const& answer,
                                      adapter::OAuthShape const& oauth) {
    return TokenReader(answer, oauth).read();
}

Result<TokenAnswer> read_token_answer(std::string_view text, adapter::OAuthShape const& oauth) {
    json::error_code failed;
    auto const value = json::parse(json::string_view(text.data(), text.size()), failed);
    if (failed || !value.is_object())
        return make_error("usage.bad_value",
                          "standard input should hold one JSON object: the network's token answer");
    return read_token_answer(value.get_object(), oauth);
}

}  // namespace postrider::cli

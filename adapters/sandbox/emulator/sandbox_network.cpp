// See sandbox_network.hpp.
#include "sandbox_network.hpp"

#include <fmt/format.h>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include <algorithm>
#include <charconv>

namespace postrider::sandbox {

namespace {

namespace json = boost::json;
using adapter::HttpReply;
using adapter::HttpRequest;

HttpReply refusal(int status, std::string_view word, std::string_view message) {
    return {status, json::serialize(json::object{{"error", word}, {"message", message}})};
}

HttpReply not_there() {
    return refusal(404, "not_there", "There is no such thing.");
}

json::object parse_object(HttpRequest const& request) {
    auto const* body = std::get_if<std::string>(&request.body);
    boost::system::error_code failed;
    auto value = json::parse(body ? std::string_view{*body} : std::string_view{"{}"}, failed);
    return !failed && value.is_object() ? std::move(value.get_object()) : json::object{};
}

std::string text(json::object const& object, std::string_view name) {
    auto const* member = object.if_contains(name);
    return member && member->is_string() ? std::string{member->get_string()} : std::string{};
}

// "a/b/c" -> the parts between slashes, without empty ones.
std::vector<std::string_view> parts_of(std::string_view path) {
    std::vector<std::string_view> parts;
    while (!path.empty()) {
        auto const slash = std::min(path.find('/'), path.size());
        if (slash > 0) parts.push_back(path.substr(0, slash));
        path.remove_prefix(std::min(slash + 1, path.size()));
    }
    return parts;
}

std::string account_of(std::string_view token) {
    auto const name = token.substr(0, token.find('.'));
    return name == "expired" ? std::string{} : std::string{name};
}

std::uint64_t body_size(HttpRequest const& request) {
    if (auto const* range = std::get_if<adapter::FileRange>(&request.body)) return range->length;
    if (auto const* body = std::get_if<std::string>(&request.body)) return body->size();
    return 0;
}

}  // namespace

void SandboxNetwork::plan_fault(Fault fault, std::string prefix, int times) {
    faults_.push_back({fault, std::move(prefix), times});
}

Fault SandboxNetwork::take_fault(std::string_view line) {
    for (auto& planned : faults_) {
        if (planned.times <= 0 || line.substr(0, planned.prefix.size()) != planned.prefix) continue;
        planned.times -= 1;
        return planned.fault;
    }
    return Fault::none;
}

NetworkReply SandboxNetwork::answer(HttpRequest const& request,
                                    std::string_view token,
                                    Instant now) {
    requests_ += 1;
    auto const url = boost::urls::parse_uri_reference(request.url);
    if (url.has_error()) return {false, refusal(400, "bad_request", "The URL cannot be read.")};
    std::string const path = url->path();
    auto const account = account_of(token);

    auto const fault = take_fault(fmt::format("{} {}", request.method, path));
    if (fault == Fault::lost_before) return {true, {}};
    if (fault == Fault::refused_before) return {false, {503, "<html>Busy</html>"}};
    if (fault == Fault::too_fast) return {false, refusal(429, "too_fast", "Slow down.")};

    HttpReply http;
    if (path == "/oauth/token")
        http = this->token(request);
    else if (account.empty() || fault == Fault::token_expired)
        http = refusal(401, "token_expired", "The token is not valid any more.");
    else if (path == "/posts" && request.method == "GET") {
        std::string key;
        for (auto const& parameter : url->params())
            if (parameter.key == "key") key = parameter.value;
        auto const* entry = find_key(account, key);
        http = {200, fmt::format("{{\"posts\":[{}]}}", entry ? post_json(*entry, now) : "")};
    } else {
        http = perform(request, path, account, now);
    }

    if (fault == Fault::lost_after) return {true, {}};
    if (fault == Fault::failed_after) return {false, {500, "<html>Oops</html>"}};
    if (fault == Fault::garbled) http.body.resize(http.body.size() / 2);
    return {false, std::move(http)};
}

HttpReply SandboxNetwork::perform(HttpRequest const& request,
                                  std::string_view path,
                                  std::string const& account,
                                  Instant now) {
    auto const& method = request.method;
    auto const parts = parts_of(path);
    if (path == "/me" && method == "GET")
        return {200,
                json::serialize(json::object{{"id", fmt::format("id-{}", account)},
                                             {"handle", fmt::format("@{}", account)},
                                             {"name", account},
                                             {"audiences", {"everyone", "followers"}}})};
    if (path == "/drafts" && method == "POST") return create(request, account);
    if (parts.size() == 2 && parts[0] == "posts" && method == "GET") {
        auto const entry = std::find_if(ledger_.begin(), ledger_.end(), [&](LedgerEntry const& e) {
            return e.id == parts[1] && e.account == account;
        });
        return entry == ledger_.end() ? not_there() : show(*entry, now);
    }
    if (parts.size() < 3 || parts[0] != "drafts") return not_there();

    auto const draft = drafts_.find(parts[1]);
    if (draft == drafts_.end() || draft->second.account != account)
        return refusal(404, "draft_gone", "There is no such draft.");
    if (parts.size() == 4 && parts[2] == "files" && method == "PUT")
        return put(request, draft->second, parts[3]);
    if (parts.size() == 3 && parts[2] == "publish" && method == "POST")
        return publish(request, draft->second, now);
    return not_there();
}

HttpReply SandboxNetwork::create(HttpRequest const& request, std::string const& account) {
    auto const body = parse_object(request);
    Draft draft;
    draft.account = account;
    draft.text = text(body, "text");
    draft.audience = text(body, "audience");
    if (draft.audience.empty()) draft.audience = "everyone";
    auto const* files = body.if_contains("files");
    if (files && files->is_int64() && files->get_int64() >= 0)
        draft.files_wanted = static_cast<std::size_t>(files->get_int64());
    if (draft.text.find("REFUSE") != std::string::npos)
        return refusal(422, "text_refused", "This text is not welcome here.");
    auto const id = fmt::format("d-{}", ++serial_);
    drafts_.emplace(id, std::move(draft));
    return {201, json::serialize(json::object{{"draft", id}})};
}

HttpReply SandboxNetwork::put(HttpRequest const& request, Draft& draft, std::string_view index) {
    std::size_t number = 0;
    auto const read = std::from_chars(index.data(), index.data() + index.size(), number);
    if (read.ec != std::errc{} || number >= draft.files_wanted) return not_there();
    draft.files[number] = body_size(request);
    return {204, {}};
}

HttpReply SandboxNetwork::publish(HttpRequest const& request, Draft& draft, Instant now) {
    std::string const key{adapter::find_header(request.headers, "Idempotency-Key")};
    auto const broken = [&](int status, std::string_view rule, std::string_view sentence) {
        violations_.push_back({std::string{rule}, std::string{sentence}});
        return refusal(status, rule, sentence);
    };
    if (key.empty()) return broken(400, "key_missing", "A publication needs a key.");
    // The key is looked at first: the same key is the same post, whatever draft it comes with.
    if (auto const* earlier = find_key(draft.account, key)) return show(*earlier, now);
    if (draft.files.size() != draft.files_wanted)
        return broken(409, "files_missing", "The draft is not complete.");
    auto const id = fmt::format("p-{}", ++serial_);
    draft.post = id;
    ledger_.push_back({id, draft.account, key, draft.text, draft.audience, now});
    return show(ledger_.back(), now);
}

// Refresh tokens never die here; each answer makes a new pair.
HttpReply SandboxNetwork::token(HttpRequest const& request) {
    auto const* body = std::get_if<std::string>(&request.body);
    std::string name;
    // The parsed form looks into this text, so it must live as long.
    std::string const query = "?" + (body ? *body : std::string{});
    auto const form = boost::urls::parse_uri_reference(query);
    if (form.has_value())
        for (auto const& field : form->params())
            if (field.key == "refresh_token" || field.key == "code") name = field.value;
    name = name.substr(0, name.find('.'));
    if (name.empty() || name == "revoked")
        return {400, json::serialize(json::object{{"error", "invalid_grant"}})};
    auto const serial = ++serial_;
    return {200,
            json::serialize(json::object{{"access_token", fmt::format("{}.{}", name, serial)},
                                         {"refresh_token", fmt::format("{}.r{}", name, serial)},
                                         {"expires_in", 3600},
                                         {"refresh_expires_in", 15'552'000},
                                         {"id", fmt::format("id-{}", name)},
                                         {"scope", "post"},
                                         {"token_type", "Bearer"}})};
}

std::string SandboxNetwork::post_json(LedgerEntry const& entry, Instant now) const {
    bool const ready = now - entry.at >= processing_time_;
    json::object post{{"id", entry.id}, {"state", ready ? "public" : "processing"}};
    if (ready) post["link"] = fmt::format("https://sandbox.invalid/{}/{}", entry.account, entry.id);
    return json::serialize(post);
}

HttpReply SandboxNetwork::show(LedgerEntry const& entry, Instant now) const {
    return {200, post_json(entry, now)};
}

LedgerEntry const* SandboxNetwork::find_key(std::string_view account, std::string_view key) const {
    auto const entry = std::find_if(ledger_.begin(), ledger_.end(), [&](LedgerEntry const& e) {
        return e.account == account && e.key == key;
    });
    return entry == ledger_.end() ? nullptr : &*entry;
}

}  // namespace postrider::sandbox

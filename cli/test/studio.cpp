// The clock is the machine's: what is tested here depends on no time.
#include "test/studio.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <chrono>
#include <fstream>

namespace postrider::cli::test {

namespace json = boost::json;

boost::asio::awaitable<core::TransportReply> MemoryTransport::send(core::OutgoingRequest request) {
    effects.push_back(request.effect);
    adapter::HttpRequest plain(request.method, request.url);
    plain.headers = request.headers;
    if (auto const* text = std::get_if<std::string>(&request.body)) plain.body = *text;
    core::TransportReply reply;
    if (auto const* slice = std::get_if<core::FileSlice>(&request.body)) {
        adapter::FileRange range;
        range.offset = slice->offset;
        range.length = slice->length;
        plain.body = range;
        reply.sent_bytes = slice->length;
    }
    auto token = adapter::find_header(request.headers, "Authorization");
    if (token.starts_with("Bearer ")) token.remove_prefix(7);
    auto const now = std::chrono::time_point_cast<Milliseconds>(std::chrono::system_clock::now());
    auto answer = network.answer(plain, token, now);
    reply.verdict = answer.lost ? adapter::Verdict::no_reply : adapter::Verdict::replied;
    reply.http = answer.http;
    co_return reply;
}

void Studio::SetUp() {
    Desk::SetUp();
    Desk::transport = &memory;
    environment["POSTRIDER_STORE"] = (folder / "store.db").string();
}

void Studio::set_up_accounts() {
    good({"init", "--person", "ines", "--passphrase-stdin"}, "correct horse\n");
    good({"app", "add", "sandbox", "studio", "--key", "k1", "--secret-stdin"}, "s3cret\n");
    for (auto const* name : {"anna", "bert"})
        good({"account", "connect", "sandbox", "--token-stdin"},
             json::serialize(json::value{{"access_token", name},
                                         {"refresh_token", "r"},
                                         {"expires_in", "86400"},
                                         {"id", name}}));
}

std::string Studio::write(std::string const& name, std::string const& text) {
    std::ofstream(folder / name) << text;
    return name;
}

std::string Studio::campaign(std::string const& extra, std::string const& caption) {
    return write("spring.lua",
                 R"(local postrider = require "postrider" { api = 1 }
return postrider.campaign {
  name = "spring", zone = "Europe/Paris", accounts = { "sandbox:@anna", "sandbox:@bert" }, catch_up = "skip",
  )" + extra + R"(
  posts = { postrider.post { key = "hello", when = "asap", caption = ")" +
                     caption + R"(" } },
})");
}

std::string Studio::hash_of(Ran const& planned) {
    return std::string(planned.data().at("plan").at("plan_hash").as_string());
}

}  // namespace postrider::cli::test

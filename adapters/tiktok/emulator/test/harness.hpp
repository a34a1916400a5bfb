// A model on a manual clock, and requests in a few words. For the tests of this folder.
#pragma once

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <string>
#include <vector>

#include "tiktok/emulator/model/digest.hpp"
#include "tiktok/emulator/model/model.hpp"
#include "tiktok/emulator/model/text.hpp"

namespace postrider::tiktok::emulator {

inline json::object parsed(std::string const& text) {
    return json::parse(text).as_object();
}

inline std::string code_of(Reply const& reply) {
    return parsed(reply.body).at("error").at("code").as_string().c_str();
}

inline std::string message_of(Reply const& reply) {
    return parsed(reply.body).at("error").at("message").as_string().c_str();
}

inline std::string oauth_error_of(Reply const& reply) {
    json::object const body = parsed(reply.body);
    return body.contains("error") ? body.at("error").as_string().c_str() : "";
}

inline std::string header_of(Reply const& reply, std::string_view name) {
    for (Header const& header : reply.headers) {
        if (header.name == name) return header.value;
    }
    return "";
}

constexpr std::string_view creator_info_path = "/v2/post/publish/creator_info/query/";
constexpr std::string_view video_init_path = "/v2/post/publish/video/init/";
constexpr std::string_view inbox_init_path = "/v2/post/publish/inbox/video/init/";
constexpr std::string_view photo_init_path = "/v2/post/publish/content/init/";
constexpr std::string_view status_path = "/v2/post/publish/status/fetch/";
constexpr std::string_view cancel_path = "/v2/post/publish/cancel/";
constexpr std::string_view token_path = "/v2/oauth/token/";

struct Post {
    std::string title = "fresh bread";
    std::string privacy_level = "PUBLIC_TO_EVERYONE";
    std::int64_t size = 1'000;
    std::int64_t chunk_size = 1'000;
    std::int64_t count = 1;
};

inline std::string video_body(Post const& post) {
    return json::serialize(json::object{{"post_info",
                                         json::object{{"title", post.title},
                                                      {"privacy_level", post.privacy_level},
                                                      {"brand_content_toggle", false},
                                                      {"brand_organic_toggle", false}}},
                                        {"source_info",
                                         json::object{{"source", "FILE_UPLOAD"},
                                                      {"video_size", post.size},
                                                      {"chunk_size", post.chunk_size},
                                                      {"total_chunk_count", post.count}}}});
}

inline std::string pull_body(std::string const& url, std::string const& title = "pulled") {
    return json::serialize(json::object{
        {"post_info",
         json::object{{"title", title},
                      {"privacy_level", "PUBLIC_TO_EVERYONE"},
                      {"brand_content_toggle", false},
                      {"brand_organic_toggle", false}}},
        {"source_info", json::object{{"source", "PULL_FROM_URL"}, {"video_url", url}}}});
}

struct Harness {
    explicit Harness(Scenario scenario = Scenario::built_in())
        : model(std::move(scenario), [this] { return time; }) {
        model.set_base_url("http://127.0.0.1:1");
        access = mint("acmebakery");
    }

    std::string mint(std::string const& creator,
                     std::vector<std::string> const& scopes = all_scopes(),
                     std::string const& client_key = "emu-app") {
        json::object const pair = *model.mint_token(creator, client_key, scopes);
        refresh = pair.at("refresh_token").as_string().c_str();
        return pair.at("access_token").as_string().c_str();
    }

    Reply post(std::string_view path, std::string const& body) {
        Request request;
        request.method = "POST";
        request.target = path;
        request.headers = {{"Authorization", "Bearer " + access},
                           {"Content-Type", "application/json; charset=UTF-8"}};
        request.body = body;
        return model.handle(request);
    }

    Reply get(std::string const& target) {
        Request request;
        request.method = "GET";
        request.target = target;
        request.headers = {{"Authorization", "Bearer " + access}};
        return model.handle(request);
    }

    Reply form(std::string_view path, std::string const& body) {
        Request request;
        request.method = "POST";
        request.target = path;
        request.headers = {{"Content-Type", "application/x-www-form-urlencoded"}};
        request.body = body;
        return model.handle(request);
    }

    Reply refresh_with(std::string const& token) {
        return form(token_path,
                    "client_key=emu-app&client_secret=emu-secret&grant_type=refresh_token"
                    "&refresh_token=" +
                        token);
    }

    Reply look() { return post(creator_info_path, "{}"); }

    Reply init(Post const& wanted = {}) {
        look();
        return start(post(video_init_path, video_body(wanted)));
    }

    /// Remembers what an init answered.
    Reply start(Reply reply) {
        json::object const body = parsed(reply.body);
        if (!body.contains("data")) return reply;
        json::object const& data = body.at("data").as_object();
        if (data.contains("publish_id")) publish_id = data.at("publish_id").as_string().c_str();
        if (data.contains("upload_url")) {
            upload_target = data.at("upload_url").as_string().c_str();
            upload_target = upload_target.substr(upload_target.find("/video/"));
        }
        return reply;
    }

    Request put_head(std::int64_t first, std::int64_t last, std::int64_t total) const {
        Request head;
        head.method = "PUT";
        head.target = upload_target;
        head.headers = {{"Content-Type", "video/mp4"},
                        {"Content-Length", std::to_string(last - first + 1)},
                        {"Content-Range", fmt::format("bytes {}-{}/{}", first, last, total)}};
        return head;
    }

    Reply put(Request const& head, std::string const& bytes) {
        PutStart const begun = model.begin_put(head);
        model.feed(begun.ticket, bytes);
        return model.finish_put(begun.ticket);
    }

    /// A chunk full of one letter.
    Reply put(std::int64_t first, std::int64_t last, std::int64_t total, char letter = 'v') {
        return put(put_head(first, last, total),
                   std::string(static_cast<std::size_t>(last - first + 1), letter));
    }

    /// The same without memory: the bytes are only counted.
    Reply put_counted(std::int64_t first, std::int64_t last, std::int64_t total) {
        PutStart const begun = model.begin_put(put_head(first, last, total));
        model.feed_stand_in(begun.ticket, last - first + 1);
        return model.finish_put(begun.ticket);
    }

    json::object status() {
        Reply const reply =
            post(status_path, json::serialize(json::object{{"publish_id", publish_id}}));
        json::object const body = parsed(reply.body);
        return body.contains("data") ? body.at("data").as_object() : json::object{};
    }

    std::string status_word() {
        json::object const data = status();
        return data.contains("status") ? data.at("status").as_string().c_str() : "";
    }

    /// Look, init, one chunk, and processing done.
    void publish(std::string const& title, char letter = 'v') {
        Post wanted;
        wanted.title = title;
        init(wanted);
        put(0, 999, 1'000, letter);
        wait(std::chrono::seconds{1});
    }

    void wait(Millis by) {
        time += by;
        model.settle();
    }

    std::vector<std::string> rules() const {
        std::vector<std::string> out;
        for (Violation const& violation : model.violations()) out.push_back(violation.rule);
        return out;
    }

    TimePoint time{std::chrono::sys_days{std::chrono::year{2026} / 11 / 20}};
    Model model;
    std::string access;
    std::string refresh;
    std::string publish_id;
    std::string upload_target;
};

inline FaultScript faults(std::string const& text) {
    auto read = read_faults(text);
    EXPECT_TRUE(read) << read.problem;
    return read ? std::move(*read.value) : FaultScript{};
}

inline Scenario scenario(std::string const& text) {
    auto read = read_scenario(text);
    EXPECT_TRUE(read) << read.problem;
    return read ? std::move(*read.value) : Scenario::built_in();
}

}  // namespace postrider::tiktok::emulator

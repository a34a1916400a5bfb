// The app's options: how URLs are joined, and which hosts may be given a video.
#include "settings.hpp"

#include <gtest/gtest.h>

namespace postrider::tiktok {

namespace {

Settings settings(std::string_view api_base, std::string_view hosts = "") {
    adapter::AppView app;
    if (!api_base.empty()) app.options["api_base"] = api_base;
    if (!hosts.empty()) app.options["upload_hosts"] = hosts;
    return settings_of(app);
}

bool allowed(Settings const& settings, std::string_view url) {
    return upload_url_problem(settings, url).empty();
}

}  // namespace

TEST(ApiUrl, NeverDoublesOrDropsTheSlash) {
    EXPECT_EQ(api_url(settings(""), "/v2/a/"), "https://open.tiktokapis.com/v2/a/");
    EXPECT_EQ(api_url(settings("http://127.0.0.1:8080/"), "/v2/a/"), "http://127.0.0.1:8080/v2/a/");
    EXPECT_EQ(api_url(settings("http://h/base//"), "/v2/a/"), "http://h/base/v2/a/");
}

TEST(ChunkSize, IsReadAsNumberOrAsText) {
    adapter::AppView app;
    EXPECT_EQ(settings_of(app).chunk_size, chunk_size_default);
    app.options["chunk_size"] = 6'000'000;
    EXPECT_EQ(settings_of(app).chunk_size, 6'000'000U);
    app.options["chunk_size"] = "7000000";
    EXPECT_EQ(settings_of(app).chunk_size, 7'000'000U);
}

TEST(UploadHosts, OfficialOnesAreAllSubdomains) {
    auto const official = settings("");

    for (auto const* host : {"open-upload", "upload.us", "open-upload-i18n", "open-upload-sg"})
        EXPECT_TRUE(
            allowed(official, std::string{"https://"} + host + ".tiktokapis.com/video/?t=1"));
    EXPECT_TRUE(allowed(official, "https://OPEN-upload.TikTokAPIs.com/upload"));
}

TEST(UploadHosts, OthersAreRefused) {
    auto const official = settings("");

    for (auto const* url : {"https://tiktokapis.com.evil.example/video/",
                            "https://eviltiktokapis.com/video/",
                            "https://evil.example/?x=.tiktokapis.com",
                            "https://user@open-upload.tiktokapis.com/video/",
                            "http://open-upload.tiktokapis.com/video/",
                            "http://127.0.0.1:8080/video/",
                            "ftp://open-upload.tiktokapis.com/video/",
                            "/video/",
                            "",
                            "https:///video/"})
        EXPECT_FALSE(allowed(official, url)) << url;
}

TEST(UploadHosts, AnApiElsewhereIsTrustedWithItsOwnHostOnAnyPort) {
    auto const local = settings("http://127.0.0.1:8080");

    EXPECT_TRUE(allowed(local, "http://127.0.0.1:9999/video/?upload_id=1"));
    EXPECT_TRUE(allowed(local, "http://localhost:9999/video/"));
    EXPECT_FALSE(allowed(local, "http://10.0.0.1/video/"));
    EXPECT_TRUE(allowed(settings("https://api.example"), "https://api.example:8443/video/"));
    EXPECT_FALSE(allowed(settings("https://api.example"), "http://api.example/video/"));
}

TEST(UploadHosts, TheListMayNameOthers) {
    auto const listed = settings("https://api.example", "up.example , *.cdn.example");

    EXPECT_TRUE(allowed(listed, "https://up.example/video/"));
    EXPECT_TRUE(allowed(listed, "https://a.b.cdn.example/video/"));
    EXPECT_FALSE(allowed(listed, "https://cdn.example/video/"));
    EXPECT_FALSE(allowed(listed, "https://x.up.example/video/"));
}

}  // namespace postrider::tiktok

// Which texts are addresses of servers, and which of them are this machine.
#include <postrider/server_url.hpp>

#include <gtest/gtest.h>

namespace postrider {
namespace {

TEST(ServerUrl, IsAnHttpAddressWithAHost) {
    for (auto const* good : {"http://a",
                             "https://api.example/v2/",
                             "http://127.0.0.1:8080",
                             "http://[::1]:80/x",
                             "https://a-b.example:65535"})
        EXPECT_TRUE(is_server_url(good)) << good;
    for (auto const* bad : {"",
                            "localhost:80",
                            "ftp://a",
                            "https://",
                            "https:///x",
                            "http://a:b",
                            "http://a:99999",
                            "http://a:",
                            "http://a b",
                            "http://u@a",
                            "http://a/?q=1",
                            "http://a/#x",
                            "http://[::1",
                            "http://[]",
                            "http://[::1]x"})
        EXPECT_FALSE(is_server_url(bad)) << bad;
}

TEST(ServerUrl, OnlyThisMachineIsLoopback) {
    for (auto const* here :
         {"http://127.0.0.1:1", "http://localhost", "https://[::1]:8/a", "http://127.9.9.9"})
        EXPECT_TRUE(is_loopback_url(here)) << here;
    for (auto const* there : {"http://10.0.0.1",
                              "https://api.example",
                              "http://127.0.0.1.example.org",
                              "http://localhost.example.org",
                              "http://127.0.0.1@evil.example",
                              "http://[::2]",
                              "http://127.1"})
        EXPECT_FALSE(is_loopback_url(there)) << there;
}

}  // namespace
}  // namespace postrider

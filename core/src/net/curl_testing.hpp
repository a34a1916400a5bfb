// For tests of the transport: a folder with a file, and a fixture that sends a request and waits
// for its reply.
#pragma once

#include <postrider/core/curl_transport.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace postrider::core::testing {

class TestFolder {
 public:
    TestFolder() {
        std::string name =
            (std::filesystem::temp_directory_path() / "postrider-net-XXXXXX").string();
        path_ = ::mkdtemp(name.data());
    }
    ~TestFolder() { std::filesystem::remove_all(path_); }
    [[nodiscard]] std::filesystem::path write(std::string_view content) const {
        auto const file = path_ / "media.bin";
        std::ofstream(file, std::ios::binary) << content;
        return file;
    }
    [[nodiscard]] std::filesystem::path sparse(std::uint64_t size) const {
        auto const file = write("");
        std::filesystem::resize_file(file, size);
        return file;
    }

 private:
    std::filesystem::path path_;
};

class TransportFixture : public ::testing::Test {
 protected:
    CurlTransport& transport() {
        if (!transport_) transport_.emplace(io_.get_executor(), options_);
        return *transport_;
    }

    static OutgoingRequest get(std::string url) {
        OutgoingRequest request;
        request.method = "GET";
        request.url = std::move(url);
        request.deadline = std::chrono::seconds{10};
        return request;
    }
    static OutgoingRequest post(std::string url, std::string body) {
        auto request = get(std::move(url));
        request.method = "POST";
        request.body = std::move(body);
        return request;
    }
    static OutgoingRequest put(std::string url, FileSlice slice) {
        auto request = get(std::move(url));
        request.method = "PUT";
        request.body = std::move(slice);
        return request;
    }

    TransportReply send(OutgoingRequest request) {
        std::optional<TransportReply> answer;
        boost::asio::co_spawn(io_,
                              transport().send(std::move(request)),
                              [&](std::exception_ptr const& thrown, TransportReply reply) {
                                  EXPECT_FALSE(thrown) << "send() threw";
                                  answer = std::move(reply);
                              });
        io_.restart();
        io_.run();
        return answer ? *answer : TransportReply{};
    }

    boost::asio::io_context io_;
    CurlOptions options_;
    std::optional<CurlTransport> transport_;
};

}  // namespace postrider::core::testing

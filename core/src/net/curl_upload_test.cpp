// Uploads of file ranges: exactly the bytes that were asked for, or a failure that says so; memory
// flat.
#include "curl_testing.hpp"
#include "raw_server.hpp"

#include <chrono>
#include <filesystem>
#include <fstream>
#include <future>
#include <random>
#include <thread>

namespace postrider::core {
namespace {

using adapter::Verdict;
using testing::RawConnection;
using testing::RawServer;
using testing::TestFolder;
using namespace std::chrono_literals;

class CurlUploadTest : public testing::TransportFixture {};

std::string noise(std::size_t size) {
    std::mt19937_64 generator(7);
    std::string bytes(size, '\0');
    for (auto& byte : bytes) byte = static_cast<char>(generator());
    return bytes;
}

TEST_F(CurlUploadTest, FileOfAnotherSizeIsNotSent) {
    RawServer const server({[](RawConnection& connection) { connection.read_head(); }});
    TestFolder const folder;
    auto const file = folder.write("0123456789");

    auto const reply = send(put(server.url(), FileSlice{file, 0, 4, 11}));

    EXPECT_EQ(reply.verdict, Verdict::not_sent);
    EXPECT_NE(reply.failure.find("has changed"), std::string::npos) << reply.failure;
    EXPECT_EQ(server.connections(), 0);
}

TEST_F(CurlUploadTest, ExactlyTheBytesOfTheRangeAreSent) {
    auto const content = noise(3'000'000);
    TestFolder const folder;
    auto const file = folder.write(content);
    constexpr std::uint64_t offset = 12'345;
    constexpr std::uint64_t length = (1U << 20U) + 7;
    std::string received;
    RawServer const server({[&](RawConnection& connection) {
        connection.read_head();
        received = connection.read(length);
        connection.answer("");
        // A byte more would be read as the next request.
        connection.read_head();
    }});
    std::vector<std::uint64_t> progress;
    auto request = put(server.url(), FileSlice{file, offset, length, content.size()});
    request.progress = [&](std::uint64_t sent_bytes) { progress.push_back(sent_bytes); };

    auto const reply = send(std::move(request));

    EXPECT_EQ(reply.verdict, Verdict::replied);
    EXPECT_EQ(reply.sent_bytes, length);
    EXPECT_TRUE(received == content.substr(offset, length));
    ASSERT_FALSE(progress.empty());
    EXPECT_EQ(progress.back(), length);
}

TEST_F(CurlUploadTest, LargeUploadDoesNotWaitForAHundredContinue) {
    TestFolder const folder;
    auto const file = folder.sparse(4U << 20U);
    std::string head;
    RawServer const server({[&](RawConnection& connection) {
        head = connection.read_head();
        connection.drain(4U << 20U);
        connection.answer("");
    }});

    auto const reply = send(put(server.url(), FileSlice{file, 0, 4U << 20U, 4U << 20U}));

    EXPECT_EQ(reply.verdict, Verdict::replied);
    EXPECT_EQ(head.find("Expect"), std::string::npos)
        << "a server that ignores it costs a second a part";
}

TEST_F(CurlUploadTest, RefusalBeforeTheBodyWasSentIsReportedWithWhatWasSent) {
    TestFolder const folder;
    auto const file = folder.sparse(64U << 20U);
    RawServer const server({[](RawConnection& connection) {
        connection.read_head();
        connection.read(1000);
        connection.write(
            "HTTP/1.1 416 Range Not Satisfiable\r\nContent-Range: bytes 0-9/64\r\n"
            "Content-Length: 2\r\nConnection: close\r\n\r\n{}");
        connection.closed_within(5000);
    }});

    auto const reply = send(put(server.url(), FileSlice{file, 0, 64U << 20U, 64U << 20U}));

    EXPECT_EQ(reply.verdict, Verdict::replied);
    EXPECT_EQ(reply.http.status, 416);
    EXPECT_EQ(adapter::find_header(reply.http.headers, "Content-Range"), "bytes 0-9/64");
    EXPECT_LT(reply.sent_bytes, 64U << 20U);
}

TEST_F(CurlUploadTest, SuccessBeforeTheBodyWasSentIsNotTheWholeBody) {
    TestFolder const folder;
    auto const file = folder.sparse(64U << 20U);
    RawServer const server({[](RawConnection& connection) {
        connection.read_head();
        connection.read(1000);
        connection.answer("{}", "201 Created");
        connection.reset();
    }});

    auto const reply = send(put(server.url(), FileSlice{file, 0, 64U << 20U, 64U << 20U}));

    EXPECT_NE(reply.verdict, Verdict::not_sent);
    EXPECT_LT(reply.sent_bytes, 64U << 20U);
}

TEST_F(CurlUploadTest, FileThatGetsShorterEndsTheRequestAndTheConnection) {
    TestFolder const folder;
    auto const file = folder.sparse(64U << 20U);
    std::promise<std::size_t> taken;
    RawServer const server({[&](RawConnection& connection) {
        connection.read_head();
        connection.read(1000);
        std::filesystem::resize_file(file, 2U << 20U);
        taken.set_value(connection.drain(64U << 20U));
    }});

    auto const begin = std::chrono::steady_clock::now();
    auto const reply = send(put(server.url(), FileSlice{file, 0, 64U << 20U, 64U << 20U}));

    EXPECT_EQ(reply.verdict, Verdict::no_reply);
    EXPECT_NE(reply.failure.find("became shorter"), std::string::npos) << reply.failure;
    EXPECT_LT(taken.get_future().get(), 64U << 20U) << "the connection was closed, not filled up";
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 5s) << "and not kept until the deadline";
}

TEST_F(CurlUploadTest, UploadThatStandsStillIsGivenUp) {
    options_.upload_stall = 300ms;
    TestFolder const folder;
    auto const file = folder.sparse(64U << 20U);
    std::promise<void> given_up;
    RawServer const server({[&](RawConnection& connection) {
        connection.read_head();
        given_up.get_future().wait();  // the socket is not read: its buffers fill up
    }});

    auto const begin = std::chrono::steady_clock::now();
    auto const reply = send(put(server.url(), FileSlice{file, 0, 64U << 20U, 64U << 20U}));

    EXPECT_EQ(reply.verdict, Verdict::no_reply);
    EXPECT_NE(reply.failure.find("stood still"), std::string::npos) << reply.failure;
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 5s);
    given_up.set_value();
}

TEST_F(CurlUploadTest, NetworkThatThinksAfterTheUploadIsNoStall) {
    options_.upload_stall = 100ms;
    TestFolder const folder;
    auto const file = folder.sparse(1000);
    RawServer const server({[](RawConnection& connection) {
        connection.read_head();
        connection.read(1000);
        std::this_thread::sleep_for(400ms);
        connection.answer("{}");
    }});

    auto const reply = send(put(server.url(), FileSlice{file, 0, 1000, 1000}));

    EXPECT_EQ(reply.verdict, Verdict::replied);
}

std::size_t memory_high_kib() {
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);)
        if (line.rfind("VmHWM:", 0) == 0) return std::stoul(line.substr(6));
    return 0;
}

TEST_F(CurlUploadTest, MemoryStaysFlatForALargeFile) {
    constexpr std::uint64_t size = 200U << 20U;
    TestFolder const folder;
    auto const file = folder.sparse(size);
    auto const sink = [](RawConnection& connection) {
        for (auto head = connection.read_head(); !head.empty(); head = connection.read_head()) {
            auto const at = head.find("Content-Length: ");
            connection.drain(std::stoul(head.substr(at + 16)));
            connection.answer("");
        }
    };
    RawServer const server({sink});
    send(put(server.url(),
             FileSlice{file, 0, 1U << 20U, size}));  // what is needed once is there now

    auto const before = memory_high_kib();
    auto const reply = send(put(server.url(), FileSlice{file, 0, size, size}));
    auto const after = memory_high_kib();

    EXPECT_EQ(reply.sent_bytes, size);
    EXPECT_LE(after - before, 8U * 1024) << "KiB";
}

}  // namespace
}  // namespace postrider::core

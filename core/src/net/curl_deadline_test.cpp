// A process that stands still past its deadline (stopped, frozen) with the answer at its door.
#include "curl_testing.hpp"
#include "raw_server.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <optional>
#include <thread>

namespace postrider::core {
namespace {

namespace asio = boost::asio;
using adapter::Verdict;
using testing::RawConnection;
using testing::RawServer;
using testing::TestFolder;
using namespace std::chrono_literals;

class StandsStill : public testing::TransportFixture {
 protected:
    // For two seconds the loop does nothing: from `after` on, or, where that is zero, from when the
    // request was begun and nothing of it has left.
    TransportReply send_and_stand_still(OutgoingRequest request,
                                        std::chrono::milliseconds after,
                                        bool* over = nullptr) {
        std::optional<TransportReply> answer;
        asio::co_spawn(io_,
                       transport().send(std::move(request)),
                       [&](std::exception_ptr const&, TransportReply reply) {
                           answer = std::move(reply);
                           if (over) *over = true;
                       });
        asio::steady_timer timer(io_, after);
        auto const stand = [] { std::this_thread::sleep_for(2s); };
        if (after == 0ms)
            asio::post(io_, stand);
        else
            timer.async_wait([stand](boost::system::error_code const&) { stand(); });
        io_.restart();
        io_.run();
        return answer.value_or(TransportReply{});
    }
};

TEST_F(StandsStill, TheAnswerThatCameMeanwhileIsRead) {
    RawServer const server({[](RawConnection& connection) {
        connection.read_head();
        std::this_thread::sleep_for(300ms);
        connection.answer("here");
    }});
    auto request = get(server.url());
    request.deadline = 500ms;

    auto const reply = send_and_stand_still(std::move(request), 100ms);

    EXPECT_EQ(reply.verdict, Verdict::replied) << reply.failure;
    EXPECT_EQ(reply.http.body, "here");
}

TEST_F(StandsStill, WithoutAnAnswerTheTimeHasRunOut) {
    RawServer const server({[](RawConnection& connection) {
        connection.read_head();
        connection.closed_within(10'000);
    }});
    auto request = get(server.url());
    request.deadline = 500ms;

    auto const reply = send_and_stand_still(std::move(request), 100ms);

    EXPECT_EQ(reply.verdict, Verdict::no_reply);
    EXPECT_EQ(reply.failure, "the time ran out");
}

// Requests that begin meanwhile put nothing off.
TEST_F(StandsStill, TheTimeRunsOutAlsoWhileOthersBegin) {
    RawServer const silent({[](RawConnection& connection) {
        connection.read_head();
        connection.closed_within(10'000);
    }});
    RawServer const busy({[](RawConnection& connection) {
        while (!connection.read_head().empty()) connection.answer("{}");
    }});
    auto request = get(silent.url());
    request.deadline = 500ms;
    bool over = false;
    auto others = [](asio::io_context& loop,
                     CurlTransport& transport,
                     std::string url,
                     bool* stop) -> asio::awaitable<void> {
        asio::steady_timer pause(loop);
        while (!*stop) {
            auto other = get(url);
            (void)co_await transport.send(std::move(other));
            pause.expires_after(50ms);
            co_await pause.async_wait(asio::use_awaitable);
        }
    };
    asio::co_spawn(io_, others(io_, transport(), busy.url(), &over), asio::detached);
    auto const began = std::chrono::steady_clock::now();

    auto const reply = send_and_stand_still(std::move(request), 100ms, &over);

    EXPECT_EQ(reply.verdict, Verdict::no_reply);
    EXPECT_LT(std::chrono::steady_clock::now() - began, 6s);
}

TEST_F(StandsStill, WhatHasNotLeftByItsDeadlineDoesNotLeaveAfterIt) {
    TestFolder const folder;
    FileSlice const slice(folder.write("a commit"), 0, 8, 8);
    for (bool const file : {false, true}) {
        std::string head;
        TransportReply reply;
        {
            RawServer const server(
                {[&head](RawConnection& connection) { head = connection.read_head(); }});
            auto request = file ? put(server.url(), slice) : post(server.url(), "a commit");
            request.deadline = 500ms;
            reply = send_and_stand_still(std::move(request), 0ms);
        }
        EXPECT_EQ(reply.verdict, Verdict::not_sent) << file;
        EXPECT_EQ(head, "") << file;
    }
}

}  // namespace
}  // namespace postrider::core

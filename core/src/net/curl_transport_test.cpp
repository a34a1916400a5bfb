// The transport against servers that misbehave: what is said of a request must be true of the wire.
// Uploads of files are in curl_upload_test.cpp, processes that stand still in
// curl_deadline_test.cpp.
#include "curl_library.hpp"
#include "curl_testing.hpp"
#include "raw_server.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/post.hpp>

#include <atomic>
#include <chrono>
#include <future>
#include <optional>
#include <vector>

namespace postrider::core {
namespace {

namespace asio = boost::asio;
using adapter::Verdict;
using testing::RawConnection;
using testing::RawServer;
using testing::TestFolder;
using namespace std::chrono_literals;

class CurlTransportTest : public testing::TransportFixture {};

void serve_for_ever(RawConnection& connection) {
    while (!connection.read_head().empty()) connection.answer("{}");
}

// --- What was never sent ------------------------------------------------------------------------

TEST_F(CurlTransportTest, RefusedConnectionIsNotSent) {
    int port = 0;
    {
        RawServer const gone({serve_for_ever});
        port = gone.port();
    }

    auto const reply = send(post("http://127.0.0.1:" + std::to_string(port), "x"));

    EXPECT_EQ(reply.verdict, Verdict::not_sent);
    EXPECT_NE(reply.failure.find("Connection refused"), std::string::npos) << reply.failure;
}

TEST_F(CurlTransportTest, NameThatDoesNotResolveIsNotSent) {
    auto const reply = send(get("http://no-such-host.invalid/"));

    EXPECT_EQ(reply.verdict, Verdict::not_sent);
    EXPECT_FALSE(reply.failure.empty());
}

TEST_F(CurlTransportTest, FailedTlsHandshakeIsNotSent) {
    RawServer const server(
        {[](RawConnection& connection) { connection.write("this is no TLS\r\n\r\n"); }});

    auto const reply = send(post("https://127.0.0.1:" + std::to_string(server.port()), "secret"));

    EXPECT_EQ(reply.verdict, Verdict::not_sent);
    EXPECT_NE(reply.failure.find("encrypted"), std::string::npos) << reply.failure;
}

TEST_F(CurlTransportTest, HeadersCannotSmuggleLines) {
    RawServer const server({serve_for_ever});
    auto request = get(server.url());
    request.headers = {{"X-Note", "a\r\nX-Admin: yes"}};

    auto const reply = send(std::move(request));

    EXPECT_EQ(reply.verdict, Verdict::not_sent);
    EXPECT_EQ(server.connections(), 0);
}

TEST_F(CurlTransportTest, OnlyHttpIsSpoken) {
    TestFolder const folder;
    auto const file = folder.write("private");

    auto const reply = send(get("file://" + file.string()));

    EXPECT_EQ(reply.verdict, Verdict::not_sent);
    EXPECT_TRUE(reply.http.body.empty());
}

TEST(CurlLibrary, MissingLibraryIsSaidInWordsWithThePackage) {
    auto const library = detail::open_curl_library("libcurl-that-is-not-there.so.4");

    ASSERT_FALSE(library);
    EXPECT_EQ(library.error().code(), "setup.helper_missing");
    EXPECT_NE(library.error().message().find("Install the package libcurl4"), std::string::npos);
    EXPECT_TRUE(CurlTransport::library_version());
}

// --- What was answered --------------------------------------------------------------------------

TEST_F(CurlTransportTest, AnAnswerThatNobodyAskedToBePackedIsReadAllTheSame) {
    std::string head;
    RawServer const server({[&head](RawConnection& connection) {
        head = connection.read_head();
        std::string const packed(
            "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff\xcb\x48\xcd\xc9\xc9\x07\x00\x86\xa6\x10\x36"
            "\x05"
            "\x00\x00\x00",
            25);
        connection.write("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 25\r\n\r\n" +
                         packed);
    }});

    auto const reply = send(get(server.url()));

    EXPECT_EQ(reply.verdict, Verdict::replied);
    EXPECT_EQ(reply.http.body, "hello");
    EXPECT_NE(head.find("Accept-Encoding: identity"), std::string::npos) << head;
}

// --- What left and was not answered -------------------------------------------------------------

TEST_F(CurlTransportTest, ConnectionClosedBeforeTheReplyIsNoReply) {
    RawServer const server({[](RawConnection& connection) { connection.read_head(); }});

    auto const reply = send(post(server.url(), ""));

    EXPECT_EQ(reply.verdict, Verdict::no_reply);
    EXPECT_NE(reply.failure.find("closed before an answer"), std::string::npos) << reply.failure;
}

TEST_F(CurlTransportTest, ConnectionResetBeforeTheReplyIsNoReply) {
    RawServer const server({[](RawConnection& connection) {
        connection.read_head();
        connection.reset();
    }});

    EXPECT_EQ(send(post(server.url(), "x")).verdict, Verdict::no_reply);
}

TEST_F(CurlTransportTest, HalfAnAnswerIsNoReply) {
    RawServer const server({[](RawConnection& connection) {
        connection.read_head();
        connection.write("HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{\"half\":");
    }});

    auto const reply = send(get(server.url()));

    EXPECT_EQ(reply.verdict, Verdict::no_reply);
    EXPECT_TRUE(reply.http.body.empty());
}

TEST_F(CurlTransportTest, HalfAChunkedAnswerIsNoReply) {
    RawServer const server({[](RawConnection& connection) {
        connection.read_head();
        connection.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
    }});

    EXPECT_EQ(send(get(server.url())).verdict, Verdict::no_reply);
}

TEST_F(CurlTransportTest, HalfTheHeadersAreNoReply) {
    RawServer const server({[](RawConnection& connection) {
        connection.read_head();
        connection.write("HTTP/1.1 200 OK\r\nContent-Le");
    }});

    EXPECT_EQ(send(get(server.url())).verdict, Verdict::no_reply);
}

TEST_F(CurlTransportTest, InterimAnswerAloneIsNoReply) {
    RawServer const server({[](RawConnection& connection) {
        connection.read_head();
        connection.write("HTTP/1.1 100 Continue\r\n\r\n");
    }});

    EXPECT_EQ(send(get(server.url())).verdict, Verdict::no_reply);
}

TEST_F(CurlTransportTest, SlowDripEndsAtTheDeadline) {
    RawServer const server({[](RawConnection& connection) {
        connection.read_head();
        connection.write("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
        while (connection.write("x") && !connection.closed_within(20)) {
        }
    }});
    auto request = get(server.url());
    request.deadline = 300ms;

    auto const begin = std::chrono::steady_clock::now();
    auto const reply = send(std::move(request));

    EXPECT_EQ(reply.verdict, Verdict::no_reply);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 5s);
    EXPECT_NE(reply.failure.find("time ran out"), std::string::npos) << reply.failure;
}

TEST_F(CurlTransportTest, HugeAnswerIsCutOff) {
    RawServer const server({[](RawConnection& connection) {
        connection.read_head();
        connection.write("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
        std::string const block(1 << 16, 'a');
        while (connection.write(block)) {
        }
    }});

    auto const reply = send(get(server.url()));

    EXPECT_EQ(reply.verdict, Verdict::no_reply);
    EXPECT_NE(reply.failure.find("longer than 4194304 bytes"), std::string::npos) << reply.failure;
}

TEST_F(CurlTransportTest, AnswerOfExactlyTheLimitIsTaken) {
    options_.answer_bytes_max = 1000;
    RawServer const server({[](RawConnection& connection) {
        connection.read_head();
        connection.answer(std::string(1000, 'a'));
    }});

    auto const reply = send(get(server.url()));

    EXPECT_EQ(reply.verdict, Verdict::replied);
    EXPECT_EQ(reply.http.body.size(), 1000U);
}

TEST_F(CurlTransportTest, HugeHeadersAreCutOff) {
    RawServer const server({[](RawConnection& connection) {
        connection.read_head();
        connection.write("HTTP/1.1 200 OK\r\n");
        std::string const line = "X-Filler: " + std::string(1000, 'a') + "\r\n";
        while (connection.write(line)) {
        }
    }});

    auto const reply = send(get(server.url()));

    EXPECT_EQ(reply.verdict, Verdict::no_reply);
    EXPECT_NE(reply.failure.find("headers are longer"), std::string::npos) << reply.failure;
}

// --- Never twice --------------------------------------------------------------------------------

TEST_F(CurlTransportTest, ConnectionIsKeptForTheNextRequest) {
    RawServer const server({serve_for_ever});

    for (int i = 0; i < 5; ++i) EXPECT_EQ(send(post(server.url(), "x")).verdict, Verdict::replied);

    EXPECT_EQ(server.connections(), 1);
}

TEST_F(CurlTransportTest, RequestOnADyingKeptConnectionIsNotRepeatedByTheTransport) {
    std::atomic<int> arrived{0};
    auto const one_then_silence = [&](RawConnection& connection) {
        connection.read_head();
        connection.answer("{}");
        if (!connection.read_head().empty()) ++arrived;  // read, maybe acted on, never answered
    };
    auto const count = [&](RawConnection& connection) {
        while (!connection.read_head().empty()) {
            ++arrived;
            connection.answer("{}");
        }
    };
    RawServer const server({one_then_silence, count});

    auto const first = send(get(server.url()));
    auto const second = send(post(server.url(), ""));

    EXPECT_EQ(first.verdict, Verdict::replied);
    EXPECT_EQ(second.verdict, Verdict::no_reply);
    EXPECT_EQ(arrived, 1) << "libcurl alone sends it again on a new connection";
}

TEST_F(CurlTransportTest, RequestThatMustGoOnceTakesAConnectionOfItsOwn) {
    RawServer const server({serve_for_ever});
    send(post(server.url(), ""));
    auto commit = post(server.url(), "");
    commit.once = true;

    auto const reply = send(std::move(commit));

    EXPECT_EQ(reply.verdict, Verdict::replied);
    EXPECT_EQ(server.connections(), 2) << "the kept one was free and might have died under it";
}

TEST_F(CurlTransportTest, RedirectIsNotFollowed) {
    RawServer const server({[](RawConnection& connection) {
        connection.read_head();
        connection.write(
            "HTTP/1.1 307 Temporary Redirect\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n");
        EXPECT_EQ(connection.read_head(), "");
    }});

    auto const reply = send(post(server.url(), "token"));

    EXPECT_EQ(reply.verdict, Verdict::replied);
    EXPECT_EQ(reply.http.status, 307);
    EXPECT_EQ(adapter::find_header(reply.http.headers, "location"), "/elsewhere");
}

// --- What was sent and answered -----------------------------------------------------------------

TEST_F(CurlTransportTest, RequestArrivesAsWritten) {
    std::promise<std::string> seen;
    RawServer const server({[&](RawConnection& connection) {
        auto head = connection.read_head();
        seen.set_value(head + connection.read(13));
        connection.answer("ok", "201 Created");
    }});
    auto request = post(server.url("/v2/./a?b=%20c"), R"({"text":"é"})");
    request.headers = {
        {"Authorization", "Bearer t"}, {"Content-Type", "application/json"}, {"X-Empty", ""}};

    auto const reply = send(std::move(request));

    EXPECT_EQ(reply.verdict, Verdict::replied);
    EXPECT_EQ(reply.http.status, 201);
    EXPECT_EQ(reply.http.body, "ok");
    EXPECT_EQ(reply.sent_bytes, 13U);
    auto const text = seen.get_future().get();
    EXPECT_EQ(text.substr(0, 33), "POST /v2/./a?b=%20c HTTP/1.1\r\nHos");
    for (auto const* line : {"\r\nAuthorization: Bearer t\r\n",
                             "\r\nContent-Type: application/json\r\n",
                             "\r\nContent-Length: 13\r\n",
                             "\r\nX-Empty:\r\n",
                             "\r\nUser-Agent: postrider\r\n"})
        EXPECT_NE(text.find(line), std::string::npos) << line << " in " << text;
    EXPECT_EQ(text.find("Expect"), std::string::npos);
    EXPECT_EQ(text.substr(text.size() - 13), R"({"text":"é"})");
}

TEST_F(CurlTransportTest, MethodsWithoutABody) {
    std::vector<std::string> heads;
    RawServer const server({[&](RawConnection& connection) {
        for (auto head = connection.read_head(); !head.empty(); head = connection.read_head()) {
            heads.push_back(head);
            connection.write("HTTP/1.1 204 No Content\r\n\r\n");
        }
    }});

    for (auto const* method : {"GET", "DELETE", "HEAD", "POST", "PUT"}) {
        auto request = get(server.url());
        request.method = method;
        EXPECT_EQ(send(std::move(request)).http.status, 204) << method;
    }

    ASSERT_EQ(heads.size(), 5U);
    EXPECT_EQ(heads[1].substr(0, 9), "DELETE / ");
    EXPECT_EQ(heads[2].substr(0, 7), "HEAD / ");
    EXPECT_EQ(heads[1].find("Content-Length"), std::string::npos);
    EXPECT_NE(heads[3].find("Content-Length: 0\r\n"), std::string::npos);
    EXPECT_NE(heads[4].find("Content-Length: 0\r\n"), std::string::npos);
}

TEST_F(CurlTransportTest, HeadersOfInterimAnswersAndTrailersAreNotTheAnswers) {
    RawServer const server({[](RawConnection& connection) {
        connection.read_head();
        connection.write("HTTP/1.1 103 Early Hints\r\nX-Early: 1\r\n\r\n");
        connection.write("HTTP/1.1 200 OK\r\nX-Final:  2 \r\nTransfer-Encoding: chunked\r\n\r\n");
        connection.write("2\r\nhi\r\n0\r\nX-Trailer: 3\r\n\r\n");
    }});

    auto const reply = send(get(server.url()));

    EXPECT_EQ(reply.http.status, 200);
    EXPECT_EQ(reply.http.body, "hi");
    EXPECT_EQ(adapter::find_header(reply.http.headers, "x-final"), "2");
    EXPECT_EQ(adapter::find_header(reply.http.headers, "x-early"), "");
    EXPECT_EQ(adapter::find_header(reply.http.headers, "x-trailer"), "");
}

// --- Cancellation -------------------------------------------------------------------------------

TEST_F(CurlTransportTest, CancellingWhileWaitingForTheAnswerIsNoReply) {
    std::promise<bool> closed;
    asio::cancellation_signal signal;
    RawServer const server({[&](RawConnection& connection) {
        connection.read_head();
        asio::post(io_, [&] { signal.emit(asio::cancellation_type::terminal); });
        closed.set_value(connection.closed_within(5000));
    }});
    std::optional<TransportReply> answer;

    asio::co_spawn(io_,
                   transport().send(post(server.url(), "")),
                   asio::bind_cancellation_slot(
                       signal.slot(), [&](std::exception_ptr const& thrown, TransportReply reply) {
                           EXPECT_FALSE(thrown);
                           answer = std::move(reply);
                       }));
    io_.run();

    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->verdict, Verdict::no_reply);
    EXPECT_EQ(answer->failure, "it was cancelled");
    EXPECT_TRUE(closed.get_future().get());
}

TEST_F(CurlTransportTest, CancellingBeforeTheConnectionIsNotSent) {
    asio::cancellation_signal signal;
    std::optional<TransportReply> answer;

    // Nobody answers at this address (reserved for documentation).
    asio::co_spawn(io_,
                   transport().send(post("http://192.0.2.1/", "x")),
                   asio::bind_cancellation_slot(
                       signal.slot(), [&](std::exception_ptr const& thrown, TransportReply reply) {
                           EXPECT_FALSE(thrown);
                           answer = std::move(reply);
                       }));
    asio::post(io_, [&] { signal.emit(asio::cancellation_type::terminal); });
    io_.run();

    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->verdict, Verdict::not_sent);
}

TEST_F(CurlTransportTest, ManyRequestsRunSideBySide) {
    RawServer const server({[](RawConnection& connection) {
        connection.read_head();
        connection.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
    }});
    int good = 0;

    for (int i = 0; i < 50; ++i)
        asio::co_spawn(io_,
                       transport().send(get(server.url())),
                       [&](std::exception_ptr const&, TransportReply reply) {
                           good +=
                               reply.verdict == Verdict::replied && reply.http.body == "ok" ? 1 : 0;
                       });
    io_.run();

    EXPECT_EQ(good, 50);
}

TEST_F(CurlTransportTest, DestroyedWithARequestUnderWayItLetsGo) {
    RawServer const server({[](RawConnection& connection) {
        connection.read_head();
        connection.closed_within(5000);
    }});
    asio::co_spawn(
        io_, transport().send(get(server.url())), [](std::exception_ptr const&, TransportReply) {
            ADD_FAILURE() << "nobody waits any more";
        });
    io_.run_for(50ms);

    transport_.reset();
    io_.poll();
}

}  // namespace
}  // namespace postrider::core

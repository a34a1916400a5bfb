// The real transport: libcurl on the event loop. libcurl is opened at the first request, so that
// commands which only read the store do not pay for it.
#pragma once

#include <postrider/core/transport.hpp>
#include <postrider/result.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace postrider::core {

struct CurlOptions {
    Milliseconds connect_timeout{10'000};  ///< name, connection and TLS together
    /// An upload of which nothing moved for so long is given up. Waiting for the answer is not an
    /// upload any more.
    Milliseconds upload_stall{30'000};
    /// A kept-alive connection that was idle for longer is not used again.
    Milliseconds idle_max{20'000};
    std::size_t answer_bytes_max = std::size_t{4} * 1024 * 1024;
    std::size_t header_bytes_max = std::size_t{128} * 1024;
    std::string user_agent = "postrider";
};

/// What it promises beyond Transport:
///
/// - One send() puts at most one request on the wire. libcurl by itself repeats a request, a POST
/// too, when a kept-alive
///   connection dies before the first byte of an answer; here the second sending is refused and the
///   answer is `no_reply`, so that every repetition is the engine's decision and is counted. A
///   request marked `once` takes a connection of its own, because an idle one may die under it and
///   leave a doubt that nobody needed.
/// - `not_sent` is said only when the request was never handed to a connection: name, connection or
/// TLS failed, or it was
///   refused before. libcurl tells the moment of handing over by a callback; everything after it
///   counts as sent.
/// - An answer that comes before the body was sent as a whole is `replied` with `sent_bytes`
/// smaller than the body. A
///   caller that uploads compares the two.
/// - Nothing leaves after the request's deadline. An answer that came before it is read, also by a
/// process that stood still meanwhile; that of a file's upload is given up.
/// - HTTP/1.1 only: over HTTP/2 what left is not knowable to the byte. No redirects, no cookies, no
/// compression.
///
/// Use it on the thread of its event loop, which has one thread. Destroy it before the event loop.
class CurlTransport final : public Transport {
 public:
    explicit CurlTransport(boost::asio::any_io_executor executor, CurlOptions options = {});
    ~CurlTransport() override;
    CurlTransport(CurlTransport const&) = delete;
    CurlTransport& operator=(CurlTransport const&) = delete;

    boost::asio::awaitable<TransportReply> send(OutgoingRequest request) override;

    /// Opens libcurl and answers its version, or says which package is missing
    /// (`setup.helper_missing`).
    static Result<std::string> library_version();

 private:
    class Impl;
    std::shared_ptr<Impl> impl_;
};

}  // namespace postrider::core

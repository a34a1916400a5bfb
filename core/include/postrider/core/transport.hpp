// Outgoing HTTP behind one interface: the real one (libcurl), the simulated one, and the dry run
// that refuses.
#pragma once

#include <postrider/adapter/action.hpp>
#include <postrider/adapter/http.hpp>

#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <utility>
#include <variant>

namespace postrider::core {

/// Bytes [offset, offset + length) of a local file.
struct FileSlice {
    std::filesystem::path path;
    std::uint64_t offset = 0;
    std::uint64_t length = 0;
    std::uint64_t file_size = 0;  ///< what the file must still measure when it is opened

    FileSlice() = default;
    FileSlice(std::filesystem::path path_,
              std::uint64_t offset_,
              std::uint64_t length_,
              std::uint64_t file_size_)
        : path(std::move(path_)), offset(offset_), length(length_), file_size(file_size_) {}
};

/// A complete request, secrets in place. Never logged.
struct OutgoingRequest {
    std::string method;
    std::string url;
    adapter::Headers headers;
    std::variant<std::monostate, std::string, FileSlice> body;
    Milliseconds deadline{30'000};  ///< whole exchange; at the deadline the socket is closed
    /// What it does to the world. Whoever does not say that it only looks is not taken to.
    adapter::Effect effect = adapter::Effect::prepare;
    std::string account{};     ///< on whose behalf, by name; empty: nobody's
    std::string holder{};      ///< who sends it: owner/job/fence
    bool secret_url = false;   ///< the address is itself a credential: never shown
    bool secret_body = false;  ///< the body holds credentials: its fields are shown by name alone
    /// A commit must never be sent a second time by the transport itself, for instance when a
    /// kept-alive connection dies.
    bool once = false;
    std::function<void(std::uint64_t sent_bytes)>
        progress;  ///< called on the event loop's thread, at most some times a second

    OutgoingRequest() = default;
};

struct TransportReply {
    adapter::Verdict verdict = adapter::Verdict::not_sent;
    adapter::HttpReply http;       ///< meaningful with `replied`
    std::uint64_t sent_bytes = 0;  ///< of the body
    std::string failure;  ///< for people, with `not_sent` and `no_reply`: "connection refused"

    TransportReply() = default;
};

class Transport {
 public:
    virtual ~Transport() = default;
    /// Never throws. Cancellation closes the exchange and gives `no_reply` (or `not_sent` where
    /// that is proved).
    virtual boost::asio::awaitable<TransportReply> send(OutgoingRequest request) = 0;
};

}  // namespace postrider::core

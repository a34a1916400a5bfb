// libcurl's multi interface driven by Asio: curl says which sockets and which timer it wants
// watched, and is told what happened. What a request is does not matter here.
#pragma once

#include "curl_library.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <functional>
#include <map>
#include <memory>

namespace postrider::core::detail {

/// All members are called on the event loop's thread, none from inside a callback of curl.
class CurlLoop : public std::enable_shared_from_this<CurlLoop> {
 public:
    /// `done` is called for each handle that ended by itself, after it was taken out.
    using Done = std::function<void(CURL* easy, CURLcode code)>;

    static std::shared_ptr<CurlLoop> create(boost::asio::any_io_executor executor,
                                            CurlLibrary const& curl,
                                            Done done);
    ~CurlLoop();
    CurlLoop(CurlLoop const&) = delete;
    CurlLoop& operator=(CurlLoop const&) = delete;

    /// False when curl refuses the handle.
    bool add(CURL* easy);
    /// Ends a handle from outside; its connection is closed unless it was finished.
    void remove(CURL* easy);

 private:
    struct Socket;

    CurlLoop(boost::asio::any_io_executor executor, CurlLibrary const& curl, Done done);

    static int on_socket(CURL* easy, curl_socket_t descriptor, int what, void* self, void* socket);
    static int on_timer(CURLM* multi, long timeout_ms, void* self);

    void watch(curl_socket_t descriptor, int what);
    void forget(curl_socket_t descriptor);
    void arm(std::shared_ptr<Socket> const& socket);
    void act(curl_socket_t descriptor, int events);

    boost::asio::any_io_executor executor_;
    CurlLibrary const& curl_;
    Done done_;
    CURLM* multi_;
    boost::asio::steady_timer timer_;
    std::map<curl_socket_t, std::shared_ptr<Socket>> sockets_;
};

}  // namespace postrider::core::detail

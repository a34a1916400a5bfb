// The two callbacks of curl's multi interface and the waits that answer them.
#include "curl_loop.hpp"

#include <boost/asio/error.hpp>

#include <chrono>
#include <new>
#include <utility>

namespace postrider::core::detail {

namespace asio = boost::asio;

struct CurlLoop::Socket {
    explicit Socket(asio::any_io_executor const& executor, curl_socket_t descriptor_)
        : descriptor(executor, descriptor_) {}

    asio::posix::stream_descriptor descriptor;
    int wanted = 0;
    bool reading = false;
    bool writing = false;
    bool forgotten =
        false;  // curl may have closed it, and the number may already name another socket
};

CurlLoop::CurlLoop(asio::any_io_executor executor, CurlLibrary const& curl, Done done)
    : executor_(std::move(executor)),
      curl_(curl),
      done_(std::move(done)),
      multi_(curl.multi_init()),
      timer_(executor_) {
    if (!multi_) throw std::bad_alloc();
    curl_.multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &CurlLoop::on_socket);
    curl_.multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
    curl_.multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &CurlLoop::on_timer);
    curl_.multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
    curl_.multi_setopt(multi_, CURLMOPT_MAXCONNECTS, 64L);
}

std::shared_ptr<CurlLoop> CurlLoop::create(asio::any_io_executor executor,
                                           CurlLibrary const& curl,
                                           Done done) {
    return std::shared_ptr<CurlLoop>(new CurlLoop(std::move(executor), curl, std::move(done)));
}

CurlLoop::~CurlLoop() {
    // Whoever added handles has removed them by now; what is left are idle connections.
    while (!sockets_.empty()) forget(sockets_.begin()->first);
    curl_.multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, nullptr);
    curl_.multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, nullptr);
    curl_.multi_cleanup(multi_);
}

bool CurlLoop::add(CURL* easy) {
    return curl_.multi_add_handle(multi_, easy) == CURLM_OK;
}

void CurlLoop::remove(CURL* easy) {
    curl_.multi_remove_handle(multi_, easy);
}

int CurlLoop::on_socket(CURL*, curl_socket_t descriptor, int what, void* self, void*) {
    auto& loop = *static_cast<CurlLoop*>(self);
    if (what == CURL_POLL_REMOVE)
        loop.forget(descriptor);
    else
        loop.watch(descriptor, what);
    return 0;
}

int CurlLoop::on_timer(CURLM*, long timeout_ms, void* self) {
    auto& loop = *static_cast<CurlLoop*>(self);
    if (timeout_ms < 0) {
        loop.timer_.cancel();
        return 0;
    }
    // Also for 0: curl must not be called from inside its own callback.
    loop.timer_.expires_after(std::chrono::milliseconds{timeout_ms});
    loop.timer_.async_wait([weak = loop.weak_from_this()](boost::system::error_code const& failed) {
        if (failed) return;
        if (auto const self_ = weak.lock()) self_->act(CURL_SOCKET_TIMEOUT, 0);
    });
    return 0;
}

void CurlLoop::watch(curl_socket_t descriptor, int what) {
    auto& socket = sockets_[descriptor];
    if (!socket) socket = std::make_shared<Socket>(executor_, descriptor);
    socket->wanted = what;
    arm(socket);
}

void CurlLoop::forget(curl_socket_t descriptor) {
    auto const found = sockets_.find(descriptor);
    if (found == sockets_.end()) return;
    found->second->forgotten = true;
    // Not closed: the descriptor is curl's.
    found->second->descriptor.release();
    sockets_.erase(found);
}

void CurlLoop::arm(std::shared_ptr<Socket> const& socket) {
    auto const wait =
        [&](asio::posix::stream_descriptor::wait_type type, bool Socket::*waiting, int event) {
            if (!(socket->wanted & event) || (*socket).*waiting) return;
            (*socket).*waiting = true;
            socket->descriptor.async_wait(
                type,
                [weak = weak_from_this(), socket, waiting, event](
                    boost::system::error_code const& failed) {
                    (*socket).*waiting = false;
                    // It may have been removed between the event and this call.
                    if (failed == asio::error::operation_aborted || socket->forgotten) return;
                    auto const self = weak.lock();
                    if (!self || !(socket->wanted & event)) return;
                    auto const bits = event == CURL_POLL_IN ? CURL_CSELECT_IN : CURL_CSELECT_OUT;
                    self->act(socket->descriptor.native_handle(), failed ? CURL_CSELECT_ERR : bits);
                    if (!socket->forgotten) self->arm(socket);
                });
        };
    wait(asio::posix::stream_descriptor::wait_read, &Socket::reading, CURL_POLL_IN);
    wait(asio::posix::stream_descriptor::wait_write, &Socket::writing, CURL_POLL_OUT);
}

void CurlLoop::act(curl_socket_t descriptor, int events) {
    auto const alive = shared_from_this();
    int running = 0;
    curl_.multi_socket_action(multi_, descriptor, events, &running);
    int left = 0;
    while (auto const* message = curl_.multi_info_read(multi_, &left)) {
        if (message->msg != CURLMSG_DONE) continue;
        // Copied first: the message dies with the handle's place in the multi.
        CURL* const easy = message->easy_handle;
        auto const code = message->data.result;
        curl_.multi_remove_handle(multi_, easy);
        done_(easy, code);
    }
}

}  // namespace postrider::core::detail

// An inotify watch on the file of the turn lock beside a timer: whichever comes first ends the
// wait.
#include <postrider/core/bell.hpp>

#include "store/turn_lock.hpp"

#include <postrider/catalogue.hpp>

#include <fmt/format.h>
#include <sys/inotify.h>
#include <unistd.h>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <array>
#include <cerrno>
#include <cstring>

namespace postrider::core {

namespace asio = boost::asio;

namespace {

class WatchedBell final : public Bell {
 public:
    WatchedBell(asio::any_io_executor const& executor, int fd)
        : watch_(executor, fd), timer_(executor) {}

    asio::awaitable<void> wait(Milliseconds at_most) override {
        timer_.expires_after(at_most);
        // A handler that was given up does nothing, so it may outlast this wait.
        watch_.async_read_some(asio::buffer(events_),
                               [this](boost::system::error_code given_up, std::size_t /*size*/) {
                                   if (!given_up) timer_.cancel();
                               });
        co_await timer_.async_wait(asio::as_tuple(asio::use_awaitable));
        watch_.cancel();
        while (::read(watch_.native_handle(), events_.data(), events_.size()) > 0) {
        }
    }

 private:
    std::array<char, 4'096> events_{};  // what they say does not matter
    asio::posix::stream_descriptor watch_;
    asio::steady_timer timer_;
};

}  // namespace

Result<std::unique_ptr<Bell>> store_bell(asio::any_io_executor executor,
                                         std::filesystem::path const& store) {
    auto const file = turn_file(store);
    int const fd = ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (fd < 0 || ::inotify_add_watch(fd, file.c_str(), IN_ATTRIB) < 0) {
        auto const why = errno;
        if (fd >= 0) ::close(fd);
        return make_error("setup.store_unreadable",
                          fmt::format("{} cannot be watched: {}.", file, std::strerror(why)));
    }
    return std::unique_ptr<Bell>(std::make_unique<WatchedBell>(executor, fd));
}

}  // namespace postrider::core

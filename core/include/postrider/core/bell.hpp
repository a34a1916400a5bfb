// What wakes an engine that rests: somebody added work to its store, in this process or another.
#pragma once

#include <postrider/instant.hpp>
#include <postrider/result.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <filesystem>
#include <memory>

namespace postrider::core {

class Bell {
 public:
    virtual ~Bell() = default;
    /// Ends after `at_most`, or as soon as work was added since the last wait began. It may end for
    /// nothing; whoever waits looks for itself.
    virtual boost::asio::awaitable<void> wait(Milliseconds at_most) = 0;
};

/// The bell of a store in a file, heard on `executor` (one thread at a time). The store rings after
/// each transaction that added work, or let some go, by touching the file of the turn lock; the
/// kernel tells everybody who watches it. Only a help: a ring can be lost, so look now and then
/// without one. Errors: `setup.store_unreadable` where the kernel gives no watch.
Result<std::unique_ptr<Bell>> store_bell(boost::asio::any_io_executor executor,
                                         std::filesystem::path const& store);

}  // namespace postrider::core

// Where a browser comes back to after a sign-in: one address of this machine, for one answer.
#pragma once

#include <postrider/result.hpp>

#include <functional>
#include <map>
#include <optional>
#include <string>

namespace postrider::cli {

/// `http://127.0.0.1:8765/callback/`, taken apart.
struct LoopbackAddress {
    std::string host;  ///< as it is written: `127.0.0.1`, `localhost`, `[::1]`
    int port = 0;      ///< 0: any, written `*`
    std::string path;  ///< with its leading slash
};

/// Nothing when the address is not one that this machine alone can answer.
std::optional<LoopbackAddress> loopback_address(std::string const& redirect);

/// The parameters of a query, decoded.
using QueryFields = std::map<std::string, std::string>;
QueryFields query_fields(std::string const& query);

class LoopbackListener {
 public:
    /// Errors: `setup.port_taken`.
    static Result<LoopbackListener> open(LoopbackAddress address);
    LoopbackListener(LoopbackListener&& other) noexcept;
    LoopbackListener& operator=(LoopbackListener&&) = delete;
    ~LoopbackListener();

    /// The redirect address with the port that was taken.
    [[nodiscard]] std::string redirect() const;

    /// Answers requests until one of the redirect's path is `wanted`. Nothing when `go_on` says no
    /// before that; it is asked some times a second.
    std::optional<QueryFields> wait(std::function<bool(QueryFields const&)> const& wanted,
                                    std::function<bool()> const& go_on);

 private:
    LoopbackListener(LoopbackAddress address, int fd) : address_(std::move(address)), fd_(fd) {}
    LoopbackAddress address_;
    int fd_ = -1;
};

}  // namespace postrider::cli

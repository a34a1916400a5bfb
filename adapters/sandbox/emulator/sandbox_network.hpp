// The sandbox network itself: a function from a request to an answer, with a ledger of what became
// public and faults that can be asked for. No sockets, no clock: whoever holds it says what time it
// is.
#pragma once

#include <postrider/adapter/http.hpp>
#include <postrider/instant.hpp>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace postrider::sandbox {

/// What goes wrong with one answer.
enum class Fault {
    none,
    refused_before,  ///< 503, and nothing has happened
    failed_after,    ///< 500, and it has happened all the same
    lost_before,     ///< no answer, and nothing has happened
    lost_after,      ///< no answer, and it has happened
    garbled,         ///< it has happened, and half of the answer arrives
    too_fast,        ///< 429
    token_expired,   ///< 401
};

struct NetworkReply {
    bool lost = false;  ///< the connection closes without an answer
    adapter::HttpReply http;
};

/// One post that the public can see.
struct LedgerEntry {
    std::string id;
    std::string account;
    std::string key;
    std::string text;
    std::string audience;
    Instant at{};
};

/// A rule of the network that a client broke.
struct Violation {
    std::string rule;
    std::string detail;
};

class SandboxNetwork {
 public:
    /// Any login exists: the token `NAME` or `NAME.SERIAL` is that of @NAME. `expired` is nobody's.
    NetworkReply answer(adapter::HttpRequest const& request, std::string_view token, Instant now);

    /// The next `times` requests whose method and path begin so, such as `POST /drafts`, go wrong.
    void plan_fault(Fault fault, std::string prefix, int times = 1);

    /// How long a post is processed before it is public.
    void set_processing_time(Milliseconds duration) { processing_time_ = duration; }

    /// Everything that is or will be public, in the order of publication. A doubled post is here
    /// twice.
    [[nodiscard]] std::vector<LedgerEntry> const& ledger() const { return ledger_; }

    /// `key_missing`: a publication without a key; `files_missing`: one of a draft that lacks
    /// files.
    [[nodiscard]] std::vector<Violation> const& violations() const { return violations_; }

    /// How many requests have come in, faults included.
    [[nodiscard]] int request_count() const { return requests_; }

 private:
    struct Draft {
        std::string account;
        std::string text;
        std::string audience;
        std::size_t files_wanted = 0;
        std::map<std::size_t, std::uint64_t> files;  ///< sizes
        std::string post;                            ///< once published
    };
    struct PlannedFault {
        Fault fault = Fault::none;
        std::string prefix;
        int times = 0;
    };

    Fault take_fault(std::string_view line);
    adapter::HttpReply perform(adapter::HttpRequest const& request,
                               std::string_view path,
                               std::string const& account,
                               Instant now);
    adapter::HttpReply create(adapter::HttpRequest const& request, std::string const& account);
    adapter::HttpReply put(adapter::HttpRequest const& request,
                           Draft& draft,
                           std::string_view index);
    adapter::HttpReply publish(adapter::HttpRequest const& request, Draft& draft, Instant now);
    adapter::HttpReply token(adapter::HttpRequest const& request);
    adapter::HttpReply show(LedgerEntry const& entry, Instant now) const;
    [[nodiscard]] std::string post_json(LedgerEntry const& entry, Instant now) const;
    [[nodiscard]] LedgerEntry const* find_key(std::string_view account, std::string_view key) const;

    std::map<std::string, Draft, std::less<>> drafts_;
    std::vector<LedgerEntry> ledger_;
    std::vector<PlannedFault> faults_;
    std::vector<Violation> violations_;
    Milliseconds processing_time_{0};
    int requests_ = 0;
    int serial_ = 0;
};

}  // namespace postrider::sandbox

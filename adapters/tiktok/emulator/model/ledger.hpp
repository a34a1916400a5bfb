// The ledger of what became public (or private, or a friend's to see: of every post that exists),
// and the log of the rules a client broke. Tests compare their own books with these two.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "tiktok/emulator/model/fields.hpp"
#include "tiktok/emulator/model/http.hpp"

namespace postrider::tiktok::emulator {

struct LedgerEntry {
    std::string creator;
    std::string client_key;
    std::string publish_id;
    std::int64_t post_id = 0;
    std::string kind;    ///< `video` or `photo`
    std::string source;  ///< `FILE_UPLOAD` or `PULL_FROM_URL`
    bool from_draft = false;
    std::string title;
    std::string privacy_level;
    std::string sha256;  ///< of the bytes; of the URLs, one a line, when they were pulled
    std::int64_t size = 0;
    TimePoint published_at{};
    json::object post_info;  ///< as the client sent it
};

/// One content that one creator published by more than one publish_id.
struct Double {
    std::string creator;
    std::string sha256;
    std::string title;
    std::vector<std::string> publish_ids;
};

class Ledger {
 public:
    /// Gives true when the entry makes a double.
    bool add(LedgerEntry entry);

    std::vector<LedgerEntry> const& entries() const { return entries_; }
    std::vector<Double> doubles() const;
    std::map<std::string, std::int64_t> counts() const;
    std::uint64_t revision() const { return revision_; }

    json::object write() const;
    json::array save() const;
    void load(json::array const& array);

 private:
    std::vector<LedgerEntry> entries_;
    std::map<std::string, std::vector<std::string>> publishes_by_content_;
    std::uint64_t revision_ = 0;
};

/// One rule of the protocol reference that the client broke, also where the emulator let it pass.
struct Violation {
    std::int64_t n = 0;
    TimePoint at{};
    std::string rule;
    std::string endpoint;
    std::string creator;
    std::string client_key;
    std::string publish_id;
    std::string detail;
};

json::object write_violation(Violation const& violation);
Violation read_violation(json::value const& value);

/// One handled request. The newest ones are kept.
struct RequestRecord {
    std::int64_t n = 0;
    TimePoint at{};
    std::string method;
    std::string endpoint;
    int status = 0;    ///< 0: no answer was sent
    std::string code;  ///< `error.code`, or the OAuth error
    std::string creator;
    std::string client_key;
    std::string publish_id;
    std::int64_t chunk = 0;
    std::string fault;
};

json::object write_request(RequestRecord const& record);

}  // namespace postrider::tiktok::emulator

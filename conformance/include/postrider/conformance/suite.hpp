// The conformance kit: whether an adapter keeps the promises that core makes in its name. One call
// runs every case that follows from what the adapter declares, against a network that the caller
// brings; the real engine and store do the work, on a virtual clock, and every answer is spoilt in
// every way once.
#pragma once

#include <postrider/adapter/adapter.hpp>
#include <postrider/conformance/virtual_clock.hpp>
#include <postrider/core/transport.hpp>
#include <postrider/result.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/json/object.hpp>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace postrider::conformance {

/// One post that exists at the network, as the network itself says.
struct PublicPost {
    std::string account;
    std::string text;          ///< caption or title; empty = the network does not say
    std::string media_sha256;  ///< 64 hex digits; empty = the network does not say
    std::string id;
    bool in_inbox = false;  ///< not public: it waits for its creator
};

/// One account that may post, and the application it was authorised under.
struct Login {
    std::string client_id = "client";
    std::string client_secret = "secret";
    bool audited = true;
    boost::json::object app_options;  ///< texts, as a person would set them
    std::string handle;               ///< with its `@`
    std::string remote_id;
    std::vector<std::string> scopes;
    boost::json::object tokens;  ///< an answer of the token endpoint
};

/// A network of its own for one case.
class World {
 public:
    virtual ~World() = default;
    virtual core::Transport& transport() = 0;
    virtual Result<Login> login() = 0;
    /// Every post that exists now, doubles included.
    virtual Result<std::vector<PublicPost>> ledger() = 0;
    /// False when nobody but the job says what was published.
    virtual bool shows_posts() const { return true; }
    /// True when posts that wait for their creator are in the ledger too.
    virtual bool shows_inbox() const { return false; }
    /// Rules that the network saw broken, one sentence each, oldest first.
    virtual std::vector<std::string> violations() { return {}; }
    /// A token that the network refuses.
    virtual std::string dead_token() const { return "expired"; }
    /// The connection breaks after so many bytes of the body; without a network that can do it,
    /// nothing arrives.
    virtual boost::asio::awaitable<core::TransportReply> send_part(core::OutgoingRequest request,
                                                                   std::uint64_t bytes);
};

/// What a world is built on; all of it outlives the world.
struct Stage {
    boost::asio::io_context& loop;
    VirtualClock& clock;
    std::uint64_t seed = 1;
};

/// One post to publish, with real files where it has media.
struct Sample {
    std::string name;  ///< part of the names of cases, such as `video` or `video_inbox`
    adapter::Post post;
    boost::json::object app_options;  ///< on top of the login's
};

struct Target {
    adapter::Adapter const* adapter = nullptr;
    std::function<Result<std::unique_ptr<World>>(Stage const&)> world;
    std::vector<Sample> samples;
    /// What the network says with HTTP 429.
    std::string too_many_body = "{}";
    /// One server that runs already, for all cases: its clock is its own, and what was posted there
    /// stays. Each sample is published once; what would spoil answers or move time is skipped.
    bool live = false;
    /// Why there is no network; then only the descriptor is judged, and `network` fails.
    std::string no_network;
};

/// Posts that a descriptor allows, one for each kind and delivery: every choice that a person has
/// to make is made, files are made up in `folder`, and media that the network fetches itself is at
/// `media_url`.
std::vector<Sample> make_samples(adapter::Descriptor const& descriptor,
                                 std::filesystem::path const& folder,
                                 std::string const& media_url);

struct Options {
    std::uint64_t seed = 1;
    std::string only;  ///< part of a name, `*` stands for anything; empty = all
    /// Called after each case.
    std::function<void(struct CaseResult const&)> on_result;
};

enum class Verdict { passed, failed, skipped };

struct CaseResult {
    std::string name;
    Verdict verdict = Verdict::passed;
    std::string why;  ///< of a failure, or of a skip
};

struct Report {
    std::string network;
    std::string version;
    std::uint64_t seed = 0;
    std::vector<CaseResult> cases;

    [[nodiscard]] int count(Verdict verdict) const;
    [[nodiscard]] bool good() const;  ///< something ran and nothing failed
    [[nodiscard]] boost::json::object to_json() const;
};

Report run_suite(Target const& target, Options const& options = {});

/// Names of the cases that would run. Cases of the fault matrix are found by publishing each sample
/// once.
std::vector<std::string> list_cases(Target const& target, Options const& options = {});

}  // namespace postrider::conformance

namespace postrider {

template <>
struct Words<conformance::Verdict> {
    static constexpr std::pair<conformance::Verdict, std::string_view> table[] = {
        {conformance::Verdict::passed, "passed"},
        {conformance::Verdict::failed, "failed"},
        {conformance::Verdict::skipped, "skipped"},
    };
};

}  // namespace postrider

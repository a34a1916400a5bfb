// Everything an operation may use, opened only when it asks: settings, store, vault, adapters,
// engine, probe, people.
#pragma once

#include "operations/globals.hpp"
#include "operations/host.hpp"
#include "operations/operation.hpp"
#include "operations/settings.hpp"
#include "terminal/text.hpp"

#include <postrider/adapter/post.hpp>
#include <postrider/result.hpp>

#include <boost/json/object.hpp>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postrider::adapter {
class Adapter;
struct Descriptor;
}  // namespace postrider::adapter

namespace postrider::core {
class Adapters;
class Clock;
class MediaProbe;
class Random;
class Store;
class Tables;
class Vault;
struct Account;
struct App;
struct Job;
struct OutgoingRequest;
struct TransportReply;
}  // namespace postrider::core

namespace postrider::cli {

class EngineRunner;
class Printer;

/// What a wait on the engine ends with.
struct EngineWish {
    bool idle = false;
    bool once = false;
    std::optional<Instant> at;
    std::function<bool()> settled;  ///< true = leave
};

class Context {
 public:
    Context(Host const& host, Globals globals, Operation const& operation, Printer& printer);
    ~Context();
    Context(Context const&) = delete;
    Context& operator=(Context const&) = delete;

    [[nodiscard]] Host const& host() const { return host_; }
    [[nodiscard]] Globals const& globals() const { return globals_; }
    [[nodiscard]] Operation const& operation() const { return operation_; }

    // --- opened when asked for; the same object each time
    Result<Settings const*> settings();
    Result<core::Store*> store();
    Result<core::Vault const*> vault();
    Result<core::Adapters*> adapters();
    /// From now on store() is a copy of the store, in a folder that goes with this object.
    /// Gives the folder; only before store() was asked for.
    Result<std::filesystem::path> work_on_copy();
    /// Closes the copy and gives one file with what is in it now, for another program to read. What
    /// was in it before is gone.
    Result<std::filesystem::path> hand_over_copy();
    core::Clock& clock();
    core::Random& random();
    [[nodiscard]] Instant now();
    /// From now on now() stays what it is and random() begins with this seed: what is done twice is
    /// the same twice.
    void hold_still(std::uint64_t seed);

    // --- what is found from the executable
    [[nodiscard]] std::filesystem::path helper(
        std::string_view name) const;  ///< `probe`: libexec/.../postrider-probe
    [[nodiscard]] std::filesystem::path adapter_folder() const;
    /// A path as a person wrote it; refused outside the configured folders with --strict-paths.
    Result<std::filesystem::path> path_of(std::string const& text);

    // --- the network's side
    Result<adapter::Adapter const*> adapter(std::string_view network);
    Result<adapter::MediaFacts> probe(std::filesystem::path const& file);
    Result<adapter::CreatorFacts> look_at_creator(std::string const& account_id);
    /// One request that belongs to no job, secrets in place.
    Result<core::TransportReply> send(core::OutgoingRequest request);
    Result<core::Job> reconcile_now(std::string const& job_id);
    /// Runs the engine here. False: it was interrupted by a signal.
    Result<bool> run_engine(EngineWish wish);
    /// What a dry run kept back: `requests` of its answer.
    boost::json::array refused_requests();
    /// True when another process runs the engine on this store.
    bool engine_runs_elsewhere();
    core::MediaProbe& media_probe();

    // --- people
    [[nodiscard]] bool may_prompt() const;
    [[nodiscard]] Paint paint() const;          ///< of stdout
    [[nodiscard]] Paint printer_paint() const;  ///< of stderr
    /// A secret from the first line of standard input when the request says so, else by asking
    /// without echo; else `usage.missing_input` naming the flag.
    Result<std::string> secret(Request const& request,
                               std::string_view input,
                               std::string_view question);
    /// All of standard input; for requests that are JSON.
    Result<std::string> whole_input(Request const& request, std::string_view input);
    void say(std::string_view sentence);  ///< one line on stderr, unless --quiet

    /// One line of a stream (ndjson), or its sentence for people on a terminal.
    void emit(boost::json::object line, std::string_view sentence);
    [[nodiscard]] bool streams() const;   ///< lines of JSON
    [[nodiscard]] bool on_table() const;  ///< for people
    [[nodiscard]] Printer& printer() { return printer_; }

    // --- interruption
    [[nodiscard]] bool interrupted() const;
    [[nodiscard]] int signal() const;  ///< that interrupted it, or 0
    /// Sleeps a little; false when a signal came meanwhile.
    bool pause(Milliseconds duration);

    /// What to do next if the operation fails; prepended to what the error's code suggests.
    std::vector<Next> suggestions;
    std::vector<Finding> warnings;

 private:
    struct Parts;
    EngineRunner& runner();

    Host const& host_;
    Globals globals_;
    Operation const& operation_;
    Printer& printer_;
    std::unique_ptr<Parts> parts_;
};

}  // namespace postrider::cli

// One case: a network, an engine with its store, one account and one job, all fresh, on a virtual
// clock.
#pragma once

#include "fault_transport.hpp"
#include "watch.hpp"

#include <postrider/conformance/suite.hpp>
#include <postrider/core/engine.hpp>
#include <postrider/core/sqlite_store.hpp>

#include <boost/asio/io_context.hpp>

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace postrider::conformance {

/// How a run ended, as the store, the network and those who watched say it.
struct Outcome {
    std::string problem;  ///< the case could not be run or did not end; empty = all the rest counts
    core::Job job;
    std::vector<core::StepRecord> steps;
    std::vector<PublicPost> posts;
    std::vector<std::string> violations;
    std::vector<Breach> breaches;
    std::vector<Exchange> log;
    std::vector<std::string> long_ids;  ///< ids in the receipt, as the network wrote them
    std::string not_applicable;
    bool hit = false;
    bool shows_inbox = false;
    bool shows_posts = true;
    int refusals_drawn = 0;
};

struct RigOptions {
    std::uint64_t seed = 1;
    std::optional<Injection> injection;
    bool long_ids = false;
    bool token_has_ended = false;  ///< the stored access token is past its time
    /// After so many requests the worker dies for good, and time goes on without it.
    int die_after = 0;
};

/// Where keys of vaults are made; one folder for a suite.
class Workshop {
 public:
    Workshop();
    ~Workshop();
    Workshop(Workshop const&) = delete;
    Workshop& operator=(Workshop const&) = delete;
    [[nodiscard]] core::Vault const& vault() const { return *vault_; }

 private:
    std::filesystem::path folder_;
    std::unique_ptr<core::Vault> vault_;
};

class Rig {
 public:
    Rig(Workshop const& workshop, Target const& target, Sample const& sample, RigOptions options);
    ~Rig();
    Rig(Rig const&) = delete;
    Rig& operator=(Rig const&) = delete;

    /// Runs the job to its rest.
    Outcome run();
    /// Only asks what the network says of the creator.
    Result<adapter::CreatorFacts> facts();
    [[nodiscard]] std::vector<Breach> const& breaches() const { return watch_.breaches(); }

 private:
    std::string set_up();
    Result<void> fill(core::Tables& tables, Login const& login);
    void start_engine();
    void kill_engine();
    std::string drive();
    std::string run_engine();
    Outcome look_around(std::string problem);

    Workshop const& workshop_;
    Target const& target_;
    Sample const& sample_;
    RigOptions options_;
    boost::asio::io_context loop_{1};
    VirtualClock clock_;
    Watch watch_;
    core::SeededRandom random_;
    core::Adapters adapters_;
    std::unique_ptr<World> world_;
    std::unique_ptr<FaultTransport> transport_;
    std::unique_ptr<core::Store> store_;
    std::unique_ptr<core::Engine> engine_;
    std::string job_id_;
    std::string account_id_;
    int workers_ = 0;
};

}  // namespace postrider::conformance

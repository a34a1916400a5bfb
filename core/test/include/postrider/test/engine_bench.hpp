// An engine with everything around it faked but itself and its store: virtual time, a seeded
// generator, a network in memory.
#pragma once

#include <postrider/core/engine.hpp>
#include <postrider/core/sqlite_store.hpp>
#include <postrider/test/fake_network.hpp>
#include <postrider/test/faulty_store.hpp>
#include <postrider/test/process.hpp>
#include <postrider/test/virtual_clock.hpp>

#include <boost/asio/io_context.hpp>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace postrider::test {

class EngineBench {
 public:
    explicit EngineBench(std::uint64_t seed = 7);
    ~EngineBench();

    /// A job of `account` (made when it is new) on `network`, due now unless `due_in` says
    /// otherwise. Gives its id.
    std::string add_job(std::string const& network,
                        std::string const& handle,
                        std::string const& text,
                        Milliseconds due_in = Milliseconds{0});
    core::Job job(std::string const& id);
    std::vector<core::StepRecord> steps(std::string const& id);
    void change(std::string const& id, std::function<void(core::Job&)> const& edit);

    /// Runs until nothing is due within the horizon, for at most `limit` of virtual time. True when
    /// it came to rest.
    bool run_until_idle(Milliseconds limit = std::chrono::hours(1));
    /// Runs for this long and then drops the engine where it stands, as SIGKILL would.
    void run_and_kill(Milliseconds after);
    /// Drops the engine where it stands and starts another.
    void die();
    /// A new engine under a new name, as a process that is started again; the old one is known to
    /// be dead.
    void restart();

    /// An engine of another process over the same store and network, under a name of its own.
    /// `is_dead` is all the proof that it has; `concurrency` as in EngineSettings.
    std::unique_ptr<core::Engine> neighbour(std::string name,
                                            std::function<bool(std::string const& owner)> is_dead,
                                            int concurrency = 16);

    void fail_write(int nth) { faults_->fail_write(nth); }
    /// Where the engine's store fails; what stands in the store is seen through truth().
    FaultyStore& faults() { return *faults_; }
    core::Store& truth() { return *store_; }

    void add_adapter(adapter::Adapter const& adapter) { adapters_.add(adapter); }

    /// What channels were told, and what they answer.
    std::vector<std::pair<std::string, std::string>> notices;
    std::function<Result<void>(std::string const& channel)> channel_says;
    /// What a look at a local file says; all are well without it.
    std::function<Result<void>(adapter::MediaFacts const&)> check_media;

    boost::asio::io_context& loop() { return *loop_; }
    VirtualClock& clock() { return *clock_; }
    FakeNetwork& network() { return *network_; }
    core::Store& store() { return *faults_; }
    core::Engine& engine() { return *engine_; }

 private:
    TempFolder folder_;
    std::unique_ptr<boost::asio::io_context> loop_;
    std::unique_ptr<VirtualClock> clock_;
    std::unique_ptr<FakeNetwork> network_;
    core::SeededRandom random_;
    std::unique_ptr<core::Store> store_;
    std::unique_ptr<FaultyStore> faults_;
    std::unique_ptr<core::Vault> vault_;
    core::Adapters adapters_;
    std::unique_ptr<core::Engine> engine_;
    int generation_ = 0;
};

}  // namespace postrider::test

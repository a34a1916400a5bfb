// The simulated machine: its time, its disk, the network, what is known of the truth, and the
// record of what happened. Processes and the wire share it.
#pragma once

#include "memory_disk.hpp"
#include "scheduler.hpp"
#include "script.hpp"
#include "truth.hpp"
#include "wishes.hpp"

#include <postrider/core/vault.hpp>
#include <postrider/simulate/simulate.hpp>

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace postrider::simulate {

class Machine {
 public:
    Machine(NetworkKind const& kind, Script script, SeedOptions const& options, SeedReport& report);
    ~Machine();
    Machine(Machine const&) = delete;
    Machine& operator=(Machine const&) = delete;

    NetworkKind const& kind;
    Script const script;
    SeedReport& report;
    MachineTime time;
    MemoryDisk disk;
    Scheduler events;  ///< what happens by itself: arrivals, kills, jumps
    core::SeededRandom chance;
    core::SeededRandom
        ids;  ///< of what stores name; several hooks of one instant run in this order
    std::unique_ptr<Network> network;
    std::unique_ptr<Truth> truth;
    std::string path;  ///< of the store

    std::set<std::string, std::less<>> dead;  ///< names of processes that ended
    bool faults_over = false;
    bool people_meet_trouble = false;  ///< while they add jobs; what else they do never fails
    bool clock_was_wrong = false;
    /// By account: when, and of which job.
    std::vector<std::deque<std::pair<Milliseconds, int>>> late_commits;

    std::vector<Wish> wishes;  ///< by job
    std::vector<Held> held;    ///< by account
    Held campaign_held;
    std::map<std::string, Refresh, std::less<>> refreshes;  ///< by account
    std::vector<std::set<int>> blind;  ///< by account: jobs whose blind commits left
    std::set<std::pair<std::string, std::string>> told;  ///< job and state, by its hooks
    /// Called once, when the next request of any job leaves, and the next commit.
    std::function<void(int job)> at_next_request;
    std::function<void(int job)> at_next_commit;
    std::function<void(std::string const& process)> at_next_refresh;

    // Power goes when a process has written, or in the middle of its write.
    bool cut_after_write = false;
    bool cut_in_write = false;
    bool cut_now = false;

    [[nodiscard]] static core::Vault const& vault();

    void after(Milliseconds delay, std::function<void()> what) {
        events.push_at(time.elapsed + delay, std::move(what));
    }
    /// A line of the trace, and a part of the hash.
    void note(std::string_view actor,
              std::string_view event,
              std::int64_t a = 0,
              std::int64_t b = 0,
              std::int64_t c = 0);
    void reached(std::string_view what) {
        auto const found = report.reached.find(what);
        if (found == report.reached.end())
            report.reached.emplace(what, 1);
        else
            ++found->second;
    }
    void wrong(Wrong what, int job, std::string sentence);
    /// The kind of the window that is open now, or -1.
    [[nodiscard]] int open_window(std::vector<Window> const& windows) const;
    /// 1 for an hour's mean interval of an hour: an exponential draw.
    [[nodiscard]] Milliseconds draw_interval(Milliseconds mean);

 private:
    bool trace_;
};

}  // namespace postrider::simulate

// A disk in memory under SQLite's interface for file systems. It can fail, it can lose power, and
// it never lies about a completed sync.
#pragma once

#include <postrider/core/random.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

struct sqlite3_file;

namespace postrider::simulate {

enum class DiskWork { read, write, sync, truncate, lock };
enum class DiskTrouble { none, error, full };

class MemoryDisk {
 public:
    /// While it lives it is SQLite's default file system in this program; one at a time.
    MemoryDisk(std::uint64_t seed, bool may_lose_power);
    ~MemoryDisk();
    MemoryDisk(MemoryDisk const&) = delete;
    MemoryDisk& operator=(MemoryDisk const&) = delete;

    /// Whose files those are that are opened from now on.
    void act_for(int process) { process_ = process; }
    /// Asked before each piece of work.
    std::function<DiskTrouble(DiskWork, int process)> trouble;

    /// The process dies after so many more writes and syncs; all that it asks for then fails.
    void die_after(int process, int writes);
    [[nodiscard]] bool is_dead(int process) const { return dead_.contains(process); }
    void bury(int process);

    /// Power is lost: what was synced stays, of later writes a random part, torn at 512 bytes.
    /// Nothing may be open.
    void lose_power(core::Random& random);

    [[nodiscard]] std::uint64_t writes() const { return writes_; }
    [[nodiscard]] std::uint64_t syncs() const { return syncs_; }

    // --- for the file system's functions

    struct Change {
        std::uint64_t offset = 0;
        std::string now;     ///< bytes written; of a truncation none
        std::string before;  ///< what was there
        std::uint64_t size_before = 0;
        bool truncates = false;
    };
    struct SharedLock {
        int readers = 0;
        bool writer = false;
    };
    struct Node {
        std::vector<char> bytes;
        std::vector<Change> unsynced;
        int shared = 0;
        bool reserved = false;
        bool pending = false;
        bool exclusive = false;
        std::vector<std::unique_ptr<char[]>> shared_memory;
        std::map<int, SharedLock> shared_locks;
        int mapped = 0;
    };

    std::map<std::string, std::shared_ptr<Node>, std::less<>> nodes;
    [[nodiscard]] int process() const { return process_; }
    int check(DiskWork work, int process, int error_code);
    [[nodiscard]] bool may_lose_power() const { return may_lose_power_; }
    std::uint64_t random() { return random_.next(); }

 private:
    core::SeededRandom random_;
    bool may_lose_power_;
    int process_ = 0;
    std::map<int, int> dying_;
    std::set<int> dead_;
    std::uint64_t writes_ = 0;
    std::uint64_t syncs_ = 0;
};

}  // namespace postrider::simulate

// What is known of each job beside the engine: what the store acknowledged, and what was seen on
// the wire. After every transaction the changed rows are compared with what may have happened.
#pragma once

#include <postrider/core/job.hpp>
#include <postrider/simulate/simulate.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

struct sqlite3;
struct sqlite3_stmt;

namespace postrider::simulate {

/// What one row of `jobs` says.
struct Row {
    core::JobState state = core::JobState::scheduled;
    std::int64_t fence = 0;
    std::string owner;
    std::string intent;  ///< its outcome; empty without one
    std::string hash;
    int attempt = 0;
    std::int64_t next_at = 0;  ///< 0 = none

    bool operator==(Row const&) const = default;
};

struct JobTruth {
    bool accepted = false;  ///< the store said that it is durable
    bool maybe = false;     ///< its newest write failed, and may be there all the same
    std::int64_t rowid = 0;
    Row row;                         ///< as it is seen
    std::int64_t durable_fence = 0;  ///< as it was when the disk last had it for sure
    int on_the_wire = 0;             ///< commits that are under way
    bool spoilt_blind = false;       ///< the answer to a blind commit cannot be had
    int commits = 0;
    std::int64_t torn_fence = -1;  ///< of the claim that a person ended last
    std::int64_t started_ms = -1;  ///< when it was claimed for the first time
};

class Truth {
 public:
    struct Parts {
        /// A process that was proved dead, by name.
        std::function<bool(std::string const& owner)> is_dead;
        std::function<void()> before_open;
        std::function<std::int64_t()> now_ms;
        std::function<void(Wrong, int job, std::string)> wrong;
        std::function<void(std::string_view event, int job, std::int64_t a, std::int64_t b)> note;
    };
    Truth(std::string path, std::size_t jobs, Parts parts);
    ~Truth();
    Truth(Truth const&) = delete;
    Truth& operator=(Truth const&) = delete;

    std::vector<JobTruth> jobs;

    /// Rows that a transaction changes are noted while it runs, whichever connection it is on.
    void row_changed(std::int64_t rowid) { changed_.push_back(rowid); }
    /// The transaction is over. `by` is the process's name; a person's is empty.
    void after_write(std::string const& by, bool committed);
    /// Everything is compared with what was acknowledged. What a write that failed has left may be
    /// seen, and be gone again after the next loss of power; right after one, what is seen is safe.
    void compare_all(bool power_was_lost);
    /// The intent of the job, as it is stored, is of a commit that nothing names.
    bool armed_blindly(JobTruth const& truth);
    void close();

    [[nodiscard]] std::int64_t transitions() const { return transitions_; }
    /// Jobs that the engine may still act on.
    [[nodiscard]] int unsettled() const { return unsettled_; }

 private:
    bool open();
    bool read(std::int64_t rowid, int& job, Row& row);
    void judge(std::string const& by, int job, Row const& before, Row const& after);
    void now_durable();
    void see(JobTruth& truth, Row row);
    static bool settled(Row const& row);

    std::string path_;
    Parts parts_;
    sqlite3* database_ = nullptr;
    sqlite3_stmt* by_rowid_ = nullptr;
    std::vector<std::int64_t> changed_;
    std::unordered_map<std::int64_t, int> by_row_;
    std::set<int> doubtful_;  // accepted jobs whose newest write failed
    std::int64_t transitions_ = 0;
    int unsettled_ = 0;
};

/// `job_000017`, or the name that a plan gave it, and back; -1 for any other text.
std::string job_id(int job);
int job_number(std::string_view id);
/// A plan has named it.
void name_job(std::string const& id, int job);

}  // namespace postrider::simulate

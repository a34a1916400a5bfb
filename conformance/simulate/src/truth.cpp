// Reading rows on a connection of its own, and judging each change.
#include "truth.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

#include <algorithm>
#include <charconv>

namespace postrider::simulate {

namespace {

Truth* the_truth = nullptr;
std::unordered_map<std::string, int> named_jobs;
std::unordered_map<int, std::string> names_of_jobs;

void on_row(void* /*nothing*/,
            int /*operation*/,
            char const* /*database*/,
            char const* table,
            sqlite3_int64 rowid) {
    if (the_truth && std::string_view(table) == "jobs") the_truth->row_changed(rowid);
}

int on_connection(sqlite3* database, char** /*message*/, sqlite3_api_routines const* /*api*/) {
    sqlite3_update_hook(database, on_row, nullptr);
    return SQLITE_OK;
}

using EntryPoint = void (*)();

std::string_view column(sqlite3_stmt* statement, int index) {
    auto const* text = reinterpret_cast<char const*>(sqlite3_column_text(statement, index));
    return text ? std::string_view(text,
                                   static_cast<std::size_t>(sqlite3_column_bytes(statement, index)))
                : std::string_view();
}

Row row_of(sqlite3_stmt* statement) {
    Row row;
    row.state = from_word<core::JobState>(column(statement, 1)).value_or(core::JobState::scheduled);
    row.fence = sqlite3_column_int64(statement, 2);
    row.owner = column(statement, 3);
    row.intent = column(statement, 4);
    row.hash = column(statement, 5);
    row.attempt = sqlite3_column_int(statement, 6);
    row.next_at = sqlite3_column_int64(statement, 7);
    return row;
}

constexpr char const* columns =
    "select id, state, fence, lease_owner,"
    " case intent when '' then '' else json_extract(intent, '$.outcome') end, hash, attempt,"
    " coalesce(next_at, 0), rowid from jobs";

}  // namespace

std::string job_id(int job) {
    auto const named = names_of_jobs.find(job);
    return named == names_of_jobs.end() ? fmt::format("job_{:06}", job) : named->second;
}

void name_job(std::string const& id, int job) {
    names_of_jobs[job] = id;
    named_jobs[id] = job;
}

int job_number(std::string_view id) {
    if (!id.starts_with("job_")) return -1;
    int job = -1;
    auto const digits = id.substr(4);
    if (digits.size() > 9) {
        auto const named = named_jobs.find(std::string(id));
        return named == named_jobs.end() ? -1 : named->second;
    }
    auto const read = std::from_chars(digits.data(), digits.data() + digits.size(), job);
    return read.ec == std::errc() ? job : -1;
}

Truth::Truth(std::string path, std::size_t count, Parts parts)
    : jobs(count), path_(std::move(path)), parts_(std::move(parts)) {
    the_truth = this;
    named_jobs.clear();
    names_of_jobs.clear();
    sqlite3_auto_extension(reinterpret_cast<EntryPoint>(on_connection));
}

Truth::~Truth() {
    sqlite3_cancel_auto_extension(reinterpret_cast<EntryPoint>(on_connection));
    the_truth = nullptr;
    close();
}

bool Truth::open() {
    if (database_) return true;
    parts_.before_open();
    if (sqlite3_open_v2(path_.c_str(), &database_, SQLITE_OPEN_READWRITE, nullptr) != SQLITE_OK) {
        close();
        return false;
    }
    sqlite3_db_config(database_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
    auto const text = fmt::format("{} where rowid = ?", columns);
    if (sqlite3_prepare_v2(database_, text.c_str(), -1, &by_rowid_, nullptr) != SQLITE_OK) {
        close();
        return false;
    }
    return true;
}

void Truth::close() {
    sqlite3_finalize(by_rowid_);
    by_rowid_ = nullptr;
    sqlite3_close(database_);
    database_ = nullptr;
}

bool Truth::read(std::int64_t rowid, int& job, Row& row) {
    if (!open()) return false;
    sqlite3_bind_int64(by_rowid_, 1, rowid);
    bool const found = sqlite3_step(by_rowid_) == SQLITE_ROW;
    if (found) {
        job = job_number(column(by_rowid_, 0));
        row = row_of(by_rowid_);
    }
    sqlite3_reset(by_rowid_);
    return found && job >= 0 && job < static_cast<int>(jobs.size());
}

bool Truth::armed_blindly(JobTruth const& truth) {
    if (!open()) return true;
    sqlite3_stmt* asked = nullptr;
    sqlite3_prepare_v2(database_,
                       "select json_extract(intent, '$.effect') = 'commit_blind' from jobs"
                       " where rowid = ? and intent <> ''",
                       -1,
                       &asked,
                       nullptr);
    sqlite3_bind_int64(asked, 1, truth.rowid);
    bool const blind = sqlite3_step(asked) != SQLITE_ROW || sqlite3_column_int(asked, 0) != 0;
    sqlite3_finalize(asked);
    return blind;
}

bool Truth::settled(Row const& row) {
    return core::is_final(row.state) && row.owner.empty() && row.next_at == 0;
}

void Truth::after_write(std::string const& by, bool committed) {
    auto rows = std::exchange(changed_, {});
    if (!committed) {
        for (auto const rowid : rows)
            if (auto const known = by_row_.find(rowid); known != by_row_.end()) {
                jobs[static_cast<std::size_t>(known->second)].maybe = true;
                doubtful_.insert(known->second);
            }
        return;
    }
    std::sort(rows.begin(), rows.end());
    rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
    for (auto const rowid : rows) {
        int job = -1;
        Row row;
        if (!read(rowid, job, row)) continue;
        auto& truth = jobs[static_cast<std::size_t>(job)];
        ++transitions_;
        if (!truth.accepted) {
            truth.accepted = true;
            truth.rowid = rowid;
            by_row_[rowid] = job;
            ++unsettled_;
        } else {
            judge(by, job, truth.row, row);
            unsettled_ += static_cast<int>(settled(truth.row)) - static_cast<int>(settled(row));
        }
        truth.maybe = false;
        truth.durable_fence = row.fence;
        doubtful_.erase(job);
        if (truth.row.state != row.state) parts_.note(word(row.state), job, row.fence, row.attempt);
        if (truth.started_ms < 0 && row.state == core::JobState::running)
            truth.started_ms = parts_.now_ms();
        truth.row = std::move(row);
    }
    if (!rows.empty()) now_durable();
}

// What nobody acknowledged has come to light.
void Truth::see(JobTruth& truth, Row row) {
    // Whoever could not write it down did not send it either, but nobody who finds it can tell.
    bool const armed_now = row.intent == "armed" && truth.row.intent != "armed";
    if (armed_now && armed_blindly(truth)) truth.spoilt_blind = true;
    unsettled_ += static_cast<int>(settled(truth.row)) - static_cast<int>(settled(row));
    truth.row = std::move(row);
}

// A commit syncs the whole log: whatever is seen now has stayed, and the rest of what failed is
// overwritten.
void Truth::now_durable() {
    for (auto const number : std::exchange(doubtful_, {})) {
        auto& truth = jobs[static_cast<std::size_t>(number)];
        int job = -1;
        Row row;
        if (!read(truth.rowid, job, row)) continue;
        if (row.fence < truth.durable_fence)
            parts_.wrong(Wrong::forgotten, number, "an older state came back");
        truth.maybe = false;
        truth.durable_fence = row.fence;
        see(truth, std::move(row));
    }
}

void Truth::judge(std::string const& by, int job, Row const& before, Row const& after) {
    auto const wrong = [&](Wrong what, std::string sentence) {
        parts_.wrong(what, job, std::move(sentence));
    };
    // A person's one change may be several moves: what runs is interrupted and planned anew, and
    // held at once where its account is.
    using core::JobState;
    bool const scheduled =
        before.state == JobState::running || core::may_become(before.state, JobState::scheduled);
    bool const several =
        by.empty() && scheduled &&
        (after.state == JobState::scheduled || core::may_become(JobState::scheduled, after.state));
    if (before.state != after.state && !several && !core::may_become(before.state, after.state))
        wrong(Wrong::bad_transition,
              fmt::format("from {} to {}", word(before.state), word(after.state)));
    if (after.fence < before.fence)
        wrong(Wrong::old_fence, fmt::format("fence {} after {}", after.fence, before.fence));
    if (before == after) return;  // something that is not compared has changed
    if (by.empty() && !before.owner.empty() && after.owner.empty())
        jobs[static_cast<std::size_t>(job)].torn_fence = before.fence;
    if (by.empty()) return;  // a person's change; the tables checked what may be changed
    if (before.owner == by) {
        if (after.fence != before.fence)
            wrong(Wrong::old_fence, fmt::format("{} raised the fence of its own claim", by));
        return;
    }
    if (before.owner.empty()) {
        bool const claims = after.owner == by && after.fence == before.fence + 1;
        // Whoever finds that an account is banned holds back what of it nobody has begun.
        bool const pauses = after.owner.empty() && after.fence == before.fence &&
                            after.state == core::JobState::waiting && after.next_at == 0;
        if (!claims && !pauses)
            wrong(Wrong::old_fence,
                  fmt::format("{} wrote without a claim: {} to {}, fence {} to {}, owner `{}`",
                              by,
                              word(before.state),
                              word(after.state),
                              before.fence,
                              after.fence,
                              after.owner));
        return;
    }
    if (!parts_.is_dead(before.owner))
        wrong(Wrong::false_rescue,
              fmt::format("{} took it from {}, which lives", by, before.owner));
    if (after.fence <= before.fence)
        wrong(Wrong::old_fence, fmt::format("{} did not raise the fence of a dead owner", by));
}

void Truth::compare_all(bool power_was_lost) {
    if (!open()) {
        parts_.wrong(Wrong::forgotten, -1, "the store does not open");
        return;
    }
    sqlite3_stmt* all = nullptr;
    sqlite3_prepare_v2(database_, columns, -1, &all, nullptr);
    std::vector<bool> seen(jobs.size());
    while (sqlite3_step(all) == SQLITE_ROW) {
        auto const job = job_number(column(all, 0));
        if (job < 0 || job >= static_cast<int>(jobs.size())) continue;
        auto const index = static_cast<std::size_t>(job);
        seen[index] = true;
        auto row = row_of(all);
        auto& truth = jobs[index];
        bool const safe = power_was_lost || !truth.maybe;
        if (!truth.accepted) {
            if (!safe) continue;
            if (!truth.maybe) parts_.wrong(Wrong::forgotten, job, "a job that nobody added");
            truth.accepted = true;
            truth.rowid = sqlite3_column_int64(all, 8);
            by_row_[truth.rowid] = job;
            ++unsettled_;
        } else if (truth.row != row) {
            // What failed may be there all the same; what succeeded must be.
            if (!truth.maybe || row.fence < truth.durable_fence)
                parts_.wrong(Wrong::forgotten,
                             job,
                             fmt::format("{} with fence {} was acknowledged, {} with {} is there",
                                         word(truth.row.state),
                                         truth.row.fence,
                                         word(row.state),
                                         row.fence));
        }
        if (safe) {
            truth.maybe = false;
            truth.durable_fence = row.fence;
            doubtful_.erase(job);
        }
        see(truth, std::move(row));
    }
    sqlite3_finalize(all);
    for (std::size_t job = 0; job < jobs.size(); ++job)
        if (jobs[job].accepted && !seen[job])
            parts_.wrong(Wrong::forgotten, static_cast<int>(job), "an accepted job is gone");
}

}  // namespace postrider::simulate

// Which account may run next, and whose turn it is. What a claim costs depends on accounts that are
// due, never on the number of jobs that wait.
#include "store/sqlite_tables.hpp"

#include <algorithm>

namespace postrider::core::detail {
namespace {

// A machine that wakes up with a million accounts due takes them in by and by.
constexpr int came_due_max = 1'000;

}  // namespace

void SqliteTables::refresh_ready(std::string_view account_id) {
    std::optional<Instant> next;
    bool held = false;
    {
        auto use = statements_.use(
            "select (select min(next_at) from jobs where account_id = ?1 and next_at is not null "
            "and lease_owner = ''), exists (select 1 from jobs where account_id = ?1 and "
            "lease_owner <> '')");
        use.bind(account_id);
        use.step();
        next = use.maybe_instant();
        held = use.flag();
    }
    bool known = false;
    {
        auto use =
            statements_.use("select next_at, held, rest_until from ready where account_id = ?");
        use.bind(account_id);
        if (use.step()) {
            known = true;
            // A job behind the first one moves nothing: enqueueing writes one row only.
            auto const stored = use.maybe_instant();
            bool const was_held = use.flag();
            if (next) next = std::max(*next, use.instant());
            if (stored == next && was_held == held) return;
        }
    }
    if (!known && !next && !held) return;
    // The turn stays: an account that comes back before the others have caught up has not earned a
    // new one.
    statements_
        .use(
            "insert into ready(account_id, next_at, held, due, turn) values(?, ?, ?, 0, 0)"
            " on conflict(account_id) do update set next_at = excluded.next_at, held = "
            "excluded.held, due = 0")
        .bind(account_id)
        .bind(next)
        .bind(held)
        .run();
}

Result<void> SqliteTables::rest_account(std::string_view account_id, Instant until) {
    statements_.use("update ready set rest_until = ? where account_id = ?")
        .bind(until)
        .bind(account_id)
        .run();
    refresh_ready(account_id);
    return {};
}

void SqliteTables::note_added(Job const& job) {
    if (job.lease_owner.empty()) {
        if (!job.next_at) return;
        auto use = statements_.use("select next_at from ready where account_id = ?");
        use.bind(job.account_id);
        if (use.step())
            if (auto const first = use.maybe_instant(); first && *first <= *job.next_at) return;
    }
    refresh_ready(job.account_id);
}

std::optional<Job> SqliteTables::first_job(std::string_view account_id, Instant now) {
    {
        auto use = statements_.use(begun_job_sql());
        use.bind(account_id).bind(now);
        auto begun = read_jobs(use);
        if (!begun.empty()) return std::move(begun.front());
    }
    auto use = statements_.use(first_job_sql());
    use.bind(account_id);
    auto jobs = read_jobs(use);
    if (jobs.empty()) return std::nullopt;
    return std::move(jobs.front());
}

Result<std::vector<Job>> SqliteTables::due_jobs(Instant now, int limit) {
    std::vector<std::string> accounts;
    {
        auto use = statements_.use(
            "select account_id from ready where held = 0 and next_at <= ? order by next_at limit "
            "?");
        use.bind(now).bind(limit);
        while (use.step()) accounts.push_back(use.text());
    }
    std::vector<Job> due;
    for (auto const& account : accounts)
        if (auto job = first_job(account, now)) due.push_back(*std::move(job));
    return due;
}

Result<std::vector<Job>> SqliteTables::take_turns(Instant now, int limit) {
    std::int64_t present = 0;
    {
        auto use = statements_.use("select present from turns");
        if (use.step()) present = use.number();
    }
    // Whoever comes newly, or was idle, starts at the present turn: idling saves nothing up.
    std::vector<std::string> came_due;
    {
        auto use = statements_.use(
            "select account_id from ready where due = 0 and held = 0 and next_at is not null and "
            "next_at <= ? order by next_at limit ?");
        use.bind(now).bind(came_due_max);
        while (use.step()) came_due.push_back(use.text());
    }
    for (auto const& account : came_due)
        statements_.use("update ready set due = 1, turn = max(turn, ?) where account_id = ?")
            .bind(present)
            .bind(account)
            .run();
    std::vector<std::pair<std::string, std::int64_t>> first;
    {
        auto use = statements_.use(
            "select account_id, turn from ready where due = 1 order by turn, next_at limit ?");
        use.bind(limit);
        while (use.step()) {
            auto account = use.text();
            first.emplace_back(std::move(account), use.number());
        }
    }
    std::vector<Job> taken;
    for (auto const& [account, turn] : first) {
        auto job = first_job(account, now);
        if (!job) continue;
        taken.push_back(*std::move(job));
        present = std::max(present, turn);
        statements_.use("update ready set turn = ? where account_id = ?")
            .bind(turn + 1)
            .bind(account)
            .run();
    }
    if (taken.empty()) return taken;
    statements_.use("update turns set present = ?").bind(present).run();
    // Accounts without work whose turn has been reached: their rows say nothing more.
    std::vector<std::string> idle;
    {
        auto use = statements_.use(
            "select account_id from ready where held = 0 and next_at is null and turn <= ?");
        use.bind(present);
        while (use.step()) idle.push_back(use.text());
    }
    for (auto const& account : idle)
        statements_.use("delete from ready where account_id = ?").bind(account).run();
    return taken;
}

Result<std::vector<std::pair<std::string, Instant>>> SqliteTables::accounts_due(Instant from,
                                                                                Instant to,
                                                                                int limit) {
    auto use = statements_.use(
        "select account_id, next_at from ready where due = 0 and held = 0 and next_at is not null "
        "and next_at > ? and next_at <= ? order by next_at limit ?");
    use.bind(from).bind(to).bind(limit);
    std::vector<std::pair<std::string, Instant>> due;
    while (use.step()) {
        auto account = use.text();
        due.emplace_back(std::move(account), use.instant());
    }
    return due;
}

Result<std::optional<Instant>> SqliteTables::first_due_after(std::string_view account_id,
                                                             Instant at) {
    auto use = statements_.use(
        "select min(due) from (select min(next_at) as due from jobs where account_id = ?1 and "
        "next_at is not null and lease_owner = '' and next_at >= ?2 and state in ('scheduled', "
        "'waiting') union all select min(due_at) from jobs where state = 'awaiting_approval' and "
        "account_id = ?1 and due_at >= ?2)");
    use.bind(account_id).bind(at);
    use.step();
    return use.maybe_instant();
}

Result<std::optional<Instant>> SqliteTables::next_due() {
    std::optional<Instant> next;
    for (int const due : {0, 1}) {
        auto use = statements_.use(
            "select min(next_at) from ready where due = ? and held = 0 and next_at is not null");
        use.bind(due);
        use.step();
        auto const first = use.maybe_instant();
        if (first && (!next || *first < *next)) next = first;
    }
    return next;
}

}  // namespace postrider::core::detail

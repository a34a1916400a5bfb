// Jobs and their steps.
#include "store/sqlite_tables.hpp"

#include <postrider/catalogue.hpp>
#include <postrider/core/mutant.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace postrider::core::detail {
namespace {

constexpr std::string_view job_columns =
    "id, account_id, app_id, plan_id, approval_id, hash, state, waiting, wait_owner, until, "
    "next_at, revivable, committed,"
    " attempt, failures, looks, step, saved, intent, receipt, error, fence, lease_owner, "
    "created_at, updated_at, needs_approval, spec";

std::string to_text(boost::json::object const& object) {
    return object.empty() ? std::string() : boost::json::serialize(object);
}

boost::json::object from_text(std::string const& text) {
    if (text.empty()) return {};
    auto value = parse_exactly(text);
    return value.is_object() ? std::move(value.as_object()) : boost::json::object{};
}

boost::json::object part(boost::json::object const& object, std::string_view name) {
    auto const* found = object.if_contains(name);
    return found && found->is_object() ? found->as_object() : boost::json::object{};
}

std::string part_text(boost::json::object const& object, std::string_view name) {
    auto const* found = object.if_contains(name);
    return found && found->is_string() ? std::string(found->as_string()) : std::string();
}

boost::json::object intent_to_json(IntentRecord const& intent) {
    boost::json::object object;
    object["step"] = intent.step;
    object["effect"] = word(intent.effect);
    object["handle"] = intent.handle;
    object["request_digest"] = intent.request_digest;
    object["armed_at"] = to_column(intent.armed_at);
    object["deadline"] = to_column(intent.deadline);
    object["attempt"] = intent.attempt;
    object["outcome"] = intent.outcome;
    return object;
}

IntentRecord intent_from_json(boost::json::object const& object) {
    IntentRecord intent;
    intent.step = part_text(object, "step");
    intent.effect = from_word<adapter::Effect>(part_text(object, "effect"))
                        .value_or(adapter::Effect::commit_blind);
    intent.handle = part_text(object, "handle");
    intent.request_digest = part_text(object, "request_digest");
    intent.armed_at = to_instant(object.at("armed_at").to_number<std::int64_t>());
    intent.deadline = to_instant(object.at("deadline").to_number<std::int64_t>());
    intent.attempt = object.at("attempt").to_number<int>();
    intent.outcome = part_text(object, "outcome");
    return intent;
}

boost::json::object saved_to_json(adapter::SavedState const& saved) {
    boost::json::object object;
    if (!saved.open.empty()) object["open"] = saved.open;
    if (!saved.sealed.empty()) object["sealed"] = saved.sealed;
    return object;
}

boost::json::object receipt_to_json(Receipt const& receipt) {
    boost::json::object object;
    if (!receipt.asked.empty()) object["asked"] = receipt.asked;
    if (!receipt.sent.empty()) object["sent"] = receipt.sent;
    if (!receipt.seen.empty()) object["seen"] = receipt.seen;
    return object;
}

// The columns that update_job writes, in the order of bind_changes().
constexpr std::string_view change_columns =
    "plan_id = ?, approval_id = ?, hash = ?, state = ?, waiting = ?, wait_owner = ?, until = ?, "
    "next_at = ?, due_at = ?,"
    " revivable = ?, committed = ?, attempt = ?, failures = ?, looks = ?, step = ?, saved = ?, "
    "intent = ?, receipt = ?,"
    " error = ?, fence = ?, lease_owner = ?, updated_at = ?, needs_approval = ?";

void bind_changes(Use& use, Job const& job) {
    use.bind(job.plan_id).bind(job.approval_id).bind(job.hash).bind(word(job.state));
    use.bind(job.waiting ? word(*job.waiting) : std::string_view()).bind(word(job.wait_owner));
    use.bind(job.until)
        .bind(job.next_at)
        .bind(job.spec.due_at)
        .bind(job.revivable)
        .bind(job.committed);
    use.bind(job.attempt).bind(job.failures).bind(job.looks).bind(job.step);
    use.bind(to_text(saved_to_json(job.saved)));
    use.bind(job.intent ? to_text(intent_to_json(*job.intent)) : std::string());
    use.bind(to_text(receipt_to_json(job.receipt)));
    use.bind(job.error ? to_text(job.error->to_json()) : std::string());
    use.bind(job.fence).bind(job.lease_owner).bind(job.updated_at);
    if (job.needs_approval)
        use.bind(*job.needs_approval);
    else
        use.bind(std::optional<Instant>());
}

// The `where` of a filter; values are bound in the same order by bind_filter().
std::string filter_sql(JobFilter const& filter) {
    std::string sql = " where 1";
    if (!filter.states.empty()) {
        sql += " and state in (";
        for (std::size_t i = 0; i < filter.states.size(); ++i) sql += i ? ",?" : "?";
        sql += ")";
    }
    if (!filter.account.empty()) sql += " and account = ?";
    if (!filter.campaign.empty()) sql += " and campaign = ?";
    if (!filter.plan_id.empty()) sql += " and plan_id = ?";
    if (filter.dead) sql += " and state = 'rejected' and revivable = 1";
    if (filter.due_before) sql += " and due_at < ?";
    if (!filter.after_id.empty()) sql += " and id < ?";
    return sql;
}

void bind_filter(Use& use, JobFilter const& filter) {
    for (auto state : filter.states) use.bind(word(state));
    if (!filter.account.empty()) use.bind(filter.account);
    if (!filter.campaign.empty()) use.bind(filter.campaign);
    if (!filter.plan_id.empty()) use.bind(filter.plan_id);
    if (filter.due_before) use.bind(*filter.due_before);
    if (!filter.after_id.empty()) use.bind(filter.after_id);
}

Job read_job(Use& use) {
    Job job;
    job.id = use.text();
    job.account_id = use.text();
    job.app_id = use.text();
    job.plan_id = use.text();
    job.approval_id = use.text();
    job.hash = use.text();
    job.state = from_word<JobState>(use.text()).value_or(JobState::unknown);
    job.waiting = from_word<adapter::WaitReason>(use.text());
    job.wait_owner = from_word<Owner>(use.text()).value_or(Owner::postrider);
    job.until = use.maybe_instant();
    job.next_at = use.maybe_instant();
    job.revivable = use.flag();
    job.committed = use.flag();
    job.attempt = static_cast<int>(use.number());
    job.failures = static_cast<int>(use.number());
    job.looks = static_cast<int>(use.number());
    job.step = use.text();
    auto saved = from_text(use.text());
    job.saved.open = part(saved, "open");
    job.saved.sealed = part(saved, "sealed");
    if (auto intent = from_text(use.text()); !intent.empty()) job.intent = intent_from_json(intent);
    auto receipt = from_text(use.text());
    job.receipt = Receipt{part(receipt, "asked"), part(receipt, "sent"), part(receipt, "seen")};
    if (auto error = from_text(use.text()); !error.empty()) job.error = Error::from_json(error);
    job.fence = use.number();
    job.lease_owner = use.text();
    job.created_at = use.instant();
    job.updated_at = use.instant();
    if (auto const needs = use.maybe_number()) job.needs_approval = *needs != 0;
    job.spec = job_spec_from_json(use.object());
    return job;
}

}  // namespace

std::string const& SqliteTables::first_job_sql() {
    static std::string const sql = fmt::format(
        "select {} from jobs where account_id = ? and next_at is not null and "
        "lease_owner = '' order by next_at limit 1",
        job_columns);
    return sql;
}

std::string const& SqliteTables::begun_job_sql() {
    static std::string const sql = fmt::format(
        "select {} from jobs where account_id = ? and next_at is not null and lease_owner = '' and "
        "state <> 'scheduled' and next_at <= ? order by next_at limit 1",
        job_columns);
    return sql;
}

std::vector<Job> SqliteTables::read_jobs(Use& use) {
    std::vector<Job> jobs;
    while (use.step()) jobs.push_back(read_job(use));
    return jobs;
}

Result<void> SqliteTables::insert_job(Job const& job) {
    auto use = statements_.use(
        "insert into jobs(id, key, campaign, account, account_id, app_id, created_at, spec, "
        "plan_id, approval_id, hash, state, waiting,"
        " wait_owner, until, next_at, due_at, revivable, committed, attempt, failures, looks, "
        "step, saved, intent, receipt,"
        " error, fence, lease_owner, updated_at, needs_approval)"
        " values(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?) on conflict(key) "
        "do "
        "nothing");
    use.bind(job.id)
        .bind(job.spec.key)
        .bind(job.spec.campaign)
        .bind(job.spec.account)
        .bind(job.account_id);
    use.bind(job.app_id).bind(job.created_at).bind(to_json(job.spec));
    bind_changes(use, job);
    if (use.run() == 0)
        return make_error("conflict.name_taken",
                          fmt::format("There is already a job with the key {}.", job.spec.key));
    note_added(job);
    news_ = news_ || (job.next_at && job.lease_owner.empty());
    return {};
}

Result<std::optional<Job>> SqliteTables::job(std::string_view id) {
    static std::string const sql = fmt::format("select {} from jobs where id = ?", job_columns);
    auto use = statements_.use(sql);
    use.bind(id);
    if (!use.step()) return std::optional<Job>();
    return std::optional<Job>(read_job(use));
}

Result<std::optional<Job>> SqliteTables::job_by_key(std::string_view key) {
    static std::string const sql = fmt::format("select {} from jobs where key = ?", job_columns);
    auto use = statements_.use(sql);
    use.bind(key);
    if (!use.step()) return std::optional<Job>();
    return std::optional<Job>(read_job(use));
}

Result<std::vector<Job>> SqliteTables::jobs(JobFilter const& filter) {
    auto use = statements_.use(fmt::format("select {} from jobs{} order by id desc{}",
                                           job_columns,
                                           filter_sql(filter),
                                           filter.limit > 0 ? " limit ?" : ""));
    bind_filter(use, filter);
    if (filter.limit > 0) use.bind(filter.limit);
    return read_jobs(use);
}

Result<void> SqliteTables::update_job(Job const& job, std::optional<std::int64_t> fence) {
    bool moves_account = false;
    {
        auto use =
            statements_.use("select state, fence, lease_owner, next_at from jobs where id = ?");
        use.bind(job.id);
        if (!use.step())
            return make_error("not_found.job", fmt::format("There is no job {}.", job.id));
        auto const from = from_word<JobState>(use.text()).value_or(JobState::unknown);
        if (auto const stored = use.number(); fence && stored != *fence && !mutant("no_fence"))
            return make_error("conflict.lease_lost",
                              fmt::format("Job {} is held by another worker now.", job.id));
        if (from != job.state && !may_become(from, job.state))
            return make_error(
                "internal.bug",
                fmt::format(
                    "Job {} may not go from {} to {}.", job.id, word(from), word(job.state)));
        auto const owner = use.text();
        moves_account =
            owner.empty() != job.lease_owner.empty() || use.maybe_instant() != job.next_at;
    }
    static std::string const changes = fmt::format("update jobs set {}", change_columns);
    static std::string const own = changes + " where id = ?";
    static std::string const whole = changes + ", spec = ? where id = ?";
    auto use = statements_.use(fence ? own : whole);
    bind_changes(use, job);
    if (!fence) use.bind(to_json(job.spec));
    use.bind(job.id).run();
    // What the row of the account says depends on who is free, and when; nothing else moves it.
    if (moves_account) refresh_ready(job.account_id);
    // With a fence it is a worker's own job, and that worker goes on by itself.
    news_ = news_ || (!fence && moves_account && job.next_at && job.lease_owner.empty());
    return {};
}

Result<std::vector<DueTime>> SqliteTables::due_times(std::string_view account_id, Instant since) {
    auto use = statements_.use(
        "select key, id, due_at from jobs where account = (select name from accounts where id = ?) "
        "and due_at > ? and committed = 0 and state in ('awaiting_approval', 'scheduled', "
        "'running', 'waiting', 'unknown') order by due_at, id");
    use.bind(account_id).bind(since);
    std::vector<DueTime> times;
    while (use.step()) {
        DueTime time;
        time.key = use.text();
        time.job_id = use.text();
        time.due_at = use.instant();
        times.push_back(std::move(time));
    }
    return times;
}

Result<std::vector<Job>> SqliteTables::held_jobs(std::string_view owner) {
    auto use = statements_.use(fmt::format(
        "select {} from jobs where lease_owner <> '' and lease_owner = ?", job_columns));
    use.bind(owner);
    return read_jobs(use);
}

Result<std::vector<std::string>> SqliteTables::lease_owners() {
    // Few jobs are held, and telling owners apart here is cheaper than SQLite's `distinct`.
    auto use = statements_.use("select lease_owner from jobs where lease_owner <> ''");
    std::vector<std::string> owners;
    while (use.step()) owners.push_back(use.text());
    std::sort(owners.begin(), owners.end());
    owners.erase(std::unique(owners.begin(), owners.end()), owners.end());
    return owners;
}

Result<std::vector<Job>> SqliteTables::jobs_in_doubt(std::string_view account_id) {
    auto use = statements_.use(fmt::format(
        "select {} from jobs where account_id = ? and state in ('running', 'unknown') order by id",
        job_columns));
    use.bind(account_id);
    return read_jobs(use);
}

Result<std::vector<std::pair<std::string, std::int64_t>>> SqliteTables::count_jobs(
    JobFilter const& filter) {
    auto use = statements_.use(fmt::format(
        "select state, count(*) from jobs{} group by state order by state", filter_sql(filter)));
    bind_filter(use, filter);
    std::vector<std::pair<std::string, std::int64_t>> counts;
    while (use.step()) {
        auto state = use.text();
        counts.emplace_back(std::move(state), use.number());
    }
    return counts;
}

Result<void> SqliteTables::add_step(StepRecord const& step) {
    statements_
        .use(
            "insert into steps(job_id, attempt, step, effect, verdict, http_status, started_at, "
            "duration_ms, note)"
            " values(?,?,?,?,?,?,?,?,?)")
        .bind(step.job_id)
        .bind(step.attempt)
        .bind(step.step)
        .bind(word(step.effect))
        .bind(word(step.verdict))
        .bind(step.http_status)
        .bind(step.started_at)
        .bind(static_cast<std::int64_t>(step.duration.count()))
        .bind(step.note)
        .run();
    return {};
}

Result<std::vector<StepRecord>> SqliteTables::steps(std::string_view job_id) {
    auto use = statements_.use(
        "select seq, attempt, step, effect, verdict, http_status, started_at, duration_ms, note "
        "from steps where job_id = ?"
        " order by seq");
    use.bind(job_id);
    std::vector<StepRecord> steps;
    while (use.step()) {
        StepRecord step;
        step.seq = use.number();
        step.job_id = job_id;
        step.attempt = static_cast<int>(use.number());
        step.step = use.text();
        step.effect = from_word<adapter::Effect>(use.text()).value_or(adapter::Effect::look);
        step.verdict = from_word<adapter::Verdict>(use.text()).value_or(adapter::Verdict::no_reply);
        step.http_status = static_cast<int>(use.number());
        step.started_at = use.instant();
        step.duration = Milliseconds{use.number()};
        step.note = use.text();
        steps.push_back(std::move(step));
    }
    return steps;
}

Result<void> SqliteTables::note_late_commit(std::string_view account_id,
                                            std::string_view job_id,
                                            Instant at) {
    statements_.use("insert or ignore into late_commits(account_id, at, job_id) values(?,?,?)")
        .bind(account_id)
        .bind(at)
        .bind(job_id)
        .run();
    return {};
}

Result<std::vector<Instant>> SqliteTables::late_commits(std::string_view account_id,
                                                        Instant since,
                                                        std::string_view except) {
    auto use = statements_.use(
        "select max(at) from late_commits where account_id = ? and at > ? and job_id <> ? group by "
        "job_id order by 1");
    use.bind(account_id).bind(since).bind(except);
    std::vector<Instant> times;
    while (use.step()) times.push_back(use.instant());
    return times;
}

}  // namespace postrider::core::detail

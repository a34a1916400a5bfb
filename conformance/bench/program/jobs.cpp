// Jobs to fill stores with, and the bare table that they are compared with.
#include "parts.hpp"

#include <postrider/core/ids.hpp>

#include <fmt/format.h>
#include <boost/json/serialize.hpp>

namespace postrider::bench {

using core::Job;
using namespace std::chrono_literals;

std::unique_ptr<core::Store> new_store(std::filesystem::path const& path) {
    core::StoreOptions options;
    options.create = true;
    return must(core::open_store(path, options));
}

Job make_job(std::uint64_t number, int account, Instant due) {
    static core::SeededRandom random(11);
    auto const now = start_of_time + Milliseconds{static_cast<std::int64_t>(number)};
    Job job;
    job.id = core::new_id("job", now, random);
    job.spec.campaign = "spring";
    job.spec.post_key = fmt::format("post-{:07}", number);
    job.spec.network = "alpha";
    job.spec.account = fmt::format("alpha:@account{:04}", account);
    job.spec.key = core::idempotency_key(job.spec.campaign, job.spec.post_key, job.spec.account);
    job.spec.due_at = due;
    job.spec.zone = "Europe/Paris";
    job.spec.wall = "2027-03-01 18:00";
    job.spec.post.caption =
        "Good morning! The first bread of spring is on the table, come and have a slice while it "
        "is warm. #bakery #spring";
    job.spec.post.options["audience"] = "everyone";
    for (auto const* name : {"allow_comment", "allow_duet", "allow_stitch"})
        job.spec.post.options[name] = true;
    job.spec.post.options["disclosure"] = "your_brand";
    adapter::MediaFacts video;
    video.path = "/srv/campaigns/spring/media/spring-bread.mp4";
    video.sha256 = "sha256:" + std::string(64, 'a');
    video.size_bytes = 24'117'248;
    video.mtime_ns = video.ctime_ns = 1'800'000'000'123'456'789;
    video.inode = 1'234'567;
    video.device = 2049;
    video.kind = "video";
    video.container = "mp4";
    video.mime = "video/mp4";
    video.video_codec = "h264";
    video.audio_codec = "aac";
    video.width = 1080;
    video.height = 1920;
    video.duration_ms = 31'240;
    video.frame_rate = 30;
    video.bit_rate = 6'176'000;
    video.has_sound = true;
    job.spec.post.media.push_back(std::move(video));
    job.account_id = fmt::format("acc_01KAH6M4ZQ8V3R2T5W7X9Y{:04}", account);
    job.app_id = "app_01KAH6M4ZQ8V3R2T5W7X9Y0000";
    job.plan_id = "pln_01KAH6M4ZQ8V3R2T5W7X9Y0000";
    job.approval_id = "apr_01KAH6M4ZQ8V3R2T5W7X9Y0000";
    job.hash = "sha256:" + std::string(64, 'b');
    job.state = core::JobState::scheduled;
    job.next_at = due;
    job.created_at = job.updated_at = now;
    return job;
}

Result<void> put_beta_accounts(core::Tables& tables, core::Vault const& vault, Instant now) {
    core::App app;
    app.id = "app_beta";
    app.network = app.name = "beta";
    app.client_id = "client";
    app.sealed_secret = vault.seal("secret", "app:" + app.id);
    app.created_at = now;
    must(tables.put_app(app));
    for (int i = 0; i < beta_accounts; ++i) {
        core::Account account;
        account.id = fmt::format("acc_{}", i);
        account.app_id = app.id;
        account.network = "beta";
        account.handle = fmt::format("@account{}", i);
        account.name = "beta:" + account.handle;
        account.remote_id = std::to_string(i);
        account.connected_at = now;
        must(tables.put_account(account));
        core::TokenPair tokens;
        tokens.account_id = account.id;
        tokens.sealed_access = vault.seal("access-1", "token:" + account.id);
        tokens.sealed_refresh = vault.seal("refresh-1", "token:" + account.id);
        tokens.access_issued_at = now;
        tokens.access_expires_at = now + 2h;
        tokens.generation = 1;
        must(tables.put_tokens(tokens));
    }
    return {};
}

core::Job beta_job(int number, Instant now) {
    auto job = make_job(static_cast<std::uint64_t>(number), number % beta_accounts, now);
    job.account_id = fmt::format("acc_{}", number % beta_accounts);
    job.app_id = "app_beta";
    job.plan_id.clear();
    job.approval_id.clear();
    job.spec.network = "beta";
    job.spec.account = fmt::format("beta:@account{}", number % beta_accounts);
    job.spec.post.kind = adapter::PostKind::text;
    job.spec.post.media.clear();
    job.spec.catch_up = "all";
    job.hash = core::job_hash(job.spec);
    return job;
}

std::size_t row_bytes() {
    auto const job = make_job(0, 0, start_of_time);
    std::size_t bytes = boost::json::serialize(to_json(job.spec)).size();
    for (auto const* text : {&job.id,
                             &job.spec.key,
                             &job.spec.campaign,
                             &job.spec.account,
                             &job.account_id,
                             &job.app_id,
                             &job.plan_id,
                             &job.approval_id,
                             &job.hash})
        bytes += text->size();
    return bytes;
}

namespace {

SQLite::Database bare_database(std::filesystem::path const& path) {
    SQLite::Database database(path.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE, 5000);
    database.exec("pragma journal_mode = wal");
    database.exec("pragma synchronous = full");
    database.exec(
        "create table bare(id text primary key, key text not null unique, due integer not null,"
        " lease text not null, payload text not null) strict;"
        "create index bare_due on bare(due) where lease = ''");
    return database;
}

}  // namespace

BareTable::BareTable(std::filesystem::path const& path)
    : database_(bare_database(path)),
      insert_(database_, "insert into bare(id, key, due, lease, payload) values(?,?,?,'',?)"),
      claim_(database_,
             "update bare set lease = 'me' where rowid ="
             " (select rowid from bare where lease = '' and due <= ? order by due limit 1)"),
      touch_(database_, "update bare set lease = ? where id = ?") {
    auto const job = make_job(0, 0, start_of_time);
    payload_.assign(row_bytes() - job.id.size() - job.spec.key.size(), 'x');
}

std::string BareTable::id_of(std::uint64_t number) {
    return fmt::format("job_{:026}", number);
}

void BareTable::insert(std::uint64_t first, int count, Instant due) {
    SQLite::Transaction transaction(database_, SQLite::TransactionBehavior::IMMEDIATE);
    for (int i = 0; i < count; ++i) {
        auto const number = first + static_cast<std::uint64_t>(i);
        auto const job = id_of(number);
        auto const key = fmt::format("spring/post-{:07}/alpha:@account{:04}", number, number % 50);
        insert_.bind(1, job);
        insert_.bind(2, key);
        insert_.bind(3, due.time_since_epoch().count() + static_cast<std::int64_t>(number));
        insert_.bindNoCopy(4, payload_);
        insert_.exec();
        insert_.reset();
    }
    transaction.commit();
}

void BareTable::claim(Instant now) {
    SQLite::Transaction transaction(database_, SQLite::TransactionBehavior::IMMEDIATE);
    claim_.bind(1, static_cast<std::int64_t>(now.time_since_epoch().count()));
    if (claim_.exec() != 1) throw std::runtime_error("the bare table has nothing to claim");
    claim_.reset();
    transaction.commit();
}

void BareTable::touch(std::uint64_t first, int count, std::string const& lease) {
    SQLite::Transaction transaction(database_, SQLite::TransactionBehavior::IMMEDIATE);
    for (int i = 0; i < count; ++i) {
        touch_.bind(1, lease);
        touch_.bind(2, id_of(first + static_cast<std::uint64_t>(i)));
        touch_.exec();
        touch_.reset();
    }
    transaction.commit();
}

}  // namespace postrider::bench

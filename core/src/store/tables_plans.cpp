// Plans, approvals, campaigns, buckets, the media cache, events and settings.
#include "store/sqlite_tables.hpp"

#include <postrider/core/ids.hpp>

#include <algorithm>

namespace postrider::core::detail {
namespace {

StoredPlan read_plan(Use& use) {
    StoredPlan plan;
    plan.id = use.text();
    plan.hash = use.text();
    plan.campaign = use.text();
    plan.state = use.text();
    plan.created_at = use.instant();
    plan.valid_until = use.instant();
    plan.applied_at = use.maybe_instant();
    plan.body = use.object();
    return plan;
}

Approval read_approval(Use& use) {
    Approval approval;
    approval.id = use.text();
    approval.plan_id = use.text();
    approval.plan_hash = use.text();
    approval.campaign = use.text();
    approval.state = use.text();
    approval.created_at = use.instant();
    approval.expires_at = use.instant();
    approval.decided_at = use.maybe_instant();
    approval.person = use.text();
    approval.note = use.text();
    approval.approved_hash = use.text();
    approval.body = use.object();
    return approval;
}

Campaign read_campaign(Use& use) {
    Campaign campaign;
    campaign.name = use.text();
    campaign.file = use.text();
    campaign.plan_hash = use.text();
    campaign.applied_at = use.maybe_instant();
    campaign.paused = use.flag();
    campaign.pause_reason = use.text();
    return campaign;
}

boost::json::object bucket_to_json(BucketState const& bucket) {
    boost::json::object object;
    object["size"] = bucket.size;
    object["declared"] = bucket.declared;
    object["window_ms"] = bucket.window.count();
    object["source"] = bucket.source;
    boost::json::array slots;
    for (auto const& slot : bucket.slots) {
        boost::json::array pair;
        pair.emplace_back(to_column(slot.free_at));
        pair.emplace_back(slot.holder);
        if (!slot.job.empty()) pair.emplace_back(slot.job);
        slots.emplace_back(std::move(pair));
    }
    object["slots"] = std::move(slots);
    if (bucket.learned_at) object["learned_at"] = to_column(*bucket.learned_at);
    object["evidence"] = bucket.evidence;
    return object;
}

BucketState bucket_from_json(std::string key, boost::json::object const& object) {
    BucketState bucket;
    bucket.key = std::move(key);
    bucket.size = object.at("size").to_number<int>();
    bucket.declared = object.at("declared").to_number<int>();
    bucket.window = Milliseconds{object.at("window_ms").to_number<std::int64_t>()};
    bucket.source = std::string(object.at("source").as_string());
    for (auto const& pair : object.at("slots").as_array()) {
        BucketState::Slot slot;
        slot.free_at = to_instant(pair.as_array().at(0).to_number<std::int64_t>());
        slot.holder = std::string(pair.as_array().at(1).as_string());
        if (pair.as_array().size() > 2) slot.job = std::string(pair.as_array()[2].as_string());
        bucket.slots.push_back(std::move(slot));
    }
    if (auto const* at = object.if_contains("learned_at"))
        bucket.learned_at = to_instant(at->to_number<std::int64_t>());
    bucket.evidence = std::string(object.at("evidence").as_string());
    return bucket;
}

}  // namespace

Result<void> SqliteTables::put_plan(StoredPlan const& plan) {
    statements_
        .use(
            "replace into plans(id, hash, campaign, state, created_at, valid_until, applied_at, "
            "body) values(?,?,?,?,?,?,?,?)")
        .bind(plan.id)
        .bind(plan.hash)
        .bind(plan.campaign)
        .bind(plan.state)
        .bind(plan.created_at)
        .bind(plan.valid_until)
        .bind(plan.applied_at)
        .bind(plan.body)
        .run();
    return {};
}

Result<std::optional<StoredPlan>> SqliteTables::plan(std::string_view id) {
    auto use = statements_.use(
        "select id, hash, campaign, state, created_at, valid_until, applied_at, body from plans "
        "where id = ?");
    use.bind(id);
    if (!use.step()) return std::optional<StoredPlan>();
    return std::optional<StoredPlan>(read_plan(use));
}

Result<std::vector<StoredPlan>> SqliteTables::plans(std::string_view campaign, int limit) {
    auto use = statements_.use(
        "select id, hash, campaign, state, created_at, valid_until, applied_at, body from plans"
        " where ?1 = '' or campaign = ?1 order by id desc limit ?2");
    use.bind(campaign).bind(limit > 0 ? limit : -1);
    std::vector<StoredPlan> plans;
    while (use.step()) plans.push_back(read_plan(use));
    return plans;
}

Result<void> SqliteTables::put_approval(Approval const& approval) {
    statements_
        .use(
            "replace into approvals(id, plan_id, plan_hash, campaign, state, created_at, "
            "expires_at, decided_at, person, note,"
            " approved_hash, body) values(?,?,?,?,?,?,?,?,?,?,?,?)")
        .bind(approval.id)
        .bind(approval.plan_id)
        .bind(approval.plan_hash)
        .bind(approval.campaign)
        .bind(approval.state)
        .bind(approval.created_at)
        .bind(approval.expires_at)
        .bind(approval.decided_at)
        .bind(approval.person)
        .bind(approval.note)
        .bind(approval.approved_hash)
        .bind(approval.body)
        .run();
    return {};
}

Result<std::optional<Approval>> SqliteTables::approval(std::string_view id) {
    auto use = statements_.use(
        "select id, plan_id, plan_hash, campaign, state, created_at, expires_at, decided_at, "
        "person, note, approved_hash, body"
        " from approvals where id = ?");
    use.bind(id);
    if (!use.step()) return std::optional<Approval>();
    return std::optional<Approval>(read_approval(use));
}

Result<std::optional<Approval>> SqliteTables::approval_head(std::string_view id) {
    auto use = statements_.use(
        "select id, plan_id, plan_hash, campaign, state, created_at, expires_at, decided_at, "
        "person, note, approved_hash, '{}' from approvals where id = ?");
    use.bind(id);
    if (!use.step()) return std::optional<Approval>();
    return std::optional<Approval>(read_approval(use));
}

Result<void> SqliteTables::put_approved_job(ApprovedJob const& approved) {
    statements_
        .use(
            "replace into approved_jobs(approval_id, job_key, job_hash, sent_hash, bound) "
            "values(?,?,?,?,?)")
        .bind(approved.approval_id)
        .bind(approved.job_key)
        .bind(approved.job_hash)
        .bind(approved.sent_hash)
        .bind(approved.bound)
        .run();
    return {};
}

Result<std::optional<ApprovedJob>> SqliteTables::approved_job(std::string_view approval_id,
                                                              std::string_view job_key) {
    auto use = statements_.use(
        "select job_hash, sent_hash, bound from approved_jobs where approval_id = ? and job_key = "
        "?");
    use.bind(approval_id).bind(job_key);
    if (!use.step()) return std::optional<ApprovedJob>();
    ApprovedJob approved;
    approved.approval_id = approval_id;
    approved.job_key = job_key;
    approved.job_hash = use.text();
    approved.sent_hash = use.text();
    approved.bound = use.text();
    return std::optional<ApprovedJob>(std::move(approved));
}

Result<std::vector<Approval>> SqliteTables::approvals(std::string_view plan_id,
                                                      std::string_view state) {
    auto use = statements_.use(
        "select id, plan_id, plan_hash, campaign, state, created_at, expires_at, decided_at, "
        "person, note, approved_hash, body"
        " from approvals where (?1 = '' or plan_id = ?1) and (?2 = '' or state = ?2) order by id "
        "desc");
    use.bind(plan_id).bind(state);
    std::vector<Approval> approvals;
    while (use.step()) approvals.push_back(read_approval(use));
    return approvals;
}

Result<void> SqliteTables::put_campaign(Campaign const& campaign) {
    statements_
        .use(
            "replace into campaigns(name, file, plan_hash, applied_at, paused, pause_reason) "
            "values(?,?,?,?,?,?)")
        .bind(campaign.name)
        .bind(campaign.file)
        .bind(campaign.plan_hash)
        .bind(campaign.applied_at)
        .bind(campaign.paused)
        .bind(campaign.pause_reason)
        .run();
    return {};
}

Result<std::optional<Campaign>> SqliteTables::campaign(std::string_view name) {
    auto use = statements_.use(
        "select name, file, plan_hash, applied_at, paused, pause_reason from campaigns where name "
        "= ?");
    use.bind(name);
    if (!use.step()) return std::optional<Campaign>();
    return std::optional<Campaign>(read_campaign(use));
}

Result<std::vector<Campaign>> SqliteTables::campaigns() {
    auto use = statements_.use(
        "select name, file, plan_hash, applied_at, paused, pause_reason from campaigns order by "
        "name");
    std::vector<Campaign> campaigns;
    while (use.step()) campaigns.push_back(read_campaign(use));
    return campaigns;
}

Result<std::optional<BucketState>> SqliteTables::bucket(std::string_view key) {
    auto use = statements_.use("select body from buckets where key = ?");
    use.bind(key);
    if (!use.step()) return std::optional<BucketState>();
    return std::optional<BucketState>(bucket_from_json(std::string(key), use.object()));
}

Result<void> SqliteTables::put_bucket(BucketState const& bucket) {
    // A bucket at its declared size with every slot free says nothing: rows exist only while they
    // mean something.
    if (bucket.slots.empty() && bucket.source == "declared") {
        statements_.use("delete from buckets where key = ?").bind(bucket.key).run();
        return {};
    }
    statements_.use("replace into buckets(key, body) values(?,?)")
        .bind(bucket.key)
        .bind(bucket_to_json(bucket))
        .run();
    return {};
}

Result<std::vector<BucketState>> SqliteTables::buckets() {
    auto use = statements_.use("select key, body from buckets order by key");
    std::vector<BucketState> buckets;
    while (use.step()) {
        auto key = use.text();
        buckets.push_back(bucket_from_json(std::move(key), use.object()));
    }
    return buckets;
}

Result<void> SqliteTables::put_media(adapter::MediaFacts const& facts) {
    statements_.use("replace into media(path, body) values(?,?)")
        .bind(facts.path)
        .bind(adapter::to_json(facts))
        .run();
    return {};
}

Result<std::optional<adapter::MediaFacts>> SqliteTables::media(std::string_view path) {
    auto use = statements_.use("select body from media where path = ?");
    use.bind(path);
    if (!use.step()) return std::optional<adapter::MediaFacts>();
    return std::optional<adapter::MediaFacts>(adapter::media_facts_from_json(use.object()));
}

Result<void> SqliteTables::add_event(std::string_view type, boost::json::object data, Instant at) {
    statements_.use("insert into events(id, type, at, data) values(?,?,?,?)")
        .bind(new_id("evt", at, random_))
        .bind(type)
        .bind(at)
        .bind(data)
        .run();
    return {};
}

Result<std::vector<Event>> SqliteTables::events(std::int64_t after_seq,
                                                std::vector<std::string> const& types,
                                                int limit) {
    auto use =
        statements_.use("select seq, id, type, at, data from events where seq > ? order by seq");
    use.bind(after_seq);
    std::vector<Event> events;
    while ((limit <= 0 || static_cast<int>(events.size()) < limit) && use.step()) {
        Event event;
        event.seq = use.number();
        event.id = use.text();
        event.type = use.text();
        event.at = use.instant();
        event.data = use.object();
        // `job.` names a whole family, `job.published` one type.
        bool const wanted =
            types.empty() || std::any_of(types.begin(), types.end(), [&](std::string const& type) {
                return type.ends_with('.') ? event.type.starts_with(type) : event.type == type;
            });
        if (wanted) events.push_back(std::move(event));
    }
    return events;
}

Result<std::optional<std::string>> SqliteTables::setting(std::string_view name) {
    auto use = statements_.use("select value from settings where name = ?");
    use.bind(name);
    if (!use.step()) return std::optional<std::string>();
    return std::optional<std::string>(use.text());
}

Result<void> SqliteTables::put_setting(std::string_view name, std::string_view value) {
    statements_.use("replace into settings(name, value) values(?,?)").bind(name).bind(value).run();
    return {};
}

}  // namespace postrider::core::detail

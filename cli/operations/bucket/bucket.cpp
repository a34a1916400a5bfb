// `postrider bucket list`: limits, what is used of them, and where each number comes from.
#include "operations/declared.hpp"
#include "operations/lookup.hpp"

#include <boost/json/array.hpp>

#include <algorithm>

namespace postrider::cli {

namespace {

namespace json = boost::json;

json::object bucket_object(core::BucketState const& bucket, Instant now) {
    int held = 0;
    int cooling = 0;
    std::optional<Instant> free_at;
    for (auto const& slot : bucket.slots) {
        if (slot.free_at <= now) continue;
        (slot.holder.empty() ? cooling : held) += 1;
        if (!free_at || slot.free_at < *free_at) free_at = slot.free_at;
    }
    auto const free = std::max(0, bucket.size - held - cooling);
    json::object object;
    object["key"] = bucket.key;
    object["size"] = bucket.size;
    object["declared"] = bucket.declared;
    object["window_ms"] = bucket.window.count();
    object["held"] = held;
    object["cooling"] = cooling;
    object["free"] = free;
    // When the next slot comes back; null while there are free ones.
    if (free == 0 && free_at)
        object["free_at"] = to_rfc3339(*free_at);
    else
        object["free_at"] = nullptr;
    object["source"] = bucket.source;
    if (bucket.learned_at)
        object["learned_at"] = to_rfc3339(*bucket.learned_at);
    else
        object["learned_at"] = nullptr;
    if (bucket.evidence.empty())
        object["evidence"] = nullptr;
    else
        object["evidence"] = bucket.evidence;
    return object;
}

// Keys read network/app/account/bucket; the parts are ids.
bool speaks_of(std::string const& key, std::string const& id) {
    return id.empty() || ("/" + key + "/").find("/" + id + "/") != std::string::npos;
}

Result<Answer> run_bucket_list(Context& context, Request const& request) {
    return read_store<Answer>(context, [&](core::Tables& tables) -> Result<Answer> {
        std::string account_id;
        std::string app_id;
        if (request.has("account")) {
            auto account = account_named(tables, request.text("account"));
            if (!account) return account.error();
            account_id = account->id;
        }
        if (request.has("app")) {
            auto app = app_named(tables, request.text("app"), "");
            if (!app) return app.error();
            app_id = app->id;
        }
        auto buckets = tables.buckets();
        if (!buckets) return buckets.error();
        std::erase_if(*buckets, [&](core::BucketState const& bucket) {
            return !speaks_of(bucket.key, account_id) || !speaks_of(bucket.key, app_id);
        });
        auto [page, next] = page_of(
            *buckets, context.globals(), [](core::BucketState const& one) { return one.key; });
        json::array items;
        for (auto const& bucket : page) items.push_back(bucket_object(bucket, context.now()));
        return list_answer(context, std::move(items), next);
    });
}

constexpr InputSpec bucket_list_inputs[] = {
    {.name = "account", .help = "only buckets of this account"},
    {.name = "app", .help = "only buckets of this app"},
};
constexpr std::string_view bucket_list_examples[] = {"bucket list --account network:@handle"};

}  // namespace

constinit Operation const bucket_list_operation{
    .name = "bucket.list",
    .sentence = "rate limits and quotas: size, used, free, and where each number comes from",
    .inputs = bucket_list_inputs,
    .output =
        "{items: [{key: text, size: int, declared: int, window_ms: int, held: int, cooling: int, "
        "free: int, "
        "free_at: instant|null, source: text, learned_at: instant|null, evidence: !text|null}], "
        "streamed?: int}",
    .errors = "not_found.account not_found.app",
    .scope = Scope::read,
    .examples = bucket_list_examples,
    .view = "items: key size free held cooling free_at source window_ms",
    .lists = true,
    .run = run_bucket_list,
};

}  // namespace postrider::cli

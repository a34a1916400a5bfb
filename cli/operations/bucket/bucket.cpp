// `postrider bucket list`: limits, what is used of them, and where each number comes from.
#include "operations/declared.hpp"
#include "operations/lookup.hpp"

#include <postrider/adapter/adapter.hpp>
#include <postrider/core/rate.hpp>

#include <boost/json/array.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>

namespace postrider::cli {

namespace {

namespace json = boost::json;

/// A bucket as its network declares it, or one that was seen and is declared no more.
struct Limit {
    core::BucketState state;
    std::string name;
    std::string network;
    std::string app;
    std::string account;  ///< empty: of the app as a whole
    adapter::BucketSpec const* spec = nullptr;
};

std::string evidence_of(Limit const& limit) {
    if (!limit.state.evidence.empty()) return limit.state.evidence;
    if (!limit.spec || limit.spec->source.empty()) return {};
    return limit.spec->source_date.empty()
               ? limit.spec->source
               : fmt::format("{}, {}", limit.spec->source, limit.spec->source_date);
}

json::value text_unless_empty(std::string const& text) {
    if (text.empty()) return nullptr;
    return json::string(text);
}

json::object limit_object(Limit const& limit, Instant now) {
    auto const& bucket = limit.state;
    int reserved = 0;
    int used = 0;
    std::optional<Instant> free_at;
    for (auto const& slot : bucket.slots) {
        if (slot.free_at <= now) continue;
        (slot.holder.empty() ? used : reserved) += 1;
        if (!free_at || slot.free_at < *free_at) free_at = slot.free_at;
    }
    auto const free = std::max(0, bucket.size - reserved - used);
    json::object object;
    object["key"] = bucket.key;
    object["bucket"] = limit.name;
    object["network"] = limit.network;
    object["app"] = text_unless_empty(limit.app);
    object["account"] = text_unless_empty(limit.account);
    object["limit"] = bucket.size;
    object["declared"] = bucket.declared;
    object["window_ms"] = bucket.window.count();
    object["used"] = used;
    object["reserved"] = reserved;
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
    object["evidence"] = text_unless_empty(evidence_of(limit));
    return object;
}

/// Everything that is declared for the apps and accounts of the store, with what was used of it.
class Limits {
 public:
    Limits(Context& context, core::Tables& tables) : context_(context), tables_(tables) {}

    Result<std::vector<Limit>> all(std::string const& account_id, std::string const& app_id) {
        auto stored = tables_.buckets();
        if (!stored) return stored.error();
        for (auto& bucket : *stored) stored_[bucket.key] = std::move(bucket);
        auto apps = tables_.apps("");
        if (!apps) return apps.error();
        auto accounts = tables_.accounts();
        if (!accounts) return accounts.error();
        for (auto const& app : *apps) {
            if (!app_id.empty() && app.id != app_id) continue;
            // An adapter that cannot be loaded declares nothing; doctor tells why.
            auto const adapter = context_.adapter(app.network);
            if (!adapter) continue;
            auto const& descriptor = (*adapter)->descriptor();
            bool const theirs =
                std::any_of(accounts->begin(), accounts->end(), [&](core::Account const& account) {
                    return account.id == account_id && account.app_id == app.id;
                });
            if (account_id.empty() || theirs) add(descriptor, app, nullptr);
            for (auto const& account : *accounts)
                if (account.app_id == app.id && (account_id.empty() || account.id == account_id))
                    add(descriptor, app, &account);
        }
        if (account_id.empty() && app_id.empty()) add_undeclared();
        std::sort(found_.begin(), found_.end(), [](Limit const& a, Limit const& b) {
            return std::tie(a.network, a.app, a.account, a.name) <
                   std::tie(b.network, b.app, b.account, b.name);
        });
        return std::move(found_);
    }

 private:
    void add(adapter::Descriptor const& descriptor,
             core::App const& app,
             core::Account const* account) {
        auto const scope = account ? adapter::BucketScope::account : adapter::BucketScope::app;
        for (auto const& spec : descriptor.buckets) {
            if (spec.scope != scope) continue;
            std::string const name = spec.name;
            auto const uses =
                core::bucket_uses(descriptor, {&name, 1}, app.id, account ? account->id : "");
            if (uses.empty()) continue;
            Limit limit;
            limit.state.key = uses.front().key;
            limit.state.size = limit.state.declared = spec.size;
            limit.state.window = spec.window;
            if (auto const known = stored_.find(limit.state.key); known != stored_.end()) {
                limit.state = known->second;
                stored_.erase(known);
            }
            limit.name = spec.name;
            limit.network = app.network;
            limit.app = app.name;
            if (account) limit.account = account->name;
            limit.spec = &spec;
            found_.push_back(std::move(limit));
        }
    }

    // Used under a descriptor that named them; the ids in their keys are all that is known.
    void add_undeclared() {
        for (auto& [key, bucket] : stored_) {
            Limit limit;
            limit.name = key.substr(key.rfind('/') + 1);
            limit.network = key.substr(0, key.find('/'));
            limit.state = std::move(bucket);
            found_.push_back(std::move(limit));
        }
    }

    Context& context_;
    core::Tables& tables_;
    std::map<std::string, core::BucketState> stored_;
    std::vector<Limit> found_;
};

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
        auto limits = Limits(context, tables).all(account_id, app_id);
        if (!limits) return limits.error();
        auto paged =
            page_of(*limits, context.globals(), [](Limit const& one) { return one.state.key; });
        if (!paged) return paged.error();
        auto& [page, next] = *paged;
        json::array items;
        for (auto const& limit : page) items.push_back(limit_object(limit, context.now()));
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
        "{items: [{key: text, bucket: text, network: text, app: text|null, account: text|null, "
        "limit: int, declared: int, window_ms: int, used: int, reserved: int, free: int, "
        "free_at: instant|null, source: \"declared\"|\"learned\"|\"set\", "
        "learned_at: instant|null, evidence: !text|null}], streamed?: int}",
    .errors = "not_found.account not_found.app",
    .scope = Scope::read,
    .examples = bucket_list_examples,
    .view = "items: bucket app account limit used reserved free free_at window_ms source evidence",
    .lists = true,
    .more =
        "used counts requests that the network still has in its window, reserved those that are "
        "under way. A limit is declared by the adapter, learned from a refusal (evidence says "
        "which "
        "one), or set by a person.",
    .run = run_bucket_list,
};

}  // namespace postrider::cli

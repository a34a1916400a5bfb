// The ledger, the violations and the request log as JSON and back.
#include "tiktok/emulator/model/ledger.hpp"

#include <fmt/format.h>

#include "tiktok/emulator/model/text.hpp"

namespace postrider::tiktok::emulator {
namespace {

std::string content_key(LedgerEntry const& entry) {
    return fmt::format("{}\n{}\n{}", entry.creator, entry.sha256, entry.title);
}

json::object write_entry(LedgerEntry const& entry) {
    return {{"creator", entry.creator},
            {"post_id", std::to_string(entry.post_id)},
            {"publish_id", entry.publish_id},
            {"kind", entry.kind},
            {"source", entry.source},
            {"from_draft", entry.from_draft},
            {"title", entry.title},
            {"privacy_level", entry.privacy_level},
            {"sha256", entry.sha256},
            {"size", entry.size},
            {"published_at", iso_time(entry.published_at)},
            {"published_at_ms", entry.published_at.time_since_epoch().count()},
            {"client_key", entry.client_key},
            {"post_info", entry.post_info}};
}

LedgerEntry read_entry(json::value const& value) {
    Fields fields(value, "ledger entry");
    LedgerEntry entry;
    entry.creator = fields.need_text("creator");
    auto const id = parse_digits(fields.need_text("post_id"));
    if (!id) throw SpecError("ledger entry: post_id is damaged");
    entry.post_id = static_cast<std::int64_t>(*id);
    entry.publish_id = fields.need_text("publish_id");
    entry.kind = fields.need_text("kind");
    entry.source = fields.need_text("source");
    entry.from_draft = fields.need_flag("from_draft");
    entry.title = fields.need_text("title", 1 << 20);
    entry.privacy_level = fields.need_text("privacy_level");
    entry.sha256 = fields.need_text("sha256");
    entry.size = fields.need_integer("size");
    entry.published_at = TimePoint{Millis{fields.need_integer("published_at_ms")}};
    entry.client_key = fields.need_text("client_key");
    if (auto const* info = fields.object("post_info")) entry.post_info = *info;
    return entry;
}

}  // namespace

bool Ledger::add(LedgerEntry entry) {
    // Several posts out of one draft are the creator's wish; only a second publish_id makes a
    // double.
    auto& publishes = publishes_by_content_[content_key(entry)];
    bool const fresh = !contains(publishes, entry.publish_id);
    if (fresh) publishes.push_back(entry.publish_id);
    bool const doubled = fresh && publishes.size() > 1;
    entries_.push_back(std::move(entry));
    ++revision_;
    return doubled;
}

std::vector<Double> Ledger::doubles() const {
    std::vector<Double> out;
    for (auto const& [key, publishes] : publishes_by_content_) {
        if (publishes.size() < 2) continue;
        auto const first = key.find('\n');
        auto const second = key.find('\n', first + 1);
        out.push_back({key.substr(0, first),
                       key.substr(first + 1, second - first - 1),
                       key.substr(second + 1),
                       publishes});
    }
    return out;
}

std::map<std::string, std::int64_t> Ledger::counts() const {
    std::map<std::string, std::int64_t> out;
    for (LedgerEntry const& entry : entries_) ++out[entry.creator];
    return out;
}

json::array Ledger::save() const {
    json::array out;
    out.reserve(entries_.size());
    for (LedgerEntry const& entry : entries_) out.push_back(write_entry(entry));
    return out;
}

void Ledger::load(json::array const& array) {
    entries_.clear();
    publishes_by_content_.clear();
    for (json::value const& value : array) add(read_entry(value));
}

json::object Ledger::write() const {
    json::object per_creator;
    for (auto const& [creator, count] : counts()) per_creator[creator] = count;
    json::array twice;
    for (Double const& one : doubles()) {
        json::array ids;
        for (std::string const& id : one.publish_ids) ids.emplace_back(id);
        twice.push_back(json::object{{"creator", one.creator},
                                     {"sha256", one.sha256},
                                     {"title", one.title},
                                     {"count", one.publish_ids.size()},
                                     {"publish_ids", std::move(ids)}});
    }
    return {{"network", "tiktok"},
            {"count", entries_.size()},
            {"counts", std::move(per_creator)},
            {"posts", save()},
            {"doubles", std::move(twice)}};
}

json::object write_violation(Violation const& violation) {
    return {{"n", violation.n},
            {"at", iso_time(violation.at)},
            {"at_ms", violation.at.time_since_epoch().count()},
            {"rule", violation.rule},
            {"endpoint", violation.endpoint},
            {"creator", violation.creator},
            {"client_key", violation.client_key},
            {"publish_id", violation.publish_id},
            {"detail", violation.detail}};
}

Violation read_violation(json::value const& value) {
    Fields fields(value, "violation");
    Violation violation;
    violation.n = fields.need_integer("n");
    violation.at = TimePoint{Millis{fields.need_integer("at_ms")}};
    violation.rule = fields.need_text("rule");
    violation.endpoint = fields.need_text("endpoint");
    violation.creator = fields.need_text("creator");
    violation.client_key = fields.need_text("client_key");
    violation.publish_id = fields.need_text("publish_id");
    violation.detail = fields.need_text("detail", 1 << 20);
    return violation;
}

json::object write_request(RequestRecord const& record) {
    json::object out{{"n", record.n},
                     {"at", iso_time(record.at)},
                     {"method", record.method},
                     {"endpoint", record.endpoint},
                     {"status", record.status},
                     {"code", record.code},
                     {"creator", record.creator},
                     {"client_key", record.client_key}};
    if (!record.publish_id.empty()) out["publish_id"] = record.publish_id;
    if (record.chunk > 0) out["chunk"] = record.chunk;
    if (!record.fault.empty()) out["fault"] = record.fault;
    return out;
}

}  // namespace postrider::tiktok::emulator

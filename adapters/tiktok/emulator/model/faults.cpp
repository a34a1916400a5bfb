// Reading and counting of fault rules.
#include "tiktok/emulator/model/faults.hpp"

#include <fmt/format.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <utility>

#include "tiktok/emulator/model/digest.hpp"
#include "tiktok/emulator/model/text.hpp"

namespace postrider::tiktok::emulator {
namespace {

struct KindRow {
    std::string_view name;
    FaultKind kind;
    bool upload_only = false;
};

constexpr KindRow kinds[] = {
    {"500_before", FaultKind::error_before},
    {"500_after", FaultKind::error_after},
    {"drop_before", FaultKind::drop_before},
    {"drop_after", FaultKind::drop_after},
    {"drop_during", FaultKind::drop_during, true},
    {"stall", FaultKind::stall},
    {"slow_body", FaultKind::slow_body},
    {"truncate_json", FaultKind::truncate_json},
    {"cut_body", FaultKind::cut_body},
    {"html", FaultKind::html},
    {"html_after", FaultKind::html_after},
    {"rate_limited", FaultKind::rate_limited},
    {"redirect", FaultKind::redirect},
    {"revoke_token", FaultKind::revoke_token},
    {"expire_token", FaultKind::expire_token},
    {"expire_upload", FaultKind::expire_upload, true},
    {"forget_upload", FaultKind::forget_upload, true},
    {"416_before", FaultKind::range_before, true},
    {"416_after", FaultKind::range_after, true},
    {"status_word", FaultKind::status_word},
};

KindRow const& find_kind(std::string const& name, std::string const& where) {
    std::vector<std::string> known;
    for (KindRow const& row : kinds) {
        if (row.name == name) return row;
        known.emplace_back(row.name);
    }
    std::string const guess = nearest(name, known);
    throw SpecError(
        guess.empty()
            ? fmt::format("{}.do: {} is not a fault", where, name)
            : fmt::format("{}.do: {} is not a fault; did you mean {}?", where, name, guess));
}

void read_match(json::object const& object, std::string const& where, FaultRule& rule) {
    Fields fields(object, where);
    if (auto creator = fields.text("creator")) rule.creator = bare_handle(*creator);
    rule.title = fields.text("title", 64 * 1024);
    rule.publish_id = fields.text("publish_id");
    if (auto const* chunk = fields.any("chunk")) {
        auto const* word = chunk->if_string();
        if (word != nullptr && *word == "first") {
            rule.chunk = 1;
        } else if (word != nullptr && *word == "last") {
            rule.last_chunk = true;
        } else if (chunk->is_int64() && chunk->get_int64() >= 1) {
            rule.chunk = chunk->get_int64();
        } else {
            throw SpecError(
                fmt::format("{} is not a number from 1, first or last", fields.path("chunk")));
        }
    }
    fields.done();
}

FaultRule read_rule(json::value const& value, std::string const& where) {
    Fields fields(value, where);
    FaultRule rule;
    rule.on = fields.need_text("on");
    if (rule.on != "any" && !contains(endpoint_names(), rule.on)) {
        std::string const guess = nearest(rule.on, endpoint_names());
        throw SpecError(fmt::format("{}.on: {} is not an endpoint; one of: any, {}",
                                    where,
                                    rule.on,
                                    guess.empty() ? join(endpoint_names(), ", ") : guess));
    }
    KindRow const& kind = find_kind(fields.need_text("do"), where);
    rule.kind = kind.kind;
    if (kind.upload_only && rule.on != "upload") {
        throw SpecError(fmt::format("{}.do: {} is for on: upload", where, kind.name));
    }
    if (rule.kind == FaultKind::status_word && rule.on != "status") {
        throw SpecError(fmt::format("{}.do: status_word is for on: status", where));
    }
    if (auto const* match = fields.object("match")) {
        read_match(*match, fields.path("match"), rule);
    }
    auto const nth = fields.integer("nth", 1, 1'000'000'000);
    auto const every = fields.integer("every", 1, 1'000'000'000);
    if (nth && every) throw SpecError(fmt::format("{} has both nth and every", where));
    rule.nth = nth.value_or(1);
    rule.every = every.value_or(0);
    rule.times = fields.integer("times", 0, 1'000'000'000).value_or(every ? 0 : 1);
    rule.ms = fields.integer("ms", 0, 3'600'000).value_or(0);
    rule.bytes = fields.integer("bytes", 0).value_or(0);
    rule.status = static_cast<int>(fields.integer("status", 500, 599).value_or(0));
    rule.value = fields.text("value").value_or("");
    fields.done();
    return rule;
}

bool matches(FaultRule const& rule, FaultFacts const& facts) {
    if (rule.on != "any" && rule.on != facts.endpoint) return false;
    if (rule.creator && *rule.creator != facts.creator) return false;
    if (rule.title && *rule.title != facts.title) return false;
    if (rule.publish_id && *rule.publish_id != facts.publish_id) return false;
    if (rule.chunk && *rule.chunk != facts.chunk) return false;
    if (rule.last_chunk && (facts.chunk == 0 || facts.chunk != facts.chunk_count)) return false;
    return true;
}

}  // namespace

std::vector<std::string> const& endpoint_names() {
    static std::vector<std::string> const names{"creator_info",
                                                "video_init",
                                                "inbox_init",
                                                "photo_init",
                                                "status",
                                                "cancel",
                                                "upload",
                                                "token",
                                                "revoke",
                                                "authorize",
                                                "user_info",
                                                "video_list",
                                                "video_query"};
    return names;
}

std::string_view FaultRule::name() const {
    for (KindRow const& row : kinds) {
        if (row.kind == kind) return row.name;
    }
    return "";
}

FaultScript::FaultScript(std::vector<FaultRule> rules, std::string fingerprint)
    : rules_(std::move(rules)), fingerprint_(std::move(fingerprint)) {}

std::optional<FaultRule> FaultScript::fire(FaultFacts const& facts) {
    std::optional<FaultRule> hit;
    for (FaultRule& rule : rules_) {
        if (!matches(rule, facts)) continue;
        ++rule.seen;
        bool const left = rule.times == 0 || rule.fired < rule.times;
        bool const turn = rule.every > 0 ? rule.seen % rule.every == 0 : rule.seen >= rule.nth;
        if (hit || !left || !turn) continue;
        ++rule.fired;
        hit = rule;
    }
    return hit;
}

json::object FaultScript::save() const {
    json::array counts;
    for (FaultRule const& rule : rules_) counts.push_back(json::array{rule.seen, rule.fired});
    return {{"fingerprint", fingerprint_}, {"counts", std::move(counts)}};
}

void FaultScript::load(json::object const& object) {
    Fields fields(object, "faults");
    bool const same = fields.need_text("fingerprint") == fingerprint_;
    json::array const* counts = fields.list("counts");
    if (!same || counts == nullptr || counts->size() != rules_.size()) return;
    for (std::size_t i = 0; i < rules_.size(); ++i) {
        auto const* pair = (*counts)[i].if_array();
        if (pair == nullptr || pair->size() != 2) throw SpecError("faults.counts is damaged");
        if (!(*pair)[0].is_int64() || !(*pair)[1].is_int64()) {
            throw SpecError("faults.counts is damaged");
        }
        rules_[i].seen = (*pair)[0].get_int64();
        rules_[i].fired = (*pair)[1].get_int64();
    }
}

Read<FaultScript> read_faults(std::string_view text) {
    try {
        boost::system::error_code error;
        json::value const document =
            json::parse(json::string_view{text.data(), text.size()}, error);
        if (error) throw SpecError(fmt::format("the faults are not JSON: {}", error.message()));
        json::array const* list = document.if_array();
        if (auto const* object = document.if_object()) {
            Fields fields(*object, "");
            list = fields.list("faults");
            fields.done();
        }
        if (list == nullptr)
            throw SpecError("the faults are neither a list nor {\"faults\": [...]}");
        std::vector<FaultRule> rules;
        for (std::size_t i = 0; i < list->size(); ++i) {
            rules.push_back(read_rule((*list)[i], fmt::format("faults[{}]", i)));
        }
        std::string const written = json::serialize(*list);
        return {FaultScript{std::move(rules), sha256_hex(written)}, {}};
    } catch (SpecError const& error) {
        return {std::nullopt, error.what()};
    }
}

}  // namespace postrider::tiktok::emulator

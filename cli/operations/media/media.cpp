// `postrider media probe`: what files are, and whether a network or an account takes them.
#include "operations/declared.hpp"
#include "operations/lookup.hpp"

#include <postrider/adapter/adapter.hpp>
#include <postrider/catalogue.hpp>
#include <postrider/core/media_rules.hpp>

#include <boost/json/array.hpp>

#include <fmt/format.h>

namespace postrider::cli {

namespace {

namespace json = boost::json;

/// Whose rules the files are held against.
struct Rules {
    adapter::Descriptor const* descriptor = nullptr;
    std::optional<adapter::CreatorFacts> creator;
};

Result<Rules> rules_for(Context& context, std::string const& target) {
    Rules rules;
    auto const colon = target.find(':');
    auto adapter = context.adapter(target.substr(0, colon));
    if (!adapter) return adapter.error();
    rules.descriptor = &(*adapter)->descriptor();
    if (colon == std::string::npos) return rules;
    auto account = read_store<core::Account>(
        context, [&](core::Tables& tables) { return account_named(tables, target); });
    if (!account) return account.error();
    auto facts = context.look_at_creator(account->id);
    if (!facts) return facts.error();
    rules.creator = *facts;
    return rules;
}

std::vector<Finding> findings_of(adapter::MediaFacts const& facts,
                                 Rules const& rules,
                                 std::size_t index) {
    auto const kind = facts.kind == "image" ? adapter::PostKind::photo : adapter::PostKind::video;
    auto const* media_rules = adapter::find_media_rules(*rules.descriptor, kind);
    auto const path = fmt::format("/source/{}", index);
    if (!media_rules) {
        Finding finding;
        finding.code = "media.unsupported";
        finding.path = path;
        finding.message = fmt::format("{} takes no posts of this kind", rules.descriptor->title);
        return {finding};
    }
    return core::check_media_item(
        facts, *media_rules, rules.creator ? &*rules.creator : nullptr, path);
}

Result<Answer> run_probe(Context& context, Request const& request) {
    std::optional<Rules> rules;
    if (request.has("for")) {
        auto found = rules_for(context, request.text("for"));
        if (!found) return found.error();
        rules = *std::move(found);
    }
    // The store keeps what was probed; without one the probe works just the same.
    if (auto store = context.store(); !store && store.error().code() != "setup.not_initialised")
        return store.error();
    Answer answer;
    json::array items;
    std::vector<Finding> errors;
    std::size_t index = 0;
    for (auto const& source : request.texts("source")) {
        auto file = context.path_of(source);
        if (!file) return file.error();
        auto facts = context.probe(*file);
        if (!facts) return facts.error().with("file", file->string());
        json::object item;
        item["media"] = adapter::to_json(*facts);
        json::array findings;
        if (rules)
            for (auto& finding : findings_of(*facts, *rules, index)) {
                json::object object;
                object["level"] = finding.level == Finding::Level::error ? "error" : "warning";
                for (auto const& member : to_json(finding))
                    if (member.key() != "level") object[member.key()] = member.value();
                findings.push_back(std::move(object));
                if (finding.level == Finding::Level::error)
                    errors.push_back(finding);
                else
                    answer.warnings.push_back(finding);
            }
        item["fits"] = rules ? json::value(errors.empty()) : json::value(nullptr);
        item["findings"] = std::move(findings);
        items.push_back(std::move(item));
        ++index;
    }
    answer.data["items"] = std::move(items);
    if (!errors.empty()) {
        auto error = make_error("media.unsupported", errors.front().message);
        for (auto& finding : errors) error = error.with_at(std::move(finding));
        answer.error = std::move(error);
    }
    return answer;
}

constexpr InputSpec probe_inputs[] = {
    {.name = "source",
     .type = InputType::path,
     .help = "files",
     .positional = true,
     .repeatable = true,
     .required = true},
    {.name = "for",
     .help = "hold them against the rules of a network, or of an account now",
     .placeholder = "ACCOUNT|NETWORK"},
};
constexpr std::string_view probe_examples[] = {"media probe teaser.mp4",
                                               "media probe teaser.mp4 --for network:@handle"};

}  // namespace

constinit Operation const media_probe_operation{
    .name = "media.probe",
    .sentence = "container, codecs, frame, rate, duration, hash; and whether a network takes it",
    .inputs = probe_inputs,
    .output = "{items: [{media: @media, fits: bool|null, findings: [@finding]}]}",
    .errors =
        "media.missing media.unreadable media.empty media.not_media media.damaged media.limit "
        "media.unsupported "
        "setup.helper_missing not_found.network not_found.account",
    .scope = Scope::read,
    .effect = OperationEffect::looks,
    .examples = probe_examples,
    .view =
        "items: fits media.container media.video_codec media.width media.height media.frame_rate "
        "media.duration_ms media.size_bytes media.path",
    .run = run_probe,
};

}  // namespace postrider::cli

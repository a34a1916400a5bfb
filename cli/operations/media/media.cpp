// `postrider media probe`: what files are, and whether a network or an account takes them.
#include "operations/declared.hpp"
#include "operations/lookup.hpp"

#include <postrider/adapter/adapter.hpp>
#include <postrider/catalogue.hpp>
#include <postrider/core/media_rules.hpp>

#include <boost/json/array.hpp>

#include <fmt/format.h>

#include <algorithm>

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

/// What one source is, and all that speaks against it. Facts are missing where it is no media.
struct Probed {
    std::optional<adapter::MediaFacts> facts;
    std::vector<Finding> findings;
};

// Fails only for what is no fault of the source: the next one would meet the same.
Result<Probed> probe_source(Context& context,
                            std::string const& source,
                            std::size_t index,
                            std::optional<Rules> const& rules) {
    Probed probed;
    if (source.starts_with("https://") || source.starts_with("http://")) {
        Finding finding;
        finding.code = "media.unsupported";
        finding.path = fmt::format("/source/{}", index);
        finding.message = fmt::format(
            "{} is an address: the network that fetches it looks at it, and it cannot be probed "
            "here; download it and probe the file",
            source);
        finding.got = json::string(source);
        probed.findings.push_back(std::move(finding));
        return probed;
    }
    auto file = context.path_of(source);
    auto facts = file ? context.probe(*file) : Result<adapter::MediaFacts>(Error(file.error()));
    if (facts) {
        if (rules) probed.findings = findings_of(*facts, *rules, index);
        probed.facts = *std::move(facts);
        return probed;
    }
    auto const& error = facts.error();
    if (error.kind() != ErrorKind::invalid && error.kind() != ErrorKind::usage)
        return file ? error.with("file", file->string()) : error;
    Finding finding;
    finding.code = error.code();
    finding.path = fmt::format("/source/{}", index);
    finding.message = error.message();
    probed.findings.push_back(std::move(finding));
    return probed;
}

// All of them failed: what they have in common. Some: `media.partial`, whose exit says to read
// each.
Error failure(std::vector<Finding> const& errors, std::size_t good, std::size_t all) {
    auto const& first = errors.front();
    bool const same = std::all_of(errors.begin(), errors.end(), [&](Finding const& finding) {
        return finding.code == first.code;
    });
    auto error = good > 0
                     ? make_error("media.partial",
                                  fmt::format("{} of {} files cannot be used", all - good, all))
                     : make_error(same ? first.code : "media.unsupported", first.message);
    for (auto const& finding : errors) error = error.with_at(finding);
    return error.with_side_effects(SideEffects::none);
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
    std::size_t good = 0;
    for (auto const& source : request.texts("source")) {
        auto probed = probe_source(context, source, items.size(), rules);
        if (!probed) return probed.error();
        bool fits = true;
        json::array findings;
        for (auto& finding : probed->findings) {
            bool const bad = finding.level == Finding::Level::error;
            fits = fits && !bad;
            findings.push_back(finding_object(finding));
            (bad ? errors : answer.warnings).push_back(std::move(finding));
        }
        if (fits) ++good;
        json::object item;
        item["source"] = source;
        if (probed->facts)
            item["media"] = adapter::to_json(*probed->facts);
        else
            item["media"] = nullptr;
        item["fits"] = rules ? json::value(fits) : json::value(nullptr);
        item["findings"] = std::move(findings);
        items.push_back(std::move(item));
    }
    auto const all = items.size();
    answer.data["items"] = std::move(items);
    if (!errors.empty()) answer.error = failure(errors, good, all);
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
    .output =
        "{items: [{source: text, media: @media|null, fits: bool|null, findings: [@finding]}]}",
    .errors =
        "media.partial media.missing media.unreadable media.empty media.not_media media.damaged "
        "media.limit "
        "media.unsupported "
        "setup.helper_missing not_found.network not_found.account",
    .scope = Scope::read,
    .effect = OperationEffect::looks,
    .examples = probe_examples,
    .view =
        "items: fits media.container media.video_codec media.width media.height media.frame_rate "
        "media.duration_ms media.size_bytes source",
    .more =
        "Each source has its answer: what is no media has `media: null` and says why in "
        "`findings`. "
        "Exit 0 when all can be used, 13 (media.partial) when some can, 7 when none can.",
    .run = run_probe,
};

}  // namespace postrider::cli

// `postrider network`: what a network accepts, straight from its descriptor.
#include "operations/declared.hpp"
#include "operations/lookup.hpp"

#include <postrider/adapter/adapter.hpp>
#include <postrider/core/adapters.hpp>

#include <boost/json/array.hpp>

#include <algorithm>

namespace postrider::cli {

namespace {

namespace json = boost::json;

Result<Answer> run_network_list(Context& context, Request const&) {
    auto adapters = context.adapters();
    if (!adapters) return adapters.error();
    json::array items;
    auto paged = page_of(
        (*adapters)->names(), context.globals(), [](std::string const& name) { return name; });
    if (!paged) return paged.error();
    auto& [page, next] = *paged;
    Answer answer;
    for (auto const& network : page) {
        auto const adapter = (*adapters)->find(network);
        if (!adapter) {
            Finding finding;
            finding.code = adapter.error().code();
            finding.message = adapter.error().message();
            context.warnings.push_back(std::move(finding));
            continue;
        }
        auto const whole = adapter::to_json((*adapter)->descriptor());
        json::object item;
        for (auto const* name : {"network", "title", "version", "kinds", "deliver", "sentence"})
            item[name] = whole.at(name);
        items.push_back(std::move(item));
    }
    return list_answer(context, std::move(items), next);
}

// Which members of the descriptor belong to a section.
std::vector<std::string_view> members_of(std::string const& section) {
    if (section == "media") return {"media"};
    if (section == "text") return {"text"};
    if (section == "options") return {"options", "app_options"};
    if (section == "consent") return {"consent_needed", "consent_notice", "declarations"};
    if (section == "limits") return {"buckets", "account_burst"};
    return {};
}

// Entries that name kinds of posts and not this one are left out.
json::array of_kind(json::array const& list, std::string const& kind) {
    json::array kept;
    for (auto const& entry : list) {
        auto const* object = entry.if_object();
        auto const* one = object ? object->if_contains("kind") : nullptr;
        if (one && one->is_string() && std::string_view(one->get_string()) != kind) continue;
        auto const* many = object ? object->if_contains("kinds") : nullptr;
        if (many && many->is_array() && !many->get_array().empty()) {
            bool named = false;
            for (auto const& word : many->get_array())
                named = named || (word.is_string() && std::string_view(word.get_string()) == kind);
            if (!named) continue;
        }
        kept.push_back(entry);
    }
    return kept;
}

Result<Answer> run_network_show(Context& context, Request const& request) {
    auto adapter = context.adapter(request.text("network"));
    if (!adapter) return adapter.error();
    auto whole = adapter::to_json((*adapter)->descriptor());
    json::object shown;
    auto const wanted = members_of(request.text("section"));
    for (auto const& member : whole) {
        bool const identity =
            member.key() == "network" || member.key() == "title" || member.key() == "version";
        bool const named =
            std::find(wanted.begin(), wanted.end(), std::string_view(member.key())) != wanted.end();
        if (!wanted.empty() && !identity && !named) continue;
        auto value = member.value();
        if (request.has("kind") && value.is_array())
            value = of_kind(value.get_array(), request.text("kind"));
        shown[member.key()] = std::move(value);
    }
    return Answer(std::move(shown));
}

constexpr InputSpec network_show_inputs[] = {
    {.name = "network",
     .help = "a network, as network list prints them",
     .positional = true,
     .required = true},
    {.name = "kind",
     .type = InputType::choice,
     .help = "only what concerns such posts",
     .values = "video|photo|text"},
    {.name = "section",
     .type = InputType::choice,
     .help = "one part of it",
     .values = "media|text|options|consent|limits"},
};
constexpr std::string_view network_list_examples[] = {"network list"};
constexpr std::string_view network_show_examples[] = {"network show NETWORK --section options"};

}  // namespace

constinit Operation const network_list_operation{
    .name = "network.list",
    .sentence = "the networks of which an adapter is there",
    .output =
        "{items: [{network: text, title: text, version: text, kinds: [text], deliver: [text], "
        "sentence: text}], streamed?: int}",
    .scope = Scope::read,
    .examples = network_list_examples,
    .view = "items: network title version kinds deliver",
    .lists = true,
    .run = run_network_list,
};

constinit Operation const network_show_operation{
    .name = "network.show",
    .sentence =
        "what a network accepts, which choices belong to people, where each limit comes from",
    .inputs = network_show_inputs,
    .output =
        "{network: text, title: text, version: text, sentence?: text, kinds?: [text], deliver?: "
        "[text], "
        "options?: [object], app_options?: [object], text?: [object], media?: [object], buckets?: "
        "[object], "
        "steps?: [object], oauth?: object, declarations?: [object], consent_needed?: bool, "
        "consent_notice?: [text], account_burst?: int, can_delete?: bool, can_edit?: bool, "
        "errors?: [object]}",
    .errors = "not_found.network",
    .scope = Scope::read,
    .examples = network_show_examples,
    .view =
        "options: name type reserved help values; text: name kind length_max unit; "
        "media: kind containers video_codecs duration_ms_max size_bytes_max; "
        "buckets: name scope size window_ms source",
    .run = run_network_show,
};

}  // namespace postrider::cli

// What can be judged of a descriptor by reading it.
#include "cases.hpp"

#include <postrider/catalogue.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace postrider::conformance {

using namespace adapter;

namespace {

bool is_name(std::string_view name) {
    if (name.empty() || name[0] < 'a' || name[0] > 'z') return false;
    return std::all_of(name.begin(), name.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
    });
}

// The first thing wrong with the names of a list; empty when they are names and differ.
template <class List>
std::string bad_names(List const& list, std::string_view what) {
    std::set<std::string> seen;
    for (auto const& item : list) {
        if (!is_name(item.name))
            return fmt::format("{} `{}` is no lower-case name", what, item.name);
        if (!seen.insert(item.name).second)
            return fmt::format("{} {} is there twice", what, item.name);
    }
    return {};
}

Judgement judge(std::string why) {
    return why.empty() ? Judgement::pass() : Judgement::fail(std::move(why));
}

std::string names(Descriptor const& d) {
    if (!is_name(d.network) || d.network.find('_') != std::string::npos)
        return fmt::format("network `{}` is no word of small letters and digits", d.network);
    if (d.title.empty() || d.version.empty() || d.sentence.empty())
        return "title, version or sentence is missing";
    if (d.kinds.empty() || d.deliver.empty()) return "it declares no kind of post, or no delivery";
    for (auto const& problem : {bad_names(d.options, "option"),
                                bad_names(d.app_options, "app option"),
                                bad_names(d.buckets, "bucket"),
                                bad_names(d.steps, "step")})
        if (!problem.empty()) return problem;
    return {};
}

std::string error_rows(Descriptor const& d) {
    std::string_view before;
    for (auto const& row : d.errors) {
        if (!row.code.starts_with(d.network + "."))
            return fmt::format("{} does not begin with {}.", row.code, d.network);
        if (!before.empty() && row.code <= before)
            return fmt::format("{} stands behind {}", row.code, before);
        if (row.cause.empty() || row.effect.empty() || row.steps.empty())
            return fmt::format("{} lacks its cause, effect or steps", row.code);
        if (find_error_row(row.code)) return fmt::format("{} is a code of the core", row.code);
        before = row.code;
    }
    return {};
}

std::string option_help(Descriptor const& d) {
    for (auto const* list : {&d.options, &d.app_options})
        for (auto const& option : *list) {
            if (option.help.empty()) return fmt::format("option {} has no help", option.name);
            if (option.type == OptionType::choice && option.values.empty())
                return fmt::format("choice {} has no values", option.name);
            for (auto const& value : option.values)
                if (value.help.empty())
                    return fmt::format("value {} of {} has no help", value.value, option.name);
        }
    return {};
}

std::string reserved_options(Descriptor const& d) {
    for (auto const& option : d.options)
        if (!option.default_text.empty())
            return fmt::format("option {} has a default; only app options may", option.name);
    for (auto const& option : d.app_options)
        if (option.reserved) return fmt::format("app option {} is reserved", option.name);
    return {};
}

std::string exclusions(Descriptor const& d) {
    auto const has = [](OptionSpec const& option, std::string const& wanted) {
        if (option.type == OptionType::boolean) return wanted == "true" || wanted == "false";
        return std::any_of(option.values.begin(), option.values.end(), [&](auto const& value) {
            return value.value == wanted;
        });
    };
    for (auto const& option : d.options) {
        for (auto const& exclusion : option.exclusions) {
            auto const* other = find_option(d, exclusion.other_option);
            if (!other || !has(*other, exclusion.other_value) || !has(option, exclusion.value))
                return fmt::format("option {} excludes what does not exist", option.name);
            if (exclusion.sentence.empty())
                return fmt::format("an exclusion of {} has no sentence", option.name);
        }
        for (auto const& notice : option.notices)
            if (!has(option, notice.value) || notice.sentence.empty())
                return fmt::format("a notice of {} names no value, or says nothing", option.name);
    }
    return {};
}

std::string sources(Descriptor const& d) {
    for (auto const& bucket : d.buckets) {
        if (bucket.size <= 0 || bucket.window <= Milliseconds{0})
            return fmt::format("bucket {} has no size or no window", bucket.name);
        if (bucket.source.empty()) return fmt::format("bucket {} has no source", bucket.name);
    }
    for (auto const& field : d.text)
        if (field.source.empty()) return fmt::format("text field {} has no source", field.name);
    for (auto const& rules : d.media)
        if (rules.source.empty())
            return fmt::format("the media rules of {} have no source", word(rules.kind));
    return {};
}

std::string steps(Descriptor const& d) {
    if (d.steps.empty()) return "no step is declared";
    bool commits = false;
    for (auto const& step : d.steps) {
        if (step.sentence.empty()) return fmt::format("step {} has no sentence", step.name);
        if (step.name == token_step) return "a step is called like the refresh of a token";
        commits |= is_commit(step.effect);
    }
    return commits ? "" : "no step is a commit: nothing could be published";
}

std::string oauth(Descriptor const& d) {
    auto const is_app_option = [&](std::string const& name) {
        return std::any_of(d.app_options.begin(), d.app_options.end(), [&](auto const& option) {
            return option.name == name;
        });
    };
    if (d.oauth.token_path.empty()) return {};
    if (!is_app_option(d.oauth.base_option))
        return fmt::format("`{}` is no app option", d.oauth.base_option);
    if (!d.oauth.authorize_path.empty() && !is_app_option(d.oauth.authorize_base_option))
        return fmt::format("`{}` is no app option", d.oauth.authorize_base_option);
    return {};
}

std::string sample_is_accepted(Context& context, Sample const& sample) {
    auto const& d = context.descriptor();
    for (auto const& finding : check_options(d, sample.post))
        if (finding.level == Finding::Level::error)
            return fmt::format("{}: {} {}", finding.code, finding.path, finding.message);
    AppView app;
    app.audited = true;
    for (auto const& option : d.app_options)
        if (!option.default_text.empty()) app.options[option.name] = option.default_text;
    for (auto const& option : sample.app_options) app.options[option.key()] = option.value();
    for (auto const& finding : context.target().adapter->validate(sample.post, app, nullptr))
        if (finding.level == Finding::Level::error)
            return fmt::format("{}: {} {}", finding.code, finding.path, finding.message);
    return {};
}

}  // namespace

std::vector<Case> descriptor_cases(Context& context) {
    auto const& d = context.descriptor();
    std::vector<Case> cases = {
        {"descriptor/names", [&d] { return judge(names(d)); }},
        {"descriptor/error_rows", [&d] { return judge(error_rows(d)); }},
        {"descriptor/option_help", [&d] { return judge(option_help(d)); }},
        {"descriptor/reserved_options", [&d] { return judge(reserved_options(d)); }},
        {"descriptor/exclusions", [&d] { return judge(exclusions(d)); }},
        {"descriptor/sources", [&d] { return judge(sources(d)); }},
        {"descriptor/steps", [&d] { return judge(steps(d)); }},
        {"descriptor/oauth",
         [&d] {
             if (d.oauth.token_path.empty())
                 return Judgement::skip("it declares no token endpoint");
             return judge(oauth(d));
         }},
    };
    for (auto const& sample : context.target().samples)
        cases.push_back({"validate/" + sample.name, [&context, &sample] {
                             return judge(sample_is_accepted(context, sample));
                         }});
    // What is declared and cannot be shown is said, not passed over.
    auto const skip = [&cases](std::string name, std::string why) {
        cases.push_back({std::move(name), [why] { return Judgement::skip(why); }});
    };
    auto const& samples = context.target().samples;
    for (auto const kind : d.kinds)
        if (std::none_of(samples.begin(), samples.end(), [&](auto const& sample) {
                return sample.post.kind == kind;
            }))
            skip(fmt::format("happy/{}", word(kind)), "no sample of this kind was given");
    for (auto const deliver : d.deliver)
        if (std::none_of(samples.begin(), samples.end(), [&](auto const& sample) {
                return sample.post.deliver == deliver;
            }))
            skip(fmt::format("happy/deliver_{}", word(deliver)), "no sample is delivered so");
    return cases;
}

}  // namespace postrider::conformance

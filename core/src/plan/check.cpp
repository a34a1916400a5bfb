// What is checked of one job before it may be planned. Everything that is wrong is told at once;
// nothing is ever changed.
#include <postrider/catalogue.hpp>
#include <postrider/core/media_rules.hpp>
#include <postrider/core/plan.hpp>
#include <postrider/text_length.hpp>

#include "plan/plan_parts.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstddef>

namespace postrider::core {
namespace {

using adapter::Descriptor;
using adapter::Post;
using adapter::TextField;

template <class E>
std::vector<std::string> words_of(std::vector<E> const& values) {
    std::vector<std::string> words;
    for (auto const value : values) words.emplace_back(word(value));
    return words;
}

template <class E>
void check_among(std::vector<Finding>& findings,
                 E value,
                 std::vector<E> const& known,
                 std::string_view code,
                 std::string path,
                 std::string message) {
    if (std::find(known.begin(), known.end(), value) != known.end()) return;
    auto const words = words_of(known);
    Finding finding;
    finding.code = code;
    finding.path = std::move(path);
    finding.message = fmt::format("{}; it takes {}.", message, fmt::join(words, ", "));
    finding.got = boost::json::value(word(value));
    for (auto const& name : words) finding.allowed.emplace_back(name);
    findings.push_back(std::move(finding));
}

// Length in the network's unit, with links counted as the network counts them.
std::size_t counted_length(std::string_view text, TextField const& field) {
    if (field.link_length == 0) return text_length(text, field.unit);
    std::string rest;
    std::size_t links = 0;
    while (!text.empty()) {
        bool const link = text.starts_with("https://") || text.starts_with("http://");
        if (link) {
            auto const end = std::min(text.find_first_of(" \t\r\n"), text.size());
            text.remove_prefix(end);
            ++links;
        } else {
            rest += text.front();
            text.remove_prefix(1);
        }
    }
    return text_length(rest, field.unit) + links * field.link_length;
}

void check_text(std::vector<Finding>& findings,
                Descriptor const& descriptor,
                Post const& post,
                std::string const& name,
                std::string const& text) {
    auto const* field = find_text(descriptor, name, post.kind);
    Finding finding;
    finding.path = "/" + name;
    if (!field) {
        if (text.empty()) return;
        finding.level = Finding::Level::warning;
        finding.code = "option.not_allowed";
        finding.message = fmt::format("A {} post has no {} on {}: it is not sent there.",
                                      word(post.kind),
                                      name,
                                      descriptor.network);
        findings.push_back(std::move(finding));
        return;
    }
    if (text.empty()) {
        if (!field->required) return;
        finding.code = "caption.missing";
        finding.message =
            fmt::format("{} needs a {} on a {} post.", descriptor.network, name, word(post.kind));
        findings.push_back(std::move(finding));
        return;
    }
    auto const length = counted_length(text, *field);
    if (field->length_max == 0 || length <= field->length_max) return;
    finding.code = "caption.too_long";
    finding.message = fmt::format("The {} has {} {} units; {} allows {}.",
                                  name,
                                  length,
                                  word(field->unit),
                                  descriptor.network,
                                  field->length_max);
    finding.got = length;
    finding.allowed.emplace_back(field->length_max);
    findings.push_back(std::move(finding));
}

template <class Range>
void append(std::vector<Finding>& findings, Range more) {
    for (auto& finding : more) findings.push_back(std::move(finding));
}

}  // namespace

std::vector<Finding> check_spec(JobSpec const& spec,
                                adapter::Adapter const& adapter,
                                adapter::AppView const& app,
                                adapter::CreatorFacts const* facts) {
    auto const& descriptor = adapter.descriptor();
    auto const& post = spec.post;
    std::vector<Finding> findings;
    check_among(findings,
                post.kind,
                descriptor.kinds,
                "media.unsupported",
                "/kind",
                fmt::format("{} takes no {} posts", descriptor.network, word(post.kind)));
    check_among(findings,
                post.deliver,
                descriptor.deliver,
                "option.not_allowed",
                "/deliver",
                fmt::format("{} cannot deliver '{}'", descriptor.network, word(post.deliver)));
    // Without a kind that the network knows, every further rule would be guessed.
    if (!findings.empty()) return findings;

    append(findings, adapter::check_options(descriptor, post, facts));
    check_text(findings, descriptor, post, "caption", post.caption);
    check_text(findings, descriptor, post, "title", post.title);
    if (auto const* rules = find_media_rules(descriptor, post.kind))
        append(findings, check_media(post.media, *rules, facts, post.deliver));
    append(findings, adapter.validate(post, app, facts));
    return findings;
}

std::vector<Finding> detail::time_findings(JobSpec const& spec, Instant now) {
    std::vector<Finding> findings;
    auto const add = [&](Finding::Level level,
                         std::string_view code,
                         std::string_view path,
                         Instant got,
                         std::string message) {
        Finding finding;
        finding.level = level;
        finding.code = code;
        finding.path = path;
        finding.message = std::move(message);
        finding.got = to_rfc3339(got);
        findings.push_back(std::move(finding));
    };
    auto const due = spec.asap ? now : spec.due_at;
    if (spec.not_after && *spec.not_after < due) {
        bool const past = *spec.not_after < now;
        add(Finding::Level::error,
            past ? "schedule.past" : "schedule.impossible",
            "/not_after",
            *spec.not_after,
            past ? fmt::format("Its last moment, {}, has passed (now {}): give it a later one.",
                               to_rfc3339(*spec.not_after),
                               to_rfc3339(now))
                 : fmt::format("It is due at {}, after its last moment, {}: move one of the two.",
                               to_rfc3339(due),
                               to_rfc3339(*spec.not_after)));
    }
    if (due < now) {
        auto const wall =
            spec.wall.empty() ? std::string() : fmt::format(" ({} {})", spec.wall, spec.zone);
        if (now - due <= spec.catch_up_within)
            add(Finding::Level::warning,
                "schedule.past",
                "/when",
                due,
                fmt::format("{}{} is {} ago, within its catch-up: it goes out at once.",
                            to_rfc3339(due),
                            wall,
                            to_duration_text(now - due)));
        else
            add(Finding::Level::error,
                "schedule.past",
                "/when",
                due,
                fmt::format("{}{} has passed (now {}): give it a later time, or \"asap\".",
                            to_rfc3339(due),
                            wall,
                            to_rfc3339(now)));
    }
    return findings;
}

}  // namespace postrider::core
